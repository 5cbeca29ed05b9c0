"""How good a picture is as a cover, 0 to 10, from what can be measured in it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.media.faces import SURE, FaceFinder

Picture = NDArray[np.uint8]

WIDTH = 480
"""Of the pictures that are judged, pixels."""
_FLAT = 18.0  # deviation of brightness under which there is nothing to see
_BLACK, _WHITE = 20, 248
_SHARP = 60.0  # strong edges of a picture in focus, grey levels
_COLOURFUL = 60.0  # of Hasler and Süsstrunk: "quite colourful"


@dataclass(frozen=True, slots=True)
class Judgement:
    """Marks of a picture, each from 0 to 1."""

    sharpness: float
    exposure: float
    detail: float
    colour: float
    even: float
    """Edges in all directions alike: motion blurs those across it."""
    faces: float
    flat: bool

    @property
    def score(self) -> float:
        """0 to 10."""
        marks = (
            3.0 * self.sharpness
            + 2.0 * self.exposure
            + 1.5 * self.detail
            + 1.2 * self.colour
            + 1.3 * self.even
            + 1.0 * self.faces
        )
        # what blurs or hides a picture is not made up for by its colours
        return marks * (0.6 + 0.4 * self.even) * (0.2 if self.flat else 1.0)


def judge(picture: Picture, finder: FaceFinder) -> Judgement:
    """Judge a picture of ``WIDTH`` pixels, (h, w, 3), blue first.

    References
    ----------
    D. Hasler and S. Süsstrunk, "Measuring colourfulness in natural images", 2003.
    """
    luma = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
    smooth = cv2.GaussianBlur(luma, (0, 0), 0.8)
    edges = np.abs(cv2.Laplacian(smooth, cv2.CV_32F))
    across = float(np.abs(cv2.Sobel(smooth, cv2.CV_32F, 1, 0)).mean())
    down = float(np.abs(cv2.Sobel(smooth, cv2.CV_32F, 0, 1)).mean())
    counts = np.bincount(luma.ravel() // 8, minlength=32) / luma.size
    entropy = -float((counts[counts > 0] * np.log2(counts[counts > 0])).sum())
    lost = float((luma < _BLACK).mean()) * 0.7 + float((luma > _WHITE).mean()) * 2
    exposure = float(np.exp(-(((float(luma.mean()) - 115) / 70) ** 2))) - lost
    return Judgement(
        sharpness=min(1.0, float(np.percentile(edges, 98)) / _SHARP),
        exposure=float(np.clip(exposure, 0, 1)),
        detail=float(np.clip((entropy - 2.5) / 2.3, 0, 1)),
        colour=min(1.0, _colourfulness(picture) / _COLOURFUL),
        even=float(np.clip((min(across, down) / max(across, down, 1e-3) - 0.3) / 0.5, 0, 1)),
        faces=_faces(luma, finder),
        flat=float(luma.std()) < _FLAT or entropy < 2.5,
    )


def _colourfulness(picture: Picture) -> float:
    blue, green, red = (picture[..., i].astype(np.float32) for i in range(3))
    one, other = red - green, (red + green) / 2 - blue
    spread = float(np.hypot(one.std(), other.std()))
    return spread + 0.3 * float(np.hypot(one.mean(), other.mean()))


def _faces(luma: Picture, finder: FaceFinder) -> float:
    """1 for faces with open eyes, less where eyes are closed; 0 without a face."""
    found = [face for face in finder.find(luma, ("frontal",)) if face.score >= SURE][:3]
    if not found:
        return 0.0
    open_eyes = sum(min(1, finder.open_eyes(luma, face)) for face in found) / len(found)
    return 0.3 + 0.7 * open_eyes
