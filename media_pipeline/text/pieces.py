"""Captions as the words that are drawn: each with its time, its look and the space before it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import pairwise

from media_pipeline.text.cues import Cue, Word
from media_pipeline.text.scripts import join_tokens, tokens


@dataclass(frozen=True, slots=True)
class Piece:
    r"""A word of a caption with the punctuation on it (a character in Chinese and Japanese).

    ``gap`` is what stands before it: ``" "``, ``"\n"`` where a row begins, or nothing.
    """

    text: str
    start: float
    end: float
    gap: str = " "
    bold: bool = False
    italic: bool = False
    underline: bool = False
    strikeout: bool = False


@dataclass(frozen=True, slots=True)
class Caption:
    """A caption from ``start`` to ``end`` seconds.

    ``timed``: whether its words have times of their own, and not just those of the caption.
    ``loose``: whether its rows are a proposal, which need not be kept where they do not fit.
    """

    start: float
    end: float
    pieces: tuple[Piece, ...]
    timed: bool = False
    loose: bool = False

    @property
    def text(self) -> str:
        """What it says, with its rows."""
        return joined(self.pieces)


def joined(pieces: Iterable[Piece]) -> str:
    """Pieces as running text; the gap before the first is left out."""
    return "".join(p.gap + p.text for p in pieces).lstrip()


def split(text: str, start: float, end: float, like: Piece | None = None) -> list[Piece]:
    r"""The words of a text, all from ``start`` to ``end``; they look like ``like``.

    >>> [(p.gap, p.text) for p in split("Well, no.\n你好", 0, 1)]
    [('', 'Well,'), (' ', 'no.'), ('\n', '你'), ('', '好')]
    """
    found: list[Piece] = []
    for row in text.split("\n"):
        at = 0
        for token in tokens(row):
            place = row.index(token, at)
            gap = " " if row[at:place] else ""
            if found and not row[:place].strip():
                gap = "\n"
            piece = Piece(token, start, end, gap if found else "")
            found.append(piece if like is None else replace(like, text=token, gap=piece.gap))
            at = place + len(token)
    return found


def unbroken(pieces: Iterable[Piece]) -> list[Piece]:
    """Pieces in one row, with spaces where the script writes them."""
    found: list[Piece] = []
    for piece in pieces:
        gap = piece.gap
        if found and gap == "\n":
            gap = join_tokens([found[-1].text, piece.text])[len(found[-1].text) : -len(piece.text)]
        found.append(replace(piece, gap=gap))
    return found


def caption(cue: Cue) -> Caption:
    """A cue as a caption whose words have no times of their own."""
    return Caption(cue.start, cue.end, tuple(split(cue.text, cue.start, cue.end)))


def with_words(given: Caption, words: Sequence[Word]) -> Caption:
    """A caption with the times of the words that are spoken in it.

    Written and spoken words are matched in order. Words that were not matched share the time
    between their neighbours, by their lengths.
    """
    said = [w for w in words if plain(w.word)]
    written = [plain(p.text) for p in given.pieces]
    matcher = SequenceMatcher(None, written, [plain(w.word) for w in said], autojunk=False)
    times: list[tuple[float, float] | None] = [None] * len(written)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal" or (tag == "replace" and b - a == d - c):
            for i, word in zip(range(a, b), said[c:d], strict=True):
                times[i] = _inside(word, given)
    if not any(times):
        return given
    _in_order(times)
    pieces = []
    for first, last in _alike(times):
        if times[first] is not None:
            start, end = times[first] or (0.0, 0.0)
            pieces.append(replace(given.pieces[first], start=start, end=end))
            continue
        before = times[first - 1] if first else None
        after = times[last] if last < len(times) else None
        pieces += spread(
            given.pieces[first:last],
            before[1] if before else given.start,
            after[0] if after else given.end,
        )
    return replace(given, pieces=tuple(pieces), timed=True)


def estimated(given: Caption) -> Caption:
    """A caption whose time is shared out among its words by their lengths."""
    return replace(given, pieces=tuple(spread(given.pieces, given.start, given.end)), timed=True)


def spread(pieces: Sequence[Piece], start: float, end: float) -> list[Piece]:
    """Pieces one after the other from ``start`` to ``end``, each as long as its letters ask."""
    weights = [len(plain(p.text)) + 1 for p in pieces]
    edges = [start]
    for weight in weights:
        edges.append(edges[-1] + max(0.0, end - start) * weight / sum(weights))
    return [replace(p, start=a, end=b) for p, (a, b) in zip(pieces, pairwise(edges), strict=True)]


def plain(text: str) -> str:
    """A word without case, marks of punctuation and symbols, as words are compared."""
    return "".join(c for c in text.casefold() if unicodedata.category(c)[0] in "LNM")


def _inside(word: Word, given: Caption) -> tuple[float, float]:
    start = min(max(word.start, given.start), given.end)
    return start, min(max(word.end, start), given.end)


def _in_order(times: list[tuple[float, float] | None]) -> None:
    """No word begins before the one before it, and none lasts into the next."""
    latest, previous = 0.0, -1
    for i, time in enumerate(times):
        if time is None:
            continue
        latest = max(latest, time[0])
        times[i] = (latest, max(latest, time[1]))
        before = times[previous] if previous >= 0 else None
        if before is not None:
            times[previous] = (before[0], min(before[1], latest))
        previous = i


def _alike(times: Sequence[tuple[float, float] | None]) -> Iterator[tuple[int, int]]:
    """Ranges of words: each that has a time by itself, those without in runs."""
    first = 0
    while first < len(times):
        last = first + 1
        while times[first] is None and last < len(times) and times[last] is None:
            last += 1
        yield first, last
        first = last
