"""The screen behind: which colour it has, and how it would look where it is covered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.media.filters import resized, soften

Picture = NDArray[np.uint8]
Field = NDArray[np.float32]
Kind = Literal["green", "blue"]

CHANNEL: dict[Kind, int] = {"blue": 0, "green": 1}

_SMALLER = 4
_STANDS_OUT, _BRIGHT = 1.25, 45  # times the other two channels; grey levels
_SHARE = 0.08  # of the picture that is screen at least
_ALIKE, _OF_THEM = 0.1, 0.75  # how far from the middle the colours of most of it may lie
_CLEAR = 0.7  # of the screen's own difference: uncovered
_FORGET = 0.93  # from picture to picture
_REACHES = (0.8, 3.0, 10.0, 30.0, 90.0)  # small pixels


def difference(picture: NDArray[np.generic], kind: Kind) -> Field:
    """How much the screen's channel is above the higher of the other two: (h, w)."""
    channel = CHANNEL[kind]
    values = picture.astype(np.float32, copy=False)
    others = [values[..., n] for n in range(3) if n != channel]
    found: Field = values[..., channel] - np.maximum(*others)
    return found


def screen_kind(picture: Picture) -> Kind | None:
    """The colour of the screen in a picture (h, w, 3) BGR; None where there is none.

    A screen is one colour, however bright; a meadow is many.
    """
    small = picture[::4, ::4].reshape(-1, 3).astype(np.float32)
    best: tuple[float, Kind] | None = None
    for kind, channel in CHANNEL.items():
        others = np.delete(small, channel, axis=1).max(axis=1)
        strong = small[(small[:, channel] > _STANDS_OUT * others) & (small[:, channel] > _BRIGHT)]
        share = len(strong) / max(len(small), 1)
        if share < _SHARE:
            continue
        tone = strong / strong.sum(axis=1, keepdims=True)
        near = np.abs(tone - np.median(tone, axis=0)).sum(axis=1) < _ALIKE
        if near.mean() >= _OF_THEM and (best is None or share > best[0]):
            best = (share, kind)
    return best[1] if best else None


@dataclass
class Plate:
    """The screen as it looks where nothing is before it, learned picture by picture."""

    kind: Kind
    _sum: Field | None = field(default=None, repr=False)
    _weight: Field | None = field(default=None, repr=False)
    _last: Field | None = field(default=None, repr=False)

    def learn(self, picture: Picture) -> None:
        """Take in what a picture, (h, w, 3) BGR, shows of the screen."""
        size = (max(1, picture.shape[1] // _SMALLER), max(1, picture.shape[0] // _SMALLER))
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        own = difference(small, self.kind)
        if self._last is not None:
            usual = difference(self._last, self.kind)
        else:
            seen = own[own > 0.5 * float(np.percentile(own, 98))]
            usual = np.full_like(own, 0.75 * float(np.median(seen)) if len(seen) else 1e9)
        clear = (own > _CLEAR * np.maximum(usual, 8)).astype(np.uint8)
        clear = cv2.erode(clear, np.ones((3, 3), np.uint8)).astype(np.float32)
        if self._sum is None or self._weight is None:
            self._sum, self._weight = np.zeros_like(small), np.zeros_like(own)
        self._sum = _FORGET * self._sum + clear[..., None] * small
        self._weight = _FORGET * self._weight + clear
        self._last = self._filled()

    def full(self, width: int, height: int) -> Field:
        """The screen at the size of the pictures: (h, w, 3) float32."""
        if self._last is None:
            raise ValueError("nothing has been learned of the screen yet")
        return resized(self._last, width, height)

    def _filled(self) -> Field:
        """Near what was seen, and what was seen around it where nothing was."""
        assert self._sum is not None and self._weight is not None  # noqa: S101
        found = np.zeros_like(self._sum)
        rest = np.ones_like(self._weight)
        known = (self._weight > 0).astype(np.float32)
        for reach in _REACHES:
            weight = soften(self._weight, reach)
            near = soften(self._sum, reach) / np.maximum(weight, 1e-6)[..., None]
            sure = np.clip(soften(known, reach) * 2 - 0.4, 0, 1)
            if reach == _REACHES[-1]:
                sure = (weight > 1e-6).astype(np.float32)
            found += near * (sure * rest)[..., None]
            rest = rest * (1 - sure)
        if known.any():
            mean = self._sum.sum(axis=(0, 1)) / self._weight.sum()
            found += mean * rest[..., None]
        return found
