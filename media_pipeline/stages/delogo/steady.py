"""What was put back below a mark, taken together with the same ground in the pictures beside it.

What shines through a mark bears its noise many times stronger, and what was filled is a guess; both
err otherwise in each picture, since the ground moves below the mark. The ground is the same along
its motion, so that the mean along it errs less, and does not flicker.

References
----------
E. Dubois and S. Sabri, "Noise reduction in image sequences using motion-compensated temporal
filtering", 1984.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.stages.inpaint.flow import Flow, FlowEstimator, places

Picture = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Field = NDArray[np.float32]

_REACH = 6  # pictures before and after
_NOISE = 4.0  # squared grey levels by which a pixel errs that was never covered
_FAINTEST = 0.25  # of the ground that shines through: what shows less of it was filled
_AROUND = 2.0  # pixels over which two pictures are compared
_MARGIN = 8  # pixels around the mark that are looked at for that
_APART = 4.0  # times the error they are expected to have, by which they count half


def steadied(
    pictures: Sequence[Picture], masks: Sequence[Mask], alpha: Field | None
) -> list[Picture]:
    """Pictures without a mark, the ground below it made steady along its motion.

    Where pictures do not show the same ground they differ by more than their errors, and count
    accordingly less; none counts beyond a cut.

    Parameters
    ----------
    pictures : (h, w, 3) uint8 each, that follow each other, the mark taken out.
    masks : (h, w) each, where the mark was; only those pixels change.
    alpha : (h, w), how much of the picture it hid, 0 to 1; None where all was filled.
    """
    covered = np.any(masks, axis=0)
    if not covered.any():
        return list(pictures)
    film = _Film.of(pictures, masks, np.ones(covered.shape) if alpha is None else alpha)
    window = _window(covered)
    done = []
    for number, (picture, mask) in enumerate(zip(pictures, masks, strict=True)):
        if not mask.any():
            done.append(picture)
            continue
        clean = picture.copy()
        part, there = clean[window], mask[window]
        part[there] = np.rint(film.mean(number, window)[there])
        done.append(clean)
    return done


@dataclass(frozen=True)
class _Film:
    pictures: Sequence[Field]
    doubt: Sequence[Field]
    """(h, w) each, the squared grey levels by which each pixel is expected to err."""
    back: Sequence[Flow | None]
    forth: Sequence[Flow | None]
    """From each picture to the one before and after; None at cuts and at the ends."""

    @classmethod
    def of(
        cls, pictures: Sequence[Picture], masks: Sequence[Mask], alpha: NDArray[np.floating]
    ) -> _Film:
        luma = [np.ascontiguousarray(picture[..., 0]) for picture in pictures]
        flow, last = FlowEstimator(), len(luma) - 1
        below = (_NOISE / np.maximum(1 - alpha, _FAINTEST) ** 2).astype(np.float32)
        return cls(
            [picture.astype(np.float32) for picture in pictures],
            [np.where(mask, below, np.float32(_NOISE)) for mask in masks],
            [flow(luma[t], luma[t - 1], masks[t]) if t else None for t in range(last + 1)],
            [flow(luma[t], luma[t + 1], masks[t]) if t < last else None for t in range(last + 1)],
        )

    def mean(self, number: int, window: tuple[slice, slice]) -> Field:
        """A window of a picture together with the same ground beside it in time, (h, w, 3)."""
        picture, doubt = self.pictures[number][window], self.doubt[number][window]
        weight = 1 / doubt
        total = picture * weight[..., None]
        for beside, x, y in self._along(number, window):
            other = _sampled(self.pictures[beside], x, y)
            its = _sampled(self.doubt[beside], x, y)
            apart = _soft(((other - picture) ** 2).mean(axis=2)) / (_APART * _soft(doubt + its))
            height, width = self.doubt[beside].shape
            inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
            counts = inside / (its * (1 + apart**2))
            total += other * counts[..., None]
            weight = weight + counts
        return np.asarray(total / weight[..., None], np.float32)

    def _along(
        self, number: int, window: tuple[slice, slice]
    ) -> Iterator[tuple[int, Field, Field]]:
        """The pictures beside one, and where the pixels of its window are in them."""
        for flows, step in ((self.back, -1), (self.forth, 1)):
            at = number
            flow = flows[at]
            if flow is None:
                continue
            x, y = (place[window] for place in places(flow))
            for _ in range(_REACH):
                at += step
                yield at, x, y
                onward = flows[at]
                if onward is None:
                    break
                moved = _sampled(onward, x, y)
                x, y = x + moved[..., 0], y + moved[..., 1]


def _window(covered: Mask) -> tuple[slice, slice]:
    """The covered pixels and what lies close to them."""
    spans = []
    for axis in (1, 0):
        there = np.flatnonzero(covered.any(axis=axis))
        spans.append(slice(max(0, int(there[0]) - _MARGIN), int(there[-1]) + 1 + _MARGIN))
    return spans[0], spans[1]


def _sampled(field: Field, x: Field, y: Field) -> Field:
    sampled = cv2.remap(field, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(sampled, np.float32)


def _soft(field: Field) -> Field:
    return np.asarray(cv2.GaussianBlur(field, (0, 0), _AROUND), np.float32)
