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

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.media.threads import each
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
_REACH = 7  # pixels across the neighbourhood of one
_INSIDE = 0.7  # what a neighbour counts that belongs to the mark as well
_NEARER = 0.7  # of the error of filling: that of what neighbours suggest
_SLIGHT = 1e-4
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
        """The part of a picture with the mark drawn over it, of as many planes as ``shade`` has."""
        return np.asarray(part * (1 - self.alpha[..., None]) + self.shade, np.float32)

    def within(self, mask: Mask) -> Blend:
        """The mark in these pixels, (h, w), only."""
        return Blend(self.alpha * mask, self.shade * mask[..., None])

    def moved(self, rows: int, columns: int) -> Blend:
        """The same mark further down and to the right."""
        return Blend(shifted(self.alpha, rows, columns), shifted(self.shade, rows, columns))


def shifted(field: NDArray[Any], rows: int, columns: int) -> NDArray[Any]:
    """A field moved down and to the right, 0 where nothing comes from."""
    height, width = field.shape[:2]
    result = np.zeros_like(field)
    if abs(rows) >= height or abs(columns) >= width:
        return result
    up, left = max(0, -rows), max(0, -columns)
    down, right = max(0, rows), max(0, columns)
    result[down : height - up, right : width - left] = field[
        up : height - down, left : width - right
    ]
    return result


def estimate(stack: Stack, mask: Mask, astray: float, rounds: int = 0) -> Blend:
    """Alpha and colour of a mark as they are after so many ``rounds``: see :func:`estimates`."""
    return next(islice(estimates(stack, mask, astray), rounds, None))


def estimates(stack: Stack, mask: Mask, astray: float) -> Iterator[Blend]:
    """Alpha and colour of a mark from pictures that bear it, round after round.

    The ground is first what filling the mark from its edges gives. Once the mark has been taken off
    so, each pixel's neighbours tell more of its ground, and all is estimated again, in as many
    rounds as are asked for: better where the ground has much detail, worse where it has little.

    Parameters
    ----------
    stack : the part around the mark in pictures from all over the film.
    mask : the mark's pixels, (h, w).
    astray : grey levels by which filling the mark's pixels from their edges errs.
    """
    different = max(1.0, _different(stack, mask))
    below = np.stack(each(lambda picture: inpaint(picture, mask)[mask], stack))
    blend = _fitted(stack, below, mask, astray, different)
    while True:
        yield blend
        below = np.stack([_neighbours(blend.lifted(p), blend.alpha, mask) for p in stack])
        blend = _fitted(stack, below, mask, _NEARER * astray, different)


def _neighbours(ground: Field, alpha: Field, mask: Mask) -> Field:
    """What the neighbours of the mark's pixels suggest, (k, 3); those less hidden count more."""
    sure = np.where(mask, _INSIDE * (1 - alpha) ** 2 + _SLIGHT, 1).astype(np.float32)
    around = _kernel()
    total = cv2.filter2D(ground * sure[..., None], -1, around)
    return np.asarray(total[mask] / cv2.filter2D(sure, -1, around)[mask][:, None], np.float32)


def _kernel() -> Field:
    line = cv2.getGaussianKernel(_REACH, _REACH / 5)
    square = (line @ line.T).astype(np.float32)
    square[_REACH // 2, _REACH // 2] = 0
    return np.asarray(square, np.float32)


def _fitted(
    stack: Stack, below: NDArray[Any], mask: Mask, astray: float, different: float
) -> Blend:
    """The blend that goes best with the ground of the mark's k pixels, (n, k, 3)."""
    pixels = _Pixels.of(stack[:, mask], below, mask)
    slope, unsure = pixels.slope, (pixels.left_over + _NOISE) / (different * pixels.change)
    alpha, shade = 1 - slope, pixels.shown - slope[:, None] * pixels.ground
    error = astray**2 / different
    for kind, usual, colour in pixels.kinds():
        by_mean, length, off = pixels.towards(colour)[:, kind]
        doubt = (3 * error + off) / length + (_SAME / 2) ** 2
        mixed, spread = _joined(1 - slope[kind], unsure[kind], by_mean, doubt)
        like = np.abs(mixed - usual) < 2 * np.sqrt(spread + _SAME**2)
        pulled, _ = _joined(mixed, spread, np.full_like(mixed, usual), np.float32(_SAME**2))
        found = np.clip(np.where(like, pulled, mixed), 0, 1)
        alpha[kind] = found
        rest = pixels.shown[kind] - (1 - found)[:, None] * pixels.ground[kind]
        of_rest = ((1 - found) ** 2 * error + 1)[:, None]
        tint = ((found * _TINT) ** 2 + 1)[:, None]
        shade[kind] = _joined(rest, of_rest, found[:, None] * colour, tint)[0]
    return Blend(placed(alpha, mask), placed(shade, mask))


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
    def of(cls, seen: NDArray[Any], below: NDArray[Any], mask: Mask) -> _Pixels:
        seen, below = seen.astype(np.float32), below.astype(np.float32)
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
            change = np.maximum(pooled(change, mask), _QUIET)
            with_it = pooled(with_it, mask)
            slope = np.clip(with_it / change, 0, 1)
            rest = away - slope[:, None] * by
            size = np.abs(rest).mean(axis=2, keepdims=True)
            weight = 1 / (1 + (size / (1.5 * np.median(size, axis=0) + 1)) ** 2)
        left_over = (rest**2).sum(axis=2).mean(axis=0)
        return cls(shown, ground, change, with_it, left_over)

    def kinds(self) -> list[tuple[NDArray[np.bool_], float, Field]]:
        """The pixels of one colour each, brighter and darker than the ground, with their opacity
        and their colour. Pixels that go better with the other colour are given to it.
        """
        brighter = (self.shown - self.ground)[:, 0]
        kinds = [brighter > _LEAST_MARK, brighter < -_LEAST_MARK]
        kinds = [kind for kind in kinds if kind.sum() >= _FEWEST]
        found = [(kind, *self.together(kind)) for kind in kinds]
        if len(found) < 2:
            return found
        off = np.stack([self.towards(colour)[2] for _, _, colour in found])
        better = off.argmin(axis=0)
        either = kinds[0] | kinds[1]
        again = [either & (better == number) for number in range(2)]
        if min(kind.sum() for kind in again) < _FEWEST:
            return found
        return [(kind, *self.together(kind)) for kind in again]

    def towards(self, colour: Field) -> Field:
        """How far what is seen lies on the way from the ground to a colour: (3, n): the share of
        the way, its squared length, and the squared distance from it.
        """
        way, gone = colour - self.ground, self.shown - self.ground
        length = np.maximum((way**2).sum(axis=1), 1.0)
        share = (gone * way).sum(axis=1) / length
        off = gone - np.clip(share, 0, 1)[:, None] * way
        return np.stack([share, length, (off**2).sum(axis=1)])

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


def pooled(values: Field, mask: Mask) -> Field:
    """Values at the mark's k pixels, (k,), each taken together with its neighbours."""
    known = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), _POOL)
    summed = cv2.GaussianBlur(placed(values, mask), (0, 0), _POOL)
    return np.asarray(summed[mask] / known[mask], np.float32)


def placed(values: NDArray[Any], mask: Mask) -> Field:
    """Values at the mark's k pixels, (k, ...), as a field, (h, w, ...), that is 0 elsewhere."""
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
