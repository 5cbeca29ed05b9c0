"""Wide films with a subject whose place is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline_tests.generators.faces import LOOKS, Drawing, draw
from media_pipeline_tests.generators.grounds import pictures, sway
from media_pipeline_tests.generators.video import write_video

Picture = NDArray[np.uint8]
WIDTH, HEIGHT, FPS = 640, 360, 25
_SKIN = (150, 180, 225)


@dataclass(frozen=True)
class Subject:
    """A film, and the left and right edge of its subject in each picture, pixels."""

    path: Path
    edges: NDArray[np.float64]


@dataclass(frozen=True)
class Scene:
    """What a film shows.

    ``kind`` is ``still``, ``walk`` (from one side past the middle to the other) or ``wander`` (to
    and fro). ``away`` is how far from the middle a still figure stands and a walk begins, of the
    width; ``tall`` the figure's height, of the picture's: from 1 on its head and shoulders are
    seen. A ``dull`` figure has the colours of its ground and no swing. ``beside`` draws the eye
    from it: a ``sign`` in bright colours on the other side, or a small ``passer`` far behind.
    """

    ground: str | Path
    kind: str
    away: float = 0.3
    tall: float = 0.62
    face: bool = False
    dull: bool = False
    beside: str = ""
    seed: int = 1


SCENES = (
    Scene("hand", "still", away=0.3, beside="sign", seed=0),
    Scene("hand", "walk", dull=True, seed=1),
    Scene("drift", "wander", face=True, beside="passer", seed=2),
    Scene("drift", "still", away=0.16, tall=1.1, face=True, dull=True, beside="passer", seed=3),
    Scene("flat", "walk", away=0.25, tall=0.8, face=True, seed=4),
    Scene("busy", "still", away=0.15, tall=0.8, dull=True, seed=5),
)
"""A window in the middle holds as little of these subjects as of those in real films."""


def make_subject(path: Path, scene: Scene, *, seconds: float = 4.0) -> Subject:
    """A figure that stands, walks or comes and goes before a ground."""
    count = round(seconds * FPS)
    rng = np.random.default_rng(scene.seed)
    side = 1 if rng.random() < 0.5 else -1
    time = np.arange(count) / FPS
    if scene.kind == "still":
        middle = np.full(count, 0.5 + side * scene.away)
    elif scene.kind == "walk":
        middle = np.linspace(0.5 + side * scene.away, 0.5 - side * 0.38, count)
    else:
        middle = 0.5 + side * 0.33 * np.sin(1.3 * time + np.pi / 2)
    high = HEIGHT * scene.tall
    edges = np.stack([middle * WIDTH - 0.16 * high, middle * WIDTH + 0.16 * high], axis=1)
    coat = tuple(int(v) for v in rng.integers(30, 220, 3))
    face = draw(LOOKS[scene.seed % len(LOOKS)]) if scene.face else None

    def film() -> Iterator[Picture]:
        shown = islice(pictures(scene.ground, (WIDTH, HEIGHT), FPS, seed=scene.seed), count)
        for place, ground, now in zip(middle, shown, time, strict=True):
            picture = _beside(ground.copy(), scene, side, now, now / seconds)
            colour, moment = coat, now
            if scene.dull:
                middle_colour = ground.reshape(-1, 3).mean(axis=0)
                colour, moment = tuple(int(0.8 * v) for v in middle_colour), 0.0
            picture = _figure(picture, place * WIDTH, high, colour, moment, dull=scene.dull)
            yield picture if face is None else _faced(picture, face, place * WIDTH, high)

    write_video(path, film(), fps=FPS)
    return Subject(path, np.clip(edges, 0, WIDTH))


def _beside(picture: Picture, scene: Scene, side: int, time: float, share: float) -> Picture:
    """A sign that hangs in the ground, or a passer."""
    kind = scene.beside
    if kind == "sign":
        held = HEIGHT // 10 if scene.ground == "hand" else 0
        x = round((0.5 - side * 0.3) * WIDTH - held * sway(time)[0])
        y = round(0.35 * HEIGHT - held * sway(time)[1])
        cv2.rectangle(picture, (x - 30, y - 40), (x + 30, y + 40), (30, 30, 230), -1)
        cv2.rectangle(picture, (x - 22, y - 12), (x + 22, y + 12), (60, 250, 250), -1)
    elif kind == "passer":
        x = (0.5 - side * 0.45 + side * 0.8 * share) * WIDTH
        _figure(picture, x, 0.2 * HEIGHT, (40, 90, 140), 3 * share)
    return picture


def _top(high: float) -> float:
    return max(HEIGHT * 0.97 - high, HEIGHT * 0.1)


def _figure(
    picture: Picture,
    x: float,
    high: float,
    coat: tuple[int, ...],
    time: float,
    *,
    dull: bool = False,
) -> Picture:
    """A head with eyes over a body whose arms and legs swing."""
    head, top = 0.14 * high, _top(high)
    skin = tuple(int(0.5 * (c + v)) for c, v in zip(coat, _SKIN, strict=True)) if dull else _SKIN
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
        skin, -1, cv2.LINE_AA,
    )  # fmt: skip
    for sign in (-1, 1):
        cv2.circle(picture, point(sign * 0.035 * high, head - 0.02 * high), 2, (30, 30, 30), -1)
    return picture


def _faced(picture: Picture, face: Drawing, x: float, high: float) -> Picture:
    """A drawn face over the head of a figure."""
    scale = 0.27 * high / face.alpha.shape[0] * 1.15
    matrix = np.array(
        [[scale, 0, x - 240 * scale], [0, scale, _top(high) + 0.14 * high - 330 * scale]]
    )

    def moved(layer: NDArray[np.float32]) -> NDArray[np.float32]:
        soft = cv2.GaussianBlur(layer, (0, 0), 0.45 / scale)
        return np.asarray(cv2.warpAffine(soft, matrix, (WIDTH, HEIGHT)), np.float32)

    alpha = moved(face.alpha)[..., None]
    return np.asarray(picture * (1 - alpha) + moved(face.clean) * alpha, np.uint8)


def inside(edges: NDArray[np.float64], lefts: NDArray[np.float64], width: float) -> float:
    """Mean share of the subject that windows of that width hold, of what the best ones would."""
    held = np.minimum(edges[:, 1], lefts + width) - np.maximum(edges[:, 0], lefts)
    most = np.minimum(edges[:, 1] - edges[:, 0], width)
    return float(np.mean(np.clip(held, 0, None) / most))
