"""The colours that what is before a screen has at its edge: hair, skin, cloth, each where it is.

A hair before the cheek is covered by hair, not by the mean of hair and cheek: so the colours are
sorted into a few groups, and how each group looks near a pixel is asked of the group alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.media.filters import resized, soften
from media_pipeline.stages.matte.planes import Field

_GROUPS = 5
_FEW = 24  # pixels of an edge too short to be sorted
_SAMPLE = 1500  # pixels that are sorted
_BRIGHTNESS = 0.5  # its weight beside colour: shadows make no other group
_ROUNDS, _STILL = 8, 0.5
_NEAR = 2.0  # deviation of what is near, in pixels of half the size
_PRIOR = 0.02  # weight of the whole group beside what is near


@dataclass(frozen=True, slots=True)
class Group:
    """One of the colours."""

    colour: Field
    """(n, 3) Y'CbCr near each of the pixels asked for."""
    variance: Field
    """(3,) of it within the group."""
    away: Field
    """(n,) pixels to the nearest of the group."""


def groups(picture: Field, edge: NDArray[np.bool_], pixels: NDArray[np.bool_]) -> list[Group]:
    """The colours of an edge, and how they look near pixels.

    Parameters
    ----------
    picture : (h, w, 3) Y'CbCr.
    edge : (h, w), what is surely covered and near what is not.
    pixels : (h, w), for which the colours are asked.

    Notes
    -----
    k-means that starts from equal shares of brightness, so that the same picture gives the same
    groups.
    """
    colours = picture[edge]
    if len(colours) < _FEW:
        return []
    centres = _centres(colours)
    weighted = colours * np.array([_BRIGHTNESS, 1, 1], np.float32)
    apart = np.square(centres).sum(axis=1) - 2 * weighted @ centres.T
    nearest = apart.argmin(axis=1)
    rows, columns = np.nonzero(edge)
    found: list[Group] = []
    for number in range(len(centres)):
        own = nearest == number
        if own.sum() < 4:
            continue
        mask = np.zeros(edge.shape, np.uint8)
        mask[rows[own], columns[own]] = 1
        away = cv2.distanceTransform(1 - mask, cv2.DIST_L2, 3)[pixels]
        mean, variance = colours[own].mean(axis=0), colours[own].var(axis=0)
        near = _near(picture, mask, pixels, mean)
        found.append(Group(near, variance, away.astype(np.float32)))
    return found


def _centres(colours: Field) -> Field:
    """Of the groups, with brightness weighted: (k, 3)."""
    sample = colours[:: max(1, len(colours) // _SAMPLE)] * np.array([_BRIGHTNESS, 1, 1], np.float32)
    labels = np.empty((len(sample), 1), np.int32)
    labels[np.argsort(sample[:, 0], kind="stable"), 0] = (
        np.arange(len(sample)) * _GROUPS // len(sample)
    )
    until = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_COUNT, _ROUNDS, _STILL)
    start = cv2.KMEANS_USE_INITIAL_LABELS
    _, _, centres = cv2.kmeans(sample, _GROUPS, labels, until, 1, start)
    return np.asarray(centres, np.float32)


def _near(picture: Field, mask: NDArray[np.uint8], pixels: NDArray[np.bool_], mean: Field) -> Field:
    """The colour of what the mask marks, near pixels: (n, 3)."""
    height, width = mask.shape
    size = (max(1, width // 2), max(1, height // 2))
    amounts = cv2.merge([*cv2.split(cv2.copyTo(picture, mask)), mask.astype(np.float32)])
    spread = soften(resized(np.asarray(amounts, np.float32), *size), _NEAR)
    rows, columns = np.nonzero(pixels)
    there = spread[np.minimum(rows // 2, size[1] - 1), np.minimum(columns // 2, size[0] - 1)]
    near: Field = (there[:, :3] + _PRIOR * mean) / (there[:, 3:] + _PRIOR)
    return near
