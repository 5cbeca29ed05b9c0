"""Wide films with a subject whose place is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline_tests.generators.grounds import pictures
from media_pipeline_tests.generators.video import write_video

Picture = NDArray[np.uint8]
WIDTH, HEIGHT, FPS = 640, 360, 25


@dataclass(frozen=True)
class Subject:
    """A film, and the left and right edge of its subject in each picture, pixels."""

    path: Path
    edges: NDArray[np.float64]


def make_subject(
    path: Path, ground: str | Path, kind: str, *, seconds: float = 4.0, seed: int = 1
) -> Subject:
    """A figure that stands, walks or comes and goes before a ground.

    ``kind`` is ``still`` (at a third of the width), ``walk`` (from one side to the other) or
    ``wander`` (to and fro).
    """
    count = round(seconds * FPS)
    rng = np.random.default_rng(seed)
    side = 0.2 if rng.random() < 0.5 else 0.8
    time = np.arange(count) / FPS
    if kind == "still":
        middle = np.full(count, side)
    elif kind == "walk":
        middle = side + (0.75 if side < 0.5 else -0.75) * np.clip(time / seconds, 0, 1)
        middle = np.clip(middle, 0.12, 0.88)
    else:
        middle = 0.5 + 0.33 * np.sin(1.3 * time + (0 if side < 0.5 else np.pi))
    coat = tuple(int(v) for v in rng.integers(30, 220, 3))
    high = HEIGHT * 0.62
    edges = np.stack([middle * WIDTH - 0.16 * high, middle * WIDTH + 0.16 * high], axis=1)

    def film() -> Iterator[Picture]:
        shown = islice(pictures(ground, (WIDTH, HEIGHT), FPS, seed=seed), count)
        for place, picture, now in zip(middle, shown, time, strict=True):
            yield _figure(picture.copy(), place * WIDTH, high, coat, now)

    write_video(path, film(), fps=FPS)
    return Subject(path, edges)


def _figure(picture: Picture, x: float, high: float, coat: tuple[int, ...], time: float) -> Picture:
    """A head with eyes over a body whose arms and legs swing."""
    foot, head = HEIGHT * 0.97, 0.14 * high
    top = foot - high
    swing = 0.1 * high * np.sin(7 * time)

    def point(right: float, down: float) -> tuple[int, int]:
        return round(x + right), round(top + down)

    for sign in (-1, 1):
        leg = point(sign * 0.05 * high + sign * swing, high)
        cv2.line(picture, point(0, 0.6 * high), leg, (40, 40, 50), round(0.09 * high), cv2.LINE_AA)
        arm = point(sign * 0.12 * high - sign * swing, 0.62 * high)
        cv2.line(picture, point(0, 0.3 * high), arm, coat, round(0.07 * high), cv2.LINE_AA)
    axes = (round(0.12 * high), round(0.24 * high))
    cv2.ellipse(picture, point(0, 0.45 * high), axes, 0, 0, 360, coat, -1, cv2.LINE_AA)
    cv2.ellipse(
        picture, point(0, head), (round(0.09 * high), round(0.13 * high)), 0, 0, 360,
        (150, 180, 225), -1, cv2.LINE_AA,
    )  # fmt: skip
    for sign in (-1, 1):
        cv2.circle(picture, point(sign * 0.035 * high, head - 0.02 * high), 2, (30, 30, 30), -1)
    return picture


def inside(edges: NDArray[np.float64], lefts: NDArray[np.float64], width: float) -> float:
    """Mean share of the subject that windows of that width hold."""
    held = np.minimum(edges[:, 1], lefts + width) - np.maximum(edges[:, 0], lefts)
    return float(np.mean(np.clip(held, 0, None) / (edges[:, 1] - edges[:, 0])))
