"""How much of the screen each pixel covers, and the colour of what covers it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.media.filters import resized, soften
from media_pipeline.stages.matte.screen import CHANNEL, Kind, difference

Picture = NDArray[np.uint8]
Field = NDArray[np.float32]

_NOISE = 2.0  # deviations of the bare screen that still count as bare
_LEAST, _MOST = 0.015, 0.14  # coverage taken for noise
_GRAIN, _LONELY, _FAINT = 5, 0.08, 0.35  # pixels around a grain; mean coverage there; its own
_CORE = 0.75  # coverage by a first estimate from which on a pixel may be inside
_INSIDE = 10  # pixels from any screen: a hole in there is none
_COLOUR, _SHORT = 0.6, 300.0  # weight of colour next to brightness; least length squared
_UNSEEN = 0.01  # coverage
_AGAINST = (6.0, 10.0)  # grey levels: where it may be something else, and until it surely is
_DESPILL = 26  # pixels from the screen to where its light is taken away


@dataclass(frozen=True, slots=True)
class Keyed:
    """What stands before the screen."""

    alpha: Field
    """(h, w), 0 to 1."""
    colour: Picture
    """(h, w, 3) BGR, not multiplied by the coverage, without the screen's light."""


def key(picture: Picture, plate: Field, kind: Kind) -> Keyed:
    """Separate a picture from the screen.

    Parameters
    ----------
    picture : (h, w, 3) uint8, BGR.
    plate : (h, w, 3) float32, BGR: the screen as it is behind.
    kind : its colour.

    Notes
    -----
    A colour-difference key (P. Vlahos, US patent 3,595,987) that asks not for zero difference of
    what is before the screen but for the difference that is found inside of it, nearby.
    """
    values = picture.astype(np.float32)
    bare = np.maximum(difference(plate, kind), 10.0)
    own = difference(values, kind)
    first: Field = np.clip(1 - own / bare, 0, 1).astype(np.float32)
    inside = _inside(first, _noise(first))
    known = np.clip(2 * _nearby(np.ones_like(own), inside), 0, 1)
    core = _nearby(values, inside)
    within = np.clip(_nearby(own, inside), -0.9 * bare, 0.45 * bare)
    by_colour = np.clip((bare - own) / (bare - within), 0, 1)
    by_all, against = _along(values, plate, core)
    known *= 1 - against
    alpha = np.where(inside > 0, 1, by_colour + known * (by_all - by_colour))
    noise = _noise(alpha)
    alpha = _without_specks(np.clip((alpha - noise) / (1 - 2 * noise), 0, 1))
    away = _distance(alpha)
    hole = np.clip((away - _INSIDE) / 5, 0, 1) * np.clip((first - 0.6) / 0.2, 0, 1)
    alpha = np.maximum(alpha, hole).astype(np.float32)
    return Keyed(alpha, _colour(values, plate, alpha, away, core, known, kind))


def _along(values: Field, plate: Field, core: Field) -> tuple[Field, Field]:
    """How far each colour is on the way from the screen to what is inside nearby, 0 to 1, and
    whether it is lighter where that is darker or the other way round: then it is something else.

    Film has a quarter of the colour samples of its brightness, so hairs are seen by that first.
    """
    gone = _ycc(plate) - _ycc(values)
    way = _ycc(plate) - _ycc(core)
    weight = np.array([1, _COLOUR, _COLOUR], np.float32)
    length = np.maximum((way * way * weight).sum(axis=2), _SHORT)
    share = np.clip((gone * way * weight).sum(axis=2) / length, 0, 1).astype(np.float32)
    back = -gone[..., 0] * np.sign(way[..., 0])
    return share, soften(np.clip((back - _AGAINST[0]) / _AGAINST[1], 0, 1), 0.7)


def _ycc(picture: Field) -> Field:
    values = np.ascontiguousarray(picture, np.float32)
    return cv2.cvtColor(values, cv2.COLOR_BGR2YCrCb).astype(np.float32, copy=False)


def _noise(first: Field) -> float:
    """Up to which coverage a bare screen is taken for covered."""
    bare = first[first < 0.3]
    if len(bare) < 100:
        return _LEAST
    return float(np.clip(_NOISE * 1.25 * np.abs(bare - np.median(bare)).mean(), _LEAST, _MOST))


def _without_specks(alpha: Field) -> Field:
    """Coverage without faint grains that have nothing beside them, as a hair has."""
    beside = cv2.blur(alpha, (_GRAIN, _GRAIN))
    kept = np.maximum((beside - _LONELY / 2) / (_LONELY / 2), (alpha - _FAINT) / 0.1)
    found: Field = (alpha * np.clip(kept, 0, 1)).astype(np.float32)
    return found


def _inside(first: Field, noise: float) -> Field:
    """What is surely covered and not at an edge: 0 or 1."""
    sure = (first > _CORE - noise).astype(np.uint8)
    return cv2.erode(sure, np.ones((3, 3), np.uint8)).astype(np.float32)


def _nearby(values: Field, inside: Field, reaches: tuple[float, ...] = (1.5, 4.0)) -> Field:
    """The mean of values, (h, w) or (h, w, c), over what is inside, near each pixel; 0 far off."""
    height, width = inside.shape
    size = (max(1, width // 2), max(1, height // 2))
    weights = resized(inside, *size)
    many = values.ndim == 3
    amounts = resized(values * (inside[..., None] if many else inside), *size)
    found, rest = np.zeros_like(amounts), np.ones_like(weights)
    for reach in reaches:
        weight = soften(weights, reach)
        near = soften(amounts, reach)
        sure = np.clip(weight * 20, 0, 1) * rest
        share = sure / np.maximum(weight, 1e-5)
        found += near * (share[..., None] if many else share)
        rest = rest - sure
    return resized(found, width, height)


def _distance(alpha: Field) -> Field:
    """Pixels to the nearest bare screen that is more than a speck."""
    bare = cv2.morphologyEx((alpha < 0.15).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3)))
    if not bare.any():
        return np.full(alpha.shape, 1e3, np.float32)
    return cv2.distanceTransform(1 - bare, cv2.DIST_L2, 3).astype(np.float32)


def _colour(
    values: Field,
    plate: Field,
    alpha: Field,
    away: Field,
    core: Field,
    known: Field,
    kind: Kind,
) -> Picture:
    """Colour with the screen taken out by its share, and its light taken off near it."""
    share = alpha[..., None]
    unmixed = np.clip((values - (1 - share) * plate) / np.maximum(share, 0.1), 0, 255)
    doubt = known[..., None] * (1 - np.clip((share - 0.08) / 0.5, 0, 1))
    colour = unmixed + doubt * (core - unmixed)
    channel = CHANNEL[kind]
    others = [colour[..., n] for n in range(3) if n != channel]
    limit = 0.5 * np.maximum(*others) + 0.25 * (others[0] + others[1])
    spill = np.maximum(colour[..., channel] - limit, 0)
    colour[..., channel] -= spill * np.clip(1 - away / _DESPILL, 0, 1)
    bare = share[..., 0] < _UNSEEN  # of no colour, and cheaper to code when smooth
    colour[bare] = (core * known[..., None])[bare]
    made: Picture = np.clip(colour + 0.5, 0, 255).astype(np.uint8)
    return made
