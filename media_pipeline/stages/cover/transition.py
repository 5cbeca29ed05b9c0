"""Telling pictures of a dissolve or a fade from pictures in which things move.

A picture of a transition is a mix of those a moment before and after it, wherever one looks; and no
motion leads from the one to the other.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

_WIDTH = 240
_BLUR = 1.5  # pixels, against grain and coding
_CHANGE = 4.0  # grey levels: with less there is nothing to see
_UNMIXED = 0.45  # of the change: what a mix leaves unexplained
_UNMOVED = 0.58  # of the change: what motion leaves unexplained
_BETWEEN = (0.1, 0.9)  # shares of the later picture in the mix


def in_transition(before: Picture, now: Picture, after: Picture) -> bool:
    """Whether a picture belongs to a dissolve, or to a fade from or to one colour.

    Parameters
    ----------
    before, now, after : (h, w, 3), blue first, some fifth of a second apart.
    """
    first, middle, last = (_small(picture) for picture in (before, now, after))
    change = last - first
    power = float((change**2).mean())
    if power < _CHANGE**2:
        return False
    share = float(((middle - first) * change).mean()) / power
    unmixed = float(((middle - first - share * change) ** 2).mean())
    if not _BETWEEN[0] < share < _BETWEEN[1] or unmixed > _UNMIXED**2 * power:
        return False
    return float(((first - _moved(first, last)) ** 2).mean()) > _UNMOVED**2 * power


def _small(picture: Picture) -> NDArray[np.float32]:
    luma = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    size = (_WIDTH, max(16, round(_WIDTH * luma.shape[0] / luma.shape[1])))
    small = cv2.resize(luma, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), _BLUR), np.float32)


def _moved(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    """``other`` with all that moved put back to where it is in ``one``."""
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    flow = search.calc(one.astype(np.uint8), other.astype(np.uint8), None)  # type: ignore[call-overload]
    height, width = one.shape
    grid_y, grid_x = np.mgrid[0:height, 0:width].astype(np.float32)
    return np.asarray(
        cv2.remap(
            *(other, grid_x + flow[..., 0], grid_y + flow[..., 1], cv2.INTER_LINEAR),
            borderMode=cv2.BORDER_REPLICATE,
        ),
        np.float32,
    )
