"""Which pixels a caption covers: its strokes, their outline and shadow, and a bar behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.media.canvas import Edges
from media_pipeline.stages.captions.ink import stroke_strength

Picture = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Field = NDArray[np.float32]

_STRONG, _WEAK = 0.55, 0.3  # of the strongest strokes
_UP, _ASIDE = 0.3, 0.7  # row heights beyond the row as read in which there may be more of it
_LEFT_OUT = 1.3  # row heights from a row as read to the end of a letter that is not in it
_LETTERS_APART = 0.6  # row heights between letters, at most
_INK_COLOUR = 40.0  # levels by which letters of one row differ, at most
_LEAST_REACH, _MOST_REACH = 0.10, 0.24  # row heights from a stroke to the end of its outline
_QUIET = 0.5  # of the change over time beyond it: what changes less lies over the picture
_MOVES = 4.0  # grey levels of change over time by which a ground counts as moving
_APPEARS = 12.0  # grey levels by which what comes and goes with the caption changes the picture
_SOFT = 0.07  # row heights around it, at least two pixels, that coding has blurred
_BAR = 0.6  # share of a row's surroundings that changes with the caption where it has a bar


@dataclass(frozen=True)
class Showing:
    """A caption in the pictures: (h, w, 3) parts in Y'CbCr.

    ``shown`` are some pictures with it; ``before`` is the last without it and ``after`` the next,
    where they are the same shot without another caption.
    """

    shown: Sequence[Picture]
    before: Picture | None = None
    after: Picture | None = None


def text_mask(showing: Showing, rows: Sequence[Edges]) -> Mask:
    """The pixels that a caption covers, (h, w).

    Strokes stand out of the median over time. What belongs to them besides (outline, shadow) is
    told by that it comes and goes with them, or that it is still where the ground moves.

    Parameters
    ----------
    showing : the caption.
    rows : where its rows were read, in pixels of the parts.
    """
    stack = np.stack(list(showing.shown)).astype(np.float32)
    median = np.median(stack, axis=0)
    change = np.asarray(np.abs(stack[..., 0] - median[..., 0]).mean(axis=0), np.float32)
    comes = _comes_and_goes(showing)
    mask = np.zeros(median.shape[:2], np.bool_)
    for read in rows:
        row = whole_row(median.astype(np.uint8), read)
        left, top, right, bottom = _wider(row, mask.shape)
        part = (slice(top, bottom), slice(left, right))
        mask[part] |= _row_mask(
            median[part].astype(np.uint8),
            change[part],
            None if comes is None else comes[part],
            row[3] - row[1],
        )
    tallest = max((row[3] - row[1] for row in rows), default=0)
    size = 2 * max(2, round(_SOFT * tallest)) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return np.asarray(cv2.dilate(mask.astype(np.uint8), kernel) > 0)


def whole_row(picture: Picture, row: Edges) -> Edges:
    """A row with the letters at its ends that a reader's box has left out: one that is a mere dash
    is often not in it.

    Parameters
    ----------
    picture : (h, w, 3) Y'CbCr, what moves below the row blurred away.
    row : as it was read, in pixels of the picture.
    """
    left, top, right, bottom = row
    height = bottom - top
    begin, end = max(0, left - 2 * height), min(picture.shape[1], right + 2 * height)
    strip = picture[max(0, top) : bottom, begin:end]
    inked = strokes(strip)
    core = inked[:, max(0, left) - begin : right - begin]
    if not core.any():
        return row
    ink = np.median(strip[:, max(0, left) - begin : right - begin][core], axis=0)
    _, labels, found, _ = cv2.connectedComponentsWithStats(inked.astype(np.uint8), connectivity=8)
    alike = [
        (begin + int(x), begin + int(x + w))
        for label, (x, _, w, _, _) in enumerate(found)
        if label and np.abs(np.median(strip[labels == label], axis=0) - ink).max() < _INK_COLOUR
    ]
    apart, most = _LETTERS_APART * height, _LEFT_OUT * height
    for start, stop in sorted(alike, key=lambda span: -span[1]):
        if stop >= left - apart and row[0] - most <= start < left:
            left = start
    for start, stop in sorted(alike):
        if start <= right + apart and right < stop <= row[2] + most:
            right = stop
    return left, top, right, bottom


def strokes(picture: Picture) -> Mask:
    """The strokes in a picture of a row: those that stand out clearly, and what hangs on them."""
    grey = np.repeat(picture[..., :1], 3, axis=2)
    strength = stroke_strength(grey)
    weak = (strength >= _WEAK).astype(np.uint8)
    _, labels = cv2.connectedComponents(weak, connectivity=8)
    kept = np.unique(labels[strength >= _STRONG])
    return np.isin(labels, kept[kept > 0])


def _row_mask(median: Picture, change: Field, comes: Field | None, height: int) -> Mask:
    inked = strokes(median)
    if not inked.any():
        return inked
    distance = np.asarray(
        cv2.distanceTransform((~inked).astype(np.uint8), cv2.DIST_L2, 3), np.float32
    )
    near = distance <= _MOST_REACH * height
    mask = distance <= max(_LEAST_REACH * height, 2.0, _still_reach(change, distance, height))
    if comes is not None:
        with_it = comes > _APPEARS
        mask |= near & with_it
        if with_it.mean() > _BAR:
            return np.asarray(
                cv2.morphologyEx(
                    (mask | with_it).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)
                )
                > 0
            )
    return np.asarray(mask)


def _still_reach(change: Field, distance: Field, height: int) -> float:
    """How far from the strokes the picture stays still, where the ground beyond moves; pixels."""
    most = _MOST_REACH * height
    beyond = change[(distance > most) & (distance < 2 * most)]
    if not len(beyond) or np.median(beyond) < _MOVES:
        return 0.0
    reach = 0.0
    for step in np.arange(1.0, most, 1.0):
        at = change[(distance > step - 1) & (distance <= step)]
        if not len(at) or np.median(at) > _QUIET * np.median(beyond):
            break
        reach = float(step)
    return reach


def _comes_and_goes(showing: Showing) -> Field | None:
    """How much each pixel changes both where the caption comes and where it goes; (h, w)."""
    changes = [
        cv2.blur(np.abs(one.astype(np.float32) - other).max(axis=2), (3, 3))
        for one, other in (
            (showing.shown[0], showing.before),
            (showing.shown[-1], showing.after),
        )
        if other is not None
    ]
    if len(changes) < 2:
        return None
    return np.asarray(np.minimum(*changes), np.float32)


def _wider(row: Edges, shape: tuple[int, ...]) -> Edges:
    left, top, right, bottom = row
    height = bottom - top
    aside, up = round(_ASIDE * height), round(_UP * height)
    return (
        max(0, left - aside),
        max(0, top - up),
        min(shape[1], right + aside),
        min(shape[0], bottom + up),
    )
