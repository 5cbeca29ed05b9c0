"""Where shots begin: hard cuts and dissolves, from the measures of the frames alone."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from media_pipeline.stages.frames.measure import TINY, FrameMeasures

_MEDIAN_S = 0.5
"""How far to each side a jump is compared with the usual motion."""
_STILL = 0.5
"""Mean differences below this are repeated frames (24 in 30, animation on twos), not motion."""
_FLASH_S = 0.25
_ALIKE = 0.5
"""A flash ends where the picture differs from the one before it by less than this share of the
jump."""
_HALF_LENGTHS_S = (0.2, 0.4, 0.8, 1.2)
_MIXES = (0.2, 0.35, 0.5, 0.65, 0.8)
_CHANGE = 22.0
"""Least mean difference between both sides of a dissolve."""
_UNEVEN = 0.12
"""How far the share of the new picture may be from growing evenly."""
_RESIDUAL = 0.3
"""Most of a frame that is neither side, as a share of the difference between the sides."""
_CORRELATED = 0.5
"""Two sides more alike than this in structure are one shot that changed its light."""
_STRUCTURE = 0.35
"""Least share of the difference between both sides that is not their brightness."""
_EVERYWHERE = 0.5
"""Least ratio of the median difference to the mean one: a title that fades in changes little of the
picture."""
_STEADY = 0.5
"""Most change beyond either side within a quarter of the dissolve's length, as a share of its
own."""
_BLACK, _BLACK_DETAIL = 26.0, 6.0
"""Mean and deviation of a black frame; black is 16 in limited range."""
_CHUNK = 4096


@dataclass(frozen=True, slots=True)
class ShotRules:
    """When a frame starts a new shot."""

    threshold: float = 18.0
    """Least mean luma difference of a hard cut, 0-255."""
    ratio: float = 3.0
    """Least ratio of that difference to the usual one around it."""
    min_shot_s: float = 0.2
    dissolves: bool = True


@dataclass(frozen=True, slots=True)
class Boundary:
    """The start of a shot."""

    frame: int
    kind: Literal["cut", "dissolve"]


def find_boundaries(frames: FrameMeasures, rules: ShotRules | None = None) -> list[Boundary]:
    """The frames with which new shots start, in order; the first frame of the film is not one.

    A hard cut is a jump over ``threshold`` that is ``ratio`` times the local median, so that fast
    motion is none, and from which the picture does not return at once, so that a flash is none.
    A dissolve is a stretch whose frames are mixes of both its sides in growing proportion; it is
    put at its middle.
    """
    rules = rules or ShotRules()
    if len(frames) < 2:
        return []
    cuts = _cuts(frames, rules)
    found = [Boundary(int(i), "cut") for i in cuts]
    if rules.dissolves:
        middles = [*_dissolves(frames, cuts), *_fades(frames, cuts)]
        found += [Boundary(i, "dissolve") for i in middles]
    return _separate(found, frames.time, rules.min_shot_s)


def _separate(found: list[Boundary], time: NDArray[np.float64], least: float) -> list[Boundary]:
    """Keep boundaries that are far enough apart; of two, the cut, else the first."""
    kept: list[Boundary] = []
    moments: list[float] = [float(time[0])]
    for boundary in sorted(found, key=lambda b: b.kind != "cut"):
        moment = float(time[boundary.frame])
        apart = max(least, 2 * _HALF_LENGTHS_S[0]) if boundary.kind == "dissolve" else least
        place = bisect_left(moments, moment)
        beside = moments[max(0, place - 1) : place + 1]
        if all(abs(moment - other) >= apart for other in beside):
            moments.insert(place, moment)
            kept.append(boundary)
    return sorted(kept, key=lambda b: b.frame)


def _cuts(frames: FrameMeasures, rules: ShotRules) -> NDArray[np.intp]:
    usual = _usual_motion(frames)
    jumps = (frames.motion > rules.threshold) & (frames.motion > rules.ratio * usual)
    return np.array([i for i in np.flatnonzero(jumps) if not _is_flash(frames, int(i))], np.intp)


def _usual_motion(frames: FrameMeasures) -> NDArray[np.float64]:
    """Median of the motion around each frame that is over the threshold, without the frame
    itself.
    """
    motion, time = frames.motion, frames.time
    usual = np.zeros(len(motion))
    for i in np.flatnonzero(motion > _STILL * 10):
        first, last = np.searchsorted(time, (time[i] - _MEDIAN_S, time[i] + _MEDIAN_S))
        around = np.concatenate([motion[max(first, 1) : i], motion[i + 1 : last]])
        around = around[around > _STILL]
        usual[i] = np.median(around) if len(around) else 0.0
    return usual


def _is_flash(frames: FrameMeasures, cut: int) -> bool:
    """Whether the picture before the jump is back within a moment, or the jump is such a return."""
    last = int(np.searchsorted(frames.time, frames.time[cut] + _FLASH_S))
    first = int(np.searchsorted(frames.time, frames.time[cut] - _FLASH_S))
    limit = _ALIKE * _difference(frames, cut - 1, cut)
    returns = any(_difference(frames, cut - 1, j) < limit for j in range(cut + 1, last))
    returned = any(_difference(frames, cut, j) < limit for j in range(max(first, 0), cut - 1))
    return returns or returned


def _difference(frames: FrameMeasures, one: int, other: int) -> float:
    return float(np.abs(frames.tiny[one].astype(np.int16) - frames.tiny[other]).mean())


def _dissolves(frames: FrameMeasures, cuts: NDArray[np.intp]) -> list[int]:
    """Middles of dissolves: at each scale the frames that are best explained as a mix."""
    score = np.zeros(len(frames))
    for half in _HALF_LENGTHS_S:
        for first in range(0, len(frames), _CHUNK):
            part = slice(first, min(first + _CHUNK, len(frames)))
            score[part] = np.maximum(score[part], _mix_score(frames, cuts, half, part))
    middles = []
    for first, last in _runs(score > 0):
        weights = score[first:last]
        middles.append(round(float(np.average(np.arange(first, last), weights=weights))))
    return middles


def _fades(frames: FrameMeasures, cuts: NDArray[np.intp]) -> list[int]:
    """Middles of the black between a fade out and a fade in."""
    black = frames.luma < _BLACK
    dark = np.flatnonzero(black)
    for first in range(0, len(dark), _CHUNK):
        rows = dark[first : first + _CHUNK]
        black[rows] = _flat(frames, rows).std(axis=1) < _BLACK_DETAIL
    middles = []
    for first, last in _runs(black):
        inside = first > 0 and last < len(frames)
        if inside and not np.isin((first, last), cuts).any():
            middles.append((first + last) // 2)
    return middles


def _runs(marked: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], marked.astype(np.int8), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _mix_score(
    frames: FrameMeasures, cuts: NDArray[np.intp], half: float, part: slice
) -> NDArray[np.float64]:
    """How much changes across each frame of ``part``, where what lies between is a steady mix; else
    0.
    """
    time = frames.time
    middle = np.arange(part.start, part.stop)
    moments = time[middle]
    begin = np.searchsorted(time, moments - half - 1e-6)
    end = np.minimum(np.searchsorted(time, moments + half - 1e-6), len(time) - 1)
    whole = (moments - half >= time[0]) & (moments + half <= time[-1] + 1e-6)
    whole &= np.searchsorted(cuts, begin, side="right") == np.searchsorted(cuts, end, side="right")
    one, other = _flat(frames, begin), _flat(frames, end)
    change = np.abs(other - one).mean(axis=1)
    good = whole & (change >= _CHANGE) & _another_picture(one, other)
    for side, away in ((begin, -half / 2), (end, half / 2)):
        rows = np.flatnonzero(good)
        beyond = np.clip(np.searchsorted(time, time[side[rows]] + away), 0, len(time) - 1)
        moved = np.abs(_flat(frames, beyond) - _flat(frames, side[rows])).mean(axis=1)
        good[rows] = moved < _STEADY * change[rows]
    score = np.zeros(len(middle))
    span = time[end] - time[begin]
    for mix in _MIXES:
        rows = np.flatnonzero(good)
        if not len(rows):
            return score
        at = np.searchsorted(time, time[begin[rows]] + mix * span[rows] - 1e-6)
        share = (time[at] - time[begin[rows]]) / span[rows]
        good[rows] = _is_mix(one[rows], other[rows], _flat(frames, at), share)
    score[good] = change[good]
    return score


def _flat(frames: FrameMeasures, rows: NDArray[np.intp]) -> NDArray[np.float32]:
    return frames.tiny[rows].reshape(len(rows), TINY[0] * TINY[1]).astype(np.float32)


def _is_mix(
    one: NDArray[np.float32],
    other: NDArray[np.float32],
    between: NDArray[np.float32],
    share: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Whether pictures lie at ``share`` of the way between two sides.

    What moves inside the shots leaves a residual, but none in the direction from side to side; a
    pan, whose pictures are like neither side, stays half-way all the time.
    """
    way = other - one
    length = np.maximum((way * way).sum(axis=1), 1e-3)
    gone = ((between - one) * way).sum(axis=1) / length
    residual = np.abs(between - one - gone[:, None] * way).mean(axis=1)
    mixed: NDArray[np.bool_] = (np.abs(gone - share) < _UNEVEN) & (
        residual < _RESIDUAL * np.abs(way).mean(axis=1)
    )
    return mixed


def _another_picture(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Whether rows differ in structure: not by light alone, and not in one place alone (a
    title).
    """
    change = other - one
    size = np.abs(change)
    structure = np.abs(change - change.mean(axis=1, keepdims=True)).mean(axis=1)
    everywhere = np.median(size, axis=1) > _EVERYWHERE * size.mean(axis=1)
    different: NDArray[np.bool_] = (
        (structure > _STRUCTURE * size.mean(axis=1))
        & everywhere
        & (_correlation(one, other) < _CORRELATED)
    )
    return different


def _correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    a, b = one - one.mean(axis=1, keepdims=True), other - other.mean(axis=1, keepdims=True)
    power = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    correlation: NDArray[np.float32] = (a * b).sum(axis=1) / np.maximum(power, 1e-3)
    return correlation
