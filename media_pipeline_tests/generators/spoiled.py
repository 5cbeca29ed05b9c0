"""Films most of whose pictures are no good as a cover, and which are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline_tests.generators.grounds import pictures
from media_pipeline_tests.generators.video import write_video

Picture = NDArray[np.uint8]
WIDTH, HEIGHT, FPS = 480, 270, 25
_PART = 20  # pictures of each kind

Change = Callable[[Picture, float], Picture]


def _blurred(picture: Picture, _share: float) -> Picture:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 5), np.uint8)


def _shaken(picture: Picture, _share: float) -> Picture:
    return np.asarray(cv2.blur(picture, (41, 1)), np.uint8)


def _dark(picture: Picture, _share: float) -> Picture:
    return np.asarray(picture // 12, np.uint8)


def _glaring(picture: Picture, _share: float) -> Picture:
    return np.clip(picture.astype(int) * 2 + 90, 0, 255).astype(np.uint8)


def _fading(picture: Picture, share: float) -> Picture:
    return np.asarray(picture * (0.85 - 0.85 * share), np.uint8)


def _flat(picture: Picture, _share: float) -> Picture:
    return np.full_like(picture, picture.mean(axis=(0, 1)).astype(np.uint8))


def _noisy(picture: Picture, share: float) -> Picture:
    rng = np.random.default_rng(round(1000 * share))
    dim = _blurred(picture, share) // 3
    return np.clip(dim + rng.normal(40, 25, picture.shape), 0, 255).astype(np.uint8)


def _mixed(picture: Picture, share: float) -> Picture:
    share = 0.15 + 0.7 * share
    return np.asarray(picture * (1 - share) + picture[::-1, ::-1] * share, np.uint8)


SPOILED: tuple[Change, ...] = (
    _blurred, _dark, _shaken, _fading, _flat, _glaring, _noisy, _mixed, _blurred,
)  # fmt: skip


@dataclass(frozen=True)
class Spoiled:
    """A film, and for each picture whether it is good."""

    path: Path
    good: NDArray[np.bool_]


def make_spoiled(path: Path, seed: int, ground: str | Path = "busy") -> Spoiled:
    """Write a film of which 18 % are good: two of eleven parts, at places that ``seed`` gives."""
    rng = np.random.default_rng(seed)
    parts: list[Change | None] = [*SPOILED, None, None]
    order = rng.permutation(len(parts))
    good: list[bool] = []

    def film() -> Iterator[Picture]:
        for place, number in enumerate(order):
            change = parts[number]
            shown = pictures(ground, (WIDTH, HEIGHT), FPS, seed=seed * 100 + place)
            skipped = place * 2 * _PART if isinstance(ground, Path) else 0
            for i, picture in enumerate(islice(shown, skipped, skipped + _PART)):
                good.append(change is None)
                yield picture if change is None else change(picture, i / _PART)

    write_video(path, film(), fps=FPS)
    return Spoiled(path, np.array(good))
