"""Telling, picture by picture, where a shot begins."""

from __future__ import annotations

from collections import deque

import cv2
import numpy as np
from numpy.typing import NDArray

_TINY = (48, 27)
_LEAST, _TIMES = 18.0, 3.0  # grey levels; times the usual change
_USUAL = 12  # pictures


class CutFinder:
    """Says whether a picture belongs to another shot than the one before it.

    The change has to be large beside what is usual just before, so that fast motion is no cut.
    """

    def __init__(self) -> None:
        self._last: NDArray[np.float32] | None = None
        self._changes: deque[float] = deque(maxlen=_USUAL)

    def is_cut(self, grey: NDArray[np.uint8]) -> bool:
        """Whether a shot begins with a picture, (h, w) uint8; with the first one it does."""
        tiny = cv2.resize(grey, _TINY, interpolation=cv2.INTER_AREA).astype(np.float32)
        last, self._last = self._last, tiny
        if last is None:
            return True
        change = float(np.abs(tiny - last).mean())
        usual = float(np.median(self._changes)) if self._changes else 0.0
        self._changes.append(change)
        return change > max(_LEAST, _TIMES * usual)
