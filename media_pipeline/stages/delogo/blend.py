"""How a translucent mark is mixed with the picture, estimated over the film, and how to undo it.

What is seen of a pixel is ``(1 - alpha) ground + alpha colour``. The ground changes from picture to
picture while alpha and the colour stay, so that both follow from how what is seen goes with the
ground that its surroundings suggest. Where the ground hardly changes, pixels of the same kind
decide together: marks are of few colours, each of one opacity.

References
----------
T. Dekel et al., "On the effectiveness of visible watermarks", 2017, for estimating a mark and its
opacity from many pictures that bear it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.stages.delogo.samples import Stack
from media_pipeline.stages.inpaint.spatial import inpaint

Mask = NDArray[np.bool_]
Field = NDArray[np.float32]

_ROUNDS = 3  # of weighting down pictures whose ground was misjudged
_POOL = 0.6  # pixels: neighbours that share their estimate
_NOISE = 3.0  # squared grey levels of coding noise in three samples
_QUIET = 0.5  # squared grey levels of change under which nothing can be told
_LEAST_MARK = 4.0  # grey levels by which a pixel of the mark differs from the ground
_FEWEST = 12  # pixels of one colour
_SAME = 0.03  # by which opacities of one colour differ
_TINT = 8.0  # grey levels by which they differ in colour
_LEAST_THROUGH = 0.1  # of the ground that must shine through for it to be brought back
_APART = 5  # pixels from a mark to where the ground is surely seen
_EVERY = 7  # of those pixels are looked at


@dataclass(frozen=True)
class Blend:
    """A mark as it is mixed with the picture.

    Attributes
    ----------
    alpha : (h, w), how much of the picture it hides, 0 to 1.
    shade : (h, w, 3), what it adds: alpha times its colour, Y'CbCr.
    """

    alpha: Field
    shade: Field

    def lifted(self, part: NDArray[np.uint8]) -> Field:
        """The part of a picture, (h, w, 3), without the mark."""
        through = np.maximum(1 - self.alpha, _LEAST_THROUGH)[..., None]
        ground = (part - self.shade) / through
        return np.asarray(np.clip(ground, 0, 255), np.float32)

    def over(self, part: NDArray[np.uint8]) -> Field:
        """The part of a picture with the mark drawn over it."""
        return np.asarray(part * (1 - self.alpha[..., None]) + self.shade, np.float32)

    def moved(self, rows: int, columns: int) -> Blend:
        """The same mark further down and to the right."""
        return Blend(shifted(self.alpha, rows, columns), shifted(self.shade, rows, columns))


def shifted(field: NDArray[Any], rows: int, columns: int) -> NDArray[Any]:
    """A field moved down and to the right, 0 where nothing comes from."""
    height, width = field.shape[:2]
    result = np.zeros_like(field)
    up, left = max(0, -rows), max(0, -columns)
    down, right = max(0, rows), max(0, columns)
    result[down : height - up, right : width - left] = field[
        up : height - down, left : width - right
    ]
    return result


def estimate(stack: Stack, mask: Mask, astray: float) -> Blend:
    """Alpha and colour of a mark from pictures that bear it.

    Parameters
    ----------
    stack : the part around the mark in pictures from all over the film.
    mask : the mark's pixels, (h, w).
    astray : grey levels by which filling the mark's pixels from their edges errs.
    """
    grounds = np.stack([inpaint(picture, mask) for picture in stack])
    pixels = _Pixels.of(stack, grounds, mask)
    different = max(1.0, _different(stack, mask))
    slope, unsure = pixels.slope, (pixels.left_over + _NOISE) / (different * pixels.change)
    alpha, shade = 1 - slope, pixels.shown - slope[:, None] * pixels.ground
    brighter = (pixels.shown - pixels.ground)[:, 0]
    error = astray**2 / different
    for kind in (brighter > _LEAST_MARK, brighter < -_LEAST_MARK):
        if kind.sum() < _FEWEST:
            continue
        usual, colour = pixels.together(kind)
        reach = colour - pixels.ground[kind]
        length = np.maximum((reach**2).sum(axis=1), 1.0)
        by_mean = ((pixels.shown - pixels.ground)[kind] * reach).sum(axis=1) / length
        doubt = 3 * error / length + (_SAME / 2) ** 2
        mixed, spread = _joined(1 - slope[kind], unsure[kind], by_mean, doubt)
        like = np.abs(mixed - usual) < 2 * np.sqrt(spread + _SAME**2)
        pulled, _ = _joined(mixed, spread, np.full_like(mixed, usual), np.float32(_SAME**2))
        found = np.clip(np.where(like, pulled, mixed), 0, 1)
        alpha[kind] = found
        rest = pixels.shown[kind] - (1 - found)[:, None] * pixels.ground[kind]
        of_rest = ((1 - found) ** 2 * error + 1)[:, None]
        shade[kind] = _joined(
            rest, of_rest, found[:, None] * colour, ((found * _TINT) ** 2 + 1)[:, None]
        )[0]
    return Blend(_placed(alpha, mask), _placed(shade, mask))


def _joined(one: Any, its: Any, other: Any, others: Any) -> tuple[Any, Any]:
    """The mean of two estimates by their variances, and its variance."""
    total = 1 / its + 1 / others
    return (one / its + other / others) / total, 1 / total


@dataclass(frozen=True)
class _Pixels:
    """How each of a mark's pixels goes with its ground over the film: n pixels."""

    shown: Field
    """(n, 3), what is seen on average."""
    ground: Field
    """(n, 3), what the surroundings suggest on average."""
    change: Field
    """(n,), variance of the ground over time, all samples of a pixel together."""
    with_it: Field
    """(n,), covariance of what is seen with it."""
    left_over: Field
    """(n,), variance of what is seen that the ground does not explain."""

    @property
    def slope(self) -> Field:
        """How much of the ground each lets through."""
        return np.asarray(np.clip(self.with_it / self.change, 0, 1), np.float32)

    @classmethod
    def of(cls, stack: Stack, grounds: Stack, mask: Mask) -> _Pixels:
        seen = stack[:, mask].astype(np.float32)
        below = grounds[:, mask].astype(np.float32)
        weight = np.ones((*seen.shape[:2], 1), np.float32)
        for _ in range(_ROUNDS):
            total = weight.sum(axis=0)
            shown, ground = (
                (weight * seen).sum(axis=0) / total,
                (weight * below).sum(axis=0) / total,
            )
            away, by = seen - shown, below - ground
            change = ((by**2) * weight).sum(axis=(0, 2)) / total[:, 0]
            with_it = ((by * away) * weight).sum(axis=(0, 2)) / total[:, 0]
            change = np.maximum(_pooled(change, mask), _QUIET)
            with_it = _pooled(with_it, mask)
            slope = np.clip(with_it / change, 0, 1)
            rest = away - slope[:, None] * by
            size = np.abs(rest).mean(axis=2, keepdims=True)
            weight = 1 / (1 + (size / (1.5 * np.median(size, axis=0) + 1)) ** 2)
        left_over = (rest**2).sum(axis=2).mean(axis=0)
        return cls(shown, ground, change, with_it, left_over)

    def together(self, kind: NDArray[np.bool_]) -> tuple[float, Field]:
        """The opacity and colour of pixels that are taken for one kind; those that do not go with
        the others hardly count.
        """
        shown, ground = self.shown[kind], self.ground[kind]
        change, with_it = self.change[kind], self.with_it[kind]
        weight = np.ones(len(shown), np.float32)
        for _ in range(2 * _ROUNDS):
            share = (weight / weight.sum())[:, None]
            seen, below = (share * shown).sum(axis=0), (share * ground).sum(axis=0)
            by, away = ground - below, shown - seen
            spread = (share[:, 0] * (change + (by**2).sum(axis=1))).sum()
            common = (share[:, 0] * (with_it + (by * away).sum(axis=1))).sum()
            slope = float(np.clip(common / max(spread, 1.0), 0, 0.98))
            shade = seen - slope * below
            rest = np.abs(shown - slope * ground - shade).mean(axis=1)
            weight = 1 / (1 + (rest / (np.median(rest) + 1)) ** 2)
        return 1 - slope, np.asarray(shade / (1 - slope), np.float32)


def _pooled(values: Field, mask: Mask) -> Field:
    """Values at the mask's pixels, each with its neighbours."""
    known = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), _POOL)
    summed = cv2.GaussianBlur(_placed(values, mask), (0, 0), _POOL)
    return np.asarray(summed[mask] / known[mask], np.float32)


def _placed(values: NDArray[Any], mask: Mask) -> Field:
    field = np.zeros((*mask.shape, *values.shape[1:]), np.float32)
    field[mask] = values
    return field


def _different(stack: Stack, mask: Mask) -> float:
    """As how many pictures of unrelated grounds the pictures of a film count."""
    away = cv2.dilate(mask.astype(np.uint8), np.ones((_APART, _APART), np.uint8)) == 0
    seen = stack[:, away][:, ::_EVERY, 0].astype(np.float32)
    if seen.size == 0 or len(seen) < 2:
        return 1.0
    seen -= seen.mean(axis=0)
    alike = float((seen[1:] * seen[:-1]).sum() / max(float((seen**2).sum()), 1.0))
    return float(np.clip(len(seen) * (1 - alike), 1, len(seen)))
