"""Filling holes from what lies around them, and how well that can be expected to go."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Field = NDArray[np.float32]

_RADIUS = 4
_LEAST = 0.5  # grey levels that filling errs at least
_BESIDE = ((17, 1.0), (61, 0.02), (255, 1e-4))
"""Sides of the squares of which means are taken, and what a pixel in each counts."""


def inpaint(picture: Picture, mask: Mask) -> Picture:
    """Fill the marked pixels by fast marching from their edges.

    Planes are filled as floats: whole numbers would be rounded up at every pixel of the way, which
    ends in purple where it is dark.

    Parameters
    ----------
    picture : (h, w) or (h, w, 3)
    mask : (h, w)

    References
    ----------
    A. Telea, "An image inpainting technique based on the fast marching method", 2004.
    """
    if not mask.any():
        return picture
    marked = mask.astype(np.uint8)
    planes = [
        cv2.inpaint(plane.astype(np.float32), marked, _RADIUS, cv2.INPAINT_TELEA)
        for plane in cv2.split(picture)
    ]
    filled = np.clip(np.rint(cv2.merge(planes)), 0, 255).astype(np.uint8)
    return np.where(mask if picture.ndim == 2 else mask[..., None], filled, picture)


def held_out_error(filled: Picture, hole: Mask) -> Field:
    """By how much filling from the edges errs around each pixel, grey levels: (h, w).

    It is measured: a hole of the same shape is made beside the real one, above or below it, and
    what is filled in there is compared with what was there.

    Parameters
    ----------
    filled : (h, w) brightness, the real hole filled already.
    hole : the real hole.
    """
    rows = np.flatnonzero(hole.any(axis=1))
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    away = min(bottom - top, max(top, len(hole) - bottom))
    up = top >= len(hole) - bottom
    probe = np.zeros_like(hole)
    if up:
        probe[: len(hole) - away] = hole[away:]
    else:
        probe[away:] = hole[: len(hole) - away]
    probe &= ~hole
    if not probe.any():
        return np.full(hole.shape, _LEAST, np.float32)
    again = inpaint(filled, probe)
    error = cv2.absdiff(again, filled).astype(np.float32) * probe
    return means_around(error[..., None], probe.astype(np.float32)[..., None])[..., 0] + _LEAST


def means_around(values: Field, weight: Field) -> Field:
    """Means around each pixel, (h, w, n), of wider surroundings where the near ones hold little.

    ``values`` are 0 where ``weight`` (h, w, 1) is.
    """
    total, count = np.zeros_like(values), np.zeros_like(weight)
    for side, share in _BESIDE:
        size = (side, side)
        total += share * cv2.boxFilter(values, -1, size, normalize=False).reshape(values.shape)
        count += share * cv2.boxFilter(weight, -1, size, normalize=False).reshape(weight.shape)
    return np.asarray(total / (count + 1e-6), np.float32)
