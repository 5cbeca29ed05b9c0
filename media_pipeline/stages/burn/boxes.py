"""Where the word that is being spoken stands in captions that are already in the picture.

A caption's box is known from reading it, its text too; the place of a word in it follows from the
widths that a font gives to the text before it and to the word. Fonts differ in width, but hardly in
the proportions of their letters.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from media_pipeline.media.fonts import find_font, text_width
from media_pipeline.text.cues import Cue, Word
from media_pipeline.text.scripts import main_script, tokens

_SLACK_S = 0.3  # speech may begin before its caption and end after it
_HOLD_S = 0.5  # a box stays over a shorter silence, so that it does not flicker
_TAIL_S = 0.12  # and this long after the word before a longer one
_LINE = 1.2  # height of a row in em
_PAD_X, _PAD_Y = 0.12, 0.06  # of the row's height
_FEW = 0.34  # fewer of a caption's words than this found among the spoken: it is another text


@dataclass(frozen=True, slots=True)
class WordBox:
    """A rectangle around a word of a caption, in pixels, and when the word is spoken."""

    start: float
    end: float
    left: float
    top: float
    right: float
    bottom: float
    word: str


@dataclass(frozen=True, slots=True)
class _Token:
    """A word of a caption as written: its row and its characters in it, without punctuation."""

    row: int
    first: int
    last: int
    plain: str


@dataclass(frozen=True, slots=True)
class _Row:
    """Where a row of a caption stands, in pixels, and how wide one em of it is in the font."""

    text: str
    left: float
    top: float
    bottom: float
    width: float


def word_boxes(
    cues: Sequence[Cue],
    words: Sequence[Word],
    width: int,
    height: int,
    *,
    cue_of: Sequence[int] | None = None,
) -> list[WordBox]:
    """The rectangle of every spoken word that is written in a caption.

    Parameters
    ----------
    cues : captions with boxes; those without are left out.
    words : spoken words in time order.
    width, height : of the picture in pixels, as displayed.
    cue_of : for each word the index of the caption that it belongs to, where known. Words also
        belong to captions by their times.

    Returns
    -------
    list of WordBox
        in time order; at most one at a time in each caption.

    Raises
    ------
    FontMissing
        when no installed font has the glyphs of a caption, so that widths are unknown.
    """
    found: list[WordBox] = []
    middles = [(w.start + w.end) / 2 for w in words]
    for number, cue in enumerate(cues):
        if cue.box is None:
            continue
        first = bisect_left(middles, cue.start - _SLACK_S)
        near = range(first, bisect_right(middles, cue.end + _SLACK_S))
        assigned = [i for i in near if cue_of is not None and cue_of[i] == number]
        written = list(_written(cue.text))
        # words that are assigned to the caption, or else those of its time
        matches = [_match(written, [words[i] for i in chosen]) for chosen in (assigned, near)]
        pairs = max(matches, key=len)
        if pairs:
            found.extend(_boxes(cue, pairs, width, height))
    return sorted(found, key=lambda b: b.start)


def _written(text: str) -> Iterator[_Token]:
    for number, row in enumerate(text.split("\n")):
        at = 0
        for token in tokens(row):
            at = row.index(token, at)
            inner = [i for i, c in enumerate(token) if c.isalnum()]
            if inner:
                yield _Token(number, at + inner[0], at + inner[-1] + 1, _plain(token))
            at += len(token)


def _plain(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def _match(written: list[_Token], spoken: list[Word]) -> list[tuple[_Token, Word]]:
    """Pairs of a written and a spoken word, in order; nothing when too few are alike.

    Between words that are alike, as many written as spoken ones are taken for misread or misheard
    versions of each other.
    """
    spoken = [w for w in spoken if _plain(w.word)]
    said = [_plain(w.word) for w in spoken]
    matcher = SequenceMatcher(None, [t.plain for t in written], said, autojunk=False)
    pairs: list[tuple[_Token, Word]] = []
    alike = 0
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal" or (tag == "replace" and b - a == d - c):
            pairs.extend(zip(written[a:b], spoken[c:d], strict=True))
            alike += b - a if tag == "equal" else 0
    rows = {t.row for t, _ in pairs}
    possible = sum(t.row in rows for t in written)
    return pairs if alike and alike >= _FEW * possible else []


def _boxes(
    cue: Cue, pairs: list[tuple[_Token, Word]], width: int, height: int
) -> Iterator[WordBox]:
    rows = _rows(cue, width, height)
    times = [w.start for _, w in pairs[1:]] + [float("inf")]
    for (token, word), following in zip(pairs, times, strict=True):
        start = max(word.start, cue.start)
        end = following if following - word.end <= _HOLD_S else word.end + _TAIL_S
        end = min(end, following, cue.end)
        row = rows[token.row]
        if end <= start or row.width <= 0:
            continue
        left, right = _extent(row, token.first, token.last)
        pad = (row.bottom - row.top) * _PAD_X
        yield WordBox(
            start,
            end,
            max(0.0, left - pad),
            row.top,
            min(float(width), right + pad),
            row.bottom,
            row.text[token.first : token.last],
        )


def _extent(row: _Row, first: int, last: int) -> tuple[float, float]:
    """The left and right edge of some characters of a row."""
    font = find_font(row.text)
    whole = text_width(row.text, font, 100.0)
    before, upto = (text_width(row.text[:n], font, 100.0) for n in (first, last))
    return row.left + row.width * before / whole, row.left + row.width * upto / whole


def _rows(cue: Cue, width: int, height: int) -> list[_Row]:
    """The rows of a caption inside its box, centred over each other as captions are."""
    assert cue.box is not None  # noqa: S101 - for the type checker; callers have looked
    texts = cue.text.split("\n")
    units = [max(text_width(t, find_font(t), 1.0), 1e-3) if t else 1e-3 for t in texts]
    box_width, box_height = cue.box.w * width, cue.box.h * height
    sizes = _sizes(texts, units, box_width, box_height)
    total = sum(sizes)
    middle, top = (cue.box.x + cue.box.w / 2) * width, cue.box.y * height
    rows = []
    for text, unit, size in zip(texts, units, sizes, strict=True):
        tall = box_height * size / total
        pad = tall * _PAD_Y
        row_width = min(size * unit, box_width)
        rows.append(_Row(text, middle - row_width / 2, top - pad, top + tall + pad, row_width))
        top += tall
    return rows


def _sizes(texts: list[str], units: list[float], width: float, height: float) -> list[float]:
    """The em of each row in pixels: the widest row is as wide as the box.

    Rows of one script share a size. Of two scripts (bilingual captions) either may be the wider:
    the sizes are those with which the rows fill the height of the box as well.
    """
    scripts = [main_script(t) for t in texts]
    if len(set(scripts)) == 1:
        return [width / max(units)] * len(texts)
    kinds = sorted(set(scripts), key=str)
    best: tuple[float, list[float]] | None = None
    for widest in kinds:
        reach = max(u for u, s in zip(units, scripts, strict=True) if s == widest)
        em = width / reach
        count = sum(s == widest for s in scripts)
        rest = max(height / _LINE - em * count, 0.0) / max(len(texts) - count, 1)
        sizes = [em if s == widest else rest for s in scripts]
        excess = max(z * u for z, u in zip(sizes, units, strict=True)) / width
        # rows wider than the box, or one several times as high as the other, are not what is seen
        ratio = max(sizes) / max(min(sizes), 1e-6)
        error = max(0.0, excess - 1) + max(0.0, ratio - 2)
        if best is None or error < best[0]:
            best = (error, sizes)
    assert best is not None  # noqa: S101 - there is at least one script
    if best[0] > 0.25:
        return [min(width / u, height / _LINE / len(texts)) for u in units]
    return best[1]
