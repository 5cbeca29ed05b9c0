"""Captions that replace each other in a few characters: found by what changes at once and then
stays.

他今天会来 and 他明天会来 correlate as well as one text before a moving ground does. But the
pixels of the edited character stand still, jump together in one frame, and stand still again, while
little around the row jumps (that would be a cut) and nothing like it happens in the frames before
and after (that would be a moving ground).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.stages.captions.rows import PixelBox
from media_pipeline.stages.captions.signature import Luma

_JUMP = 24  # grey levels: a jump
_CALM = 12  # grey levels from one frame to the next: standing still
_HELD = 3  # frames for which a pixel stands still before and after it jumps
_CELL = 0.7  # row heights: one character
_RING = 0.35  # row heights above and below the row, where the ground alone is seen
_SHARE = 0.02  # of a cell's pixels that must jump: the dot of 太, the difference of 6 and 8
_CONFINED = 0.5  # the ring may jump at most this much, relative to the cell
_CUT = 0.3  # share of the ring that jumps in a cut
_OUTSTANDING = 2.5  # times as many as jump there or in the next cells in any frame around
_QUIET_PIXELS = 4  # fewer are noise
_BEFORE, _AFTER = 4, 2  # frames around that are compared


@dataclass(frozen=True, slots=True)
class _Change:
    """What changes in one frame, per cell.

    ``jumps``: pixels of the row that stood still, jumped and stand still again; ``around``: the
    share of the ring that does; ``beside``: the most jumps there or in the next cells, none in a
    cut, where everything jumps.
    """

    jumps: NDArray[np.int64]
    around: NDArray[np.float64]
    beside: NDArray[np.int64]


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
        self._still = np.zeros((self._box.height, self._box.width), np.uint8)
        """For how many frames each pixel has stood still."""
        self._jumped: dict[int, NDArray[np.bool_]] = {}
        """Pixels that stood still and jumped, and have stood still since: of the last frames."""
        self._changes: dict[int, _Change] = {}
        self._next = first + 1

    def find(self, first: int, last: int, luma: Callable[[int], Luma]) -> int | None:
        """The first frame that shows an edited text, or None; looks at frames that were not looked
        at before.

        Parameters
        ----------
        first, last : numbers of the oldest and newest frames that there are.
        luma : the working strip of a frame by number.
        """
        for index in range(max(self._next, first + 1), last + 1):
            self._take(index, self._part(luma(index - 1)), self._part(luma(index)))
            # Where little is known of the frames before, what jumps may jump all the time.
            judged = index - _HELD - _AFTER
            if judged - _BEFORE in self._changes and self._stands_out(judged):
                return judged
            self._changes.pop(judged - _BEFORE, None)
        self._next = max(self._next, last + 1)
        return None

    def _part(self, luma: Luma) -> Luma:
        box = self._box
        return luma[box.top : box.bottom, box.left : box.right]

    def _take(self, index: int, before: Luma, now: Luma) -> None:
        """Take the next frame, and count the jumps of the one from which enough time has passed."""
        difference = cv2.absdiff(before, now)
        calm = difference < _CALM
        self._jumped = {i: jumped & calm for i, jumped in self._jumped.items()}
        self._jumped[index] = (difference > _JUMP) & (self._still >= _HELD)
        self._still = np.where(calm, np.minimum(self._still + 1, _HELD), 0).astype(np.uint8)
        settled = self._jumped.pop(index - _HELD, None)
        if settled is None:
            return
        core = self._by_cell(settled[self._inner])
        ring = (self._by_cell(settled) - core) / self._ring_area
        is_cut = 2 * np.count_nonzero(ring > _CUT) > len(ring)
        beside = np.zeros_like(core) if is_cut else _with_neighbours(core)
        self._changes[index - _HELD] = _Change(core, _with_neighbours(ring), beside)

    def _by_cell(self, pixels: NDArray[np.bool_]) -> NDArray[np.int64]:
        return np.add.reduceat(pixels.sum(axis=0), self._edges)

    def _stands_out(self, index: int) -> bool:
        change = self._changes[index]
        share = change.jumps / self._core_area
        if not (share > _SHARE).any():
            return False
        near = [
            self._changes[i].beside
            for i in range(index - _BEFORE, index + _AFTER + 1)
            if i != index and i in self._changes
        ]
        usual = np.max([np.full_like(change.jumps, _QUIET_PIXELS), *near], axis=0)
        found = (
            (share > _SHARE)
            & (change.around < _CONFINED * share)
            & (change.jumps >= _OUTSTANDING * usual)
        )
        return bool(found.any())


def _with_neighbours(values: NDArray[Any]) -> NDArray[Any]:
    """The largest of each cell and the two beside it."""
    largest = values.copy()
    np.maximum(largest[1:], values[:-1], out=largest[1:])
    np.maximum(largest[:-1], values[1:], out=largest[:-1])
    return largest
