"""Which pixels around a face are its skin: near in colour to its cheeks, and no eye, brow or mouth,
and no glasses.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.media.filters import soften

Picture = NDArray[np.uint8]
Field = NDArray[np.float32]

_KEPT = (
    (0.42, -0.24, 0.31, 0.17),
    (0.42, -0.50, 0.34, 0.13),
    (0.00, 0.31, 0.24, 0.10),
    (0.00, 0.66, 0.42, 0.19),
)
"""Eyes, brows, nostrils and mouth: middle and half axes, the face's half side being 1; those beside
the middle line are there twice."""
_CHEEKS = ((-0.72, -0.20, 0.0, 0.45), (0.20, 0.72, 0.0, 0.45), (-0.35, 0.35, -0.95, -0.68))
_WIDE, _NARROW = 2.6, 1.6  # deviations from the colour of the cheeks
_STROKE, _LARGE = 0.07, 0.14  # of the side: half a line's surroundings; what no spot is as long as
_RED = (130.0, 127.0)  # Cr is above and Cb below, in skin of any colour under any usual light


@dataclass(frozen=True, slots=True)
class SkinColour:
    """The colour of a face: mean and spread of Y', Cb and Cr."""

    mean: tuple[float, float, float]
    spread: tuple[float, float, float]

    def towards(self, other: SkinColour, share: float) -> SkinColour:
        """A colour between this and another."""

        def mix(a: tuple[float, ...], b: tuple[float, ...]) -> tuple[float, float, float]:
            x, y, z = (p + share * (q - p) for p, q in zip(a, b, strict=True))
            return x, y, z

        return SkinColour(mix(self.mean, other.mean), mix(self.spread, other.spread))


def axes(shape: tuple[int, ...], face: tuple[float, float, float]) -> tuple[Field, Field]:
    """Where each pixel is in the face: right and down from its middle, the half side being 1.

    Parameters
    ----------
    shape : height and width of the patch.
    face : x and y of its middle, and its side, in pixels of the patch.
    """
    x, y, side = face
    across = (np.arange(shape[1], dtype=np.float32) + 0.5 - x) / (side / 2)
    down = (np.arange(shape[0], dtype=np.float32) + 0.5 - y) / (side / 2)
    right, below = np.meshgrid(across, down)
    return right.astype(np.float32), below.astype(np.float32)


def skin_colour(patch: Picture, u: Field, v: Field) -> SkinColour | None:
    """The colour of the cheeks and the forehead; None where that is no colour of skin.

    Parameters
    ----------
    patch : (h, w, 3) Y'CbCr.
    u, v : of :func:`axes`.
    """
    inside = np.zeros(u.shape, bool)
    for left, right, top, bottom in _CHEEKS:
        inside |= (u > left) & (u < right) & (v > top) & (v < bottom)
    samples = patch[inside].astype(np.float32)
    if len(samples) < 30:
        return None
    middle = np.median(samples, axis=0)
    deviation = np.median(np.abs(samples - middle), axis=0) * 1.4826
    if middle[2] < _RED[0] or middle[1] > _RED[1]:
        return None
    y, cb, cr = middle.tolist()
    spread = np.clip(deviation, (12, 2.5, 2.5), (40, 7, 7)).tolist()
    return SkinColour((y, cb, cr), (spread[0], spread[1], spread[2]))


def skin_mask(patch: Picture, u: Field, v: Field, colour: SkinColour) -> Field:
    """How much of each pixel is plain skin, 0 to 1: (h, w)."""
    side = 2 / float(u[0, 1] - u[0, 0])
    # spots are redder than skin, and skin all the same: a median leaves them out
    soft = cv2.medianBlur(patch, 2 * max(1, round(0.05 * side)) + 1).astype(np.float32)
    apart = [(soft[..., n] - colour.mean[n]) / (colour.spread[n] + 2.0) for n in (1, 2)]
    away = np.hypot(apart[0], apart[1])
    likely = np.clip((2 * _WIDE - away) / (2 * (_WIDE - _NARROW)), 0, 1)
    dark = np.clip((soft[..., 0] / max(colour.mean[0], 1.0) - 0.42) / 0.2, 0, 1)
    near = np.clip((1.0 - np.hypot(u / 1.12, (v - 0.05) / 1.42)) / 0.18, 0, 1)
    mask = (likely * dark * near).astype(np.float32)
    mask *= 1 - np.maximum(kept(u, v), drawn(patch[..., 0], side))
    return soften(mask, 1.5)


def kept(u: Field, v: Field) -> Field:
    """Where eyes, brows, nostrils and the mouth are, 0 to 1: (h, w)."""
    found = np.zeros(u.shape, np.float32)
    for x, y, a, b in _KEPT:
        for side in (-1, 1) if x else (1,):
            inside = 1.0 - np.hypot((u - side * x) / a, (v - y) / b)
            found = np.maximum(found, np.clip(inside / 0.25 + 0.6, 0, 1))
    return found.astype(np.float32)


def drawn(luma: Picture, side: float) -> Field:
    """Where there are lines and patches too large for a spot of the skin, 0 to 1: (h, w).

    They are brows, lashes, beards, and glasses wherever they are worn.

    Parameters
    ----------
    luma : (h, w) uint8.
    side : of the face, pixels.
    """
    wide = 2 * max(3, round(side * _STROKE)) + 1
    around = cv2.medianBlur(np.ascontiguousarray(luma), wide).astype(np.float32)
    apart = np.abs(around - luma) > np.maximum(7.0, 0.12 * around)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(apart.astype(np.uint8))
    extent = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    large = extent > side * _LARGE
    large[0] = False
    marked = cv2.dilate(large[labels].astype(np.float32), np.ones((3, 3)))
    return soften(marked, 0.8)
