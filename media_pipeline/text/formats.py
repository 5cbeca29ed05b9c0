"""Subtitle files in and out: SRT, WebVTT, ASS, TTML and JSON to and from cues.

Files of unknown encoding are read; anything that is no subtitle file is one clear error. Markup of
the file (``<i>``, ASS tags) is dropped on reading: a cue is its plain text. JSON keeps all of a
cue: its confidence, whether it is doubtful, and its box.
"""

from __future__ import annotations

import html
import io
import json
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pysubs2

from media_pipeline.errors import EmptyMedia, InvalidCaptions, InvalidParameter, MediaNotFound
from media_pipeline.media.files import atomic_path
from media_pipeline.media.geometry import Box
from media_pipeline.media.timecode import format_timecode
from media_pipeline.text.cues import Cue, Word
from media_pipeline.text.scripts import join_tokens

FORMATS = ("srt", "vtt", "ass", "ttml", "json", "words.json", "asr.json")
"""What can be written: the suffix of a file names its format. ``json`` holds cues with their words,
``words.json`` only words, ``asr.json`` the list of ``content``, ``from`` and ``to`` that ICE's
speech recognition answers with."""
_READABLE = ("srt", "vtt", "ass", "ssa", "ttml", "json")
MAX_BYTES = 20 * 1024**2  # a day of dense subtitles is under 4 MB
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|\{\\[^{}]*\}")
_REMEDY = "give an SRT, WebVTT, ASS, TTML or JSON file of cues"
_XML = ("ttml", "xml", "dfxp", "itt")  # suffixes of TTML files


def read_cues(path: Path) -> list[Cue]:
    """The cues of a subtitle file, in time order.

    The encoding is taken from a byte order mark, else UTF-8, else GB 18030 (which covers GBK
    files), else Latin-1.

    Raises
    ------
    MediaNotFound, EmptyMedia, InvalidCaptions
    """
    if not path.is_file():
        raise MediaNotFound(path)
    if path.stat().st_size > MAX_BYTES:
        raise InvalidCaptions(f"{path.name} is larger than {MAX_BYTES >> 20} MiB", _REMEDY)
    data = path.read_bytes()
    if not data.strip():
        raise EmptyMedia(path)
    suffix = path.suffix.lower().lstrip(".")
    kind = "ttml" if suffix in _XML else suffix
    return parse_cues(decode_text(data), kind if kind in _READABLE else None, name=path.name)


def format_of(path: Path) -> str:
    """The format that a file's name asks for, or "" for none of ours.

    >>> format_of(Path("talk.words.json")), format_of(Path("talk.SRT")), format_of(Path("talk.xml"))
    ('words.json', 'srt', 'ttml')
    """
    suffix = path.suffix.lower().lstrip(".")
    known = [kind for kind in FORMATS if path.name.lower().endswith(f".{kind}")]
    return max(known, key=len, default="ttml" if suffix in _XML else "")


def parse_cues(text: str, format: str | None = None, *, name: str = "the captions") -> list[Cue]:
    """The cues of a subtitle file's text, in time order; the format is recognised where none is
    given.

    Cues without text or without duration are left out.

    Raises
    ------
    InvalidCaptions
        when the text is in none of the formats, or holds no cue.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff")
    kind = format or recognise(text)
    if kind is None:
        raise InvalidCaptions(f"{name} is not a subtitle file", _REMEDY)
    try:
        match kind:
            case "json":
                cues = _parse_json(text)
            case "ttml":
                cues = _parse_ttml(text)
            case _:
                cues = _parse_with_pysubs2(text, kind)
    except (
        ValueError, KeyError, TypeError, AttributeError, SyntaxError, pysubs2.Pysubs2Error
    ) as error:  # fmt: skip
        raise InvalidCaptions(
            f"{name} cannot be read as {kind.upper()}: {error}", _REMEDY
        ) from error
    cues = sorted(
        (c for c in cues if c.text.strip() and c.end > c.start >= 0), key=lambda c: (c.start, c.end)
    )
    if not cues:
        raise InvalidCaptions(f"{name} holds no cue with text and duration", _REMEDY)
    return cues


def format_cues(
    cues: Sequence[Cue],
    format: str,
    *,
    prefix: str = "",
    words: Sequence[Word] = (),
    language: str | None = None,
) -> str:
    r"""Cues as the text of a subtitle file.

    Parameters
    ----------
    cues : in time order.
    format : one of :data:`FORMATS`.
    prefix : put before each cue's text in SRT and ASS, such as ``{\an8}``.
    words : for JSON; each goes to the cue in whose time its middle lies, or that is nearest.
    language : tag of the language, for TTML and JSON.

    Raises
    ------
    InvalidParameter
        for another format.
    """
    match format:
        case "srt":
            blocks = (
                f"{i}\n{_span(c, ',')}\n{prefix}{_rows(c.text)}\n"
                for i, c in enumerate(cues, start=1)
            )
            return "\n".join(blocks)
        case "vtt":
            blocks = (f"{_span(c, '.')}\n{html.escape(_rows(c.text), quote=False)}\n" for c in cues)
            return "\n".join(["WEBVTT\n", *blocks])
        case "ass":
            return _format_ass(cues, prefix)
        case "ttml":
            return _format_ttml(cues, language)
        case "json" | "words.json" | "asr.json":
            return _format_json(format, cues, words, language)
        case _:
            raise InvalidParameter(f"format is {format!r}", f"choose one of {', '.join(FORMATS)}")


def write_cues(
    cues: Sequence[Cue],
    path: Path,
    *,
    prefix: str = "",
    words: Sequence[Word] = (),
    language: str | None = None,
) -> None:
    """Write a subtitle file whose format is its suffix; it appears whole or not at all."""
    text = format_cues(
        cues,
        format_of(path) or path.suffix.lstrip("."),
        prefix=prefix,
        words=words,
        language=language,
    )
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def asr_result(cues: Sequence[Cue]) -> list[dict[str, Any]]:
    """Cues as ICE's speech recognition answers: ``content`` in one row, ``from``, ``to`` in s."""
    return [
        {
            "content": join_tokens(cue.text.split("\n")),
            "from": round(cue.start, 3),
            "to": round(cue.end, 3),
        }
        for cue in cues
    ]


def escape_ass(text: str) -> str:
    r"""Text that libass draws as it stands: braces and backslashes lose their meaning, line breaks
    keep theirs.

    libass has no escape for ``\\`` before ``N``, ``n``, ``h`` and ``{``: a word joiner (U+2060)
    after the backslash, which draws nothing, keeps the pair from being a command.
    """
    text = text.replace("\\", "\\\u2060").replace("{", "\\{").replace("}", "\\}")
    return text.replace("\n", "\\N")


def decode_text(data: bytes) -> str:
    """The text of a file: by its byte order mark, else UTF-8, else GB 18030, else Latin-1."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def recognise(text: str) -> str | None:
    """The format that a text looks like, or None."""
    head = text.lstrip()
    if head.startswith("WEBVTT"):
        return "vtt"
    if head.startswith(("[", "{")) and not head.startswith(("[Script Info]", "[V4")):
        return "json"
    if "[Events]" in text:
        return "ass"
    if re.match(r"(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<(\w+:)?tt[\s>]", head, re.DOTALL):
        return "ttml"
    return "srt" if re.search(r"\d+:\d\d[,.]\d+\s*-->\s*\d", text) else None


def _parse_with_pysubs2(text: str, kind: str) -> list[Cue]:
    subs = pysubs2.SSAFile.from_string(text, format_=kind)
    texts = (
        subs if kind in ("srt", "vtt") else [e for e in subs if not (e.is_comment or e.is_drawing)]
    )
    clean = _plain if kind in ("srt", "vtt") else _plain_ass
    return [Cue(event.start / 1000, event.end / 1000, clean(event.text)) for event in texts]


def _plain_ass(text: str) -> str:
    """An ASS event's text without override blocks, escaped characters as themselves."""
    text = re.sub(r"(?<!\\)\{[^}]*\}", "", text)
    return _trimmed(
        text.replace("\\N", "\n")
        .replace("\\{", "{")
        .replace("\\}", "}")
        .replace("\\\u2060", "\\")
        .replace("\\h", " ")
    )


def _plain(text: str) -> str:
    """A cue's text without markup, each row trimmed, blank rows left out."""
    return _trimmed(html.unescape(_TAG.sub("", text)).replace("\\N", "\n"))


def _trimmed(text: str) -> str:
    """A cue's text with each row trimmed and blank rows left out."""
    rows = (" ".join(row.split()) for row in text.split("\n"))
    return "\n".join(row for row in rows if row)


def _parse_ttml(text: str) -> list[Cue]:
    """The cues of a TTML or IMSC document, by way of SRT."""
    import ttconv.imsc.reader
    import ttconv.srt.writer

    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("it declares entities, which TTML has no use for")
    tree = ElementTree.ElementTree(ElementTree.fromstring(text))  # noqa: S314 - no entities
    document = ttconv.imsc.reader.to_model(tree)
    if document is None:
        raise ValueError("it is no TTML document")
    return _parse_with_pysubs2(ttconv.srt.writer.from_model(document), "srt")


def _parse_json(text: str) -> list[Cue]:
    """Cues of a list of objects, or of an object with such a list under ``cues`` or ``segments``.

    Keys are ``start``/``end``/``text`` or, as the ASR wire result has them,
    ``from``/``to``/``content``.
    """
    data = json.loads(text)
    if isinstance(data, dict):
        data = data.get("cues") or data.get("segments")
    if not isinstance(data, list):
        raise ValueError("there is no list of cues")
    return [_cue_of(row) for row in data]


def _cue_of(row: dict[str, Any]) -> Cue:
    start, end = row.get("start", row.get("from")), row.get("end", row.get("to"))
    text = row.get("text", row.get("content"))
    if start is None or end is None or not isinstance(text, str):
        raise ValueError("a cue lacks start, end or text")
    box = row.get("box")
    return Cue(
        float(start),
        float(end),
        _trimmed(text),
        float(row.get("confidence", 1.0)),
        Box(*map(float, box)) if box else None,
        bool(row.get("doubtful", False)),
    )


def _span(cue: Cue, separator: str) -> str:
    start, end = (format_timecode(t, separator=separator) for t in (cue.start, cue.end))
    return f"{start} --> {end}"


def _rows(text: str) -> str:
    """A cue's rows without blank ones, which would end the cue in SRT and VTT."""
    return "\n".join(row for row in text.split("\n") if row.strip())


def _format_ass(cues: Sequence[Cue], prefix: str) -> str:
    subs = pysubs2.SSAFile()
    subs.info["ScaledBorderAndShadow"] = "yes"
    for cue in cues:
        subs.append(
            pysubs2.SSAEvent(
                start=round(cue.start * 1000),
                end=round(cue.end * 1000),
                text=prefix + escape_ass(_rows(cue.text)),
            )
        )
    return subs.to_string("ass")


def _format_ttml(cues: Sequence[Cue], language: str | None) -> str:
    """IMSC 1.1 text profile (W3C, https://www.w3.org/TR/ttml-imsc1.1/), by way of SRT."""
    import ttconv.imsc.writer
    import ttconv.srt.reader

    escaped = [replace(cue, text=html.escape(cue.text, quote=False)) for cue in cues]
    document = ttconv.srt.reader.to_model(io.StringIO(format_cues(escaped, "srt")))
    document.set_lang(language or "")
    out = io.BytesIO()
    ttconv.imsc.writer.from_model(document).write(out, encoding="utf-8", xml_declaration=True)
    return out.getvalue().decode() + "\n"


def _reading(cue: Cue) -> dict[str, Any]:
    """How sure the text of a cue is and where it stands, where that says something."""
    found: dict[str, Any] = {}
    if cue.confidence < 1.0:
        found["confidence"] = round(cue.confidence, 4)
    if cue.doubtful:
        found["doubtful"] = True
    if cue.box is not None:
        found["box"] = [round(side, 4) for side in (cue.box.x, cue.box.y, cue.box.w, cue.box.h)]
    return found


def _format_json(
    format: str, cues: Sequence[Cue], words: Sequence[Word], language: str | None
) -> str:
    value: Any
    match format:
        case "words.json":
            value = [w.as_json() for w in words]
        case "asr.json":
            value = asr_result(cues)
        case _:
            value = {"language": language, "cues": _with_words(cues, words)}
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def _with_words(cues: Sequence[Cue], words: Sequence[Word]) -> list[dict[str, Any]]:
    own: list[list[Word]] = [[] for _ in cues]
    for word in words if cues else ():
        own[_nearest(cues, (word.start + word.end) / 2)].append(word)
    return [
        {"start": round(cue.start, 3), "end": round(cue.end, 3), "text": cue.text}
        | _reading(cue)
        | ({"words": [w.as_json() for w in parts]} if words else {})
        for cue, parts in zip(cues, own, strict=True)
    ]


def _nearest(cues: Sequence[Cue], time: float) -> int:
    """The cue in whose time an instant lies, or the nearest; cues in order of their starts."""
    after = bisect_right(cues, time, key=lambda cue: cue.start)
    near = range(max(0, after - 2), min(len(cues), after + 1))
    return min(near, key=lambda i: max(cues[i].start - time, time - cues[i].end, 0.0))
