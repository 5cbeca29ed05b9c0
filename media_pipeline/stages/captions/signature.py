"""The change signature: has text-like detail appeared since the detector last looked?

Raw differences fire on every camera movement. Text stands still and has strong detail at stroke
scale, a moving ground does not stand still, and a still ground does not change. So the signature is
the sign of the high-passed picture where that is strong **and** was the same a few frames ago, and
a change is a patch of it that was not there when the detector last looked.
"""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.stages.captions.rows import PixelBox

Luma = NDArray[np.uint8]
"""A grey picture, ``(height, width)``."""
Signs = NDArray[np.int8]

_BLUR = 9  # pixels of the working strip: about half the height of a caption row
_STRONG = 14  # grey levels above or below the surroundings that count as a stroke
_CELL = 16  # pixels: about one glyph
_NEW_SHARE = 0.10  # of a cell's pixels: a glyph covers 20-50 % of its cell, an edge less
_FULL_SHARE = 0.25  # of one cell: a single small character
_CUT_LEVELS = 20  # grey levels by which a pixel of another shot differs, or more
_CUT_SHARE = 0.4  # of the pixels
_NEW_CELLS = 2  # neighbouring cells: a caption has at least two glyphs, or one and its punctuation


def strokes(luma: Luma) -> Signs:
    """Where the picture is clearly brighter (1) or darker (-1) than its surroundings, else 0."""
    detail = cv2.subtract(
        luma, cv2.blur(luma, (_BLUR, _BLUR), borderType=cv2.BORDER_REPLICATE), dtype=cv2.CV_16S
    )
    return (detail > _STRONG).astype(np.int8) - (detail < -_STRONG).astype(np.int8)


class ChangeGate:
    """Decides at each sample whether the detector has to look."""

    def __init__(self) -> None:
        self._seen: Signs | None = None

    def changed(self, now: Luma, before: Iterable[Luma], tracked: Iterable[PixelBox]) -> bool:
        """Whether text may have appeared outside the tracked boxes since :meth:`looked` was last
        called.

        Parameters
        ----------
        now : the working strip at this sample.
        before : the strip of some frames shortly before, same shape.
        tracked : boxes of the rows that are being followed and are known to be still there.
        """
        if self._seen is None:
            return True
        current = strokes(now)
        fresh = (current != 0) & (current != self._seen)
        for earlier in before:
            fresh &= current == strokes(earlier)
        for box in tracked:
            fresh[box.top : box.bottom, box.left : box.right] = False
        return _has_patch(fresh)

    def looked(self, now: Luma) -> None:
        """Remember the picture that the detector has just been shown."""
        self._seen = strokes(now)


def _has_patch(fresh: NDArray[np.bool_]) -> bool:
    """Whether enough fresh pixels stand together in neighbouring cells of a row."""
    height, width = fresh.shape
    down, across = -(-height // _CELL), -(-width // _CELL)
    share = cv2.resize(
        cv2.copyMakeBorder(
            fresh.astype(np.float32),
            0, down * _CELL - height, 0, across * _CELL - width,
            cv2.BORDER_CONSTANT, value=[0.0],
        ),
        (across, down),
        interpolation=cv2.INTER_AREA,
    )  # fmt: skip
    if (share >= _FULL_SHARE).any():
        return True
    full = share >= _NEW_SHARE
    runs = np.ones((1, _NEW_CELLS), np.uint8)
    return bool(cv2.erode(full.astype(np.uint8), runs, borderValue=0).any())


def is_cut(before: Luma, after: Luma, without: PixelBox) -> bool:
    """Whether a picture is another one as a whole than the one before, a box left out."""
    differs = cv2.absdiff(before, after) > _CUT_LEVELS
    differs[without.top : without.bottom, without.left : without.right] = False
    return bool(differs.sum() > _CUT_SHARE * (differs.size - without.width * without.height))
