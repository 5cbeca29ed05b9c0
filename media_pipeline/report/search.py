"""Finding a text in what was read and what was said."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from media_pipeline.report.film import Film
from media_pipeline.text.cues import Cue, Word
from media_pipeline.text.scripts import join_tokens

_AROUND = 6  # words shown before and after a hit


@dataclass(frozen=True, slots=True)
class Hit:
    """One place where the text is written or said."""

    start: float
    where: str
    """``captions``, ``captions, doubtful`` or ``words``."""
    text: str
    """What stands there, with what is around it."""


def find_text(film: Film, text: str) -> list[Hit]:
    """The places in a film's captions and words that hold the text, in time order.

    Upper and lower case and the kind and number of blanks do not matter; a phrase may run over rows
    of a caption and over any number of words.
    """
    needle = _fold(text)
    if not needle:
        return []
    hits = [*_in_cues(film.cues, needle), *_in_words(film.words, needle)]
    return sorted(hits, key=lambda hit: (hit.start, hit.where))


def _fold(text: str) -> str:
    return " ".join(text.casefold().split())


def _in_cues(cues: Sequence[Cue], needle: str) -> Iterator[Hit]:
    for cue in cues:
        if needle in _fold(cue.text):
            where = "captions, doubtful" if cue.doubtful else "captions"
            yield Hit(cue.start, where, " / ".join(cue.text.split("\n")))


def _in_words(words: Sequence[Word], needle: str) -> Iterator[Hit]:
    """Search the words joined to running text, and find the way back from characters to words."""
    starts: list[int] = []
    text = ""
    for word in words:
        piece = _fold(word.word)
        if text and join_tokens([text[-1], piece]) != text[-1] + piece:
            text += " "
        starts.append(len(text))
        text += piece
    at = text.find(needle)
    while at >= 0:
        first = bisect_right(starts, at) - 1
        last = bisect_right(starts, at + len(needle) - 1)
        around = words[max(0, first - _AROUND) : last + _AROUND]
        yield Hit(words[first].start, "words", join_tokens([w.word for w in around]))
        at = text.find(needle, at + len(needle))
