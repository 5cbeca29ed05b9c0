"""Moving pictures to draw on: clouds, hard-edged layers, animation-like flat shapes, or a film."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

_SHOT_S = 2.4


def pictures(
    ground: str | Path, size: tuple[int, int], rate: int, *, seed: int = 7, grain: float = 0.0
) -> Iterator[Picture]:
    """Pictures without end, BGR.

    Parameters
    ----------
    ground : ``still``; ``drift`` (slow clouds); ``busy`` (fast layers with hard edges and a cut
        every 2.4 s); ``flat`` (flat colours with dark contours, things in them moving every second
        picture, and cuts, as in animation); ``hand`` (``busy`` from a hand-held camera, without
        cuts); or the path of a film, which is repeated.
    size : width and height in pixels.
    rate : pictures per second.
    grain : standard deviation of film grain, in grey levels.
    """
    rng = np.random.default_rng(seed)
    if isinstance(ground, Path):
        source = _footage(ground, size, rate)
    elif ground == "flat":
        source = _animation(rng, size, rate)
    elif ground == "hand":
        source = _hand_held(rng, size, rate)
    else:
        source = _layers(rng, ground, size, rate)
    return _grainy(source, rng, size, grain) if grain else source


def _grainy(
    source: Iterator[Picture], rng: np.random.Generator, size: tuple[int, int], grain: float
) -> Iterator[Picture]:
    width, height = size
    noise = rng.normal(0, grain, (height + 32, width + 32, 1)).astype(np.int16)
    for picture in source:
        x, y = rng.integers(0, 32, 2)
        field = noise[y : y + height, x : x + width]
        yield np.clip(picture.astype(np.int16) + field, 0, 255).astype(np.uint8)


def _layers(
    rng: np.random.Generator, ground: str, size: tuple[int, int], rate: int
) -> Iterator[Picture]:
    width, height = size
    if ground == "still":
        picture = texture(rng, width, height, hard=False)
        while True:
            yield picture
    speed, hard, shot = (1, False, 10**9) if ground == "drift" else (5, True, round(_SHOT_S * rate))
    index = 0
    while True:
        if index % shot == 0:
            sheet = texture(rng, 2 * width, height, hard=hard)
            away = int(rng.integers(1, speed + 1))
        x = (index % shot) * away % width
        yield np.ascontiguousarray(sheet[:, x : x + width])
        index += 1


def _hand_held(rng: np.random.Generator, size: tuple[int, int], rate: int) -> Iterator[Picture]:
    width, height = size
    margin = height // 10
    sheet = texture(rng, width + 2 * margin, height + 2 * margin, hard=True)
    index = 0
    while True:
        x, y = (round(margin * (1 + part)) for part in sway(index / rate))
        yield np.ascontiguousarray(sheet[y : y + height, x : x + width])
        index += 1


def sway(time: float) -> tuple[float, float]:
    """Where a hand-held camera points at a time, each way in [-1, 1]."""
    x = 0.6 * np.sin(1.1 * time) + 0.4 * np.sin(2.9 * time + 1)
    y = 0.6 * np.sin(0.9 * time + 2) + 0.4 * np.sin(3.7 * time)
    return float(x), float(y)


def _animation(rng: np.random.Generator, size: tuple[int, int], rate: int) -> Iterator[Picture]:
    width, height = size
    while True:
        back = np.empty((height, width, 3), np.uint8)
        top, low = rng.integers(40, 256, (2, 3))
        back[:] = np.linspace(top, low, height)[:, None]
        for _ in range(6):
            _shape(back, rng, height // 3)
        things = [
            (
                rng.uniform((0, 0.4), (1, 1)),
                rng.uniform(-0.15, 0.15, 2),
                tuple(int(c) for c in rng.integers(0, 256, 3)),
                int(rng.integers(height // 16, height // 5)),
            )
            for _ in range(5)
        ]
        for index in range(round(_SHOT_S * rate)):
            picture = back.copy()
            for place, speed, colour, radius in things:
                x, y = place + speed * (index // 2 * 2 / rate)
                centre = (round(x * width), round(y * height))
                cv2.circle(picture, centre, radius, colour, -1, cv2.LINE_AA)
                cv2.circle(picture, centre, radius, (20, 20, 20), max(1, height // 240))
                eye = (centre[0] + radius // 3, centre[1] - radius // 4)
                cv2.circle(picture, eye, max(2, radius // 6), (250, 250, 250), -1)
                cv2.circle(picture, eye, max(1, radius // 12), (10, 10, 10), -1)
            yield picture


def texture(rng: np.random.Generator, width: int, height: int, *, hard: bool) -> Picture:
    """Coloured clouds in several sizes; ``hard`` adds edges: bars, discs and lines of all
    brightnesses.
    """
    sheet = np.zeros((height, width, 3), np.float32)
    for cells, weight in ((4, 90), (16, 45), (64, 20)):
        small = rng.normal(0, 1, (max(2, cells * height // width), cells, 3)).astype(np.float32)
        sheet += weight * cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    picture = np.clip(sheet + rng.uniform(70, 170), 0, 255).astype(np.uint8)
    for _ in range(width // 8 if hard else 0):
        _shape(picture, rng, height // 4)
    return picture


def _shape(picture: Picture, rng: np.random.Generator, largest: int) -> None:
    """Draw a bar, a disc or a line."""
    height, width = picture.shape[:2]
    colour = tuple(int(c) for c in rng.integers(0, 256, 3))
    x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
    w, h = int(rng.integers(3, largest)), int(rng.integers(3, largest))
    shape = rng.integers(0, 3)
    if shape == 0:
        cv2.rectangle(picture, (x, y), (x + w, y + h), colour, -1)
    elif shape == 1:
        cv2.circle(picture, (x, y), max(2, h // 2), colour, -1)
    else:
        cv2.line(picture, (x, y), (x + w, y - h), colour, max(1, h // 12))


def _footage(path: Path, size: tuple[int, int], rate: int) -> Iterator[Picture]:
    """A film's pictures at another rate, filling the size, its aspect kept."""
    width, height = size
    while True:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            step = float(stream.average_rate or rate) / rate
            due = 0.0
            for index, frame in enumerate(container.decode(stream)):
                while index >= due:
                    due += step
                    yield _filled(frame.to_ndarray(format="bgr24"), width, height)


def _filled(picture: Picture, width: int, height: int) -> Picture:
    high, wide = picture.shape[:2]
    scale = max(width / wide, height / high)
    w, h = min(wide, round(width / scale)), min(high, round(height / scale))
    x, y = (wide - w) // 2, (high - h) // 2
    part = picture[y : y + h, x : x + w]
    return cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8)
