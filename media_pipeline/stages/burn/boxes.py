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

from media_pipeline.stages.burn.rows import Look, Row, caption_rows
from media_pipeline.text.cues import Cue, Word
from media_pipeline.text.heard import listen_for
from media_pipeline.text.scripts import tokens

_SLACK_S = 0.3  # speech may begin before its caption and end after it
_HOLD_S = 0.5  # a box stays over a shorter silence, so that it does not flicker
_TAIL_S = 0.12  # and this long after the word before a longer one
_PAD = 0.12  # of the row's height, on both sides of a word
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


def word_boxes(
    cues: Sequence[Cue],
    words: Sequence[Word],
    width: int,
    height: int,
    *,
    cue_of: Sequence[int | None] | None = None,
    look: Look | None = None,
) -> list[WordBox]:
    """The rectangle of every spoken word that is written in a caption.

    Parameters
    ----------
    cues : captions with boxes; those without are left out.
    words : spoken words in time order.
    width, height : of the picture in pixels, as displayed.
    cue_of : for each word the index of the caption that it belongs to, where known. Words also
        belong to captions by their times.
    look : gives the picture at a time; bilingual captions are found better with it.

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
            rows = caption_rows(cue, cue.box, width, height, look)
            found.extend(_boxes(cue, rows, pairs, width))
    return sorted(found, key=lambda b: b.start)


def captions_of(words: Sequence[Word], cues: Sequence[Cue]) -> list[int | None]:
    """For each spoken word the index of the caption that it is written in, by text and order.

    What the words themselves bear is the row of the transcript, which is another list: it lacks
    captions that nobody says, and an engine cuts the speech as it likes.
    """
    heard = listen_for(cues, words)
    owner = {id(word): number for number, one in enumerate(heard) for word in one.words}
    return [owner.get(id(word)) for word in words]


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
    cue: Cue, rows: Sequence[Row], pairs: list[tuple[_Token, Word]], width: int
) -> Iterator[WordBox]:
    times = [w.start for _, w in pairs[1:]] + [float("inf")]
    for (token, word), following in zip(pairs, times, strict=True):
        start = max(word.start, cue.start)
        end = following if following - word.end <= _HOLD_S else word.end + _TAIL_S
        end = min(end, following, cue.end)
        if end <= start:
            continue
        row = rows[token.row]
        left, right = row.extent(token.first, token.last)
        pad = (row.bottom - row.top) * _PAD
        yield WordBox(
            start,
            end,
            max(0.0, left - pad),
            row.top,
            min(float(width), right + pad),
            row.bottom,
            row.text[token.first : token.last],
        )
