"""Where in a picture one looks: faces, what moves against the ground, and what stands out of it.

None of this needs a model. References: G. Grundmann et al., "Auto-directed video stabilization with
robust L1 optimal camera paths", 2011, and AutoFlip for the use of such cues.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.media.face_tracks import FollowedFace
from media_pipeline.media.geometry import Box

Picture = NDArray[np.uint8]
Field = NDArray[np.float32]

WIDTH = 160
"""Of the pictures in which motion and contrast are looked at."""
FACE_WIDTH = 480
"""Of those in which faces are."""
_FACE, _MOTION, _BORDER, _CONTRAST, _SHARP = 8.0, 2.2, 1.0, 0.6, 0.5
_STILL = 0.15  # pixels of motion that are noise
_UNLIKE_SKIN = 0.35
_THERE = 0.3  # weight from which a face that comes or goes counts
_SIGMA = 0.45  # of the picture's width: how far from the middle one still looks
_GRID = 6
_REMEMBERED = 0.96  # of motion, from look to look
_RESTS = 0.3  # of the motion before: what moved has stopped
_BLACK = 28  # grey levels of bars, at most
_COARSE = 64  # columns in which ways from the borders are looked for
_SMOOTHLY = 2.0  # change of colour that is no edge
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
        self._moved: Field | None = None

    def cut(self) -> None:
        """Forget the pictures before: the next one begins a shot."""
        self._before, self._moved = None, None

    def look(
        self,
        picture: Picture,
        faces: Sequence[FollowedFace] = (),
        text: Sequence[Box] = (),
    ) -> Look:
        """Look at a picture of ``FACE_WIDTH`` pixels, (h, w, 3), blue first.

        Parameters
        ----------
        faces : those in it.
        text : captions in it, which are not what one looks for.
        """
        height = max(16, round(picture.shape[0] * WIDTH / picture.shape[1]))
        small = np.asarray(
            cv2.resize(picture, (WIDTH, height), interpolation=cv2.INTER_AREA), np.uint8
        )
        luma = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)
        lab = cv2.cvtColor(small, cv2.COLOR_BGR2LAB).astype(np.float32)
        shown = _shown(luma)
        inside = lab[shown]
        weight = np.zeros(luma.shape, np.float32)
        weight[shown] = (
            _BORDER * _unlike_borders(inside)
            + _CONTRAST * _even(np.linalg.norm(inside - inside.mean(axis=(0, 1)), axis=2))
            + _SHARP * _even(np.abs(cv2.Laplacian(luma[shown], cv2.CV_32F)))
        )
        weight += _MOTION * self._motion(luma)
        for box in text:
            left, top, right, bottom = box.pixels(WIDTH, height)
            weight[top:bottom, left:right] = 0
        weight += _FACE * _faces(faces, small)
        across = (np.arange(WIDTH) / WIDTH - 0.5) / _SIGMA
        columns = (weight**2).sum(axis=0) * np.exp(-0.5 * across**2)
        self._before = luma
        edges = tuple((f.box.x, f.box.right) for f in faces if f.weight > _THERE)
        return Look(np.asarray(columns / max(float(columns.sum()), 1e-6), np.float32), edges)

    def _motion(self, luma: Picture) -> Field:
        """How each pixel moves against the ground, whose motion is that of the camera; who has
        stopped moving is remembered for a while.
        """
        if self._before is None:
            return np.zeros(luma.shape, np.float32)
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
        found = np.asarray(np.minimum(own / (2 * float(own.std()) + 0.05), 3.0), np.float32)
        if self._moved is not None:
            behind = (np.stack([x, y], axis=-1) - camera).astype(np.float32)
            kept = cv2.remap(self._moved, behind, None, cv2.INTER_LINEAR)  # type: ignore[call-overload]
            if found.sum() < _RESTS * kept.sum():
                found = np.maximum(found, _REMEMBERED * kept)
        self._moved = found
        return found


def _faces(faces: Sequence[FollowedFace], small: Picture) -> Field:
    """Where faces are, and what is below them; less for what has no colour of skin."""
    height, width = small.shape[:2]
    weight = np.zeros((height, width), np.float32)
    for face in faces:
        box = face.box
        left, right = ((box.x + share * box.w) * width for share in (-0.2, 1.2))
        top, bottom = ((box.y + share * box.h) * height for share in (-0.1, 1.7))
        part = weight[max(0, int(top)) : int(bottom), max(0, int(left)) : int(right)]
        np.maximum(part, face.weight * _skin(small, box), out=part)
    return weight


def _skin(small: Picture, box: Box) -> float:
    """How sure the colour makes that there is a face: skin is red by any usual light, and films
    without colour and coloured light tell nothing.
    """
    height, width = small.shape[:2]
    inner = Box(box.x + 0.25 * box.w, box.y + 0.3 * box.h, 0.5 * box.w, 0.5 * box.h)
    left, top, right, bottom = inner.pixels(width, height)
    blue, green, red = np.median(small[top:bottom, left:right].reshape(-1, 3), axis=0)
    return 1.0 if red >= green >= 0.75 * blue else _UNLIKE_SKIN


def _shown(luma: Picture) -> tuple[slice, slice]:
    """The rows and columns of a picture between black bars."""
    lit = luma > _BLACK
    rows, columns = np.flatnonzero(lit.any(axis=1)), np.flatnonzero(lit.any(axis=0))
    if not len(rows):
        return slice(None), slice(None)
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _unlike_borders(lab: Field) -> Field:
    """How far each pixel is from the sides and the top of the picture, by the shortest way over
    edges of colour; subjects are often cut by the bottom.

    References
    ----------
    Y. Wei, F. Wen, W. Zhu and J. Sun, "Geodesic saliency using background priors", ECCV 2012.
    """
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import dijkstra

    width = min(_COARSE, lab.shape[1])
    size = (width, max(4, round(width * lab.shape[0] / lab.shape[1])))
    small = cv2.resize(lab, size, interpolation=cv2.INTER_AREA)
    number = np.arange(size[0] * size[1]).reshape(size[1], size[0])
    pairs = [(number[:, :-1], number[:, 1:]), (number[:-1], number[1:])]
    one, other = (np.concatenate([pair[k].ravel() for pair in pairs]) for k in (0, 1))
    flat = small.reshape(-1, 3)
    step = np.maximum(np.linalg.norm(flat[one] - flat[other], axis=1) - _SMOOTHLY, 0) + 1e-3
    count = number.size
    ways = csr_matrix((step, (one, other)), shape=(count, count))
    border = np.concatenate([number[0], number[:, 0], number[:, -1]])
    away = dijkstra(ways, directed=False, indices=np.unique(border), min_only=True)
    found = cv2.resize(away.reshape(size[1], size[0]).astype(np.float32), lab.shape[1::-1])
    return _even(found)


def _even(values: NDArray[np.floating]) -> Field:
    """Smoothed, and 1 on the mean."""
    smooth = cv2.GaussianBlur(values.astype(np.float32), (0, 0), 3)
    return np.asarray(np.minimum(smooth / (float(smooth.mean()) + 1e-6), 4.0), np.float32)
