"""Which moments of a film may be its cover, and the best of them that differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from media_pipeline.media.faces import FaceFinder
from media_pipeline.stages.base import Progress, quiet
from media_pipeline.stages.cover.captioned import Captioned, never
from media_pipeline.stages.cover.score import Judgement, judge, scores
from media_pipeline.stages.cover.transition import in_transition

Picture = NDArray[np.uint8]
Look = Callable[[float], Picture]
"""The picture shown at a time, :data:`.score.WIDTH` pixels wide."""

_FROM_CUTS_S = 0.3
_SHORT = 0.3  # of a shot that is too short for that
_BESIDE_S = 0.2  # at which a picture is compared with others to see whether it dissolves
_JUDGED = 36  # moments that are decoded and judged
_PER_SHOT = 3
_APART_S = 0.4
DARK, _BRIGHT = 28.0, 225.0  # mean brightness
_ALIKE = 10  # bits of 64 in which pictures of one kind differ
_REFOCUS = 0.7  # change of the logarithm of sharpness from one frame to the next: a cut unseen
_RESTLESS = 0.05  # what a grey level of motion takes from the logarithm of sharpness
_CAPTIONED = 1.2  # marks that a caption in the picture costs
_HALF = 0.5  # of a picture, which is judged at least


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
    captioned: Captioned = never,
    progress: Progress = quiet,
) -> list[Cover]:
    """The best moments for a cover, the best first, that do not look alike.

    Parameters
    ----------
    frames : the table of the stage ``frames``.
    look : gives a picture.
    count : how many at most.
    captioned : where captions stand in a picture; such moments are taken if need be.
    """
    moments = candidates(frames)
    signatures = frames["signature"].to_numpy()
    times = frames["time"].to_numpy()
    judgements, taken, finder = [], [], FaceFinder()
    for number, index in enumerate(moments):
        time = float(times[index])
        picture = look(time)
        edge = captioned(time, picture)
        taken.append(0.0 if edge is None else _CAPTIONED)
        judgements.append(judge(_above(picture, edge), finder))
        progress((number + 1) / len(moments))
    found = []
    for index, judgement, score, off in zip(
        moments, judgements, scores(judgements), taken, strict=True
    ):
        time, left = float(times[index]), max(0.0, score - off)
        found.append(Cover(time, left, judgement, int(signatures[index])))
    found.sort(key=lambda cover: -cover.score)
    changing = Changing(frames, look)
    chosen = _best(found, count, lambda cover: not changing(cover.time))
    return chosen or _best(found, count, lambda _: True)


def _above(picture: Picture, edge: float | None) -> Picture:
    """A picture without its captions, whose edges are the sharpest of all."""
    if edge is None or edge < _HALF:
        return picture
    return picture[: round(edge * picture.shape[0])]


def _best(found: Sequence[Cover], count: int, fits: Callable[[Cover], bool]) -> list[Cover]:
    chosen: list[Cover] = []
    for cover in found:
        if len(chosen) == count:
            break
        new = all((cover.signature ^ c.signature).bit_count() > _ALIKE for c in chosen)
        if new and fits(cover):
            chosen.append(cover)
    return chosen


class Changing:
    """Whether the picture at a time belongs to a dissolve or a fade.

    Parameters
    ----------
    frames : the table of the stage ``frames``.
    look : gives a picture.
    """

    def __init__(self, frames: pa.Table, look: Look) -> None:
        self._look = look
        self._times = frames["time"].to_numpy()
        self._shots = np.cumsum(breaks(frames))

    def __call__(self, time: float) -> bool:
        """``time`` is that of a frame; both others are taken from its shot."""
        at = int(np.argmin(np.abs(self._times - time)))
        own = np.flatnonzero(self._shots == self._shots[at])
        near = own[np.abs(self._times[own] - time) <= _BESIDE_S + 1e-6]
        reach = min(at - near[0], near[-1] - at)
        if not reach:
            return False
        places = (at - reach, at, at + reach)
        return in_transition(*(self._look(float(self._times[i])) for i in places))


def breaks(frames: pa.Table) -> NDArray[np.bool_]:
    """Frames with which another shot begins, or the same one suddenly sharp or blurred."""
    edges = np.log1p(frames["sharpness"].to_numpy().astype(float))
    sudden = np.abs(np.diff(edges, prepend=edges[:1])) > _REFOCUS
    return np.asarray(frames["cut"].to_numpy(zero_copy_only=False) | sudden)


def candidates(frames: pa.Table) -> list[int]:
    """Numbers of the frames worth a closer look: sharp and calm for their shot, away from cuts,
    neither dark nor glaring; of a film without such, the best there is.
    """
    times = frames["time"].to_numpy()
    luma = frames["luma"].to_numpy().astype(float)
    sharpness = frames["sharpness"].to_numpy().astype(float)
    cuts = breaks(frames)
    motion = frames["motion"].to_numpy().astype(float)
    near = _from_cuts(times, np.flatnonzero(cuts)) < 1
    good = ~near & (luma > DARK) & (luma < _BRIGHT)
    if not good.any():
        good = np.ones(len(times), np.bool_)
    # a sharp picture among moving ones; logarithms, as sharpness has a long tail
    rank = np.log1p(sharpness) - _RESTLESS * motion
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


def _from_cuts(times: NDArray[np.float64], cuts: NDArray[np.intp]) -> NDArray[np.float64]:
    """How far each frame is from the ends of its shot, at one of which at least there is a cut: 1
    is far enough, which in a short shot is less.
    """
    away = np.full(len(times), np.inf)
    bounds = [0, *cuts.tolist(), len(times)]
    for first, last in pairwise(bounds):
        if last <= first:
            continue
        own = times[first:last]
        end = times[last] if last < len(times) else np.inf
        enough = min(_FROM_CUTS_S, _SHORT * (min(end, own[-1]) - own[0]))
        start = own[0] if first else -np.inf
        away[first:last] = np.minimum(own - start, end - own) / max(enough, 1e-6)
    return away
