"""Captions as users give them: subtitle files with their italics, words with times, plain text."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pysubs2

from media_pipeline.errors import EmptyMedia, InvalidCaptions, MediaNotFound
from media_pipeline.text.ass_given import in_usual_order
from media_pipeline.text.cues import Cue, Word
from media_pipeline.text.formats import MAX_BYTES, decode_text, parse_cues, recognise
from media_pipeline.text.pieces import Caption, Piece, caption, plain, split, with_words
from media_pipeline.text.rules import rules_for, segment
from media_pipeline.text.scripts import guess_language

_TEXT_SUFFIXES = (".txt", ".text")
_SUFFIXES = (".srt", ".vtt", ".ass", ".ssa", ".json", *_TEXT_SUFFIXES)
_TAG = re.compile(r"\{\\([^{}]*)\}")
_FLAG = re.compile(r"([bius])([01])")
_MARKUP = re.compile(r"</?[a-zA-Z][^<>]*>")
_REMEDY = "give SRT, WebVTT or ASS captions, JSON with words, or plain text"


@dataclass(frozen=True)
class Given:
    """Captions as given: their words, or a whole ASS document that keeps its own styling."""

    captions: tuple[Caption, ...] = ()
    ass: str | None = None


def read_given(captions: str, duration: float) -> Given:
    """Captions from a file of that name, or else from the text itself.

    Parameters
    ----------
    captions : path of a file, the text of one, or plain text.
    duration : of the film in seconds: plain text is one caption over all of it.

    Raises
    ------
    MediaNotFound
        when it looks like the name of a file, and there is none.
    EmptyMedia, InvalidCaptions
        when there is nothing in it, or it is no such file.
    """
    path = _as_path(captions)
    if path is None:
        return parse_given(captions, duration)
    if not path.is_file():
        raise MediaNotFound(path)
    if path.stat().st_size > MAX_BYTES:
        raise InvalidCaptions(f"{path.name} is larger than {MAX_BYTES >> 20} MiB", _REMEDY)
    text = decode_text(path.read_bytes())
    if not text.strip("\ufeff \t\r\n\0"):
        raise EmptyMedia(path)
    suffix = path.suffix.lower()
    kind = suffix[1:] if suffix in _SUFFIXES and suffix not in _TEXT_SUFFIXES else recognise(text)
    if kind is None and suffix not in _TEXT_SUFFIXES:
        raise InvalidCaptions(f"{path.name} is not a subtitle file", _REMEDY)
    return parse_given(text, duration, kind or "text", name=path.name)


def parse_given(
    text: str, duration: float, kind: str | None = None, *, name: str = "the caption text"
) -> Given:
    """Captions from their text; ``kind`` is ``srt``, ``vtt``, ``ass``, ``json`` or ``text``, and is
    recognised where it is not given.

    Raises
    ------
    InvalidCaptions
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff")
    if not text.strip():
        raise InvalidCaptions(f"{name} holds nothing", _REMEDY)
    kind = kind or _kind_of(text)
    if kind == "text":
        rows = "\n".join(" ".join(row.split()) for row in text.split("\n") if row.strip())
        return Given((caption(Cue(0.0, duration, rows)),))
    if kind == "json":
        return Given(tuple(_from_json(text, name)))
    if kind == "ass" and "[v4+ styles]" in text.casefold():
        text = in_usual_order(text)
    plain_cues = parse_cues(text, kind, name=name)  # the typed errors of files that hold nothing
    if kind in ("ass", "ssa"):
        return Given(tuple(caption(cue) for cue in plain_cues), ass=text)
    return Given(tuple(_with_markup(text, kind)))


def _as_path(text: str) -> Path | None:
    """The path that the text names, if it names one rather than being the captions themselves."""
    if "\n" in text or len(text) > 4096 or "\0" in text:
        return None
    path = Path(text)
    try:
        there = path.is_file()
    except OSError:  # too long a name, and so none
        return None
    return path if there or path.suffix.lower() in _SUFFIXES else None


def _kind_of(text: str) -> str:
    """The kind of captions without a file name; brackets alone make no JSON."""
    kind = recognise(text)
    if kind == "json":
        try:
            found = json.loads(text)
        except ValueError:
            return "text"
        return "json" if isinstance(found, dict | list) else "text"
    return kind or "text"


def _with_markup(text: str, kind: str) -> Iterator[Caption]:
    events = pysubs2.SSAFile.from_string(text, format_=kind)
    found = sorted((e for e in events if e.end > e.start >= 0), key=lambda e: (e.start, e.end))
    for event in found:
        pieces = _marked_pieces(event.text, event.start / 1000, event.end / 1000)
        if pieces:
            yield Caption(event.start / 1000, event.end / 1000, tuple(pieces))


def _marked_pieces(text: str, start: float, end: float) -> list[Piece]:
    """Words that look as ``<b>``, ``<i>``, ``<u>`` and ``<s>`` say; all other markup is left out.

    pysubs2 hands these four on as the tags of ASS.
    """
    clean, flags, marks = "", "", 0
    at = 0
    for tag in [*_TAG.finditer(text), None]:
        part = text[at : tag.start() if tag else len(text)]
        part = html.unescape(_MARKUP.sub("", part)).replace("\\N", "\n").replace("\\h", " ")
        clean += part
        flags += chr(marks) * len(part)
        if tag is None:
            break
        for letter, on in _FLAG.findall(tag[1]) if _FLAG.fullmatch(tag[1]) else ():
            bit = 1 << "bius".index(letter)
            marks = marks | bit if on == "1" else marks & ~bit
        at = tag.end()
    found, place = [], 0
    for piece in split(clean, start, end):
        place = clean.index(piece.text, place)
        mark = ord(flags[place])
        bold, italic, underline, strikeout = (bool(mark >> i & 1) for i in range(4))
        found.append(
            replace(piece, bold=bold, italic=italic, underline=underline, strikeout=strikeout)
        )
        place += len(piece.text)
    return found


def _from_json(text: str, name: str) -> list[Caption]:
    """Captions of words with times, of cues, or of cues that hold words."""
    try:
        data = json.loads(text)
        if isinstance(data, Mapping) and "words" in data:
            data = data["words"]
        if isinstance(data, list) and data and all(_is_word(row) for row in data):
            return _of_words([_word(row) for row in data])
        cues = parse_cues(text, "json", name=name)
        rows = data if isinstance(data, list) else data.get("cues") or data.get("segments")
        words = [_word(w) for row in rows for w in row.get("words") or () if _is_word(w)]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidCaptions(f"{name} cannot be read as JSON: {error}", _REMEDY) from error
    return [timed(cue, words) for cue in cues]


def timed(cue: Cue, words: Sequence[Word]) -> Caption:
    """A cue with the times of those words whose middles lie in it."""
    inside = [w for w in words if cue.start <= (w.start + w.end) / 2 < cue.end]
    return with_words(caption(cue), inside)


def _of_words(words: list[Word]) -> list[Caption]:
    words = sorted((w for w in words if w.end >= w.start >= 0), key=lambda w: w.start)
    if not any(plain(w.word) for w in words):
        raise ValueError("there is no word with letters")
    rules = rules_for(guess_language(" ".join(w.word for w in words)))
    return [timed(cue, words) for cue in segment(words, rules)]


def _is_word(row: Any) -> bool:
    return isinstance(row, Mapping) and isinstance(row.get("word"), str) and "start" in row


def _word(row: Mapping[str, Any]) -> Word:
    start, end = float(row["start"]), float(row["end"])
    if not (0 <= start <= end < float("inf")):
        raise ValueError(f"the word {row['word']!r} lasts from {start} to {end}")
    return Word(start, end, row["word"].strip(), 1.0, "given")
