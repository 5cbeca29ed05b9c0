"""Where faces are in a picture, without a model to download: Haar cascades that OpenCV ships.

Three cascades look at the same small picture and are right about different faces: two frontal ones
and one for profiles, which sees only one side and is shown the picture mirrored for the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.media.geometry import Box

Picture = NDArray[np.uint8]
View = Literal["front", "profile"]

WIDTH = 480
"""Pixels of the longer side at which a picture is searched; larger ones are made smaller."""

SURE = 0.5
"""The score from which a find in a single picture is believed."""

_SMALLEST = 1 / 20  # of the longer side
_STEP = 1.15  # between two sizes that are tried
_EYE = "haarcascade_eye.xml"
_EYES_FROM, _EYES_TO = -0.1, 0.55  # of a face's height, where eyes are looked for
_EYES_WIDE = 120  # pixels of a face at least: eyes of small ones are too few pixels


@dataclass(frozen=True, slots=True)
class Face:
    """A face."""

    box: Box
    """Brows to chin, and as wide; it may stand out of the picture a little."""
    score: float = 1.0
    """How sure the cascade was: 1 is usual, below 0.5 most finds are wrong."""
    view: View = "front"

    @property
    def centre(self) -> tuple[float, float]:
        """Its middle."""
        return self.box.x + self.box.w / 2, self.box.y + self.box.h / 2

    def overlap(self, other: Face) -> float:
        """Intersection over union of two faces."""
        common = self.box.intersection(other.box)
        return common / (self.box.area + other.box.area - common)


@dataclass(frozen=True, slots=True)
class _Cascade:
    """A cascade, the votes it needs, its usual weight, and its box next to that of a face."""

    file: str
    view: View
    votes: int
    usual: float
    scale: float
    lower: float


CASCADES = ("frontal", "profile", "second")
_CASCADES = {
    "frontal": _Cascade("haarcascade_frontalface_alt2.xml", "front", 3, 40.0, 0.90, 0.01),
    "second": _Cascade("haarcascade_frontalface_default.xml", "front", 5, 6.0, 0.82, 0.02),
    "profile": _Cascade("haarcascade_profileface.xml", "profile", 4, 3.0, 0.86, 0.02),
}


class FaceFinder:
    """Finds faces in pictures; one finder must not be used from two threads at a time."""

    def __init__(self) -> None:
        self._loaded: dict[str, cv2.CascadeClassifier] = {}

    def find(self, grey: Picture, cascades: Iterable[str] = CASCADES) -> list[Face]:
        """Faces of a picture, the largest first.

        Parameters
        ----------
        grey : (h, w) uint8.
        cascades : those to ask, of :data:`CASCADES`.

        Notes
        -----
        P. Viola and M. Jones, Rapid object detection using a boosted cascade of simple features,
        CVPR 2001; the cascades by R. Lienhart.
        """
        small = small_picture(grey)
        found: list[Face] = []
        for name in cascades:
            found += self._ask(name, small)
            if _CASCADES[name].view == "profile":
                found += [_mirrored(f) for f in self._ask(name, cv2.flip(small, 1))]  # type: ignore[arg-type]
        return sorted(apart(found), key=lambda face: -face.box.area)

    def open_eyes(self, grey: Picture, face: Face) -> int:
        """How many eyes of a face are seen open, up to 2.

        Parameters
        ----------
        grey : (h, w) uint8, the picture in which the face was found.
        """
        height, width = grey.shape
        top, bottom = (face.box.y + share * face.box.h for share in (_EYES_FROM, _EYES_TO))
        rows = slice(max(0, round(top * height)), max(0, round(bottom * height)))
        columns = slice(max(0, round(face.box.x * width)), max(0, round(face.box.right * width)))
        part = grey[rows, columns]
        if min(part.shape) < 2:
            return 0
        scale = max(1.0, _EYES_WIDE / part.shape[1])
        large = cv2.resize(part, None, fx=scale, fy=scale)
        return min(2, len(self._cascade(_EYE).detectMultiScale(large, 1.1, 4)))

    def _cascade(self, file: str) -> cv2.CascadeClassifier:
        if file not in self._loaded:
            folder = cv2.data.haarcascades  # type: ignore[attr-defined]
            self._loaded[file] = cv2.CascadeClassifier(folder + file)
        return self._loaded[file]

    def _ask(self, name: str, grey: Picture) -> list[Face]:
        cascade = _CASCADES[name]
        height, width = grey.shape
        side = max(16, round(max(height, width) * _SMALLEST))
        boxes, _, weights = self._cascade(cascade.file).detectMultiScale3(
            grey, _STEP, cascade.votes, minSize=(side, side), outputRejectLevels=True
        )
        found = []
        for (x, y, w, h), weight in zip(boxes, np.ravel(weights), strict=True):
            size = float(w) * cascade.scale
            left = x + (w - size) / 2
            top = y + (h - size) / 2 + cascade.lower * h
            score = float(weight) / cascade.usual
            box = Box(left / width, top / height, size / width, size / height)
            found.append(Face(box, min(1.0, score), cascade.view))
        return found


def apart(faces: Sequence[Face], overlap: float = 0.3) -> list[Face]:
    """Faces of which none covers another: where two do, the surer one, frontal before profile."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda f: (-f.score, f.view != "front")):
        if all(face.overlap(other) < overlap and not _within(face, other) for other in kept):
            kept.append(face)
    return kept


def _within(one: Face, other: Face) -> bool:
    """Whether the middle of one lies inside the other or the other way round."""
    for inner, outer in ((one, other), (other, one)):
        x, y = inner.centre
        if (
            abs(x - outer.centre[0]) < outer.box.w / 2
            and abs(y - outer.centre[1]) < outer.box.h / 2
        ):
            return True
    return False


def _mirrored(face: Face) -> Face:
    return replace(face, box=replace(face.box, x=1 - face.box.right))


def small_picture(grey: Picture) -> Picture:
    """A picture at the size at which it is searched: its longer side at most :data:`WIDTH`."""
    height, width = grey.shape
    share = WIDTH / max(height, width)
    if share >= 1:
        return np.ascontiguousarray(grey)
    size = (max(1, round(width * share)), max(1, round(height * share)))
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA)  # type: ignore[return-value]
