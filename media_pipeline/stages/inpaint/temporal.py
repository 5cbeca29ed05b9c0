"""Filling covered pixels of neighbouring pictures from those in which they can be seen.

Each covered pixel is followed along the flow, backwards and forwards, until it is uncovered. What
is kept on the way is the place it comes from and not its colour, which is therefore read only once
and stays sharp however long the way was. Whether the place is right shows in the pixels beside the
hole: they are compared with those beside the place. Where it is not, or where nothing was ever
seen, the hole is filled from its edges, steadied by the picture before.

References
----------
R. Xu et al., "Deep flow-guided video inpainting", 2019, for following the flow through holes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.media.threads import each
from media_pipeline.stages.inpaint.flow import Flow, FlowEstimator, places
from media_pipeline.stages.inpaint.spatial import (
    Field,
    Mask,
    Picture,
    held_out_error,
    inpaint,
    means_around,
)

_CLOSEST, _RING = 1.5, 9  # pixels beside a hole by which a place is judged
_CLOSE = np.ones((5, 5), np.uint8)
_PER_FRAME = 0.02  # grey levels by which each picture on the way counts
_UNKNOWN = 1e3
_LEAST, _SHARPLY = 0.5, 4  # errors are compared with this added, by this power
_OPTIMISTIC = 3.0  # real errors inside the hole, of those beside it
_LIGHT = 30.0  # grey levels by which light may change on the way
_STEADY = 0.85  # share of the picture before in what is filled from the edges


@dataclass
class Memory:
    """The last pictures of a stretch as filled, by which the next stretch begins: (h, w, 3)."""

    pictures: list[Picture]


@dataclass
class _Places:
    """For each pixel of a picture where it was seen: number of the picture (-1: nowhere), x, y."""

    number: NDArray[np.int32]
    x: Field
    y: Field


def fill(
    pictures: Sequence[Picture], masks: Sequence[Mask], before: Memory | None = None
) -> list[Picture]:
    """Fill the marked pixels of pictures that follow each other.

    Parameters
    ----------
    pictures : (h, w, 3) uint8 each, in Y'CbCr.
    masks : (h, w) each; covered pixels, what shines around them included.
    before : pictures before these, with nothing covered.

    Returns
    -------
    list of (h, w, 3) uint8
        the pictures, changed where they were marked.
    """
    return filled_and_seen(pictures, masks, before)[0]


def filled_and_seen(
    pictures: Sequence[Picture], masks: Sequence[Mask], before: Memory | None = None
) -> tuple[list[Picture], list[Field]]:
    """As :func:`fill`, with how much of each of the marked pixels was taken from pictures that
    show it: (h, w) for each picture, 0 to 1. The rest was filled from the edges of the hole.
    """
    lead = list(before.pictures) if before is not None else []
    nothing = np.zeros(masks[0].shape, np.bool_)
    shown, holes = [*lead, *pictures], [*(nothing for _ in lead), *masks]
    if not any(mask.any() for mask in masks):
        return list(pictures), [np.zeros(mask.shape, np.float32) for mask in masks]
    bases = each(inpaint, shown, holes)
    luma = [np.ascontiguousarray(base[..., 0]) for base in bases]
    estimate = FlowEstimator()
    stack = np.stack(bases)
    back = [None, *(estimate(luma[t], luma[t - 1], holes[t]) for t in range(1, len(shown)))]
    near = np.stack([_grown(hole) for hole in holes])
    earlier = _follow(near, back)
    forth = [estimate(luma[t], luma[t + 1], holes[t]) for t in range(len(shown) - 1)]
    later = _follow(near[::-1], [None, *forth[::-1]])[::-1]
    for place in later:
        known = place.number >= 0
        place.number[known] = len(shown) - 1 - place.number[known]
    astray = each(_held_out, luma, holes)
    filled: list[Picture] = []
    seen: list[Field] = []
    for t, mask in enumerate(holes):
        if not mask.any():
            filled.append(shown[t])
            seen.append(np.zeros(mask.shape, np.float32))
            continue
        hole = _Hole.of(mask)
        last = filled[-1] if filled else None
        base = _steadied(shown[t], bases[t], last, back[t], hole, astray[t])
        done, share = _joined(stack, near, t, base, (earlier[t], later[t]), hole, astray[t])
        filled.append(done)
        seen.append(share)
    return filled[len(lead) :], seen[len(lead) :]


def _held_out(luma: NDArray[np.uint8], hole: Mask) -> Field:
    """By how much filling a hole errs, where there is one."""
    return held_out_error(luma, hole) if hole.any() else np.zeros(hole.shape, np.float32)


def _grown(hole: Mask) -> Mask:
    """A hole and what lies close to it, where what covers it may shine."""
    return np.asarray(cv2.dilate(hole.astype(np.uint8), _CLOSE) > 0)


def _follow(near: NDArray[np.bool_], flows: Sequence[Flow | None]) -> list[_Places]:
    """Where the covered pixels of each picture were seen last, in the order given."""
    height, width = near[0].shape
    found: list[_Places] = []
    for t, (hole, flow) in enumerate(zip(near, flows, strict=True)):
        seen = _Places(
            np.full(hole.shape, -1, np.int32),
            np.zeros(hole.shape, np.float32),
            np.zeros(hole.shape, np.float32),
        )
        found.append(seen)
        if flow is None or not hole.any():
            continue
        rows, columns = np.nonzero(hole)
        x = columns + flow[rows, columns, 0]
        y = rows + flow[rows, columns, 1]
        near_x, near_y = np.rint(x).astype(int), np.rint(y).astype(int)
        inside = (near_x >= 0) & (near_x < width) & (near_y >= 0) & (near_y < height)
        rows, columns, x, y = rows[inside], columns[inside], x[inside], y[inside]
        near_x, near_y = near_x[inside], near_y[inside]
        last, covered = found[t - 1], near[t - 1][near_y, near_x]
        seen.number[rows, columns] = np.where(covered, last.number[near_y, near_x], t - 1)
        seen.x[rows, columns] = np.where(covered, last.x[near_y, near_x] + x - near_x, x)
        seen.y[rows, columns] = np.where(covered, last.y[near_y, near_x] + y - near_y, y)
    return found


@dataclass(frozen=True)
class _Hole:
    """The covered pixels of a picture, and those beside them by which places are judged."""

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    ring_rows: NDArray[np.intp]
    ring_columns: NDArray[np.intp]
    nearest: NDArray[np.intp]
    """For each pixel of the ring the covered one next to it, as a place in ``rows``."""

    @classmethod
    def of(cls, mask: Mask) -> _Hole:
        distance, labels = cv2.distanceTransformWithLabels(
            (~mask).astype(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
        )
        ring_rows, ring_columns = np.nonzero((distance > _CLOSEST) & (distance <= _RING))
        rows, columns = np.nonzero(mask)
        of_label = np.zeros(int(labels.max()) + 1, np.intp)
        of_label[labels[rows, columns]] = np.arange(len(rows))
        return cls(
            rows, columns, ring_rows, ring_columns, of_label[labels[ring_rows, ring_columns]]
        )


def _joined(
    stack: NDArray[np.uint8],
    near: NDArray[np.bool_],
    t: int,
    base: Picture,
    both: Sequence[_Places],
    hole: _Hole,
    spatial: Field,
) -> tuple[Picture, Field]:
    """The picture with its hole filled: both ways by how well they fit, the rest from ``base``; and
    how much of each of its pixels the former are.
    """
    rows, columns = hole.rows, hole.columns
    from_edges: NDArray[Any] = 1 / (_LEAST + spatial[rows, columns]) ** _SHARPLY
    weights = from_edges.copy()
    total: NDArray[Any] = base[rows, columns] * weights[:, None]
    for seen in both:
        number = seen.number[rows, columns]
        error, light = _misfit(stack, near, t, seen, hole)
        away = error[rows, columns] + _PER_FRAME * np.abs(number - t)
        x, y = seen.x[rows, columns], seen.y[rows, columns]
        colour = sample(stack, np.maximum(number, 0), x, y) + light[rows, columns]
        weight: NDArray[Any] = np.where(number >= 0, 1 / (_LEAST + away) ** _SHARPLY, 0.0)
        total += colour * weight[:, None]
        weights += weight
    filled: Picture = stack[t].copy()
    mixed = total / weights[:, None]
    filled[rows, columns] = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
    share = np.zeros(spatial.shape, np.float32)
    share[rows, columns] = 1 - from_edges / weights
    return filled, share


def _misfit(
    stack: NDArray[np.uint8], near: NDArray[np.bool_], t: int, found: _Places, hole: _Hole
) -> tuple[Field, Field]:
    """How far the pixels beside the hole are from those beside the places, in grey levels, once the
    light is made the same: (h, w); and what has to be added for that, (h, w, 3).
    """
    rows, columns = hole.ring_rows, hole.ring_columns
    near_rows, near_columns = hole.rows[hole.nearest], hole.columns[hole.nearest]
    number = found.number[near_rows, near_columns]
    x = columns + found.x[near_rows, near_columns] - near_columns
    y = rows + found.y[near_rows, near_columns] - near_rows
    height, width = near.shape[1:]
    there_x, there_y = np.rint(x).astype(int), np.rint(y).astype(int)
    valid = (number >= 0) & (there_x >= 0) & (there_x < width) & (there_y >= 0) & (there_y < height)
    rows, columns, number = rows[valid], columns[valid], number[valid]
    x, y, there_x, there_y = x[valid], y[valid], there_x[valid], there_y[valid]
    seen = ~near[number, there_y, there_x]
    rows, columns, number, x, y = rows[seen], columns[seen], number[seen], x[seen], y[seen]
    away = stack[t, rows, columns] - sample(stack, number, x, y)
    return _judged(away, rows, columns, near.shape[1:])


def _judged(
    away: NDArray[np.float32],
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    shape: tuple[int, ...],
) -> tuple[Field, Field]:
    """From differences (n, 3) at pixels: their size without the common part, and that part."""
    weight = np.zeros(shape, np.float32)
    weight[rows, columns] = 1.0
    light = np.zeros((*shape, 3), np.float32)
    light[rows, columns] = away
    light = np.clip(means_around(light, weight[..., None]), -_LIGHT, _LIGHT)
    values = np.zeros(shape, np.float32)
    values[rows, columns] = np.abs(away - light[rows, columns]).mean(axis=1)
    error = means_around(values[..., None], weight[..., None])[..., 0]
    if not len(rows):
        error[:] = _UNKNOWN
    return _OPTIMISTIC * error, light


def sample(
    stack: NDArray[np.uint8], number: NDArray[np.int32], x: Field, y: Field
) -> NDArray[np.float32]:
    """Colours at places between pixels, (n, 3): bilinear; what lies outside is the nearest edge."""
    height, width = stack.shape[1:3]
    x, y = np.clip(x, 0, width - 1.001), np.clip(y, 0, height - 1.001)
    left, top = x.astype(np.int32), y.astype(np.int32)
    right_share, low_share = (x - left)[:, None], (y - top)[:, None]
    upper = (
        stack[number, top, left] * (1 - right_share) + stack[number, top, left + 1] * right_share
    )
    lower = (
        stack[number, top + 1, left] * (1 - right_share)
        + stack[number, top + 1, left + 1] * right_share
    )
    return np.asarray(upper * (1 - low_share) + lower * low_share, np.float32)


def _steadied(
    shown: Picture,
    base: Picture,
    before: Picture | None,
    flow: Flow | None,
    hole: _Hole,
    spatial: Field,
) -> Picture:
    """What is filled from the edges, mixed with the picture before where the two go together."""
    if before is None or flow is None:
        return base
    moved = cv2.remap(
        before, *places(flow), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    ).astype(np.float32)
    rows, columns = hole.ring_rows, hole.ring_columns
    error, light = _judged(
        shown[rows, columns] - moved[rows, columns], rows, columns, shown.shape[:2]
    )
    fits = 1 / (1 + ((_LEAST + error) / (_LEAST + spatial)) ** _SHARPLY)
    share = (_STEADY * fits)[..., None]
    mixed = (moved + light) * share + base * (1 - share)
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
