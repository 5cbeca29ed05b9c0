"""Choosing the windows that stand out: mean score inside, less some of what lies just outside."""

from __future__ import annotations

from collections.abc import Callable
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


Cells = NDArray[np.int64]


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
    first = np.concatenate([np.arange(cells - n + 1) for n in lengths])
    last = first + np.concatenate([np.full(cells - n + 1, n) for n in lengths])
    return Windows(first * STEP, last * STEP, Worth(score, clip_duration).of(first, last))


class Worth:
    """How well any stretch of a film stands out."""

    def __init__(self, score: Array, clip_duration: float) -> None:
        self._total = np.concatenate([[0.0], np.cumsum(score, dtype=np.float64)])
        self._clip = clip_duration / STEP
        self._margin = round(np.clip(clip_duration / 7.5, 0.5, 2.0) / STEP)

    def of(self, first: Cells, last: Cells) -> NDArray[np.float64]:
        """The worth of the cells from ``first`` to before ``last``, (k,) each."""
        total, cells = self._total, len(self._total) - 1
        left, right = np.maximum(first - self._margin, 0), np.minimum(last + self._margin, cells)
        inside = (total[last] - total[first]) / (last - first)
        before = (total[first] - total[left]) / np.maximum(first - left, 1)
        after = (total[right] - total[last]) / np.maximum(right - last, 1)
        outside = np.maximum(before, 0) + np.maximum(after, 0)
        favour = ((last - first) / self._clip) ** _LONGER
        worth: NDArray[np.float64] = inside * np.where(inside > 0, favour, 1.0) - _OUTSIDE * outside
        return worth

    def between(self, start: float, end: float) -> float:
        """The worth of what lies between two times, in seconds."""
        cells = len(self._total) - 1
        first = min(round(start / STEP), cells - 1)
        last = min(max(round(end / STEP), first + 1), cells)
        return float(self.of(np.array([first]), np.array([last]))[0])


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
    worth = Worth(score, clip_duration).between
    value = all_.value.copy()
    chosen: list[tuple[float, float]] = []
    while len(chosen) < count and score.max() >= _LEAST:
        best = int(np.argmax(value))
        if value[best] < (min_score if chosen else -1.0):
            break
        span = _fit(float(all_.start[best]), float(all_.end[best]), landmarks, clip_duration, worth)
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
    start: float,
    end: float,
    landmarks: Landmarks,
    clip_duration: float,
    worth: Callable[[float, float], float],
) -> tuple[float, float] | None:
    end = min(end, landmarks.duration)
    if start <= 0 and end >= landmarks.duration - STEP:
        return 0.0, landmarks.duration
    return move_edges(start, end, landmarks, clip_duration, worth)
