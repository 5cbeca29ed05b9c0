"""People before a green or blue screen, with the truth of what covers the screen how much."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline_tests.generators.faces import LOOKS, FaceFilm, Look, draw
from media_pipeline_tests.generators.grounds import pictures

Field = NDArray[np.float32]
_MOMENTS = 4  # of an exposure, for each unit of speed


@dataclass(frozen=True)
class Scene:
    """A person with loose hair who waves, before a screen. Colours are blue, green, red."""

    screen: tuple[int, int, int] = (62, 178, 56)
    uneven: float = 0.15
    """How much darker the screen is at its edges."""
    spill: float = 0.06
    """The share of the screen's light on what is near it."""
    noise: float = 2.0
    speed: float = 1.0
    veil: float = 0.0
    """Opacity of a scarf; 0 for none."""
    look: Look = LOOKS[0]
    cloth: tuple[int, int, int] = (130, 125, 120)
    strands: int = 60
    blur: float = 0.6
    """Of the lens: standard deviation, pixels."""
    at: tuple[float, float] = (0.5, 0.42)
    """Where the head is, of the picture."""
    size: tuple[int, int] = (640, 360)
    rate: int = 24
    count: int = 14
    seed: int = 1


def scenes(seed: int) -> tuple[Scene, ...]:
    """Seven people before screens: easy, uneven, noisy, fast, with a veil, blue, and dim with much
    hair; each seed gives other colours, places, strands and lights.
    """
    rng = np.random.default_rng((seed, 77))

    def about(colour: tuple[int, int, int], by: int) -> tuple[int, int, int]:
        b, g, r = (int(np.clip(c + rng.integers(-by, by + 1), 8, 235)) for c in colour)
        return b, g, r

    green, blue, dim = (60, 180, 54), (190, 92, 58), (52, 156, 46)
    kinds: tuple[dict[str, Any], ...] = (
        {"cloth": (130, 125, 120)},
        {"uneven": 0.25, "cloth": (84, 80, 84)},
        {"noise": 5.0, "cloth": (190, 185, 185)},
        {"speed": 3.0, "cloth": (70, 66, 66)},
        {"spill": 0.1, "veil": 0.45, "cloth": (140, 130, 130)},
        {"screen": blue, "cloth": (118, 120, 120)},
        {"screen": dim, "uneven": 0.2, "noise": 3.5, "strands": 110, "cloth": (100, 85, 90)},
    )
    return tuple(
        Scene(
            **{
                **kind,
                "screen": about(kind.get("screen", green), 8),
                "cloth": about(kind["cloth"], 10),
                "look": LOOKS[int(rng.integers(len(LOOKS)))],
                "blur": float(rng.uniform(0.4, 0.75)),
                "at": (float(rng.uniform(0.38, 0.62)), float(rng.uniform(0.38, 0.48))),
                "seed": 10 * seed + number,
            }
        )
        for number, kind in enumerate(kinds, 1)
    )


SCENES = scenes(0)


@dataclass(frozen=True)
class Screened:
    """A film as it was given to the encoder, and its truth."""

    scene: Scene
    film: NDArray[np.uint8]
    """(n, h, w, 3) BGR."""
    alpha: NDArray[np.float32]
    """(n, h, w), 0 to 1."""
    colour: NDArray[np.float32]
    """(n, h, w, 3): of what is before the screen, without its light."""

    def over(self, ground: Field) -> NDArray[np.float32]:
        """The true composite over a picture."""
        alpha = self.alpha[..., None]
        return self.colour * alpha + ground * (1 - alpha)


def make_screened(scene: Scene) -> Screened:
    """Draw a scene."""
    rng = np.random.default_rng(scene.seed)
    person = _Person(scene, rng)
    screen = _screen(scene, rng)
    found: list[tuple[NDArray[np.uint8], Field, Field]] = []
    for index in range(scene.count):
        colour, alpha = person.exposed(index)
        near = cv2.GaussianBlur(1 - alpha, (0, 0), 14)
        light = scene.spill * np.clip(near * 1.6, 0, 1)[..., None]
        key = int(np.argmax(scene.screen))
        tinted = colour.copy()
        tinted[..., key] += (light * screen)[..., key] * 0.8
        seen = tinted * alpha[..., None] + screen * (1 - alpha[..., None])
        seen += rng.normal(0, scene.noise, seen.shape)
        found.append((np.clip(seen + 0.5, 0, 255).astype(np.uint8), alpha, colour))
    return Screened(scene, *(np.stack(x) for x in zip(*found, strict=True)))  # type: ignore[arg-type]


def _screen(scene: Scene, rng: np.random.Generator) -> Field:
    width, height = scene.size
    yy, xx = np.mgrid[0:height, 0:width].astype(np.float32)
    away = ((xx / width - 0.45) ** 2 + (yy / height - 0.4) ** 2) / 0.5
    folds = cv2.GaussianBlur(rng.normal(0, 1, (height, width)).astype(np.float32), (0, 0), 30)
    light = 1 - scene.uneven * away + 0.25 * scene.uneven * folds / np.abs(folds).max()
    return np.asarray(scene.screen, np.float32) * light[..., None].astype(np.float32)


class _Person:
    def __init__(self, scene: Scene, rng: np.random.Generator) -> None:
        self.scene = scene
        self.head = draw(scene.look)
        self.film = FaceFilm(scene.look, scene.size, scene.rate, width=110, moves=0)
        self.strands = self._strands(rng)
        width, height = scene.size
        weave = rng.normal(0, 1, (height, width)).astype(np.float32)
        weave = cv2.GaussianBlur(weave, (0, 0), 1.5)
        self.cloth = np.asarray(scene.cloth, np.float32) + (weave / weave.std() * 5)[..., None]

    def _strands(self, rng: np.random.Generator) -> list[NDArray[np.int32]]:
        """Curves that leave the head, in sixteenths of a pixel."""
        lines = []
        for _ in range(self.scene.strands):
            side = rng.choice((-1, 1))
            angle = np.pi / 2 + side * rng.uniform(0.0, 1.9)
            start = np.array([58 * np.cos(angle), -66 * np.sin(angle)])
            length, curl = rng.uniform(12, 46), rng.uniform(-1, 1)
            steps = np.linspace(0, 1, 9)[:, None]
            away = np.array([np.cos(angle), -np.sin(angle)])
            across = np.array([-away[1], away[0]])
            line = start + steps * length * away + curl * steps**2 * 14 * across
            line[:, 1] += 16 * steps[:, 0] ** 2
            lines.append((line * 16).astype(np.int32))
        return lines

    def exposed(self, index: int) -> tuple[Field, Field]:
        """Colour and coverage of one picture, averaged over its exposure."""
        light = np.zeros((self.scene.size[1], self.scene.size[0], 3), np.float32)
        cover = np.zeros(light.shape[:2], np.float32)
        moments = max(2, round(_MOMENTS * self.scene.speed))
        for part in range(moments):
            colour, alpha = self._moment(index + 0.5 * part / moments)
            light += colour * alpha[..., None] / moments
            cover += alpha / moments
        light = cv2.GaussianBlur(light, (0, 0), self.scene.blur)
        cover = cv2.GaussianBlur(cover, (0, 0), self.scene.blur)
        colour = light / np.maximum(cover, 1e-3)[..., None]
        return colour, np.clip(cover, 0, 1)

    def _moment(self, index: float) -> tuple[Field, Field]:
        scene = self.scene
        width, height = scene.size
        t = index / scene.rate * scene.speed
        x, y = width * (scene.at[0] + 0.08 * np.sin(t * 2.3)), height * scene.at[1]
        colour = self.cloth.copy()
        alpha = np.zeros((height, width), np.float32)
        self._ellipse(alpha, (x, y + 205), (128, 150), 0)
        swing = 60 * np.sin(t * 5)
        self._ellipse(alpha, (x + 120, y + 40 - swing * 0.4), (24, 92), -20 + swing)
        hair = np.zeros_like(alpha)
        shift = (np.array([x, y]) * 16).astype(np.int32)
        for line in self.strands:
            cv2.polylines(hair, [line + shift], False, 1.0, 1, cv2.LINE_AA, 4)
        hair = np.clip(hair, 0, 1) * 0.85
        colour = _over(np.asarray(scene.look.hair, np.float32), hair, colour, alpha)
        alpha = hair + alpha * (1 - hair)
        scale = self.film.width / 300
        matrix = np.array([[scale, 0, x - 240 * scale], [0, scale, y - 320 * scale]])
        small = cv2.GaussianBlur(self.head.alpha, (0, 0), 0.45 / scale)
        head = cv2.warpAffine(small, matrix, scene.size)
        face = cv2.warpAffine(cv2.GaussianBlur(self.head.clean, (0, 0), 1), matrix, scene.size)
        colour = _over(face, head, colour, alpha)
        alpha = head + alpha * (1 - head)
        if scene.veil:
            veil = np.zeros_like(alpha)
            self._ellipse(veil, (x - 106, y + 46), (18, 64), 15 + swing * 0.3)
            veil *= scene.veil
            colour = _over(np.array([170, 150, 200], np.float32), veil, colour, alpha)
            alpha = veil + alpha * (1 - veil)
        return colour, alpha

    @staticmethod
    def _ellipse(
        into: Field, centre: tuple[float, float], axes: tuple[int, int], angle: float
    ) -> None:
        at = (round(centre[0] * 16), round(centre[1] * 16))
        size = (axes[0] * 16, axes[1] * 16)
        cv2.ellipse(into, at, size, angle, 0, 360, 1.0, -1, cv2.LINE_AA, 4)


def _over(above: Field, share: Field, below: Field, under: Field) -> Field:
    """Colour of two things before a third: straight, not multiplied."""
    a, b = share[..., None], under[..., None] * (1 - share[..., None])
    return ((above * a + below * b) / np.maximum(a + b, 1e-4)).astype(np.float32)


def matte_scores(
    truth: Screened, alpha: NDArray[np.float32], colour: NDArray[np.float32]
) -> dict[str, float]:
    """Mean absolute and squared error of the coverage (thousandths), the first at soft edges, and
    PSNR of what is composed over moving layers, where the person is.
    """
    apart = np.abs(alpha - truth.alpha)
    soft = (truth.alpha > 0.03) & (truth.alpha < 0.97)
    ground = next(pictures("busy", truth.scene.size, 24, seed=truth.scene.seed)).astype(np.float32)
    mixed = np.clip(colour * alpha[..., None] + ground * (1 - alpha[..., None]), 0, 255)
    error = np.square(mixed - truth.over(ground))[truth.alpha > 0.01].mean()
    return {
        "mad": float(apart.mean() * 1e3),
        "mse": float(np.square(apart).mean() * 1e3),
        "edge": float(apart[soft].mean() * 1e3),
        "psnr": float(10 * np.log10(255**2 / error)),
    }


def write_screened(path: Path, truth: Screened, *, crf: int = 16) -> None:
    """Write the film."""
    from media_pipeline_tests.generators.video import write_video

    write_video(path, truth.film, fps=truth.scene.rate, crf=crf)
