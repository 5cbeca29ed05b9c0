"""How good a picture is as a cover, 0 to 10, from what can be measured in it."""

from __future__ import annotations

from collections.abc import Sequence
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
_SOFT = 3.5  # marks that a picture without edges loses in a film that has sharp ones
_OF_NOISE = 1.41  # 98th percentile of the edges that normal noise of deviation 1 makes
_GRAIN, _NOISY = 3.0, 12.0  # deviation of noise: as film may have it, and as spoils a picture
_GLARE = 0.05  # share of white pixels in a picture in which light has eaten everything dark
_NO_SHADOW = (40, 80)  # grey levels: a picture whose darkest parts are as bright has no shadows
_LAPLACIANS = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)


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
    clean: float
    """Free of noise."""
    glare: float
    """Light that has eaten the shadows and burnt the bright parts out."""
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
        return marks * self.sound

    @property
    def sound(self) -> float:
        """1, less for what spoils a picture whatever else it has."""
        harm = (0.6 + 0.4 * self.even) * (0.3 + 0.7 * self.clean) * (1 - 0.7 * self.glare)
        return harm * (0.2 if self.flat else 1.0)


def scores(judgements: Sequence[Judgement]) -> list[float]:
    """0 to 10 for each of some pictures of one film: soft ones are worth less where others of the
    film are sharp.
    """
    sharpest = max((j.sharpness * j.sound for j in judgements), default=0.0)
    lacking = [max(0.0, 1 - j.sharpness / max(sharpest, 1e-6)) for j in judgements]
    return [max(0.0, j.score - _SOFT * lack) for j, lack in zip(judgements, lacking, strict=True)]


def judge(picture: Picture, finder: FaceFinder) -> Judgement:
    """Judge a picture of ``WIDTH`` pixels, (h, w, 3), blue first.

    References
    ----------
    D. Hasler and S. Süsstrunk, "Measuring colourfulness in natural images", 2003.
    J. Immerkær, "Fast noise variance estimation", 1996 (the median here, which edges leave alone).
    """
    luma = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
    smooth = cv2.GaussianBlur(luma.astype(np.float32), (0, 0), 0.8)
    edges = np.abs(cv2.Laplacian(smooth, cv2.CV_32F))
    across = float(np.abs(cv2.Sobel(smooth, cv2.CV_32F, 1, 0)).mean())
    down = float(np.abs(cv2.Sobel(smooth, cv2.CV_32F, 0, 1)).mean())
    counts = np.bincount(luma.ravel() // 8, minlength=32) / luma.size
    entropy = -float((counts[counts > 0] * np.log2(counts[counts > 0])).sum())
    white = float((luma > _WHITE).mean())
    lost = float((luma < _BLACK).mean()) * 0.7 + white * 2
    shadows = np.interp(np.percentile(luma, 2), _NO_SHADOW, (0, 1))
    exposure = float(np.exp(-(((float(luma.mean()) - 115) / 70) ** 2))) - lost
    noise = _noise(luma)
    return Judgement(
        sharpness=min(1.0, _strong(edges, noise) / _SHARP),
        exposure=float(np.clip(exposure, 0, 1)),
        detail=float(np.clip((entropy - 2.5) / 2.3, 0, 1)),
        colour=min(1.0, _colourfulness(picture) / _COLOURFUL),
        even=float(np.clip((min(across, down) / max(across, down, 1e-3) - 0.3) / 0.5, 0, 1)),
        faces=_faces(luma, finder),
        clean=float(np.interp(noise, (_GRAIN, _NOISY), (1, 0))),
        glare=float(min(1.0, white / _GLARE) * shadows),
        flat=float(luma.std()) < _FLAT or entropy < 2.5,
    )


def _strong(edges: NDArray[np.float32], noise: float) -> float:
    """The strongest edges of a picture, without what noise adds to all of them."""
    strong = float(np.percentile(edges, 98))
    return float(np.sqrt(max(0.0, strong**2 - (_OF_NOISE * noise) ** 2)))


def _noise(luma: Picture) -> float:
    """Deviation of noise, grey levels."""
    rough = np.abs(cv2.filter2D(luma, cv2.CV_32F, _LAPLACIANS))
    return float(np.median(rough)) / 0.6745 / 6


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
