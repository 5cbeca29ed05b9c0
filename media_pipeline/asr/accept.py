"""Which of an engine's word times are believed; the same rule for every engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from media_pipeline.asr.base import Span
from media_pipeline.asr.stretches import SLACK_S
from media_pipeline.asr.weight import weight
from media_pipeline.text.cues import Word
from media_pipeline.text.scripts import tokens

SHORTEST_S, LONGEST_S = 0.03, 2.0
"""A word lasts between these; other times are not believed."""
UNPLACED = "unplaced"
"""Source of a word whose engine gave no believable time."""


def plausible(start: float, end: float, stretch: Span, previous_end: float) -> bool:
    """The rule for a word's time: after the word before, inside its stretch, of sane length."""
    return (
        start >= previous_end - 1e-6
        and start >= stretch[0] - SLACK_S
        and end <= stretch[1] + SLACK_S
        and SHORTEST_S <= end - start <= LONGEST_S
    )


def accepted(words: Sequence[Word], stretch: Span) -> tuple[Word, ...]:
    """An engine's words, one per token, those without a believable time marked as unplaced.

    A word of several tokens (two Chinese characters) is divided by their lengths; loose punctuation
    joins the word before.
    """
    found: list[Word] = []
    previous = stretch[0] - SLACK_S
    for word in _by_token(words):
        if plausible(word.start, word.end, stretch, previous):
            found.append(word)
            previous = word.end
        else:
            found.append(replace(word, source=UNPLACED, score=0.0))
    return tuple(found)


def _by_token(words: Sequence[Word]) -> list[Word]:
    found: list[Word] = []
    for word in words:
        if found and not any(c.isalnum() for c in word.word):
            found[-1] = replace(found[-1], word=found[-1].word + word.word)
            continue
        parts = tokens(word.word)
        total = sum(weight(p) for p in parts) or 1.0
        at = word.start
        for part in parts:
            end = at + (word.end - word.start) * weight(part) / total
            found.append(replace(word, word=part, start=at, end=end))
            at = end
    return found
