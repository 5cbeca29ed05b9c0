"""Captions that replace each other in a few characters: found by what changes at once and then
stays.

他今天会来 and 他明天会来 correlate as well as one text before a moving ground
does. But the pixels of the
edited character stand still, jump together in one frame, and stand still again, while nothing
around the row jumps (that would be a cut) and nothing like it happens in the frames before and
after (that would be a moving ground).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.stages.captions.rows import PixelBox
from media_pipeline.stages.captions.signature import Luma

_JUMP = 24  # grey levels: a jump
_CALM = 8  # grey levels: standing still
_CELL = 0.7  # row heights: one character
_RING = 0.35  # row heights above and below the row, where the ground alone is seen
_SHARE = 0.02  # of a cell's pixels that must jump: the dot of 太, the difference of 6 and 8
_CONFINED = 0.3  # the ring may jump at most this much, relative to the cell
_OUTSTANDING = 2.0  # times as many as change at all in the same cell in any frame around
_QUIET_PIXELS = 2  # fewer are noise
_BEFORE, _AFTER = 4, 3  # frames around that are compared


@dataclass(frozen=True, slots=True)
class _Change:
    """What changes in one frame, per cell.

    ``jumps``: pixels of the row that stood still, jumped and stand still again; ``around``: the
    share of the ring that does; ``activity``: pixels of the row that change at all.
    """

    jumps: NDArray[np.int64]
    around: NDArray[np.float64]
    activity: NDArray[np.int64]


class EditWatch:
    """Looks for edits in the place of one row.

    Parameters
    ----------
    text : the row, in pixels of the working strip.
    width, height : size of the strip.
    first : number of the first frame that shows the row for certain.
    """

    def __init__(self, text: PixelBox, width: int, height: int, first: int) -> None:
        self._box = text.padded(text.height // 2, round(text.height * _RING), width, height)
        self._inner = slice(text.top - self._box.top, text.bottom - self._box.top)
        cells = max(1, round(self._box.width / (text.height * _CELL)))
        self._edges = np.linspace(0, self._box.width, cells + 1).astype(int)[:-1]
        widths = np.diff([*self._edges, self._box.width])
        self._core_area = widths * max(1, text.height)
        self._ring_area = widths * max(1, self._box.height - text.height)
        self._changes: dict[int, _Change] = {}
        self._next = first + 2  # the first frame with two before it

    def find(self, first: int, last: int, luma: Callable[[int], Luma]) -> int | None:
        """The first frame that shows an edited text, or None; looks at frames that were not looked
        at before.

        Parameters
        ----------
        first, last : numbers of the oldest and newest frames that there are.
        luma : the working strip of a frame by number.
        """
        self._next = max(self._next, first + 2)
        start = max(self._next - _AFTER, min(self._changes, default=self._next))
        for index in range(self._next, last):
            self._changes[index] = self._measure(index, luma)
        self._next = max(self._next, last)
        for index in range(start, last - _AFTER):
            if index in self._changes and self._stands_out(index):
                return index
        for old in [i for i in self._changes if i < last - _BEFORE - _AFTER - 1]:
            del self._changes[old]
        return None

    def _measure(self, index: int, luma: Callable[[int], Luma]) -> _Change:
        box = self._box
        two, one, now, then = (
            luma(i)[box.top : box.bottom, box.left : box.right] for i in range(index - 2, index + 2)
        )
        changed = cv2.absdiff(one, now) > _JUMP
        jumps = changed & (cv2.absdiff(two, one) < _CALM) & (cv2.absdiff(now, then) < _CALM)
        core = self._by_cell(jumps[self._inner])
        ring = (self._by_cell(jumps) - core) / self._ring_area
        around = np.maximum(ring, np.maximum(np.append(ring[1:], 0), np.append(0, ring[:-1])))
        return _Change(core, around, self._by_cell(changed[self._inner]))

    def _by_cell(self, pixels: NDArray[np.bool_]) -> NDArray[np.int64]:
        return np.add.reduceat(pixels.sum(axis=0), self._edges)

    def _stands_out(self, index: int) -> bool:
        change = self._changes[index]
        near = [
            self._changes[i].activity
            for i in range(index - _BEFORE, index + _AFTER + 1)
            if i != index and i in self._changes
        ]
        usual = np.max([np.full_like(change.jumps, _QUIET_PIXELS), *near], axis=0)
        share = change.jumps / self._core_area
        found = (
            (share > _SHARE)
            & (change.around < _CONFINED * share)
            & (change.jumps >= _OUTSTANDING * usual)
        )
        return bool(found.any())
