"""Captions that are in the picture, kept readable where only a part of the picture is shown.

A caption that lies in the window whole stays as it is. Where the window would cut it, its band is
taken out of the wide picture, made as small as need be, and laid over the same rows of the upright
one: the cut copy is below it and cannot be seen.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.media.canvas import Canvas
from media_pipeline.media.geometry import Box
from media_pipeline.text.cues import Cue

_PAD = 0.3  # of a row's height: letters have outlines and shadows, and boxes are read roughly
SLACK_S = 0.12
"""Captions that fade are seen before and after the times at which they are read."""
_ROUNDING_S = 1e-6
_TOGETHER_S = 1.0  # a band stays where the next caption comes so soon
_SMALLER = (
    0.6  # of the size that a caption had alone: it gets no smaller for one that comes with it
)
_AT_ONCE = 8  # captions that are in the picture together, at most
_ROWS_APART = 0.08  # of the height: captions farther from each other have bands of their own
_FADE = 0.02  # of the height, over which a band goes over into the picture
_BORDER = 0.11  # of the text's height, over which what is around it goes over into the band
_NEAR = 0.012  # of the picture: what is beside the text
_BLUR = 0.02  # of the height, of what is around the text in the band

Middle = Callable[[float], float | None]
"""Of a window at a time, of the width; None where the whole picture is shown."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A caption as it stands in the wide picture: seconds, and the box around all its ink."""

    start: float
    end: float
    box: Box

    def inside(self, middle: float, share: float) -> bool:
        """Whether a window of that middle and width holds all of it."""
        return middle - share / 2 <= self.box.x and self.box.right <= middle + share / 2


@dataclass(frozen=True, slots=True)
class Band:
    """What is laid over the upright picture from ``start`` to ``end``.

    The part of the wide picture around ``box``, ``scale`` times as large, on the rows from ``top``
    to ``bottom`` (of the height).
    """

    start: float
    end: float
    box: Box
    scale: float
    top: float
    bottom: float


def standing(cues: Iterable[Cue], aspect: float) -> list[Standing]:
    """The captions that have a place in a picture so much wider than high, in time order."""
    found = []
    for cue in cues:
        if cue.box is None:
            continue
        pad = _PAD * cue.box.h / (cue.text.count("\n") + 1)
        left, right = max(0.0, cue.box.x - pad / aspect), min(1.0, cue.box.right + pad / aspect)
        top, bottom = max(0.0, cue.box.y - pad), min(1.0, cue.box.bottom + pad)
        box = Box(left, top, right - left, bottom - top)
        found.append(Standing(max(0.0, cue.start - SLACK_S), cue.end + SLACK_S, box))
    return sorted(found, key=lambda one: one.start)


def standing_at(captions: Sequence[Standing], time: float) -> list[Standing]:
    """Those of the captions, which are in time order, that are in the picture at a time."""
    last = bisect_right(captions, time, key=lambda one: one.start)
    return [one for one in captions[max(0, last - _AT_ONCE) : last] if time < one.end]


def room(
    times: Sequence[float], captions: Sequence[Standing], share: float
) -> NDArray[np.float64] | None:
    """Between which middles a window holds the captions of each moment: (n, 2), of the width.

    None where there is no caption, or one that is too wide for any window.
    """
    found = np.tile([share / 2, 1 - share / 2], (len(times), 1))
    any_caption = False
    for caption in captions:
        for number, time in enumerate(times):
            if caption.start <= time < caption.end:
                any_caption = True
                low, high = found[number]
                low = max(low, caption.box.right - share / 2)
                high = min(high, caption.box.x + share / 2)
                if low > high:
                    return None
                found[number] = low, high
    return found if any_caption else None


def bands(
    captions: Sequence[Standing], middle: Middle, moments: Sequence[float], share: float
) -> list[Band]:
    """Bands for captions that a window would cut at any moment.

    Parameters
    ----------
    captions : in time order.
    middle : of the window.
    moments : seconds at which the window is looked at.
    share : width of the window, of the picture's.
    """
    times = np.asarray(moments)
    found = [
        _alone(_band(group, share), captions)
        for group in _groups(captions, share)
        if not all(_held(caption, middle, times, share) for caption in group.captions)
    ]
    return sorted(found, key=lambda band: band.start)


@dataclass
class _Group:
    """Captions that follow each other soon on about the same rows."""

    captions: list[Standing]
    box: Box
    """Around all of them."""
    end: float
    largest: float
    """Scale of the one that could be shown the largest."""

    def takes(self, caption: Standing, share: float) -> bool:
        """Add a caption, if it belongs here and makes none of them much smaller."""
        near = abs(_row(caption.box) - _row(self.box)) < _ROWS_APART + self.box.h / 2
        both = self.box.union(caption.box)
        largest = max(self.largest, _scale(caption.box, share))
        soon = caption.start - self.end < _TOGETHER_S
        if not (near and soon and _scale(both, share) >= _SMALLER * largest):
            return False
        self.captions.append(caption)
        self.box, self.end, self.largest = both, max(self.end, caption.end), largest
        return True


def _held(caption: Standing, middle: Middle, moments: NDArray[np.float64], share: float) -> bool:
    first, last = np.searchsorted(moments, (caption.start, caption.end))
    shown = (caption.start, *moments[first:last].tolist(), max(caption.start, caption.end - 1e-3))
    places = [middle(time) for time in shown]
    return all(place is None or caption.inside(place, share) for place in places)


def _groups(captions: Sequence[Standing], share: float) -> list[_Group]:
    groups: list[_Group] = []
    for caption in captions:
        if not any(group.takes(caption, share) for group in reversed(groups[-4:])):
            scale = _scale(caption.box, share)
            groups.append(_Group([caption], caption.box, caption.end, scale))
    return groups


def _row(box: Box) -> float:
    return box.y + box.h / 2


def _scale(box: Box, share: float) -> float:
    return min(1.0, share / box.w)


def _band(group: _Group, share: float) -> Band:
    box = group.box
    top, bottom = max(0.0, box.y - _FADE), min(1.0, box.bottom + _FADE)
    return Band(group.captions[0].start, group.end, box, _scale(box, share), top, bottom)


def _alone(band: Band, captions: Sequence[Standing]) -> Band:
    """A band that gives way where another caption stands on its rows just before or after it."""
    start, end = band.start, band.end
    for one in captions:
        if one.box.y > band.bottom or one.box.bottom < band.top:
            continue
        first, last = one.start + SLACK_S, one.end - SLACK_S  # as it was read
        if band.start < last <= band.start + SLACK_S + _ROUNDING_S:
            start = max(start, last)
        if band.end > first >= band.end - SLACK_S - _ROUNDING_S:
            end = min(end, first)
    return replace(band, start=start, end=max(start, end))


def lay(wide: Canvas, upright: Canvas, band: Band) -> None:
    """Lay the band of the wide picture over the upright one, in place.

    The rows of the text, which keeps its shape, go evenly from what is above them to what is below;
    at the edge of the picture, from what is on the left of the text to what is on its right.
    """
    for old, new in zip(wide.planes, upright.planes, strict=True):
        height, width = new.shape
        fade = max(1.0, _FADE * height)
        top, bottom = round(band.top * height), round(band.bottom * height)
        columns = _columns(band, old.shape[1], width)
        ground = new[top:bottom].astype(np.float32)
        upper, lower = (round(edge * height) for edge in (band.box.y, band.box.bottom))
        ground[upper - top : lower - top] = _without_text(old, new, (upper, lower), band.box)
        made = cv2.GaussianBlur(ground, (0, 0), max(1.0, _BLUR * height))
        middle, half = _row(band.box) * height, band.scale * band.box.h * height / 2
        first, last = round(max(top, middle - half)), round(min(bottom, middle + half))
        text = _rows(old[:, columns], middle, (first, last), band.scale)
        inside = half - np.abs(np.arange(first, last) + 0.5 - middle)
        share = np.clip(inside / max(1.0, _BORDER * 2 * half), 0, 1)[:, None]
        made[first - top : last - top] += share * (
            _resized(text, (width, last - first)) - made[first - top : last - top]
        )
        rows = np.arange(top, bottom) + 0.5
        over = np.ones(len(rows))
        if top > 0:
            over = np.minimum(over, (rows - top) / fade)
        if bottom < height:
            over = np.minimum(over, (bottom - rows) / fade)
        below = new[top:bottom].astype(np.float32)
        new[top:bottom] = np.rint(below + np.clip(over, 0, 1)[:, None] * (made - below))


def _columns(band: Band, width: int, shown: int) -> slice:
    """The columns of a plane that fill as many of the upright one."""
    count = min(width, round(shown / band.scale))
    left = round((band.box.x + band.box.w / 2) * width - count / 2)
    left = min(max(left, 0), width - count)
    return slice(left, left + count)


def _without_text(
    wide: NDArray[Any], upright: NDArray[Any], rows: tuple[int, int], box: Box
) -> NDArray[np.float32]:
    """What may be below the text, on its rows of the upright plane."""
    height, width = upright.shape
    near = max(1, round(_NEAR * height))
    upper, lower = rows
    if upper >= near and lower + near <= height:
        above, below = (upright[row : row + near].mean(axis=0) for row in (upper - near, lower))
        share = np.linspace(0, 1, lower - upper)[:, None]
        return np.asarray(above + share * (below - above), np.float32)
    text, count = wide[upper:lower], wide.shape[1]
    side, left, right = (round(part * count) for part in (_NEAR, box.x, box.right))
    beside = [text[:, max(0, left - side) : left], text[:, right : right + side]]
    there = [np.median(part, axis=1) for part in beside if part.shape[1]]
    there = there or [np.median(text, axis=1)]
    first, last = there[0], there[-1]
    share = np.linspace(0, 1, width)
    return np.asarray(first[:, None] + share * (last - first)[:, None], np.float32)


def _rows(plane: NDArray[Any], middle: float, shown: tuple[int, int], scale: float) -> NDArray[Any]:
    """The rows of a plane that are shown, the middle one staying where it is."""
    first, last = (round(middle + (row - middle) / scale) for row in shown)
    return plane[np.clip(np.arange(first, max(last, first + 1)), 0, plane.shape[0] - 1)]


def _resized(part: NDArray[Any], size: tuple[int, int]) -> NDArray[np.float32]:
    found = cv2.resize(np.ascontiguousarray(part), size, interpolation=cv2.INTER_AREA)
    return found.astype(np.float32)
