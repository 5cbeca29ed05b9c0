"""Drawn faces that move over a ground, with and without spots, and where everything is in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline_tests.generators.grounds import pictures
from media_pipeline_tests.generators.video import write_video

Picture = NDArray[np.uint8]
Field = NDArray[np.float32]

_W, _H = 480, 640
_CENTRE, _AXES = (240, 330), (150, 200)
"""Of the face in the drawing it is warped from, pixels."""


@dataclass(frozen=True)
class Look:
    """What a face looks like. Colours are blue, green, red; the light comes from an angle (degrees,
    0 from the right, 90 from above).
    """

    skin: tuple[int, int, int] = (140, 170, 222)
    hair: tuple[int, int, int] = (30, 42, 60)
    light: float = 60.0
    contrast: float = 0.35
    glasses: bool = False
    spots: int = 14
    seed: int = 1


LOOKS = (
    Look(),
    Look(skin=(90, 120, 170), hair=(15, 15, 18), light=150, seed=2),
    Look(skin=(60, 85, 130), hair=(10, 10, 12), light=30, glasses=True, seed=3),
    Look(skin=(165, 185, 232), hair=(60, 100, 140), light=100, seed=4),
)


@dataclass(frozen=True)
class Drawing:
    """A face before it is moved. All (640, 480): colours BGR 0-255, masks 0-1."""

    clean: Field
    spotted: Field
    alpha: Field
    skin: Field
    features: Field
    spots: list[tuple[float, float, float]] = field(default_factory=list)
    """Centre and radius."""


def draw(look: Look) -> Drawing:
    """Draw a face from the front: shaded skin with pores, brows, eyes, nose, mouth and hair."""
    rng = np.random.default_rng(look.seed)
    yy, xx = np.mgrid[0:_H, 0:_W].astype(np.float32)
    u, v = (xx - _CENTRE[0]) / _AXES[0], (yy - _CENTRE[1]) / _AXES[1]
    jaw = 1 - 0.16 * np.clip(v, 0, 1) ** 2
    head = _soft(1 - np.hypot(u / jaw, v), 0.012)
    ears = sum(_blob(u, v, side * 1.02, 0.05, 0.1, 0.2) for side in (-1, 1))
    neck = _soft(0.52 - np.abs(u) - 0.05 * np.cos(v * 3), 0.02) * (v > 0.5)
    hair = np.maximum(_soft(1.2 - np.hypot(u / 1.02, (v + 0.18) / 0.98), 0.02) * (v < 0.35), 0) * (
        1 - 0.0 * u
    )
    fringe = _soft(-0.56 - 0.1 * np.cos(u * 2.4) - v, 0.03)
    skin = np.asarray(look.skin, np.float32)
    picture = np.zeros((_H, _W, 3), np.float32) + np.asarray(look.hair, np.float32)
    picture += 9 * np.sin(xx * 0.7 + 3 * np.sin(yy * 0.02))[..., None]
    shade = _shade(u, v, look)
    body = np.clip(ears + neck, 0, 1)[..., None]
    picture = picture * (1 - body) + body * skin * (0.72 * shade)[..., None]
    face = head * (1 - fringe)
    coloured = skin * shade[..., None] + _pores(rng)[..., None]
    coloured = _complexion(coloured, u, v)
    picture = picture * (1 - face[..., None]) + coloured * face[..., None]
    features = np.zeros((_H, _W), np.float32)
    for mask, colour, strength in _features(u, v, look):
        weight = (mask * strength)[..., None]
        picture = picture * (1 - weight) + weight * np.asarray(colour, np.float32)
        features = np.maximum(features, mask * (strength > 0.5))
    plain = face * (1 - cv2.dilate(features, np.ones((13, 13))))
    places = _places(rng, plain, look.spots)
    spotted = picture.copy()
    for x, y, radius in places:
        spot = np.exp(-((((xx - x) ** 2 + (yy - y) ** 2) / radius**2) ** 1.5))
        spotted -= spot[..., None] * np.array((48, 46, 22), np.float32) * skin[2] / 222
    alpha = np.clip(head + ears + hair + neck, 0, 1).astype(np.float32)
    return Drawing(picture, spotted, alpha, plain, features * face, places)


def _soft(distance: Field, width: float) -> Field:
    return np.clip(distance / width * 0.5 + 0.5, 0, 1).astype(np.float32)


def _blob(u: Field, v: Field, x: float, y: float, a: float, b: float) -> Field:
    return _soft(1 - np.hypot((u - x) / a, (v - y) / b), 0.12)


def _shade(u: Field, v: Field, look: Look) -> Field:
    """The light on an egg with a nose, sockets and cheeks."""
    height = np.sqrt(np.clip(1.1 - u**2 - 0.8 * v**2, 0.02, None))
    nose = 0.16 * np.exp(-((u / 0.13) ** 2)) * np.clip((v + 0.35) / 0.55, 0, 1) * (v < 0.25)
    sockets = sum(
        np.exp(-(((u - s * 0.4) / 0.24) ** 2) - ((v + 0.17) / 0.13) ** 2) for s in (-1, 1)
    )
    height = cv2.GaussianBlur((height + nose - 0.09 * sockets).astype(np.float32), (0, 0), 5)
    down = cv2.Sobel(height, cv2.CV_32F, 0, 1) * 18
    right = cv2.Sobel(height, cv2.CV_32F, 1, 0) * 18
    angle = np.deg2rad(look.light)
    slope = -right * np.cos(angle) + down * np.sin(angle)
    light = 0.97 + look.contrast * np.tanh(slope) * 0.6 - 0.2 * (1 - np.clip(height, 0, 1))
    light -= 0.2 * sockets + 0.12 * np.exp(-((u / 0.2) ** 2) - ((v - 0.3) / 0.07) ** 2)
    light -= 0.1 * np.exp(-((u / 0.3) ** 2) - ((v - 0.66) / 0.07) ** 2)
    return np.clip(light, 0.15, 1.12).astype(np.float32)


def _pores(rng: np.random.Generator) -> Field:
    noise = rng.normal(0, 1, (_H, _W)).astype(np.float32)
    fine = cv2.GaussianBlur(noise, (0, 0), 1.6) - cv2.GaussianBlur(noise, (0, 0), 3.2)
    return fine / fine.std() * 4.5


def _complexion(picture: Field, u: Field, v: Field) -> Field:
    red = sum(np.exp(-(((u - s * 0.55) / 0.26) ** 2) - ((v - 0.2) / 0.2) ** 2) for s in (-1, 1))
    return picture - red[..., None] * np.array((12, 12, -2), np.float32)


def _features(u: Field, v: Field, look: Look) -> Iterator[tuple[Field, tuple[int, ...], float]]:
    dark = tuple(int(c * 0.7) for c in look.hair)
    for s in (-1, 1):
        arch = v + 0.36 - 0.1 * np.cos((u - s * 0.42) * 3.2) + 0.1
        yield _soft(0.035 - np.abs(arch), 0.02) * (np.abs(u - s * 0.42) < 0.25), dark, 0.9
        eye = _blob(u, v, s * 0.4, -0.15, 0.19, 0.07)
        yield eye, (214, 218, 222), 1.0
        yield _blob(u, v, s * 0.4, -0.15, 0.088, 0.066) * eye, (40, 58, 74), 1.0
        yield _blob(u, v, s * 0.4, -0.15, 0.042, 0.032) * eye, (8, 8, 8), 1.0
        yield _blob(u, v, s * 0.4 + 0.03, -0.17, 0.018, 0.014), (250, 250, 250), 1.0
        lid = np.abs(np.hypot((u - s * 0.4) / 0.2, (v + 0.145) / 0.085) - 1)
        yield _soft(0.16 - lid, 0.12) * (v < -0.15), (28, 30, 42), 0.95
        yield _blob(u, v, s * 0.1, 0.23, 0.055, 0.025), (40, 44, 78), 0.8
    bow = 0.035 * np.cos(u * 9) * (np.abs(u) < 0.2)
    lips = _soft(0.33 - np.abs(u), 0.05) * _soft(0.085 - np.abs(v - 0.52 - bow / 2), 0.03)
    lips = lips * _soft(1 - np.hypot(u / 0.36, (v - 0.52) / 0.1), 0.2)
    tone = look.skin[2] / 222
    yield lips, (int(92 * tone), int(88 * tone), int(176 * tone)), 0.85
    yield _soft(0.014 - np.abs(v - 0.525 - bow * 0.4), 0.015) * lips, (30, 28, 70), 0.95
    if look.glasses:
        for s in (-1, 1):
            rim = np.abs(np.hypot((u - s * 0.41) / 0.3, (v + 0.13) / 0.2) - 1)
            yield _soft(0.08 - rim, 0.05), (24, 24, 28), 0.95
        yield _soft(0.02 - np.abs(v + 0.17), 0.012) * (np.abs(u) < 0.12), (24, 24, 28), 0.95


def _places(rng: np.random.Generator, plain: Field, count: int) -> list[tuple[float, float, float]]:
    """Spots on plain skin, none near another or an edge."""
    inner = cv2.erode(plain, np.ones((27, 27))) > 0.95
    inner[: _CENTRE[1] - 130] = False
    found: list[tuple[float, float, float]] = []
    rows, columns = np.nonzero(inner)
    for pick in rng.permutation(len(rows))[:4000]:
        x, y = float(columns[pick]), float(rows[pick])
        if len(found) < count and all(np.hypot(x - a, y - b) > 30 for a, b, _ in found):
            found.append((x, y, float(rng.uniform(5.5, 11.0))))
    return found


@dataclass(frozen=True)
class FaceFilm:
    """A film with one face.

    ``width`` is that of the face in pixels; ``path`` how its centre moves: still, or along a curve.
    """

    look: Look = Look()
    size: tuple[int, int] = (640, 360)
    rate: int = 24
    seconds: float = 2.0
    width: float = 130.0
    moves: float = 0.06
    ground: str | Path = "drift"
    appears: float = 0.0
    """Seconds after which the face is there; it comes with a cut."""
    grain: float = 1.5

    @property
    def count(self) -> int:
        return round(self.seconds * self.rate)

    def matrix(self, index: int) -> NDArray[np.float64]:
        """From the drawing to the picture of that number."""
        t = index / self.rate
        scale = self.width / (2 * _AXES[0]) * (1 + 0.25 * self.moves * np.sin(t * 2.1))
        turn = 60 * self.moves * np.sin(t * 1.7)
        found = cv2.getRotationMatrix2D(_CENTRE, turn, scale)
        x = self.size[0] * (0.5 + self.moves * np.sin(t * 1.9))
        y = self.size[1] * (0.5 + self.moves * np.sin(t * 2.7 + 1))
        found[:, 2] += (x - _CENTRE[0], y - _CENTRE[1])
        return found

    def shown(self, index: int) -> bool:
        return index >= round(self.appears * self.rate)

    def box(self, index: int) -> tuple[float, float, float, float]:
        """Of the face (brows to chin and as wide): x, y, w, h in pixels."""
        x, y = self.matrix(index) @ np.array([_CENTRE[0], _CENTRE[1], 1.0])
        side = self.width
        return x - side / 2, y - side / 2, side, side


@dataclass(frozen=True)
class Faces:
    """A film as it was given to the encoder, (n, h, w, 3) BGR, and what is where, (n, h, w)."""

    film: FaceFilm
    spotted: NDArray[np.uint8]
    clean: NDArray[np.uint8]
    skin: NDArray[np.bool_]
    features: NDArray[np.bool_]
    head: NDArray[np.bool_]
    drawing: Drawing


def make_faces(film: FaceFilm) -> Faces:
    """Draw a film."""
    drawing = draw(film.look)
    ground = pictures(film.ground, film.size, film.rate, seed=film.look.seed + 20)
    rng = np.random.default_rng(film.look.seed)
    found: dict[str, list[NDArray[np.generic]]] = {
        name: [] for name in ("spotted", "clean", "skin", "features", "head")
    }
    for index in range(film.count):
        below = next(ground).astype(np.float32)
        grain = rng.normal(0, film.grain, (*below.shape[:2], 1)).astype(np.float32)
        there = 1.0 if film.shown(index) else 0.0
        alpha = _moved(drawing.alpha, film, index)[..., None] * there
        for name in ("spotted", "clean"):
            above = _moved(getattr(drawing, name), film, index)
            mixed = below * (1 - alpha) + above * alpha + grain
            found[name].append(np.clip(mixed + 0.5, 0, 255).astype(np.uint8))
        for name in ("skin", "features"):
            found[name].append(_moved(getattr(drawing, name), film, index) * there > 0.9)
        found["head"].append(alpha[..., 0] > 0.01)
    return Faces(film, *(np.stack(found[n]) for n in found), drawing)  # type: ignore[arg-type]


def _moved(layer: Field, film: FaceFilm, index: int) -> Field:
    scale = film.width / (2 * _AXES[0])
    smooth = cv2.GaussianBlur(layer, (0, 0), max(0.1, 0.45 / scale))
    return cv2.warpAffine(smooth, film.matrix(index), film.size, flags=cv2.INTER_LINEAR)


def write_faces(path: Path, faces: Faces, *, crf: int = 12) -> None:
    """Write the film with the spots."""
    write_video(path, faces.spotted, fps=faces.film.rate, crf=crf)
