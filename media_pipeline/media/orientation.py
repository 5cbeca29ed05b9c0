"""How players turn the coded picture: the display matrix of ISO base media and Matroska files, as
ffmpeg reads it.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import av
import cv2
import numpy as np
from av.sidedata.sidedata import Type
from numpy.typing import NDArray

_CV_TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


@dataclass(frozen=True, slots=True)
class Orientation:
    """Mirror the coded picture left to right if ``mirrored``, then turn it clockwise by
    ``degrees``.
    """

    degrees: int = 0
    mirrored: bool = False

    @property
    def sideways(self) -> bool:
        """Whether width and height change places."""
        return self.degrees in (90, 270)

    def apply(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The picture as displayed: (h, w, …) to (h, w, …) or (w, h, …)."""
        if self.mirrored:
            picture = cv2.flip(picture, 1)  # type: ignore[assignment]
        if self.degrees:
            picture = cv2.rotate(picture, _CV_TURNS[self.degrees])  # type: ignore[assignment]
        return picture

    def to_coded(
        self, edges: tuple[int, int, int, int], width: int, height: int
    ) -> tuple[int, int, int, int]:
        """Pixel edges (left, top, right, bottom) of the displayed picture in the coded one of that
        size.
        """
        left, top, right, bottom = edges
        if self.degrees == 90:
            left, top, right, bottom = top, height - right, bottom, height - left
        elif self.degrees == 180:
            left, top, right, bottom = width - right, height - bottom, width - left, height - top
        elif self.degrees == 270:
            left, top, right, bottom = width - bottom, left, width - top, right
        if self.mirrored:
            left, right = width - right, width - left
        return left, top, right, bottom


def orientation(frame: av.VideoFrame) -> Orientation:
    """The orientation that the frame's display matrix asks for, to the nearest quarter turn."""
    found = cast(Mapping[Any, Any], frame.side_data)
    if Type.DISPLAYMATRIX not in found:
        return Orientation()
    data = found[Type.DISPLAYMATRIX]
    a, b, _, c, d, *_ = struct.unpack("9i", bytes(data))
    mirrored = a * d - b * c < 0
    if mirrored:
        a, b = -a, -b
    degrees = round(math.degrees(math.atan2(b, a)) / 90) * 90 % 360
    return Orientation(degrees, mirrored)
