"""A mark's blend made finer by what other pictures show of the ground below it, and put to use.

Where the ground moves, pictures that show it tell more of it than the mark's surroundings do. How
far what shines through and what was filled lie apart then tells, picture by picture, which of them
is to be believed.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.stages.delogo.blend import Blend, placed, pooled

Picture = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Field = NDArray[np.float32]

_ROUNDS = 3  # of weighting down pictures whose ground was misjudged
_MOST = 60  # pictures from which a blend is made finer
_LEAST_SEEN = 0.3  # of a mark's ground that other pictures have to show
_KNOWN = 0.05  # what a known blend counts, of the pictures
_CHANGE = 20.0  # grey levels by which the ground changes for which a known blend is sure
_OPAQUE = 0.8  # alpha from which hardly anything of the ground shines through
_AROUND = 2.0  # pixels over which what shines through and what was filled are compared
_USUAL = 60  # percentile of their distance that stands for the error of what shines through
_LEAST_ASTRAY = 0.05  # of the former's squared error: that of what was filled at least
_FAINTEST = 0.1  # of the ground that shines through, where noise is judged
_SLIGHT = 1e-3


def refined(
    blend: Blend,
    pictures: Sequence[Picture],
    filled: Sequence[Picture],
    seen: Sequence[Field],
    mask: Mask,
) -> Blend:
    """The blend by which pictures that bear a mark go best with the ground below it.

    What is seen is a straight line over the ground at each pixel. The known blend takes part as a
    few pictures of its own, and decides alone where the ground was not seen elsewhere.

    Parameters
    ----------
    blend : what is known of it from all of the film.
    pictures : (h, w, 3) each, that bear the mark.
    filled : the same, with the mark's pixels filled.
    seen : how much of each pixel that was filled was taken from pictures that show it, (h, w) each.
    mask : the mark's pixels, (h, w).
    """
    every = -(-len(pictures) // _MOST)
    shown = np.stack(pictures[::every])[:, mask].astype(np.float32)
    ground = np.stack(filled[::every])[:, mask].astype(np.float32)
    trust = np.stack(seen[::every])[:, mask]
    if trust.mean() < _LEAST_SEEN:
        return blend
    through, usual = 1 - blend.alpha[mask], ground.mean(axis=0)
    expected = through[:, None] * usual + blend.shade[mask]
    weight = trust
    for _ in range(_ROUNDS):
        share = (weight / len(weight))[..., None]
        total = share.sum(axis=0) + _KNOWN
        seen_on_average = ((share * shown).sum(axis=0) + _KNOWN * expected) / total
        below = ((share * ground).sum(axis=0) + _KNOWN * usual) / total
        away, by = shown - seen_on_average, ground - below
        apart, off = usual - below, expected - seen_on_average
        change = (share * by**2).sum(axis=(0, 2))
        change += _KNOWN * (_CHANGE**2 + (apart**2).sum(axis=1))
        with_it = (share * by * away).sum(axis=(0, 2))
        with_it += _KNOWN * (_CHANGE**2 * through + (apart * off).sum(axis=1))
        slope = np.clip(pooled(with_it, mask) / pooled(change, mask), 0, 1)
        rest = np.abs(away - slope[:, None] * by).mean(axis=2)
        weight = trust / (1 + (rest / (1.5 * np.median(rest, axis=0) + 1)) ** 2)
    shade = seen_on_average - slope[:, None] * below
    return Blend(placed(1 - slope, mask), placed(shade, mask))


def mixed(
    blend: Blend,
    pictures: Sequence[Picture],
    filled: Sequence[Picture],
    seen: Sequence[Field],
    mask: Mask,
    told: Field,
) -> list[Picture]:
    """What shines through a mark and what was filled there, put together.

    Noise and a blend that is slightly wrong keep the two apart in all pictures alike; where they
    lie further apart than usual, what was filled is wrong.

    Parameters
    ----------
    blend, pictures, filled, seen, mask : as for :func:`refined`.
    told : (h, w), what shines through counts, 0 to 1, where the ground was not seen elsewhere.

    Returns
    -------
    list of (h, w, 3) uint8
        the pictures without the mark.
    """
    known = np.maximum(_soft(mask.astype(np.float32)), _SLIGHT)
    apart = np.stack(
        [
            _soft(((blend.lifted(part) - guess) ** 2).mean(axis=2) * mask)[mask] / known[mask]
            for part, guess in zip(pictures, filled, strict=True)
        ]
    )
    usual = np.percentile(apart, _USUAL, axis=0)
    noise = 1 / np.maximum(1 - blend.alpha[mask], _FAINTEST) ** 2
    usual = np.maximum(pooled(np.maximum(usual, noise).astype(np.float32), mask), _SLIGHT)
    clear = blend.alpha[mask] < _OPAQUE
    done = []
    for part, guess, found, away in zip(pictures, filled, seen, apart, strict=True):
        astray = np.maximum(away - usual, _LEAST_ASTRAY * usual)
        elsewhere = found[mask]
        trust = elsewhere * astray / (astray + usual) + (1 - elsewhere) * told[mask]
        trust = np.where(clear, trust, 0)[:, None]
        clean = part.copy()
        both = trust * blend.lifted(part)[mask] + (1 - trust) * guess[mask]
        clean[mask] = np.rint(both).astype(np.uint8)
        done.append(clean)
    return done


def _soft(field: Field) -> Field:
    return np.asarray(cv2.GaussianBlur(field, (0, 0), _AROUND), np.float32)
