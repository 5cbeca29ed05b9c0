"""Which stretches of the sound the texts of timed cues are looked for in."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from media_pipeline.asr.base import Span
from media_pipeline.text.cues import Cue

SLACK_S = 0.2
"""How far a word may reach out of the stretch it belongs to."""
PAD_S = 0.6
"""Captions come and go up to this much beside the speech."""

_WINDOW_S = 28.0
_JOIN_S = 1.0  # cues closer than this are looked for together


def exclusive(cues: Sequence[Cue], duration: float) -> list[Span]:
    """Stretches of the cues without overlaps: where two overlap, both give up half of it."""
    spans = [[min(c.start, duration), min(c.end, duration)] for c in cues]
    for left, right in pairwise(spans):
        right[0] = max(right[0], left[0])
        right[1] = max(right[1], right[0])
        if right[0] < left[1]:
            left[1] = right[0] = (right[0] + min(left[1], right[1])) / 2
    return [(a, b) for a, b in spans]


def grouped(indices: Sequence[int], stretches: Sequence[Span]) -> list[list[int]]:
    """Neighbouring cues that are aligned together, each group short enough for one window."""
    groups: list[list[int]] = []
    for i in indices:
        if groups and _belong(stretches[groups[-1][0]], stretches[groups[-1][-1]], stretches[i]):
            groups[-1].append(i)
        else:
            groups.append([i])
    return groups


def _belong(first: Span, last: Span, new: Span) -> bool:
    return new[0] - last[1] < _JOIN_S and new[1] - first[0] <= _WINDOW_S


def window(group: Sequence[int], stretches: Sequence[Span], duration: float) -> Span:
    """Where to look for the texts of a group: a little around it, but not far into neighbours."""
    first, last = group[0], group[-1]
    start, end = stretches[first][0], stretches[last][1]
    before = stretches[first - 1][1] if first else 0.0
    after = stretches[last + 1][0] if last + 1 < len(stretches) else duration
    return (
        max(0.0, start - PAD_S, min(before, start) - SLACK_S),
        min(end + PAD_S, max(after, end) + SLACK_S),
    )
