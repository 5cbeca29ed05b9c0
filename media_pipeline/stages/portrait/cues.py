"""Where in a picture one looks: faces, what moves against the ground, and what stands out of it.

None of this needs a model. References: G. Grundmann et al., "Auto-directed video stabilization with
robust L1 optimal camera paths", 2011, and AutoFlip for the use of such cues; W. Zhu et al.,
"Saliency optimization from robust background detection", 2014, for contrast with the borders.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.media.face_tracks import FollowedFace

Picture = NDArray[np.uint8]
Field = NDArray[np.float32]

WIDTH = 160
"""Of the pictures in which motion and contrast are looked at."""
FACE_WIDTH = 320
"""Of those in which faces are."""
_FACE, _MOTION, _BORDER, _CONTRAST, _SHARP = 8.0, 2.2, 1.0, 0.6, 0.5
_STILL = 0.15  # pixels of motion that are noise
_THERE = 0.3  # weight from which a face that comes or goes counts
_SIGMA = 0.45  # of the picture's width: how far from the middle one still looks
_GRID = 6
_FITS = 5


@dataclass(frozen=True, slots=True)
class Look:
    """How much there is to be seen in each column of a picture, and the faces in it."""

    columns: Field
    """(WIDTH,), of sum 1."""
    faces: tuple[tuple[float, float], ...]
    """Left and right edges of faces, as shares of the width."""


class Watcher:
    """Looks at the pictures of a shot, one after another."""

    def __init__(self) -> None:
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self._before: Picture | None = None

    def cut(self) -> None:
        """Forget the picture before: the next one begins a shot."""
        self._before = None

    def look(self, picture: Picture, faces: Sequence[FollowedFace] = ()) -> Look:
        """Look at a picture of ``FACE_WIDTH`` pixels, (h, w, 3), blue first, with faces in it."""
        height = max(16, round(picture.shape[0] * WIDTH / picture.shape[1]))
        small = np.asarray(
            cv2.resize(picture, (WIDTH, height), interpolation=cv2.INTER_AREA), np.uint8
        )
        luma = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)
        lab = cv2.cvtColor(small, cv2.COLOR_BGR2LAB).astype(np.float32)
        weight = (
            _FACE * _faces(faces, luma.shape)
            + _MOTION * self._motion(luma)
            + _BORDER * _unlike_borders(lab)
            + _CONTRAST * _even(np.linalg.norm(lab - lab.mean(axis=(0, 1)), axis=2))
            + _SHARP * _even(np.abs(cv2.Laplacian(luma, cv2.CV_32F)))
        )
        across = (np.arange(WIDTH) / WIDTH - 0.5) / _SIGMA
        columns = (weight**2).sum(axis=0) * np.exp(-0.5 * across**2)
        self._before = luma
        edges = tuple((f.box.x, f.box.right) for f in faces if f.weight > _THERE)
        return Look(np.asarray(columns / max(float(columns.sum()), 1e-6), np.float32), edges)

    def _motion(self, luma: Picture) -> Field:
        """How each pixel moves against the ground, whose motion is that of the camera."""
        nothing = np.zeros(luma.shape, np.float32)
        if self._before is None:
            return nothing
        flow = np.asarray(self._flow.calc(self._before, luma, None), np.float32)  # type: ignore[call-overload]
        rows, columns = np.mgrid[0 : luma.shape[0] : _GRID, 0 : luma.shape[1] : _GRID]
        at = np.stack([columns.ravel(), rows.ravel(), np.ones(rows.size)], axis=1)
        moved = flow[rows.ravel(), columns.ravel()]
        weight = np.ones(len(at))
        for _ in range(_FITS):  # most of the picture is ground: what does not fit counts less
            fit = np.linalg.lstsq(at * weight[:, None], moved * weight[:, None], rcond=None)[0]
            away = np.linalg.norm(moved - at @ fit, axis=1)
            weight = 1 / (1 + (away / (float(np.median(away)) + 0.05)) ** 2)
        y, x = np.mgrid[0 : luma.shape[0], 0 : luma.shape[1]]
        camera = np.stack([x, y, np.ones_like(x)], axis=-1) @ fit
        own = cv2.GaussianBlur(np.linalg.norm(flow - camera, axis=2).astype(np.float32), (0, 0), 2)
        own = np.maximum(own - np.median(own) - _STILL, 0)
        return np.asarray(np.minimum(own / (2 * float(own.std()) + 0.05), 3.0), np.float32)


def _faces(faces: Sequence[FollowedFace], shape: tuple[int, ...]) -> Field:
    weight = np.zeros(shape, np.float32)
    for face in faces:
        box = face.box
        left, right = ((box.x + share * box.w) * shape[1] for share in (-0.2, 1.2))
        top, bottom = ((box.y + share * box.h) * shape[0] for share in (-0.1, 1.7))
        part = weight[max(0, int(top)) : int(bottom), max(0, int(left)) : int(right)]
        np.maximum(part, face.weight, out=part)
    return weight


def _unlike_borders(lab: Field) -> Field:
    """How far the colour of each pixel is from all that touches the sides of the picture."""
    band = max(2, lab.shape[1] // 20)
    sides = np.concatenate([lab[:, :band].reshape(-1, 3), lab[:, -band:].reshape(-1, 3)])
    sides = np.concatenate([sides, lab[:band].reshape(-1, 3)])
    centres = sides[:: max(1, len(sides) // 48)]
    away = np.min(np.linalg.norm(lab[:, :, None] - centres[None, None], axis=3), axis=2)
    return _even(away)


def _even(values: NDArray[np.floating]) -> Field:
    """Smoothed, and 1 on the mean."""
    smooth = cv2.GaussianBlur(values.astype(np.float32), (0, 0), 3)
    return np.asarray(np.minimum(smooth / (float(smooth.mean()) + 1e-6), 4.0), np.float32)
