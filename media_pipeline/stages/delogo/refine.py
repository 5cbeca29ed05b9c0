"""A mark's blend made finer by what other pictures show of the ground below it, and put to use.

Where the ground moves, pictures that show it tell more of it than the mark's surroundings do. How
far what shines through and what was filled lie apart then tells, picture by picture, which of them
is to be believed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.stages.delogo.blend import Blend, placed, pooled

Picture = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Field = NDArray[np.float32]

_ROUNDS = 3  # of weighting down pictures whose ground was misjudged
_EVERY = 3  # of the pictures say something of the blend
_FEWEST, _MOST = 40, 60  # of those, for a blend to be made finer
_LEAST_SEEN = 0.3  # of a mark's ground that other pictures have to show
_SMOOTHER = 0.85  # of the slopes that a known blend leaves: those that a better one leaves
_FINE = 1.0  # pixels of detail that is noise
_KNOWN = 0.05  # what a known blend counts, of the pictures
_CHANGE = 20.0  # grey levels by which the ground changes for which a known blend is sure
_OPAQUE = 0.8  # alpha from which hardly anything of the ground shines through
_AROUND = 2.0  # pixels over which what shines through and what was filled are compared
_USUAL = 60  # percentile of their distance that stands for the error of what shines through
_LEAST_ASTRAY = 0.05  # of the former's squared error: that of what was filled at least
_FAINTEST = 0.1  # of the ground that shines through, where noise is judged
_SLIGHT = 1e-3


@dataclass
class Evidence:
    """What the last pictures say of a mark's blend, at its k pixels."""

    shown: list[Picture] = field(default_factory=list)
    """(k, 3) each, as they bear the mark."""
    ground: list[Picture] = field(default_factory=list)
    """(k, 3) each, filled."""
    trust: list[Field] = field(default_factory=list)
    """(k,) each, how much of that was taken from pictures that show it."""

    def add(
        self,
        pictures: Sequence[Picture],
        filled: Sequence[Picture],
        seen: Sequence[Field],
        mask: Mask,
    ) -> None:
        """Take in pictures that bear the mark, (h, w, 3), the same filled, and how much of each
        pixel that was filled comes from pictures that show it, (h, w). The oldest are forgotten.
        """
        self.shown = [*self.shown, *(one[mask] for one in pictures[::_EVERY])][-_MOST:]
        self.ground = [*self.ground, *(one[mask] for one in filled[::_EVERY])][-_MOST:]
        self.trust = [*self.trust, *(one[mask] for one in seen[::_EVERY])][-_MOST:]


def refined(blend: Blend, evidence: Evidence, pictures: Sequence[Picture], mask: Mask) -> Blend:
    """The blend by which pictures that bear a mark go best with the ground below it.

    What is seen is a straight line over the ground at each pixel. The known blend takes part as a
    few pictures of its own. Where the ground is seen elsewhere that is relied on. What was filled
    from the mark's edges may be wrong in all pictures alike; it is relied on as well only if the
    mark's outlines fade when it is. Too few pictures change nothing.

    Parameters
    ----------
    blend : what is known of it from all of the film.
    evidence : of these pictures and those before.
    pictures : (h, w, 3) each, that bear the mark.
    mask : the mark's pixels, (h, w).
    """
    if len(evidence.shown) < _FEWEST:
        return blend
    shown = np.stack(evidence.shown).astype(np.float32)
    ground = np.stack(evidence.ground).astype(np.float32)
    trust = np.stack(evidence.trust)
    looked = pictures[::_EVERY]
    every_ground = _fitted(blend, shown, ground, np.ones_like(trust), mask)
    if _left(every_ground, looked, mask) < _SMOOTHER * _left(blend, looked, mask):
        return every_ground
    return _fitted(blend, shown, ground, trust, mask) if trust.mean() >= _LEAST_SEEN else blend


def _left(blend: Blend, pictures: Sequence[Picture], mask: Mask) -> float:
    """How steep brightness is where a mark was taken off: a wrong blend leaves its outlines."""
    total = 0.0
    for part in pictures:
        luma = np.ascontiguousarray(blend.lifted(part)[..., 0])
        soft = cv2.GaussianBlur(luma, (0, 0), _FINE)
        slopes = [cv2.Sobel(soft, cv2.CV_32F, *way) for way in ((1, 0), (0, 1))]
        total += float(np.hypot(*slopes)[mask].mean())
    return total


def _fitted(blend: Blend, shown: Field, ground: Field, trust: Field, mask: Mask) -> Blend:
    """The blend by which what is seen of a mark's k pixels goes best with their ground, (n, k, 3)
    both, each picture's pixel as far as it is trusted, (n, k).
    """
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
    blend : the mark's.
    pictures : (h, w, 3) each, that bear it.
    filled : the same, with the mark's pixels filled.
    seen : how much of each pixel that was filled was taken from pictures that show it, (h, w) each.
    mask : the mark's pixels, (h, w).
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
