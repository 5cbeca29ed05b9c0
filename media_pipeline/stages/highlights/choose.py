"""Choosing the windows that stand out: mean score inside, less some of what lies just outside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from media_pipeline.stages.highlights.edges import Landmarks, move_edges
from media_pipeline.stages.highlights.sound import STEP, Array

_LENGTHS = (0.7, 0.85, 1.0, 1.15)  # of the clip duration
_LONGER = 0.35  # exponent by which a longer window is preferred to a shorter one of equal mean
_OUTSIDE = 0.25  # how much of the score just outside is taken off
_OVERLAP = 0.15  # of two windows, the shorter of them, before their edges are moved
_SHARED = 0.01  # of two highlights: nothing is shown twice
_NEAR = 0.1  # taken off right beside a chosen one, none a clip away: variety over the film
_LEAST = 0.02  # below this nothing stands out at all


@dataclass(frozen=True, slots=True)
class Windows:
    """Candidate windows; each array is (k,).

    ``value``: how well the window stands out, about -1 to 1.
    """

    start: NDArray[np.float64]
    end: NDArray[np.float64]
    value: NDArray[np.float64]


def windows(score: Array, clip_duration: float) -> Windows:
    """All windows of 0.7 to 1.15 times the clip duration and what they are worth.

    A film shorter than the shortest of them has one window: itself.

    Parameters
    ----------
    score : (cells,) on the 0.1 s grid.
    clip_duration : seconds.
    """
    cells = len(score)
    lengths = [round(m * clip_duration / STEP) for m in _LENGTHS]
    lengths = [n for n in lengths if 0 < n <= cells] or [cells]
    margin = round(np.clip(clip_duration / 7.5, 0.5, 2.0) / STEP)
    total = np.concatenate([[0.0], np.cumsum(score, dtype=np.float64)])
    parts = [_windows_of(total, n, margin, clip_duration) for n in lengths]
    start, end, value = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Windows(start * STEP, end * STEP, value)


def _windows_of(
    total: NDArray[np.float64], length: int, margin: int, clip_duration: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    cells = len(total) - 1
    start = np.arange(cells - length + 1)
    end = start + length
    left, right = np.maximum(start - margin, 0), np.minimum(end + margin, cells)
    inside = (total[end] - total[start]) / length
    before = (total[start] - total[left]) / np.maximum(start - left, 1)
    after = (total[right] - total[end]) / np.maximum(right - end, 1)
    outside = np.maximum(before, 0) + np.maximum(after, 0)
    favour = (length * STEP / clip_duration) ** _LONGER
    return start, end, inside * np.where(inside > 0, favour, 1.0) - _OUTSIDE * outside


def pick(
    score: Array, landmarks: Landmarks, *, count: int, clip_duration: float, min_score: float
) -> list[tuple[float, float]]:
    """Choose the best windows one after another and move their edges to good places.

    Non-maximum suppression: windows that overlap by more than 15 % of the shorter are left out, and
    after the edges have moved no two share anything. The best window is
    given however low its value, unless nothing stands out at all; the others from ``min_score``.

    Returns
    -------
    list of tuple
        ``(start, end)`` in seconds, the best first, at most ``count``.
    """
    all_ = windows(score, clip_duration)
    value = all_.value.copy()
    chosen: list[tuple[float, float]] = []
    while len(chosen) < count and score.max() >= _LEAST:
        best = int(np.argmax(value))
        if value[best] < (min_score if chosen else -1.0):
            break
        span = _fit(float(all_.start[best]), float(all_.end[best]), landmarks, clip_duration)
        if span is None or any(overlap(span, c) > _SHARED for c in chosen):
            near = np.abs(all_.start - all_.start[best]) < 0.5
            value[near & (np.abs(all_.end - all_.end[best]) < 0.5)] = -np.inf
            continue
        chosen.append(span)
        gap = np.maximum(all_.start - span[1], span[0] - all_.end)
        value -= _NEAR * np.clip(1 - np.maximum(gap, 0) / clip_duration, 0, 1)
        shared = np.minimum(all_.end, span[1]) - np.maximum(all_.start, span[0])
        shorter = np.minimum(all_.end - all_.start, span[1] - span[0])
        value[shared > _OVERLAP * shorter] = -np.inf
    return chosen


def overlap(a: tuple[float, float], b: tuple[float, float]) -> float:
    """The share of the shorter of two spans that both cover."""
    shared = min(a[1], b[1]) - max(a[0], b[0])
    return max(0.0, shared) / min(a[1] - a[0], b[1] - b[0])


def _fit(
    start: float, end: float, landmarks: Landmarks, clip_duration: float
) -> tuple[float, float] | None:
    end = min(end, landmarks.duration)
    if start <= 0 and end >= landmarks.duration - STEP:
        return 0.0, landmarks.duration
    return move_edges(start, end, landmarks, clip_duration)
