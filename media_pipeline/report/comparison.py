"""What was found held against what is known to be there: captions, highlights, spoken words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from media_pipeline.text.cues import Cue, Word

Span = tuple[float, float]

_SAME_TEXT = 0.5  # above this share of wrong characters a text is another one
_SLACK_S = 0.5  # by which the time of a word may differ from the line it belongs to


@dataclass(frozen=True, slots=True)
class CueMatch:
    """A known caption and the one that was found in its place, if any."""

    known: Cue
    found: Cue | None

    @property
    def character_errors(self) -> int:
        """Characters to change, add or drop, blanks and line breaks left aside."""
        found = "" if self.found is None else self.found.text
        return int(Levenshtein.distance(_letters(self.known.text), _letters(found)))

    @property
    def start_error(self) -> float | None:
        """Seconds by which it was found too late."""
        return None if self.found is None else self.found.start - self.known.start

    @property
    def end_error(self) -> float | None:
        """Seconds by which its end was found too late."""
        return None if self.found is None else self.found.end - self.known.end


@dataclass(frozen=True, slots=True)
class HighlightMatch:
    """A known highlight and the one found that fits it best, if any overlaps it."""

    known: Span
    found: Span | None
    iou: float
    """Time that both have over time that either has."""


@dataclass(frozen=True, slots=True)
class SpeechMatch:
    """A spoken line, and how many of its words were found at its time, in their order."""

    known: Cue
    words: int
    found: int


def match_cues(known: Sequence[Cue], found: Sequence[Cue]) -> list[CueMatch]:
    """For each known caption the found one that overlaps it most, when it has much of its text."""
    matches = []
    for cue in known:
        near = [f for f in found if _overlap((cue.start, cue.end), (f.start, f.end)) > 0]
        best = max(
            near, key=lambda f: _overlap((cue.start, cue.end), (f.start, f.end)), default=None
        )
        match = CueMatch(cue, best)
        if match.character_errors > _SAME_TEXT * len(_letters(cue.text)):
            match = CueMatch(cue, None)
        matches.append(match)
    return matches


def match_highlights(known: Sequence[Span], found: Sequence[Span]) -> list[HighlightMatch]:
    """For each known highlight the found one with the largest intersection over union."""
    matches = []
    for span in known:
        best = max(found, key=lambda other: iou(span, other), default=None)
        share = 0.0 if best is None else iou(span, best)
        matches.append(HighlightMatch(span, best if share > 0 else None, share))
    return matches


def match_speech(lines: Sequence[Cue], words: Sequence[Word]) -> list[SpeechMatch]:
    """How many words of each spoken line were found at its time: the longest common subsequence."""
    matches = []
    for line in lines:
        near = [
            w
            for w in words
            if line.start - _SLACK_S <= (w.start + w.end) / 2 <= line.end + _SLACK_S
        ]
        known = [word for one in line.text.split() if (word := _letters(one))]
        heard = [word for one in near if (word := _letters(one.word))]
        matches.append(SpeechMatch(line, len(known), _common(known, heard)))
    return matches


def iou(one: Span, other: Span) -> float:
    """Intersection over union of two spans of time."""
    both = _overlap(one, other)
    either = (one[1] - one[0]) + (other[1] - other[0]) - both
    return both / either if either > 0 else 0.0


def _overlap(one: Span, other: Span) -> float:
    return max(0.0, min(one[1], other[1]) - max(one[0], other[0]))


def _letters(text: str) -> str:
    """The text without blanks, case and marks that OCR and speech write as they like."""
    return re.sub(r"[\s,.;:!?'\"、，。；：！？“”‘’…]+", "", text).casefold()


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """Length of the longest common subsequence."""
    row = [0] * (len(other) + 1)
    for a in one:
        diagonal = 0
        for at, b in enumerate(other, start=1):
            diagonal, row[at] = row[at], diagonal + 1 if a == b else max(row[at], row[at - 1])
    return row[-1]
