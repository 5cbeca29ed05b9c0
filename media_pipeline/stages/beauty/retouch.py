"""Changing one face in a picture: its skin smoother and lighter, all else as it was.

What is coarser than pores is taken from a small picture of the face as something to add, so that
the cost does not grow with the face and the pores stay where they are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.media.filters import guided, resized, soften
from media_pipeline.stages.beauty.skin import SkinColour, axes, skin_colour, skin_masks

Picture = NDArray[np.uint8]
Field = NDArray[np.float32]
Edges = tuple[int, int, int, int]

_SIDE = 160.0  # pixels of a face in the small picture, at most
_ABOVE, _BESIDE, _BELOW = 0.30, 0.22, 0.36  # of the side, around the face
_MEMORY = 0.6  # of mask and colour from picture to picture
_PORES = 0.011  # of the side: what is finer is texture
_EDGE = 15.0  # grey levels that count as an edge of the face and stay
_SPOT = (0.014, 0.045)  # of the brightness, darker than around: a spot begins, and is one for sure
_KEPT_PORES = 0.30  # of the texture, at full strength without detail


@dataclass(frozen=True, slots=True)
class Strength:
    """How strong the effects are, each 0 to 1; ``detail`` is the texture that smoothing leaves."""

    whiten: float
    smooth: float
    detail: float

    @property
    def smoothing(self) -> float:
        """The share of the smoothed picture: rises fast at first, as it is seen."""
        return 1 - (1 - self.smooth) ** 2

    @property
    def pores(self) -> float:
        """The share of the texture that is left."""
        most = _KEPT_PORES + (1 - _KEPT_PORES) * self.detail
        return 1 - self.smoothing * (1 - most)


@dataclass
class Memory:
    """What is remembered of a face from one picture to the next, so that nothing flickers."""

    colour: SkinColour | None = None
    masks: Field | None = field(default=None, repr=False)


def around(place: tuple[float, float, float], size: tuple[int, int]) -> Edges:
    """The part of a picture that retouching a face may change: even edges inside the picture.

    Parameters
    ----------
    place : x and y of the face's middle, and its side, in pixels.
    size : width and height of the picture.
    """
    x, y, side = place
    left, right = x - side * (0.5 + _BESIDE), x + side * (0.5 + _BESIDE)
    top, bottom = y - side * (0.5 + _ABOVE), y + side * (0.5 + _BELOW)

    def even(value: float, most: int) -> int:
        return min(max(round(value / 2) * 2, 0), most // 2 * 2)

    return even(left, size[0]), even(top, size[1]), even(right, size[0]), even(bottom, size[1])


def retouch(
    part: Picture,
    face: tuple[float, float, float],
    strength: Strength,
    memory: Memory,
    weight: float = 1.0,
) -> tuple[Picture, NDArray[np.bool_]]:
    """Smooth and lighten the skin of a face.

    Parameters
    ----------
    part : (h, w, 3) Y'CbCr, the face and what is around it.
    face : x and y of its middle, and its side, in pixels of ``part``.
    strength : of the effects.
    memory : of this face, changed here.
    weight : of everything, 0 to 1: a face that comes or goes.

    Returns
    -------
    tuple
        the picture, and (h, w) where it differs from what it was.

    Notes
    -----
    The smoothing is a guided filter (K. He, J. Sun and X. Tang, ECCV 2010) with the texture given
    back, as retouchers do it by frequency separation.
    """
    scale = min(1.0, _SIDE / face[2])
    height, width = part.shape[:2]
    size = (max(2, math.ceil(width * scale)), max(2, math.ceil(height * scale)))
    small = part
    if scale < 1:
        small = cv2.resize(part, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    side = face[2] * scale
    u, v = axes(small.shape, (face[0] * scale, face[1] * scale, side))
    masks = _masks(small, u, v, memory)
    if masks is None:
        return part, np.zeros((height, width), bool)
    lightened, smoothed = masks[..., 0] * weight, masks[..., 1] * weight
    change, spots = _coarse_change(small.astype(np.float32), side)
    change *= strength.smoothing * smoothed[..., None]
    lighter = _lighter(small.astype(np.float32) + change, strength.whiten)
    change += lighter * lightened[..., None]
    removed = smoothed * (1 - strength.pores * (1 - strength.smoothing * spots))
    if scale < 1:
        change, removed = resized(change, width, height), resized(removed, width, height)
    luma = part[..., 0].astype(np.float32)
    texture = luma - soften(luma, max(0.6, _PORES * face[2]))
    result = part.astype(np.float32) + change
    result[..., 0] -= removed * texture
    made = np.clip(result + 0.5, 0, 255).astype(np.uint8)
    return made, (made != part).any(axis=2)


def _masks(small: Picture, u: Field, v: Field, memory: Memory) -> Field | None:
    colour = skin_colour(small, u, v)
    if colour is None:
        colour = memory.colour
    elif memory.colour is not None:
        colour = colour.towards(memory.colour, _MEMORY)
    if colour is None:
        return None
    memory.colour = colour
    masks = skin_masks(small, u, v, colour)
    if memory.masks is not None:
        before = resized(memory.masks, masks.shape[1], masks.shape[0])
        masks = masks + _MEMORY * (before - masks)
    memory.masks = masks
    return masks


def _coarse_change(small: Field, side: float) -> tuple[Field, Field]:
    """What to add for even skin, (h, w, 3), nothing in it as fine as pores; and where spots are."""
    fine = max(0.6, _PORES * side)
    radius = max(2, round(side * 0.045))
    soft = soften(small, fine)
    even = guided(soft, soft[..., 0], radius, _EDGE**2)
    spot = _spots(soft, side)[..., None]
    wide = cv2.medianBlur(
        np.clip(soft, 0, 255).astype(np.uint8), 2 * max(3, round(side * 0.05)) + 1
    )
    wide = soften(wide, side * 0.012)
    return even + spot * (wide - even) - soft, spot[..., 0]


def _spots(soft: Field, side: float) -> Field:
    """Where something small is darker or redder than what is around it, 0 to 1."""
    wide = 2 * max(3, round(side * 0.05)) + 1
    luma, red = (np.clip(soft[..., n], 0, 255).astype(np.uint8) for n in (0, 2))
    darker = cv2.medianBlur(luma, wide).astype(np.float32) - soft[..., 0]
    redder = soft[..., 2] - cv2.medianBlur(red, wide).astype(np.float32)
    amount = np.maximum(darker, 0) + np.clip(redder, 0, 8)
    amount /= np.maximum(soft[..., 0], 40)
    sure = np.clip((amount - _SPOT[0]) / (_SPOT[1] - _SPOT[0]), 0, 1).astype(np.float32)
    size = 2 * max(1, round(side * 0.014)) + 1
    grown = cv2.dilate(sure, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)))
    return soften(grown, max(0.8, side * 0.008))


def _lighter(picture: Field, whiten: float) -> Field:
    """What to add for lighter and slightly paler skin, least where it is dark or light already."""
    share = np.clip((picture[..., 0] - 16) / 219, 0, 1)
    lighter = 219 * 0.85 * whiten * share * (1 - share) ** 1.5
    paler = (128 - picture[..., 1:]) * (0.16 * whiten)
    return np.concatenate([lighter[..., None], paler], axis=2).astype(np.float32)
