"""How much of the screen each pixel covers, and the colour of what covers it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.stages.matte.kinds import Group, groups
from media_pipeline.stages.matte.planes import Field, Planes, doubled, halved
from media_pipeline.stages.matte.screen import CHANNEL, Key

Mask = NDArray[np.bool_]

# All lengths are in pixels of the colour, of which there are half as many each way.
_CORE = 0.75  # coverage by a first estimate from which on a pixel may be inside
_FLANK, _LESS = 6.0, 0.1  # what has less coverage than the most within that may be blurred
_EDGE = 5  # how far inside the colours are taken from that an edge may have
_BARE, _DEVIATIONS = 0.06, 4.0  # coverage that is none: at least, and in terms of the noise
_MOST_NOISE = 0.2
_AROUND = 2  # pixels around what may be covered that are looked at as well
_WRAP = 0.05  # of the screen's light falls on edges beyond what falls further inside
_REACH = 12.0  # a colour that far is as unlikely as one off by a deviation, in pictures of 360 rows
_SURE = 0.6  # of the errors' variance, as these are not independent: chooses between colours
_GREY, _TINT = 16.0, 25.0  # variances of brightness and colour, from noise and coding
_FLAT = 30.0  # variance of brightness that is no edge
_ENDS = 0.02  # coverage from its ends that is taken for the end
_GRAIN, _LONELY, _FAINT = 5, 0.08, 0.35  # pixels around a grain; mean coverage there; its own
_INSIDE = 12.0  # from any screen, in pictures of 360 rows: a hole in there is none
_DESPILL = 13.0  # from the screen to where its light is taken away, in pictures of 360 rows
_ROWS = 360


@dataclass(frozen=True, slots=True)
class Keyed:
    """What stands before the screen."""

    alpha: Field
    """(h, w), 0 to 1."""
    colour: Planes
    """Not multiplied by the coverage, without the screen's light."""


@dataclass(frozen=True, slots=True)
class _Regions:
    """What a first estimate says of each pixel of the colour."""

    first: Field
    sure: Mask
    """Covered wholly."""
    edge: Mask
    """Covered wholly, near what is not."""
    open: Mask
    """To be found out. What is neither this nor sure is bare."""


def key(picture: Planes, plate: Planes, by: Key) -> Keyed:
    """Separate a picture from the screen.

    Parameters
    ----------
    picture : of the film.
    plate : the screen as it is behind.
    by : its colour.

    Notes
    -----
    A colour-difference key (P. Vlahos, US patent 3,595,987) says what is surely covered and what
    surely bare. Between, a pixel mixes the screen and a colour of the edge nearby; of several such
    colours those count by which the pixel is explained and which are near, as in Bayesian matting
    (Y.-Y. Chuang et al., CVPR 2001). This is done where film has colour, at every fourth pixel; the
    brightness then says where within these four the edge lies, by the slope that coverage has over
    brightness around (joint upsampling, as by guided filters: K. He et al., ECCV 2010).
    """
    whole, behind = picture.coarse(), plate.coarse()
    scale = max(1.0, min(picture.size) / _ROWS)
    regions = _regions(by, picture.chroma, plate.chroma, scale)
    colours = groups(whole, regions.edge, regions.open)
    share, own = _mixed(whole, behind, regions, colours, scale)
    away = _distance(share)
    deep = np.clip((away - _INSIDE * scale) / 3, 0, 1)
    hole = np.maximum(_enclosed(regions.sure, share), deep)
    hole *= np.clip((regions.first - 0.6) / 0.2, 0, 1)
    share = _without_specks(np.maximum(share, hole).astype(np.float32))
    alpha = _sharpened(share, picture.luma, whole[..., 0])
    colour = _colour(picture, plate, alpha, own)
    near = np.clip(1 - away / (_DESPILL * scale), 0, 1)
    return Keyed(alpha, _without_light(colour, near, by))


def _regions(by: Key, chroma: Field, screen: Field, scale: float) -> _Regions:
    bare = np.maximum(by.difference(screen), 10.0)
    first = np.clip(1 - by.difference(chroma) / bare, 0, 1).astype(np.float32)
    smooth = cv2.blur(first, (5, 5)).astype(np.float32, copy=False)
    around = round(_FLANK * scale)
    most = cv2.dilate(smooth, np.ones((2 * around + 1, 1)))
    most = cv2.dilate(most, np.ones((1, 2 * around + 1)))
    inside = _shrunk((first > _CORE) & (smooth > most - _LESS), round(scale))
    covered = first > _noise(first)
    sure = _shrunk(inside, 1)
    return _Regions(
        first,
        sure=sure,
        edge=inside & ~_shrunk(inside, _EDGE),
        open=_grown(covered, _AROUND) & ~sure,
    )


def _noise(first: Field) -> float:
    """Up to which coverage a bare screen is taken for covered."""
    bare = first[first < 0.3]
    if len(bare) < 100:
        return _BARE
    spread = 1.25 * float(np.abs(bare - np.median(bare)).mean())
    return float(np.clip(np.median(bare) + _DEVIATIONS * spread, _BARE, _MOST_NOISE))


def _mixed(
    whole: Field, behind: Field, regions: _Regions, colours: list[Group], scale: float
) -> tuple[Field, Field]:
    """Coverage of each pixel of the colour, (h, w), and the colour that covers it, (h, w, 3)."""
    share = regions.sure.astype(np.float32)
    own = np.array(whole)
    here = regions.open
    if not here.any():
        return share, own
    if not colours:  # smoke, or a thing that is nowhere thick
        share[here] = regions.first[here]
        return share, own
    screen, seen = behind[here], whole[here]
    gone = screen - seen
    costs, shares, all_own = [], [], []
    for group in colours:
        covering = group.colour.copy()
        covering[:, 1:] += _WRAP * (screen[:, 1:] - 128)
        way = screen - covering
        found, cost = _along(gone, way, group.variance)
        costs.append(cost + group.away / (_REACH * scale))
        shares.append(found)
        all_own.append(covering)
    cost = np.stack(costs)
    likely = np.exp(-0.5 * (cost - cost.min(axis=0)))
    likely /= likely.sum(axis=0)
    share[here] = (likely * np.stack(shares)).sum(axis=0)
    own[here] = (likely[..., None] * np.stack(all_own)).sum(axis=0)
    return share, own


def _along(gone: Field, way: Field, variance: Field) -> tuple[Field, Field]:
    """How far pixels have gone on their way from the screen to a colour, 0 to 1, and minus twice
    the logarithm of how likely that colour makes them: (n,) both.

    Parameters
    ----------
    gone, way : (n, 3) Y'CbCr.
    variance : (3,) of the colour, which counts the more it covers.
    """
    tint = np.maximum(_dot(way[:, 1:], way[:, 1:]), 50)
    rough = np.clip(_dot(gone[:, 1:], way[:, 1:]) / tint, 0, 1)
    own = np.array([_GREY, _TINT, _TINT], np.float32)
    errors = own + variance * np.square(rough)[:, None]
    weighted = way / errors
    length = np.maximum(_dot(way, weighted), np.float32(1e-3))
    share: Field = np.clip(_dot(gone, weighted) / length, 0, 1)
    left: Field = gone - share[:, None] * way
    cost: Field = _dot(left, left / errors) + np.log(errors.prod(axis=1))
    return share, cost / np.float32(_SURE)


def _dot(one: Field, other: Field) -> Field:
    """Of rows with rows: (n,)."""
    return np.asarray(np.einsum("ij,ij->i", one, other), np.float32)


def _sharpened(share: Field, luma: Field, coarse: Field) -> Field:
    """Coverage of every pixel, (2 h, 2 w), from that of four each, by the brightness."""

    def mean(values: Field) -> Field:
        return cv2.blur(values, (3, 3)).astype(np.float32, copy=False)

    about = mean(coarse)
    variance = np.maximum(mean(coarse * coarse) - about * about, 0) + np.float32(_FLAT)
    together = mean(share * coarse) - mean(share) * about
    slope = mean(np.asarray(together / variance, np.float32))
    alpha = np.clip(doubled(share) + doubled(slope) * (luma - doubled(coarse)), 0, 1)
    alpha = np.clip(alpha + doubled(share - halved(alpha)), 0, 1)
    return np.asarray(np.clip((alpha - _ENDS) / (1 - 2 * _ENDS), 0, 1), np.float32)


def _colour(picture: Planes, plate: Planes, alpha: Field, own: Field) -> Planes:
    """Colour with the screen taken out by its share."""

    def unmixed(values: Field, screen: Field, share: Field, usual: Field) -> Field:
        found = np.clip((values - (1 - share) * screen) / np.maximum(share, 0.1), 0, 255)
        doubt = 1 - np.clip((share - 0.08) / 0.5, 0, 1)
        return np.asarray(found + doubt * (usual - found), np.float32)

    coarse = halved(alpha)[..., None]
    luma = unmixed(picture.luma, plate.luma, alpha, doubled(own[..., 0]))
    return Planes(luma, unmixed(picture.chroma, plate.chroma, coarse, own[..., 1:]))


def _without_light(colour: Planes, near: Field, by: Key) -> Planes:
    """Colour without what the screen's channel has above the others, where the screen is near."""
    one, other = by.over_others(colour.chroma)
    above = 0.65 * np.minimum(one, other) + 0.35 * np.maximum(one, other)
    light = (np.maximum(above, 0) * near).astype(np.float32)
    into = np.linalg.inv(by.matrix[:, :3])[:, CHANNEL[by.kind]]
    luma = np.clip(colour.luma - doubled(light) * np.float32(into[0]), 0, 255)
    chroma = colour.chroma - light[..., None] * into[1:].astype(np.float32)
    return Planes(luma, chroma)


def _without_specks(share: Field) -> Field:
    """Coverage without faint grains that have nothing beside them, as a hair has."""
    beside = cv2.blur(share, (_GRAIN, _GRAIN))
    kept = np.maximum((beside - _LONELY / 2) / (_LONELY / 2), (share - _FAINT) / 0.1)
    return np.asarray(share * np.clip(kept, 0, 1), np.float32)


def _enclosed(sure: Mask, share: Field) -> Field:
    """1 where what is not surely covered has nothing bare in it: a hole that is none."""
    count, labels = cv2.connectedComponents((~sure).astype(np.uint8), connectivity=4)
    is_open = np.zeros(count, bool)
    is_open[labels[share < 0.15]] = True
    return np.asarray(~is_open[labels], np.float32)


def _distance(share: Field) -> Field:
    """Pixels to the nearest bare screen that is more than a speck."""
    bare = cv2.morphologyEx((share < 0.15).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3)))
    if not bare.any():
        return np.full(share.shape, 1e3, np.float32)
    return cv2.distanceTransform(1 - bare, cv2.DIST_L2, 3).astype(np.float32)


def _shrunk(mask: Mask, by: int) -> Mask:
    around = np.ones((2 * by + 1, 2 * by + 1), np.uint8)
    return np.asarray(cv2.erode(mask.astype(np.uint8), around), bool)


def _grown(mask: Mask, by: int) -> Mask:
    around = np.ones((2 * by + 1, 2 * by + 1), np.uint8)
    return np.asarray(cv2.dilate(mask.astype(np.uint8), around), bool)
