"""Faces in a picture, found without a download: the cascades that OpenCV's 4.x wheels carry.

References
----------
P. Viola and M. Jones, "Rapid object detection using a boosted cascade of simple features", 2001.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

_STEP, _NEIGHBOURS = 1.15, 5
_LEAST = 0.07  # of the shorter side of the picture
_EYES_DOWN = 0.6  # of a face, in which eyes are looked for


@dataclass(frozen=True, slots=True)
class Face:
    """A face: left, top, width and height in pixels; ``eyes`` are those that are seen open."""

    x: int
    y: int
    w: int
    h: int
    eyes: int = 0


def find_faces(luma: NDArray[np.uint8], *, eyes: bool = False) -> list[Face]:
    """Faces seen from the front, the largest first.

    Parameters
    ----------
    luma : (h, w) brightness; some 320 to 640 pixels wide is enough.
    eyes : count open eyes as well.
    """
    side = max(20, round(_LEAST * min(luma.shape)))
    found = _cascade("frontalface_alt2").detectMultiScale(
        luma, _STEP, _NEIGHBOURS, minSize=(side, side)
    )
    faces = [Face(*(int(v) for v in box)) for box in found]
    if eyes:
        faces = [_with_eyes(face, luma) for face in faces]
    return sorted(faces, key=lambda f: -f.w)


def _with_eyes(face: Face, luma: NDArray[np.uint8]) -> Face:
    part = luma[face.y : face.y + round(_EYES_DOWN * face.h), face.x : face.x + face.w]
    scale = max(1.0, 120 / face.w)  # eyes of small faces are too few pixels
    part = np.asarray(cv2.resize(part, None, fx=scale, fy=scale), np.uint8)
    found = _cascade("eye").detectMultiScale(part, 1.1, 4)
    return Face(face.x, face.y, face.w, face.h, min(2, len(found)))


@cache
def _cascade(name: str) -> Any:
    path = Path(cv2.__file__).parent / "data" / f"haarcascade_{name}.xml"
    return cv2.CascadeClassifier(str(path))
