"""The normalised signals of a film and the score made of them.

Each signal is a robust z: how far a moment stands out from the film's usual, with an absolute
floor under the spread, so that a film in which nothing happens is not blown up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from media_pipeline.stages.highlights.picture import Picture, cut_rate
from media_pipeline.stages.highlights.sound import STEP, Array, Sound, Times
from media_pipeline.stages.highlights.talk import Talk

WEIGHTS: dict[str, float] = {
    "loudness": 1.0,
    "flux": 0.5,
    "contrast": 0.6,
    "music": 0.4,
    "motion": 0.8,
    "cuts": 0.8,
    "speech": 0.2,
    "text": 1.2,
}
"""How much each signal counts."""

# the least spread of each signal that is taken seriously, in its own unit
_FLOORS = {
    "loudness": 2.5,
    "flux": 0.25,
    "music": 0.15,
    "motion": 0.25,
    "cuts": 0.25,
    "speech": 1.0,
    "text": 0.25,
}
_STILL = 2.5  # luma in 0.1 s: less motion than this is hardly seen
_CUTS_S = 3.0  # over which cuts are counted
_HUM = -0.25  # what loud but steady sound counts, as a share: a hum speaks against a moment
_QUIET = 0.15  # what a signal below the usual counts: a hush does not undo what is seen
_USUAL_TALK_S = 3.0  # of voices, from which on it is known how they usually sound in the film


@dataclass(frozen=True, slots=True)
class Signals:
    """Normalised signals, each (cells,) float32 on the 0.1 s grid; zeros where nothing is known."""

    loudness: Array
    flux: Array
    contrast: Array
    music: Array
    motion: Array
    cuts: Array
    speech: Array
    text: Array

    def as_dict(self) -> dict[str, Array]:
        """The signals by name."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @property
    def cells(self) -> int:
        """How many cells of 0.1 s the film has."""
        return len(self.loudness)


def robust_z(values: NDArray[np.float32], floor: float) -> Array:
    """How many robust standard deviations each value lies from the median, clipped to [-1, 4].

    The spread is 1.4826 times the median absolute deviation, and at least ``floor``.
    """
    z: Array = np.clip((values - np.median(values)) / max(_spread(values), floor), -1, 4)
    return z


def _spread(values: NDArray[np.float32]) -> float:
    return 1.4826 * float(np.median(np.abs(values - np.median(values))))


def combine(
    cells: int,
    sound: Sound | None,
    picture: Picture | None,
    talk: Talk | None,
    *,
    voice: Times | None = None,
    clip_duration: float = 15.0,
) -> Signals:
    """Normalise what was measured.

    Parameters
    ----------
    cells : length of the grid.
    sound, picture, talk : None for a film without them; their signals are zero then.
    voice : (k, 2) seconds in which somebody speaks; None where unknown. There the sound is held
        against that of the film's other talk: in a calm film any sentence stands out else.
    clip_duration : seconds of the highlights looked for; signals are smoothed over a share of it.
    """
    brief = float(np.clip(clip_duration / 7.5, 0.5, 2.0))
    found = {name: np.zeros(cells, np.float32) for name in WEIGHTS}
    if sound is not None:
        found |= _sound_signals(sound, _Usual.of(voice, cells), brief)
    if picture is not None:
        # as a ratio: twice the usual motion stands out in a calm film as in a lively one
        moves = np.log2(smooth(picture.motion, brief) + _STILL).astype(np.float32)
        found["motion"] = _z("motion", moves)
        found["cuts"] = _z("cuts", smooth(cut_rate(picture.cuts, cells, _CUTS_S), brief))
    if talk is not None:
        if talk.rate is not None:
            found["speech"] = _haste(talk.rate)
        # what a line is about begins before it is said and goes on after it
        found["text"] = _z("text", smooth(talk.emphasis, 4.5 * brief))
    return Signals(**found)


def score(signals: Signals, weights: Mapping[str, float] = WEIGHTS) -> Array:
    """The highlight score of each cell, (cells,), from -1 to 1: a saturating sum of the signals."""
    total = sum(
        (
            weights.get(name, 0.0) * np.where(values < 0, _QUIET * values, values)
            for name, values in signals.as_dict().items()
        ),
        start=np.zeros(signals.cells, np.float32),
    )
    return smooth(np.tanh(total / 4).astype(np.float32), 1.0)


def smooth(values: Array, seconds: float) -> Array:
    """The running mean over so many seconds of grid values."""
    size = min(max(1, round(seconds / STEP)), len(values))
    mean: Array = uniform_filter1d(values, size, mode="nearest")
    return mean


def _haste(rate: Array) -> Array:
    """How much faster than usual in the film people speak; 0 where nobody does."""
    rate = smooth(rate, 3.0)
    spoken = rate > 0
    found = np.zeros_like(rate)
    if spoken.any():
        found[spoken] = _z("speech", rate[spoken])
    return found


def _held(sameness: Array) -> Array:
    """The sameness of each cell to the second before or after it: the first of a tone counts."""
    ahead = round(1.0 / STEP)
    held: Array = np.maximum(sameness, np.pad(sameness, (0, ahead), mode="edge")[ahead:])
    return held


def _z(name: str, values: Array) -> Array:
    return robust_z(values, _FLOORS[name])


@dataclass(frozen=True, slots=True)
class _Usual:
    """Tells what stands out from what is usual: where somebody speaks, from the film's talk."""

    spoken: NDArray[np.bool_]
    """(cells,) whether somebody speaks; nowhere where too little is said to know how it sounds."""

    @classmethod
    def of(cls, voice: Times | None, cells: int) -> _Usual:
        spoken = np.zeros(cells, bool)
        for start, end in () if voice is None else voice:
            spoken[int(start / STEP) : round(end / STEP)] = True
        return cls(spoken & (spoken.sum() * STEP >= _USUAL_TALK_S))

    def beyond(self, values: Array, seconds: float, percent: float = 50.0) -> Array:
        """What lies above the film's percentile, (cells,), smoothed over ``seconds``."""
        usual = np.full(len(values), np.percentile(values, percent), np.float32)
        if self.spoken.any():
            usual[self.spoken] = max(usual[0], self._talk(values, seconds))
        return smooth(values - usual, seconds)

    def _talk(self, values: Array, seconds: float) -> float:
        """The mean over so many seconds in which only what is spoken counts: that of most talk."""
        share = smooth(self.spoken.astype(np.float32), seconds)[self.spoken]
        total = smooth(np.where(self.spoken, values, 0).astype(np.float32), seconds)[self.spoken]
        return float(np.median(total / share))

    def z(self, name: str, values: Array, seconds: float) -> Array:
        """The same as :func:`robust_z`; talk that varies as it usually does does not stand out."""
        beyond = self.beyond(values, seconds)
        talk = beyond[self.spoken]
        return robust_z(beyond, max(_FLOORS[name], _spread(talk) if len(talk) else 0.0))


def _sound_signals(sound: Sound, usual: _Usual, brief: float) -> dict[str, Array]:
    """Loudness and contrast count in full only where the sound moves: a hum is no highlight.

    Notes count where they change: lines that are the same after a second are a hum's or a tone's.
    """
    moving = _HUM + (1 - _HUM) * np.clip((sound.movement - 2) / 3, 0, 1)
    loudness = usual.z("loudness", sound.level, brief)
    above = np.clip(usual.beyond(sound.level, brief, 30) / 12, -0.5, 1.5)
    notes = sound.tonality - _held(sound.sameness)
    return {
        "loudness": np.where(loudness > 0, loudness * moving, loudness).astype(np.float32),
        "flux": usual.z("flux", sound.flux, brief),
        "contrast": np.where(above > 0, above * moving, above).astype(np.float32),
        "music": usual.z("music", notes, 2 * brief),
    }
