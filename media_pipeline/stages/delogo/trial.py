"""How well a mark can be taken out, found by drawing it where what is below it is known."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.media.threads import each
from media_pipeline.stages.delogo.blend import Blend, estimate, estimates, shifted
from media_pipeline.stages.delogo.samples import Stack
from media_pipeline.stages.inpaint.spatial import inpaint

Mask = NDArray[np.bool_]
Field = NDArray[np.float32]

_CODING = 1.0  # grey levels of noise that coding adds after a mark is drawn
_AROUND = 2.0  # pixels over which errors are taken together
_MOST_ROUNDS = 3
_BETTER = 0.95  # of the error before: what another round has to come to
_EVERY = 2  # of the pictures are tried
_LEAST_SEEN = 0.5  # of the mark's pixels that must find room beside it


@dataclass(frozen=True)
class Beside:
    """A place beside a mark of the same shape: how far down and to the right, and its pixels."""

    rows: int
    columns: int
    mask: Mask

    @classmethod
    def of(cls, mask: Mask) -> Beside | None:
        """The nearest such place with room for most of it; None where the picture has none."""
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        high, wide = int(rows[-1] - rows[0]) + 3, int(columns[-1] - columns[0]) + 3
        for down, right in ((high, 0), (-high, 0), (0, wide), (0, -wide)):
            moved = shifted(mask, down, right) & ~mask
            if moved.sum() >= _LEAST_SEEN * mask.sum():
                return cls(down, right, moved)
        return None

    def back(self, errors: Field, mask: Mask) -> Field:
        """Squared errors at this place as errors of the mark's own pixels, taken together with
        those around them: (h, w), grey levels.
        """
        known = self.mask.astype(np.float32)
        total = cv2.GaussianBlur(errors * known, (0, 0), _AROUND)
        count = cv2.GaussianBlur(known, (0, 0), _AROUND)
        near = np.asarray(total / np.maximum(count, 1e-6), np.float32)
        found = shifted(near, -self.rows, -self.columns)
        tried = shifted(self.mask, -self.rows, -self.columns)
        usual = float(errors[self.mask].mean())
        return np.where(mask, np.sqrt(np.where(tried, found, usual)), 0).astype(np.float32)


def spatial_error(stack: Stack, place: Beside) -> float:
    """By how much filling from the edges errs beside a mark, grey levels."""
    filled = each(lambda picture: inpaint(picture, place.mask)[place.mask], stack)
    errors = [
        (below.astype(np.float32) - picture[place.mask]) ** 2
        for below, picture in zip(filled, stack, strict=True)
    ]
    return float(np.sqrt(np.mean(errors)))


def best_blend(stack: Stack, mask: Mask, place: Beside) -> tuple[Blend, Field]:
    """The blend of a mark by as many rounds of estimating as do best beside it, and by how much
    taking it off errs at each of its pixels: (h, w), grey levels.

    Parameters
    ----------
    stack : the part around the mark in pictures from all over the film that bear it.
    mask : the mark's pixels, (h, w).
    place : where it is tried.
    """
    blends = islice(estimates(stack, mask, spatial_error(stack, place)), _MOST_ROUNDS + 1)
    tried = stack[::_EVERY]
    astray = spatial_error(tried, place)
    found: tuple[Blend, Field] | None = None
    least = float("inf")
    for rounds, blend in enumerate(blends):
        error = lifting_error(tried, mask, blend, place, astray, rounds)
        size = float(np.sqrt((error[mask] ** 2).mean()))
        if found is not None and size > _BETTER * least:
            break
        found, least = (blend, error), size
    assert found is not None  # noqa: S101 - there is one round at least
    return found


def lifting_error(
    stack: Stack, mask: Mask, blend: Blend, place: Beside, astray: float, rounds: int = 0
) -> Field:
    """By how much taking the mark off errs at each of its pixels: (h, w), grey levels.

    The mark is drawn beside itself, where filling errs by ``astray``, estimated there anew, and
    taken off again.
    """
    there = blend.moved(place.rows, place.columns)
    noise = np.random.default_rng(0).normal(0, _CODING, stack.shape[1:])
    drawn = stack.copy()
    for number, picture in enumerate(drawn):
        noisy = there.over(picture) + np.roll(noise, 7 * number, axis=1)
        picture[place.mask] = np.clip(np.rint(noisy[place.mask]), 0, 255).astype(np.uint8)
    again = estimate(drawn, place.mask, astray, rounds)
    squared = np.zeros(mask.shape, np.float32)
    for picture, truth in zip(drawn, stack, strict=True):
        away = again.lifted(picture) - truth
        squared += (away**2).mean(axis=2) / len(stack)
    return place.back(squared, mask)
