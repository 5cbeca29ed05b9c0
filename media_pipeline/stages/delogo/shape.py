"""Which pixels a mark covers, and in which pictures: what its lasting outlines tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.media.canvas import Edges
from media_pipeline.stages.delogo.samples import Stack

Mask = NDArray[np.bool_]
Field = NDArray[np.float32]
Span = tuple[float, float]

_STRETCHES = 6  # of the film, in most of which an outline has to be seen
_MOST_OF_THEM = 25  # the percentile that stands for "in most of them"
_LEAST, _MOST = 3.0, 12.0  # grey levels per pixel from which there is an outline
_ABOVE = 2.5  # times the usual of the surroundings
_BESIDE = 2  # pixels that a mark may reach out of its box
_CLOSE = np.ones((5, 5), np.uint8)
_SOFT = np.ones((3, 3), np.uint8)
_FEWEST = 12  # pixels of a mark
_ROUNDS, _FEWEST_SHOWN = 3, 3
_LIKE = 0.5  # correlation with a mark's edges by which a picture bears it
_SLIGHT = 1e-3


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


def bearing(edges: NDArray[Any]) -> tuple[NDArray[np.bool_], Field, Field] | None:
    """Which pictures bear a mark, by its edges.

    Parameters
    ----------
    edges : (n, k, 2), the slopes of brightness at k pixels in n pictures in the order of time.

    Returns
    -------
    (n,) bool, (k, 2), (n,)
        the pictures that bear it, its edges, and how much those of each picture are like them, at
        most 1; None where hardly any picture does.
    """
    edges = edges.astype(np.float32)
    size = np.sqrt((edges**2).sum(axis=(1, 2))) + _SLIGHT
    shown = np.ones(len(edges), np.bool_)
    for _ in range(_ROUNDS):
        usual = edges[shown].mean(axis=0)
        like = (edges * usual).sum(axis=(1, 2)) / (size * np.linalg.norm(usual) + _SLIGHT)
        padded = np.pad(like > _LIKE, 1, mode="edge").astype(int)
        shown = padded[:-2] + padded[1:-1] + padded[2:] >= 2  # without single exceptions
        if shown.sum() < _FEWEST_SHOWN:
            return None
    return shown, usual, like


def spans_shown(shown: NDArray[np.bool_], times: Sequence[float]) -> tuple[Span, ...]:
    """The seconds of pictures that bear a mark, each run as far as the next ones without it."""
    spans = []
    ends = np.flatnonzero(np.diff(np.concatenate([[0], shown.astype(int), [0]])))
    for first, after in zip(ends[::2], ends[1::2], strict=True):
        start = 0.0 if first == 0 else float(times[first - 1])
        spans.append((start, float("inf") if after == len(shown) else float(times[after])))
    return tuple(spans)


def _without_holes(mask: NDArray[Any]) -> NDArray[np.uint8]:
    """A mask with all that it encloses."""
    _, labels = cv2.connectedComponents(1 - np.pad(mask, 1), connectivity=4)
    return np.asarray(labels[1:-1, 1:-1] != labels[0, 0], np.uint8)
