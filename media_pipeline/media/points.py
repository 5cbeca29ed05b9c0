"""Following a square patch from one picture to another by points in it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_POINTS, _FEWEST = 40, 8
_WINDOW = (15, 15)
_BACK = 1.0  # pixels that a point may miss its place by on its way back
_GROWTH = 1.08  # between two pictures, at most


def moved(
    one: NDArray[np.uint8], other: NDArray[np.uint8], place: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Where a patch of one picture is in another; None where it cannot be told.

    Parameters
    ----------
    one, other : (h, w) uint8.
    place : middle and side of the patch: x, y, side in pixels.

    Notes
    -----
    Z. Kalal, K. Mikolajczyk and J. Matas, Forward-backward error: automatic detection of tracking
    failures, ICPR 2010.
    """
    x, y, side = place
    left, top = int(max(0, x - side / 2)), int(max(0, y - side / 2))
    right, bottom = int(x + side / 2) + 1, int(y + side / 2) + 1
    patch = one[top:bottom, left:right]
    if min(patch.shape, default=0) < 8:
        return None
    gap = max(2.0, side / 16)
    points = cv2.goodFeaturesToTrack(patch, _POINTS, 0.01, gap)
    if points is None or len(points) < _FEWEST:
        return None
    start = (points + np.array([left, top], np.float32)).astype(np.float32)
    end, there = _followed(one, other, start)
    back, again = _followed(other, one, end)
    miss = np.linalg.norm((back - start)[:, 0], axis=1)
    good = there & again & (miss < _BACK)
    if good.sum() < max(_FEWEST, 0.3 * len(start)):
        return None
    before, after = start[good, 0], end[good, 0]
    shift = np.median(after - before, axis=0)
    growth = float(np.clip(_growth(before, after), 1 / _GROWTH, _GROWTH))
    away = np.array([x, y]) - before.mean(axis=0)
    centre = np.array([x, y]) + shift + (growth - 1) * away
    return np.array([*centre, side * growth])


def _followed(
    one: NDArray[np.uint8], other: NDArray[np.uint8], points: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    room = np.empty_like(points)  # written to, so each call has its own
    found, there, _ = cv2.calcOpticalFlowPyrLK(
        one, other, points, room, winSize=_WINDOW, maxLevel=3
    )
    return np.asarray(found, np.float32), there[:, 0] == 1


def _growth(before: NDArray[np.float32], after: NDArray[np.float32]) -> float:
    """How much farther points are apart from one another afterwards."""
    one, other = np.triu_indices(len(before), 1)
    old = np.linalg.norm(before[one] - before[other], axis=1)
    new = np.linalg.norm(after[one] - after[other], axis=1)
    far = old > np.median(old)
    return float(np.median(new[far] / old[far])) if far.any() else 1.0
