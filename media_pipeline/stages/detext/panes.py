"""Translucent boxes behind captions: found by how they change the picture, and taken off again.

A box that lets a part of the picture through makes ``keep * picture + add`` of it. Both are read
off the pictures beside the caption's first and last one, moved to where things are then. What is
below is not lost and need not be filled in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.media.canvas import Edges
from media_pipeline.stages.detext.masks import Field, Mask, Picture, Showing, strokes
from media_pipeline.stages.inpaint.flow import FlowEstimator, places

_KEEPS = (0.12, 0.92)  # less hides the picture, more leaves it as it is
_VARIED = 5.0  # grey levels of deviation below the box, from which its colour can be told
_BLACK = np.array([16.0, 128.0, 128.0], np.float32)
_MISSES = 7.0  # grey levels by which what a box makes of the picture may be missed,
_MOST = 0.7  # by no more than the rest of its pixels
_ROUNDS = 4
_INK = 0.15  # row heights round strokes: outlines, shadows and what coding blurs
_FULL = 0.9  # of its letters: a caption that does not come or go
_FEW = 30  # pixels, too few to tell by
_EDGE = 2  # pixels on both sides of a border that belong to neither
_REACH = 1.2  # row heights from a row to the border of its box
_SEARCH = 5  # pixels round the place at which a border is expected
_ACROSS = 3  # pixels between those that are compared across a border


@dataclass(frozen=True)
class Pane:
    """A translucent box: its edges, right and bottom exclusive, and what it makes of a picture."""

    edges: Edges
    keep: float
    add: tuple[float, float, float]

    @property
    def part(self) -> tuple[slice, slice]:
        """The pixels of the box."""
        left, top, right, bottom = self.edges
        return slice(top, bottom), slice(left, right)

    def undone(self, picture: Picture) -> Picture:
        """A picture without the box: a copy."""
        cleared = picture.copy()
        add = np.array(self.add, np.float32)
        below = (picture[self.part].astype(np.float32) - add) / self.keep
        cleared[self.part] = np.clip(np.rint(below), 0, 255).astype(np.uint8)
        return cleared

    def border(self, shape: tuple[int, ...]) -> Mask:
        """The pixels of a picture (h, w) that are in part inside the box, in part outside."""
        left, top, right, bottom = self.edges
        mask = np.zeros(shape[:2], np.bool_)
        outer = (
            slice(max(0, top - _EDGE), bottom + _EDGE),
            slice(max(0, left - _EDGE), right + _EDGE),
        )
        mask[outer] = True
        mask[top + _EDGE : bottom - _EDGE, left + _EDGE : right - _EDGE] = False
        return mask

    def impossible(self, picture: Picture) -> Mask:
        """The pixels of a picture (h, w) that nothing below the box can give: text before it."""
        mask = np.zeros(picture.shape[:2], np.bool_)
        below = (picture[self.part][..., 0].astype(np.float32) - self.add[0]) / self.keep
        mask[self.part] = (below < -_MISSES / self.keep) | (below > 255 + _MISSES / self.keep)
        return mask

    def stands_in(self, picture: Picture) -> bool:
        """Whether a picture shows the box in full: without it, the picture goes on across the
        borders better than with it or with half of it.
        """
        half = replace(self, keep=(1 + self.keep) / 2, add=tuple(value / 2 for value in self.add))  # type: ignore[arg-type]
        steps = [
            _step(one, self.edges) for one in (self.undone(picture), half.undone(picture), picture)
        ]
        return steps[0] <= min(steps[1:])


def find_panes(showing: Showing, rows: Sequence[Edges]) -> list[Pane | None]:
    """The translucent box behind each row of a caption; None for rows without, or where nothing is
    seen beside the caption that tells.

    Parameters
    ----------
    showing : the caption.
    rows : where its rows were read, in pixels of the parts. A box ends half-way to the next row.
    """
    found = [_find(showing, row) for row in rows]
    return [_parted(pane, row, rows) for pane, row in zip(found, rows, strict=True)]


def _parted(pane: Pane | None, row: Edges, rows: Sequence[Edges]) -> Pane | None:
    if pane is None:
        return None
    left, top, right, bottom = pane.edges
    for other in rows:
        if other[1] > row[1] and other is not row:
            bottom = min(bottom, (row[3] + other[1]) // 2)
        elif other[1] < row[1]:
            top = max(top, (other[3] + row[1]) // 2)
    return replace(pane, edges=(left, top, right, bottom)) if top < bottom else None


def like(pane: Pane, row: Edges, other: Edges, pictures: Sequence[Picture]) -> Pane | None:
    """A box as another one, behind another row.

    Parameters
    ----------
    pane, row : the box that is known, and the row before it.
    other : the row behind which one is looked for.
    pictures : some in which it is shown.
    """
    scale = (other[3] - other[1]) / max(row[3] - row[1], 1)
    height, width = pictures[0].shape[:2]
    away = [(p - r) * scale for p, r in zip(pane.edges, row, strict=True)]
    found = [round(o + a) for o, a in zip(other, away, strict=True)]
    limits = (width, height, width, height)
    for side in range(4):
        found[side] = _nearest_border(found, side, pane, pictures, limits[side])
    edges = (found[0], found[1], found[2], found[3])
    made = replace(pane, edges=edges)
    if edges[2] - edges[0] <= 4 * _EDGE or edges[3] - edges[1] <= 4 * _EDGE:
        return None
    standing = sum(map(made.stands_in, pictures))
    return made if standing >= _MOST * len(pictures) else None


def _find(showing: Showing, row: Edges) -> Pane | None:
    pairs = _pairs(showing, row)
    if not pairs:
        return None
    left, top, right, bottom = row
    core = (slice(max(0, top), bottom), slice(max(0, left), right))
    free = ~_inked(showing, core, bottom - top)
    samples = [(below[core][free], above[core][free]) for below, above in pairs]
    # where the times of a caption are off by a picture, one pair has it on both sides
    telling = [n for n, sample in enumerate(samples) if _fitted(*sample) is not None]
    if not telling:
        return None
    fit = _fitted(*(np.concatenate([samples[n][side] for n in telling]) for side in (0, 1)))
    if fit is None:
        return None
    keep, add = fit
    pairs = [pairs[n] for n in telling]
    evidence = np.mean([_evidence(*pair, keep, add) for pair in pairs], axis=0)
    edges = _extent(evidence, row)
    if edges is None:
        return None
    return Pane(edges, keep, (float(add[0]), float(add[1]), float(add[2])))


def _pairs(showing: Showing, row: Edges) -> list[tuple[Field, Field]]:
    """Pictures without the caption moved to where things are in the next that shows it in full, and
    that one.
    """
    covered = np.zeros(showing.shown[0].shape[:2], np.bool_)
    left, top, right, bottom = row
    up = round(_REACH * (bottom - top))
    covered[max(0, top - up) : bottom + up, max(0, left - up) : right + up] = True
    estimate, pairs = FlowEstimator(), []
    full = [p for p in showing.shown if _strength(p, showing.shown, row) > _FULL]
    for shown, beside in ((full[0], showing.before), (full[-1], showing.after)):
        if beside is None:
            continue
        flow = estimate(
            np.ascontiguousarray(shown[..., 0]), np.ascontiguousarray(beside[..., 0]), covered
        )
        if flow is None:
            continue
        moved = cv2.remap(beside, *places(flow), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        pairs.append((moved.astype(np.float32), shown.astype(np.float32)))
    return pairs


def _strength(picture: Picture, pictures: Sequence[Picture], row: Edges) -> float:
    """How much of a row's letters a picture shows, of what the middle one of some does."""
    left, top, right, bottom = row
    core = (slice(max(0, top), bottom), slice(max(0, left), right), 0)
    usual, found = (
        part - cv2.blur(part, (9, 9))
        for part in (p[core].astype(np.float32) for p in (pictures[len(pictures) // 2], picture))
    )
    return float((usual * found).sum() / max(float((usual * usual).sum()), 1e-6))


def _inked(showing: Showing, core: tuple[slice, slice], height: int) -> Mask:
    median = np.median(np.stack([p[core] for p in showing.shown]), axis=0).astype(np.uint8)
    size = 2 * max(1, round(_INK * height)) + 1
    kernel = np.ones((size, size), np.uint8)
    return np.asarray(cv2.dilate(strokes(median).astype(np.uint8), kernel) > 0)


def _fitted(
    below: NDArray[np.float32], above: NDArray[np.float32]
) -> tuple[float, NDArray[np.float32]] | None:
    """What a box makes of the picture: the share it keeps and what it adds, (3,); None without."""
    good = np.ones(len(below), np.bool_)
    keep, add = 1.0, np.zeros(3, np.float32)
    for _ in range(_ROUNDS):
        x, y = below[good], above[good]
        if len(x) < _FEW:
            return None
        if x[:, 0].std() >= _VARIED:
            away, up = x - x.mean(axis=0), y - y.mean(axis=0)
            keep = float((away * up).sum() / max(float((away**2).sum()), 1e-6))
            add = (y.mean(axis=0) - keep * x.mean(axis=0)).astype(np.float32)
        else:  # nothing to tell the colour by: boxes are black
            lit = x[:, 0].mean() - _BLACK[0]
            keep = float((y[:, 0].mean() - _BLACK[0]) / max(lit, 1.0))
            add = (1 - keep) * _BLACK
        if not _KEEPS[0] < keep < _KEEPS[1]:
            return None
        miss = np.abs(above - (keep * below + add)).max(axis=1)
        good = miss < max(_MISSES, 2.5 * float(np.median(miss)))
    fits = float((miss < _MISSES).mean())
    changed = float((np.abs(above - below).max(axis=1) > _MISSES).mean())
    return (keep, add) if fits > _MOST and changed > 1 - _MOST else None


def _evidence(below: Field, above: Field, keep: float, add: NDArray[np.float32]) -> Field:
    """How much better each pixel agrees with a box before the picture than with none; (h, w)."""
    as_is = np.abs(above - below).max(axis=2)
    boxed = np.abs(above - (keep * below + add)).max(axis=2)
    return np.asarray(np.clip(as_is - boxed, -20, 20), np.float32)


def _extent(evidence: Field, row: Edges) -> Edges | None:
    """The edges of the box, from the row outwards, as far as the pixels agree with one."""
    height, width = evidence.shape
    reach = round(_REACH * (row[3] - row[1]))
    left, top, right, bottom = (
        max(0, row[0]),
        max(0, row[1]),
        min(width, row[2]),
        min(height, row[3]),
    )
    rows, columns = evidence[:, left:right].mean(axis=1), evidence[top:bottom].mean(axis=0)
    if rows[top:bottom].mean() <= 0:
        return None
    top, bottom = _out(rows, top, -reach), _out(rows, bottom - 1, reach) + 1
    columns = evidence[top:bottom].mean(axis=0)
    left, right = _out(columns, left, -reach), _out(columns, right - 1, reach) + 1
    return left, top, right, bottom


def _out(values: NDArray[np.float32], start: int, reach: int) -> int:
    """The last place from ``start`` on with positive values all the way, as far as ``reach``."""
    step, found = (1 if reach > 0 else -1), start
    for place in range(start, start + reach + step, step):
        if not 0 <= place < len(values) or values[place] <= 0:
            break
        found = place
    return found


def _step(picture: Picture, edges: Edges) -> float:
    """How much a picture changes across the borders of a box, grey levels."""
    left, top, right, bottom = edges
    height, width = picture.shape[:2]
    luma = picture[..., 0].astype(np.float32)
    steps = []
    for inner, outer in (
        (top + _ACROSS, top - _ACROSS),
        (bottom - 1 - _ACROSS, bottom - 1 + _ACROSS),
    ):
        if min(inner, outer) >= 0 and max(inner, outer) < height:
            steps.append(np.abs(luma[inner, left:right] - luma[outer, left:right]))
    for inner, outer in (
        (left + _ACROSS, left - _ACROSS),
        (right - 1 - _ACROSS, right - 1 + _ACROSS),
    ):
        if min(inner, outer) >= 0 and max(inner, outer) < width:
            steps.append(np.abs(luma[top:bottom, inner] - luma[top:bottom, outer]))
    return float(np.concatenate(steps).mean()) if steps else 0.0


def _nearest_border(
    edges: Sequence[int], side: int, pane: Pane, pictures: Sequence[Picture], limit: int
) -> int:
    """The place near an expected border at which the picture steps most as a box makes it."""
    left, top, right, bottom = (max(0, e) for e in edges)
    best = (-np.inf, edges[side])
    for place in range(edges[side] - _SEARCH, edges[side] + _SEARCH + 1):
        inner, outer = (place, place - 1) if side < 2 else (place - 1, place)
        if min(inner, outer) < 1 or max(inner, outer) >= limit - 1:
            continue
        gain = 0.0
        for picture in pictures:
            luma = picture[..., 0].astype(np.float32)
            line, column = slice(top, bottom), slice(left, right)
            one = luma[line, inner] if side % 2 == 0 else luma[inner, column]
            other = luma[line, outer] if side % 2 == 0 else luma[outer, column]
            boxed = pane.keep * other + pane.add[0]
            gain += float((np.abs(one - other) - np.abs(one - boxed)).mean())
        best = max(best, (gain, place))
    return best[1]
