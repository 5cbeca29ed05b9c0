"""The screen behind: which colour it has, and how it would look where it is covered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.media.filters import resized, soften
from media_pipeline.stages.matte.planes import Field, Planes

Kind = Literal["green", "blue"]

CHANNEL: dict[Kind, int] = {"blue": 0, "green": 1}

_SMALLER = 4
_STANDS_OUT, _BRIGHT = 1.25, 45  # times the other two channels; grey levels
_SHARE = 0.08  # of the picture that is screen at least
_ALIKE, _OF_THEM = 0.05, 0.75  # how far from the middle the colours of most of it may lie
_STRONG, _APART = 1.5, 30.0  # times, and grey levels above the others in the middle: paint, not sky
_CLEAR = 0.7  # of the screen's own difference: uncovered
_FORGET = 0.93  # from picture to picture
_REACHES = (0.8, 3.0, 10.0, 30.0, 90.0)  # small pixels
_FINE = 2.5  # pixels of a Gaussian's deviation that are enough
_KEPT, _MOVED = 0.4, 8.0  # share of the bare screen that stays from picture to picture; grey levels


@dataclass(frozen=True, slots=True)
class Key:
    """A colour of screens, in films whose colours have a matrix."""

    kind: Kind
    matrix: NDArray[np.float64]
    """Y'CbCr to blue, green, red: (3, 4)."""

    def over_others(self, chroma: Field) -> tuple[Field, Field]:
        """How much the screen's channel is above each of the other two: (h, w) each.

        Parameters
        ----------
        chroma : (h, w, 2), of which alone this depends.
        """
        channel = CHANNEL[self.kind]
        rows = self.matrix[channel, 1:3] - self.matrix[[n for n in range(3) if n != channel], 1:3]
        weights = np.column_stack([rows, -128 * rows.sum(axis=1)]).astype(np.float32)
        one, other = cv2.split(cv2.transform(chroma, weights))
        return np.asarray(one, np.float32), np.asarray(other, np.float32)

    def difference(self, chroma: Field) -> Field:
        """How much the screen's channel is above the higher of the other two: (h, w)."""
        return np.minimum(*self.over_others(chroma))


def screen_of(picture: Planes, matrix: NDArray[np.float64]) -> Key | None:
    """The screen in a picture whose colours have a matrix; None where there is none.

    A screen is one strong colour, however bright; a meadow is many, a sky or a suit is pale.
    """
    kind = _kind(cv2.transform(picture.smaller(_SMALLER), matrix.astype(np.float32)))
    return Key(kind, matrix) if kind else None


def _kind(picture: NDArray[Any]) -> Kind | None:
    """Of the screen in a picture (h, w, 3) BGR."""
    small = picture.reshape(-1, 3).astype(np.float32)
    best: tuple[float, Kind] | None = None
    for kind, channel in CHANNEL.items():
        others = np.delete(small, channel, axis=1).max(axis=1)
        strong = small[(small[:, channel] > _STANDS_OUT * others) & (small[:, channel] > _BRIGHT)]
        share = len(strong) / max(len(small), 1)
        if share < _SHARE or not _is_strong(strong, channel):
            continue
        tone = strong / strong.sum(axis=1, keepdims=True)
        near = np.abs(tone - np.median(tone, axis=0)).sum(axis=1) < _ALIKE
        if near.mean() >= _OF_THEM and (best is None or share > best[0]):
            best = (share, kind)
    return best[1] if best else None


def _is_strong(colours: Field, channel: int) -> bool:
    """Whether the middle of some colours, (n, 3), is as strong as a screen's paint."""
    middle = np.median(colours, axis=0)
    others = float(np.delete(middle, channel).max())
    return bool(middle[channel] > max(_STRONG * others, others + _APART))


@dataclass
class Plate:
    """The screen as it looks where nothing is before it, learned picture by picture."""

    key: Key
    _sum: Field | None = field(default=None, repr=False)
    _weight: Field | None = field(default=None, repr=False)
    _last: Field | None = field(default=None, repr=False)
    _clear: Field | None = field(default=None, repr=False)

    def learn(self, picture: Planes) -> None:
        """Take in what a picture shows of the screen."""
        small = picture.smaller(_SMALLER)
        clear = self._uncovered(small)
        if self._sum is None or self._weight is None:
            self._sum, self._weight = np.zeros_like(small), np.zeros_like(clear)
        self._sum = _FORGET * self._sum + clear[..., None] * small
        self._weight = _FORGET * self._weight + clear
        self._clear = clear
        self._last = self._filled()

    def fits(self, picture: Planes) -> bool:
        """Whether a picture may show the same screen in the same light, as the next one does in a
        shot: else the camera, the light or the scene is another.
        """
        if self._last is None or self._clear is None or not self._clear.any():
            return True
        small = picture.smaller(_SMALLER)
        both = (self._uncovered(small) > 0) & (self._clear > 0)
        if both.sum() < _KEPT * self._clear.sum():
            return False
        apart = np.abs(small[both] - self._last[both]).max(axis=1)
        return float(np.median(apart)) < _MOVED

    def full(self, width: int, height: int) -> Planes:
        """The screen at the size of the pictures."""
        if self._last is None:
            raise ValueError("nothing has been learned of the screen yet")
        luma = resized(np.ascontiguousarray(self._last[..., 0]), width, height)
        half = resized(self._last[..., 1:].copy(), width // 2, height // 2)
        return Planes(luma, half)

    def _uncovered(self, small: Field) -> Field:
        """Where the screen is bare: (h, w), 0 or 1."""
        own = self.key.difference(np.ascontiguousarray(small[..., 1:]))
        if self._last is not None:
            usual = self.key.difference(np.ascontiguousarray(self._last[..., 1:]))
        else:
            seen = own[own > 0.5 * float(np.percentile(own, 98))]
            usual = np.full_like(own, 0.75 * float(np.median(seen)) if len(seen) else 1e9)
        clear = (own > _CLEAR * np.maximum(usual, 8)).astype(np.uint8)
        return cv2.erode(clear, np.ones((3, 3), np.uint8)).astype(np.float32)

    def _filled(self) -> Field:
        """Near what was seen, and what was seen around it where nothing was."""
        assert self._sum is not None and self._weight is not None  # noqa: S101
        found = np.zeros_like(self._sum)
        rest = np.ones_like(self._weight)
        known = (self._weight > 0).astype(np.float32)
        amounts = np.dstack([self._sum, self._weight])
        for reach in _REACHES:
            spread = _spread(amounts, reach)
            weight = spread[..., 3]
            near = spread[..., :3] / np.maximum(spread[..., 3:], 1e-6)
            sure = np.clip(_spread(known, reach) * 2 - 0.4, 0, 1)
            if reach == _REACHES[-1]:
                sure = (weight > 1e-6).astype(np.float32)
            found += near * (sure * rest)[..., None]
            rest = rest * (1 - sure)
        if known.any():
            mean = self._sum.sum(axis=(0, 1)) / self._weight.sum()
            found += mean * rest[..., None]
        return found


def _spread(picture: Field, reach: float) -> Field:
    """Blurred by a Gaussian; a wide one on a smaller picture, where it is as good and quick."""
    by = 1
    while reach / by > 2 * _FINE and min(picture.shape[:2]) > 8 * by:
        by *= 2
    if by == 1:
        return soften(picture, reach)
    height, width = picture.shape[:2]
    small = resized(picture, max(1, width // by), max(1, height // by))
    return resized(soften(small, reach / by), width, height)
