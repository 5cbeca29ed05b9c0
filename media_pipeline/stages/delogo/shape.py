"""Which pixels a mark covers: what its lasting outlines enclose."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.media.canvas import Edges
from media_pipeline.stages.delogo.samples import Stack

Mask = NDArray[np.bool_]
Field = NDArray[np.float32]

_STRETCHES = 6  # of the film, in most of which an outline has to be seen
_MOST_OF_THEM = 25  # the percentile that stands for "in most of them"
_LEAST, _MOST = 3.0, 12.0  # grey levels per pixel from which there is an outline
_ABOVE = 2.5  # times the usual of the surroundings
_BESIDE = 2  # pixels that a mark may reach out of its box
_CLOSE = np.ones((5, 5), np.uint8)
_SOFT = np.ones((3, 3), np.uint8)
_FEWEST = 12  # pixels of a mark


def mark_pixels(stack: Stack, box: Edges) -> Mask:
    """The pixels of a mark, (h, w); none where nothing in the box stands still.

    A mark's outlines are there in whatever stretch of the film one looks; those of the ground are
    gone where the camera moves and after the next cut. All that outlines enclose belongs to the
    mark.

    Parameters
    ----------
    stack : the part of the picture around the mark, through the film.
    box : of the mark, in pixels of the part.
    """
    lasting = lasting_edges(stack)
    left, top, right, bottom = box
    inside = np.zeros(lasting.shape, np.bool_)
    inside[max(0, top - _BESIDE) : bottom + _BESIDE, max(0, left - _BESIDE) : right + _BESIDE] = (
        True
    )
    usual = float(np.median(lasting[~inside])) if not inside.all() else 0.0
    outlines = (lasting > np.clip(_ABOVE * usual, _LEAST, _MOST)) & inside
    joined = cv2.morphologyEx(outlines.astype(np.uint8), cv2.MORPH_CLOSE, _CLOSE)
    enclosed = np.asarray(cv2.dilate(_without_holes(joined), _SOFT) > 0) & inside
    return enclosed if enclosed.sum() >= _FEWEST else np.zeros_like(inside)


def lasting_edges(stack: Stack) -> Field:
    """How strong the edge is at each pixel in most stretches of the film, grey levels: (h, w).

    The gradient of a stretch's mean picture is that of what stands still in it.
    """
    strengths = []
    for part in np.array_split(stack, min(_STRETCHES, len(stack))):
        mean = part.mean(axis=0, dtype=np.float32)
        slopes = [cv2.Sobel(mean, cv2.CV_32F, *way) / 4 for way in ((1, 0), (0, 1))]
        strengths.append(np.hypot(*slopes).max(axis=2))
    return np.asarray(np.percentile(np.stack(strengths), _MOST_OF_THEM, axis=0), np.float32)


def _without_holes(mask: NDArray[Any]) -> NDArray[np.uint8]:
    """A mask with all that it encloses."""
    _, labels = cv2.connectedComponents(1 - np.pad(mask, 1), connectivity=4)
    return np.asarray(labels[1:-1, 1:-1] != labels[0, 0], np.uint8)
