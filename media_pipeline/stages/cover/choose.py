"""Which moments of a film may be its cover, and the best of them that differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from media_pipeline.media.faces import FaceFinder
from media_pipeline.stages.base import Progress, quiet
from media_pipeline.stages.cover.score import Judgement, judge

Picture = NDArray[np.uint8]
Look = Callable[[float], Picture]
"""The picture shown at a time, :data:`.score.WIDTH` pixels wide."""
Span = tuple[float, float]

_FROM_CUTS_S = 0.3
_DRIFT_S = 0.25
DRIFT = 6.0  # grey levels over that time: a fade or a dissolve
_SOFTENING = 0.4  # change of the logarithm of sharpness over that time
_JUDGED = 36  # moments that are decoded and judged
_PER_SHOT = 3
_APART_S = 0.4
DARK, _BRIGHT = 28.0, 225.0  # mean brightness
_ALIKE = 10  # bits of 64 in which pictures of one kind differ
_SOFT = 2.5  # marks that a picture without edges loses in a film that has sharp ones
_CAPTIONED = 1.2  # marks that a caption in the picture costs


@dataclass(frozen=True, slots=True)
class Cover:
    """A moment: seconds, the time at which its frame comes; and how good it is, 0 to 10."""

    time: float
    score: float
    judgement: Judgement
    signature: int


def choose_covers(
    frames: pa.Table,
    look: Look,
    count: int = 1,
    *,
    captions: Sequence[Span] = (),
    progress: Progress = quiet,
) -> list[Cover]:
    """The best moments for a cover, the best first, that do not look alike.

    Parameters
    ----------
    frames : the table of the stage ``frames``.
    look : gives a picture.
    count : how many at most.
    captions : when the picture carries captions, seconds; such moments are taken if need be.
    """
    moments = candidates(frames)
    signatures = frames["signature"].to_numpy()
    times = frames["time"].to_numpy()
    found, finder = [], FaceFinder()
    for number, index in enumerate(moments):
        time = float(times[index])
        judgement = judge(look(time), finder)
        captioned = any(start <= time < end for start, end in captions)
        score = max(0.0, judgement.score - (_CAPTIONED if captioned else 0.0))
        found.append(Cover(time, score, judgement, int(signatures[index])))
        progress((number + 1) / len(moments))
    sharpest = max((c.judgement.sharpness for c in found), default=1.0) or 1.0
    found = [
        replace(c, score=max(0.0, c.score - _SOFT * (1 - c.judgement.sharpness / sharpest)))
        for c in found
    ]
    found.sort(key=lambda cover: -cover.score)
    chosen: list[Cover] = []
    for cover in found:
        if len(chosen) == count:
            break
        if all((cover.signature ^ other.signature).bit_count() > _ALIKE for other in chosen):
            chosen.append(cover)
    return chosen


def candidates(frames: pa.Table) -> list[int]:
    """Numbers of the frames worth a closer look: sharp for their shot, away from cuts, fades and
    dissolves, neither dark nor glaring; of a film without such, the best there is.
    """
    times = frames["time"].to_numpy()
    luma = frames["luma"].to_numpy().astype(float)
    sharpness = frames["sharpness"].to_numpy().astype(float)
    cuts = frames["cut"].to_numpy(zero_copy_only=False)
    motion = frames["motion"].to_numpy().astype(float)
    starts = times[np.flatnonzero(cuts)]
    near = _distance(times, starts) < _FROM_CUTS_S
    later = np.clip(np.searchsorted(times, times + _DRIFT_S), 0, len(times) - 1)
    earlier = np.clip(np.searchsorted(times, times - _DRIFT_S), 0, len(times) - 1)
    fading = np.abs(luma[later] - luma[earlier]) > DRIFT
    # a dissolve lowers the contrast of both sides
    edges = np.log1p(sharpness)
    fading |= np.abs(edges[later] - edges[earlier]) > _SOFTENING
    good = ~near & ~fading & (luma > DARK) & (luma < _BRIGHT)
    if not good.any():
        good = np.ones(len(times), np.bool_)
    # a sharp picture among moving ones; logarithms, as sharpness has a long tail
    rank = np.log1p(sharpness) - 0.05 * motion
    shot = np.cumsum(cuts)
    taken: list[int] = []
    per_shot: dict[int, int] = {}
    for index in np.argsort(-rank):
        if len(taken) == _JUDGED:
            break
        one = int(shot[index])
        apart = all(abs(times[index] - times[other]) >= _APART_S for other in taken)
        if (
            good[index]
            and apart
            and per_shot.get(one, 0) < max(_PER_SHOT, _JUDGED // shot.max(initial=1))
        ):
            taken.append(int(index))
            per_shot[one] = per_shot.get(one, 0) + 1
    return taken


def _distance(times: NDArray[np.float64], places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Seconds from each time to the nearest place."""
    if not len(places):
        return np.full(len(times), np.inf)
    at = np.searchsorted(places, times)
    before = np.abs(times - places[np.clip(at - 1, 0, len(places) - 1)])
    after = np.abs(times - places[np.clip(at, 0, len(places) - 1)])
    return np.asarray(np.minimum(before, after))
