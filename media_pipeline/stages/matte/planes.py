"""Pictures as film has them: brightness at every pixel, colour at every fourth.

Keying works on these samples and not on blue, green, red at every pixel: that has no more in it, is
twice as much, and hides that the colour is coarse.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.media.canvas import Canvas, to_ycc
from media_pipeline.media.filters import resized

Picture = NDArray[np.uint8]
Field = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Planes:
    """A picture of even size in Y'CbCr, 0 to 255 whatever its depth."""

    luma: Field
    """(h, w)."""
    chroma: Field
    """(h / 2, w / 2, 2)."""

    @classmethod
    def of(cls, canvas: Canvas) -> Planes:
        """The picture of a canvas, upright."""
        scale = np.float32(1 / (1 << (canvas.depth - 8)))
        luma, *chroma = (plane.astype(np.float32) * scale for plane in canvas.planes)
        return cls(luma, np.dstack(chroma))

    @classmethod
    def of_bgr(cls, picture: Picture, matrix: NDArray[np.float64]) -> Planes:
        """A picture (h, w, 3) blue first, as a film whose colours have a matrix would show it."""
        whole = to_ycc(picture, matrix).astype(np.float32)
        return cls(np.ascontiguousarray(whole[..., 0]), halved(whole[..., 1:]))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        height, width = self.luma.shape
        return width, height

    def coarse(self) -> Field:
        """At the resolution of its colour: (h / 2, w / 2, 3)."""
        return np.dstack([halved(self.luma), self.chroma])

    def smaller(self, by: int) -> Field:
        """A picture that many times as small each way: (h, w, 3)."""
        width, height = (max(1, side // by) for side in self.size)
        luma = resized(self.luma, width, height)
        return np.dstack([luma, resized(self.chroma, width, height)])

    def bgr(self, matrix: NDArray[np.float64]) -> Picture:
        """In colour: (h, w, 3) uint8, blue first."""
        whole = np.dstack([self.luma, doubled(self.chroma)])
        shown = np.clip(cv2.transform(whole, matrix.astype(np.float32)) + 0.5, 0, 255)
        return np.asarray(shown, np.uint8)


def halved(picture: Field) -> Field:
    """The mean of each two by two pixels."""
    return resized(np.ascontiguousarray(picture), picture.shape[1] // 2, picture.shape[0] // 2)


def doubled(picture: Field) -> Field:
    """At twice the size, linear between samples."""
    return resized(np.ascontiguousarray(picture), 2 * picture.shape[1], 2 * picture.shape[0])


def write(canvas: Canvas, picture: Planes) -> None:
    """Put a picture of the same size in the place of a canvas's own, at its depth."""
    scale = 1 << (canvas.depth - 8)
    most = 256 * scale - 1
    samples = (picture.luma, picture.chroma[..., 0], picture.chroma[..., 1])
    for plane, values in zip(canvas.planes, samples, strict=True):
        plane[:] = rounded(values * scale, most)


def rounded(values: Field, most: int = 255) -> NDArray[Any]:
    """The nearest whole numbers from 0 to ``most``."""
    return np.asarray(np.clip(values + 0.5, 0, most), np.uint16 if most > 255 else np.uint8)
