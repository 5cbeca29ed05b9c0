"""Taking marks out of pictures as they stream by; memory is bounded for films of any length.

At each pixel of a mark two things are known: the ground as it shines through, brought back from
below the mark's colour, and the ground as other pictures or the surroundings suggest. Where other
pictures show the ground, ``refine`` makes the blend finer and weighs the two picture by picture;
elsewhere each errs by an amount that was measured beside the mark, and counts accordingly. The
result is then made ``steady`` along the motion of the ground.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import repeat

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.media.canvas import Canvas, Edges
from media_pipeline.media.threads import each
from media_pipeline.stages.delogo.blend import Blend
from media_pipeline.stages.delogo.refine import Evidence, mixed, refined
from media_pipeline.stages.delogo.steady import steadied
from media_pipeline.stages.delogo.trial import Beside
from media_pipeline.stages.inpaint import Memory, fill, filled_and_seen
from media_pipeline.stages.inpaint.spatial import inpaint

Picture = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Field = NDArray[np.float32]
Span = tuple[float, float]

BESIDE_S = 0.4
"""Seconds before and after a mark is shown that are looked at."""
_LEAD = 3  # pictures of the stretch before that a stretch begins with
_MOST_BYTES = 320 * 1024**2  # of pictures held, and of what is computed from them
_MOST_PICTURES = 150
_PER_PIXEL = 80  # bytes that filling needs for each pixel of a part
_TRIED = 25  # pictures of a stretch in which filling is tried beside the mark
_SLIGHT = 1e-3
_VISIBLE = 4.0  # squared grey levels per pixel from which a mark's edges can be looked for
_HALF = 0.5  # of the mark's edges that a picture bears if it bears the mark


@dataclass(frozen=True)
class FoundMark:
    """A mark in one place.

    Attributes
    ----------
    edges : the part of the picture around it.
    mask : its pixels in the part, (h, w).
    spans : seconds in which it is shown.
    blend : how it is mixed with the picture, or None where that is not known.
    error : by how much what is brought back errs, (h, w), grey levels; for ``blend``.
    whole : whether the mask is all of the box, since no pixels of a mark were told apart in it.
    """

    edges: Edges
    mask: Mask
    spans: tuple[Span, ...]
    blend: Blend | None = None
    error: Field | None = None
    whole: bool = False

    def shown(self, time: float, beside: float = 0.0) -> bool:
        """Whether the mark can be seen at a time, or that many seconds before or after it."""
        return any(start - beside <= time + 1e-4 < end + beside for start, end in self.spans)


@dataclass
class _Stretch:
    """Pictures that are filled together."""

    pictures: list[Canvas] = field(default_factory=list)
    before: dict[int, Memory] = field(default_factory=dict)
    """By the marks' numbers, what the stretch before it ended with."""
    told: dict[int, Evidence] = field(default_factory=dict)
    """By the marks' numbers, what the pictures so far say of their blends."""


def remove_marks(canvases: Iterator[Canvas], marks: Sequence[FoundMark]) -> Iterator[Canvas]:
    """The pictures without the marks; nothing else of them changes.

    Parameters
    ----------
    canvases : the pictures of a film, or those near the marks' times.
    marks : to be taken out.

    Yields
    ------
    Canvas
        each picture, in order. Up to 150 with marks are held back, fewer where they are large.
    """
    stretch = _Stretch()
    for canvas in canvases:
        if not any(mark.shown(canvas.time, BESIDE_S) for mark in marks):
            yield from _finished(stretch, marks)
            stretch = _Stretch(told=stretch.told)
            yield canvas
            continue
        stretch.pictures.append(canvas)
        if len(stretch.pictures) >= _most(canvas, marks):
            done = _finished(stretch, marks)
            stretch = _Stretch(before=stretch.before, told=stretch.told)
            yield from done
    yield from _finished(stretch, marks)


def spans_of(marks: Sequence[FoundMark], seconds: float) -> list[Span]:
    """When pictures of a film of that length may change, in time order."""
    return sorted((start, min(end, seconds)) for mark in marks for start, end in mark.spans)


def _most(canvas: Canvas, marks: Sequence[FoundMark]) -> int:
    """How many pictures are held at most."""
    width, height = canvas.size
    whole = width * height * (1.5 if canvas.depth == 8 else 3.0)
    largest = max(mark.mask.size for mark in marks) * _PER_PIXEL
    return max(_LEAD, min(_MOST_PICTURES, int(_MOST_BYTES / (whole + largest))))


def _finished(stretch: _Stretch, marks: Sequence[FoundMark]) -> list[Canvas]:
    """The pictures of a stretch without marks; what the next one begins with is noted in it."""
    for number, mark in enumerate(marks):
        shown = [mark.shown(canvas.time) for canvas in stretch.pictures]
        if not any(shown):
            stretch.before.pop(number, None)
            continue
        parts = [canvas.read(mark.edges) for canvas in stretch.pictures]
        shown = _borne(parts, shown, mark)
        told = stretch.told.setdefault(number, Evidence())
        cleaned = _cleaned(parts, shown, mark, stretch.before.get(number), told)
        for canvas, part, there in zip(stretch.pictures, cleaned, shown, strict=True):
            if there:
                canvas.write(mark.edges, part, mark.mask)
        stretch.before[number] = Memory(cleaned[-_LEAD:])
    return stretch.pictures


def _borne(parts: list[Picture], expected: Sequence[bool], mark: FoundMark) -> list[bool]:
    """Which of the pictures in which a mark is expected bear it.

    What is seen lies nearer to the ground as its surroundings suggest it, or to that with the mark
    drawn over it; edges tell. Where the mark would hardly be seen it is as in the pictures beside.
    """
    if mark.blend is None:
        return list(expected)
    nearer = np.full(len(parts), np.nan)
    at = np.flatnonzero(expected)
    luma = [np.ascontiguousarray(parts[number][..., 0]) for number in at]
    light = Blend(mark.blend.alpha, mark.blend.shade[..., :1])
    grounds = each(inpaint, luma, repeat(mark.mask))
    for number, part, ground in zip(at, luma, grounds, strict=True):
        drawn = _slopes(light.over(ground[..., None])[..., 0] - ground)[mark.mask]
        seen = _slopes(part.astype(np.float32) - ground)[mark.mask]
        size = float((drawn**2).sum())
        if size > _VISIBLE * len(drawn):
            nearer[number] = float((drawn * seen).sum()) / size
    known = np.flatnonzero(~np.isnan(nearer))
    if not len(known):
        return list(expected)
    beside = known[np.abs(np.arange(len(parts))[:, None] - known).argmin(axis=1)]
    bears = np.pad(nearer[beside] > _HALF, 1, mode="edge").astype(int)
    agreed = bears[:-2] + bears[1:-1] + bears[2:] >= 2
    return [bool(a and b) for a, b in zip(expected, agreed, strict=True)]


def _slopes(luma: Field) -> Field:
    """How the brightness of a part, (h, w), rises to the right and downwards: (h, w, 2)."""
    return np.dstack([cv2.Sobel(luma, cv2.CV_32F, *way) / 4 for way in ((1, 0), (0, 1))])


def _cleaned(
    parts: list[Picture],
    shown: Sequence[bool],
    mark: FoundMark,
    before: Memory | None,
    told: Evidence,
) -> list[Picture]:
    nothing = np.zeros_like(mark.mask)
    masks = [mark.mask if there else nothing for there in shown]
    filled, seen = filled_and_seen(parts, masks, before)
    lead = list(before.pictures) if before is not None else []
    done, alpha = _put_back(parts, filled, seen, shown, mark, told)
    return steadied([*lead, *done], [*(nothing for _ in lead), *masks], alpha)[len(lead) :]


def _put_back(
    parts: list[Picture],
    filled: list[Picture],
    seen: list[Field],
    shown: Sequence[bool],
    mark: FoundMark,
    told: Evidence,
) -> tuple[list[Picture], Field | None]:
    """The pictures, what shines through the mark in them put together with what was filled; and how
    much of them it hides, None where nothing is known to shine through.
    """
    place = Beside.of(mark.mask)
    if mark.blend is None or mark.error is None or place is None or not any(shown):
        return filled, None
    astray = _filling_error(filled, shown, mark, place)
    beside = astray**2 / (astray**2 + mark.error**2 + _SLIGHT)
    at = np.flatnonzero(shown)
    borne = ([parts[i] for i in at], [filled[i] for i in at], [seen[i] for i in at], mark.mask)
    told.add(*borne)
    blend = refined(mark.blend, told, borne[0], mark.mask)
    done = list(parts)
    for i, part in zip(at, mixed(blend, *borne, beside), strict=True):
        done[i] = part
    return done, blend.alpha


def _filling_error(
    pictures: list[Picture], shown: Sequence[bool], mark: FoundMark, place: Beside
) -> Field:
    """By how much filling errs at each pixel of a mark: (h, w), grey levels. It is tried beside the
    mark, in pictures that have been filled.
    """
    looked = [part for part, there in zip(pictures, shown, strict=True) if there][:_TRIED]
    filled = fill(looked, [place.mask] * len(looked))
    squared = np.zeros(mark.mask.shape, np.float32)
    for truth, part in zip(looked, filled, strict=True):
        away = (part.astype(np.float32) - truth) ** 2
        squared += away.mean(axis=2) / len(looked)
    return place.back(squared, mark.mask)
