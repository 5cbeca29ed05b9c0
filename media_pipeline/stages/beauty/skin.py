"""Which pixels around a face are its skin: near in colour to its cheeks, and no eye, brow or mouth,
and no glasses.

Eyes, brows, nostrils and lips are looked for where a face has them and are what differs there from
the skin beside it: lids, the skin between eye and brow and the tip of the nose are skin.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.media.filters import soften

Picture = NDArray[np.uint8]
Field = NDArray[np.float32]

_EYES = ((0.42, -0.24, 0.36, 0.22), (0.42, -0.50, 0.40, 0.20))
_NOSTRILS = ((0.12, 0.32, 0.17, 0.12),)
_LIPS = ((0.00, 0.64, 0.48, 0.26),)
"""Where eyes, brows, nostrils and lips may be: middle and half axes, the face's half side being 1;
those beside the middle line are there twice."""
_CHEEKS = ((-0.72, -0.20, 0.0, 0.45), (0.20, 0.72, 0.0, 0.45), (-0.35, 0.35, -0.95, -0.68))
_WIDE, _NARROW = 2.6, 1.6  # deviations from the colour of the cheeks
_SHADOW = (0.32, 0.52)  # of the cheeks' light: too dark for skin, and bright enough
_STROKE, _LARGE = 0.07, 0.14  # of the side: half a line's surroundings; what no spot is as long as
_BLACK = 16.0  # Y' of no light
_AROUND = 0.10  # of the side: the skin that a feature is compared with
_DARKER = (0.20, 0.38)  # than that skin, in sockets, which are in shadow: a feature, and for sure
_DARKER_BELOW = (0.10, 0.22)  # the same for nostrils and lips
_OTHER = (2.2, 3.6)  # deviations from the colour of the cheeks: the same
_REDDER = (0.8, 1.8)  # deviations of Cr alone: the same for lips
_DEEP = (0.35, 0.55)  # darker than around: no fold, and a brow or glasses for sure
_RED = (130.0, 127.0)  # Cr is above and Cb below, in skin of any colour under any usual light


@dataclass(frozen=True, slots=True)
class SkinColour:
    """The colour of a face: mean and spread of Y', Cb and Cr."""

    mean: tuple[float, float, float]
    spread: tuple[float, float, float]

    def towards(self, other: SkinColour, share: float) -> SkinColour:
        """A colour between this and another."""

        def mix(a: tuple[float, ...], b: tuple[float, ...]) -> tuple[float, float, float]:
            x, y, z = (p + share * (q - p) for p, q in zip(a, b, strict=True))
            return x, y, z

        return SkinColour(mix(self.mean, other.mean), mix(self.spread, other.spread))


def axes(shape: tuple[int, ...], face: tuple[float, float, float]) -> tuple[Field, Field]:
    """Where each pixel is in the face: right and down from its middle, the half side being 1.

    Parameters
    ----------
    shape : height and width of the patch.
    face : x and y of its middle, and its side, in pixels of the patch.
    """
    x, y, side = face
    across = (np.arange(shape[1], dtype=np.float32) + 0.5 - x) / (side / 2)
    down = (np.arange(shape[0], dtype=np.float32) + 0.5 - y) / (side / 2)
    right, below = np.meshgrid(across, down)
    return right.astype(np.float32), below.astype(np.float32)


def skin_colour(patch: Picture, u: Field, v: Field) -> SkinColour | None:
    """The colour of the cheeks and the forehead; None where that is no colour of skin.

    Parameters
    ----------
    patch : (h, w, 3) Y'CbCr.
    u, v : of :func:`axes`.
    """
    inside = np.zeros(u.shape, bool)
    for left, right, top, bottom in _CHEEKS:
        inside |= (u > left) & (u < right) & (v > top) & (v < bottom)
    samples = patch[inside].astype(np.float32)
    if len(samples) < 30:
        return None
    middle = np.median(samples, axis=0)
    deviation = np.median(np.abs(samples - middle), axis=0) * 1.4826
    if middle[2] < _RED[0] or middle[1] > _RED[1]:
        return None
    y, cb, cr = middle.tolist()
    spread = np.clip(deviation, (12, 2.5, 2.5), (40, 7, 7)).tolist()
    return SkinColour((y, cb, cr), (spread[0], spread[1], spread[2]))


def skin_masks(patch: Picture, u: Field, v: Field, colour: SkinColour) -> Field:
    """How much of each pixel is skin to be lightened, and to be smoothed, 0 to 1: (h, w, 2).

    Folds and the shadows beside the nose are lightened with the skin around, else they would be
    patches; they are lines of the face and not smoothed.

    Parameters
    ----------
    patch : (h, w, 3) Y'CbCr.
    u, v : of :func:`axes`.
    colour : of :func:`skin_colour`.
    """
    side = 2 / float(u[0, 1] - u[0, 0])
    # spots are redder than skin, and skin all the same: a median leaves them out, and lids as well
    wide = cv2.medianBlur(patch, 2 * max(1, round(0.05 * side)) + 1).astype(np.float32)
    fine = soften(patch, max(0.6, 0.008 * side))
    alike = np.maximum(_alike(wide, colour), _alike(fine, colour))
    near = np.clip((1.0 - np.hypot(u / 1.12, (v - 0.05) / 1.42)) / 0.18, 0, 1)
    features = kept(fine, u, v, colour)
    faint, deep = drawn(patch[..., 0], side)
    masks = [alike * near * (1 - np.maximum(features, lines)) for lines in (deep, faint)]
    return soften(np.stack(masks, axis=2), 1.5)


def _alike(patch: Field, colour: SkinColour) -> Field:
    """How near a colour is to that of the cheeks, the shadow on them included, 0 to 1: (h, w)."""
    likely = np.clip((2 * _WIDE - _away(patch, colour)) / (2 * (_WIDE - _NARROW)), 0, 1)
    alike: Field = likely * _ramp(_light(patch) / max(colour.mean[0] - _BLACK, 1.0), _SHADOW)
    return alike


def _away(patch: Field, colour: SkinColour) -> Field:
    """How far a colour is from that of the cheeks, in deviations: (h, w)."""
    apart = [(patch[..., n] - colour.mean[n]) / (colour.spread[n] + 2.0) for n in (1, 2)]
    away: Field = np.hypot(apart[0], apart[1]).astype(np.float32)
    return away


def _light(patch: Field) -> Field:
    """Y' above black: (h, w)."""
    light: Field = np.maximum(patch[..., 0] - _BLACK, 0)
    return light


def _ramp(values: Field, edges: tuple[float, float]) -> Field:
    share: Field = np.clip((values - edges[0]) / (edges[1] - edges[0]), 0, 1).astype(np.float32)
    return share


def _where(places: tuple[tuple[float, ...], ...], u: Field, v: Field) -> Field:
    """Ellipses of :data:`_EYES` and so on, 0 to 1: (h, w)."""
    found = np.zeros(u.shape, np.float32)
    for x, y, a, b in places:
        for side in (-1, 1) if x else (1,):
            inside = 1.0 - np.hypot((u - side * x) / a, (v - y) / b)
            found = np.maximum(found, np.clip(inside / 0.25, 0, 1))
    return found


def kept(fine: Field, u: Field, v: Field, colour: SkinColour) -> Field:
    """Where eyes, brows, nostrils and lips are, 0 to 1: (h, w).

    Parameters
    ----------
    fine : (h, w, 3) Y'CbCr, without noise.
    u, v : of :func:`axes`.
    colour : of the face.
    """
    side = 2 / float(u[0, 1] - u[0, 0])
    light, other = _light(fine), _ramp(_away(fine, colour), _OTHER)
    inside = (np.hypot(u, v / 1.2) < 1).astype(np.float32)
    plain = inside * (1 - other) * (light > 0.4 * (colour.mean[0] - _BLACK))
    dark = np.zeros_like(light)
    for _ in range(2):  # the second time without what the first one found
        weight = plain * (1 - dark)
        # where there is no skin near, that of the whole face counts a little
        skin = soften(weight * light, _AROUND * side) + 0.02 * (colour.mean[0] - _BLACK)
        skin /= soften(weight, _AROUND * side) + 0.02
        darker = 1 - light / np.maximum(skin, 1.0)
        dark = _ramp(darker, _DARKER)
    below = _ramp(darker, _DARKER_BELOW)
    red = _ramp((fine[..., 2] - colour.mean[2]) / (colour.spread[2] + 2.0), _REDDER)
    found = np.maximum.reduce(
        [
            _where(_EYES, u, v) * np.maximum(dark, other),
            _where(_NOSTRILS, u, v) * below,
            _where(_LIPS, u, v) * np.maximum(below, red),
        ]
    )
    # the light in an eye, and teeth
    hole = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * max(1, round(0.015 * side)) + 1,) * 2)
    found = cv2.morphologyEx(found.astype(np.float32), cv2.MORPH_CLOSE, hole)
    return soften(cv2.dilate(found, np.ones((3, 3))), 0.8)


def drawn(luma: Picture, side: float) -> tuple[Field, Field]:
    """Where there are lines and patches too large for a spot of the skin, 0 to 1: (h, w) each.

    The first are all of them: folds as well as brows, lashes, beards, and glasses wherever they are
    worn. The second are those that are too dark for a fold.

    Parameters
    ----------
    luma : (h, w) uint8.
    side : of the face, pixels.
    """
    wide = 2 * max(3, round(side * _STROKE)) + 1
    around = cv2.medianBlur(np.ascontiguousarray(luma), wide).astype(np.float32)
    apart = np.abs(around - luma)
    marked = apart > np.maximum(7.0, 0.12 * around)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(marked.astype(np.uint8))
    extent = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    large = extent > side * _LARGE
    large[0] = False
    faint = large[labels].astype(np.float32)
    deep = faint * _ramp(apart / np.maximum(around - _BLACK, 8.0), _DEEP)
    kernel = np.ones((3, 3))
    return soften(cv2.dilate(faint, kernel), 0.8), soften(cv2.dilate(deep, kernel), 0.8)
