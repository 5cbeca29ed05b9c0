"""Beats, bars and tempo of a sound: the one function of this package."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, median_filter

from media_pipeline.media.audio import Samples
from media_pipeline.stages.base import Progress, quiet
from media_pipeline.stages.beats.bars import find_bars, marks
from media_pipeline.stages.beats.hypotheses import Hypothesis, hypotheses, scores, signals
from media_pipeline.stages.beats.onsets import FPS, LEAD_S, Onsets, listen
from media_pipeline.stages.beats.tempo import Floats

_SHORTEST_S = 2.0
_SILENT = 0.05
"""Sum of the magnitudes of a window that is digital silence but for rounding."""
_QUIET = 0.01  # of the loud parts: there is no beat to be heard
_AROUND_S = 1.0
_BEGUN = 0.3  # of the median onset strength: what a beat at an end has
_SMOOTH_BEATS = 5
_SAME_S = 0.07
_CLEAR = 2.5  # times the usual onset strength: what beats of clear music reach
_FEW = 4


@dataclass(frozen=True)
class Tracked:
    """What :func:`track_beats` found; times are seconds."""

    beats: Floats = field(default_factory=lambda: np.zeros(0))
    places: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    """Of each beat in its bar, from 0."""
    meter: int = 4
    bpm: float = 0.0
    candidates: tuple[float, ...] = ()
    """Tempi that the sound could be tapped at, the likeliest first: half and double among them."""
    confidence: float = 0.0
    """0 to 1: how clear the pulse is, and how much likelier than other tempi and phases."""

    @property
    def downbeats(self) -> Floats:
        """The beats that begin a bar."""
        return np.asarray(self.beats[self.places == 0])

    @property
    def tempo(self) -> Floats:
        """(beats,) the tempo at each beat, smoothed over a few."""
        if len(self.beats) < 2:
            return np.zeros(len(self.beats))
        gaps = np.diff(self.beats)
        smooth = median_filter(gaps, min(_SMOOTH_BEATS, len(gaps)), mode="nearest")
        return np.asarray(60 / np.append(smooth, smooth[-1]))

    def as_json(self) -> dict[str, Any]:
        """The file of AudioBeatDetection."""
        return {
            "BeatList": [round(float(t), 3) for t in self.beats],
            "DownBeatList": [round(float(t), 3) for t in self.downbeats],
            "Bpm": round(self.bpm, 2),
            "BpmCandidates": [round(b, 2) for b in self.candidates],
            "Meter": self.meter,
            "TempoCurve": [
                [round(float(t), 3), round(float(b), 2)]
                for t, b in zip(self.beats, self.tempo, strict=True)
            ],
            "Confidence": round(self.confidence, 3),
        }


def track_beats(blocks: Iterable[Samples], progress: Progress = quiet) -> Tracked:
    """Find the beats of music.

    Parameters
    ----------
    blocks : mono sound at :data:`~media_pipeline.stages.beats.onsets.RATE`, in order.
    progress : called with the share that is done, once all was heard.

    Returns
    -------
    Tracked
        without beats where there is silence, or less than two seconds.
    """
    onsets = listen(blocks)
    progress(0.7)
    return track(onsets)


def track(onsets: Onsets) -> Tracked:
    """As :func:`track_beats`, of what has been heard."""
    if onsets.duration < _SHORTEST_S or float(onsets.level.max(initial=0.0)) < _SILENT:
        return Tracked()
    found = signals(onsets)
    candidates = list(hypotheses(onsets, found))
    if not candidates:
        return Tracked()
    odds = scores(candidates)
    best = candidates[int(odds.argmax())]
    chance = np.exp(odds - odds.max())
    chance /= chance.sum()
    beats = heard(onsets, best.beats)
    if len(beats) < _FEW:
        return Tracked()
    meter, places = find_bars(marks(onsets, found, beats))
    agree = sum(p for p, h in zip(chance, candidates, strict=True) if _same(h, best))
    clear = float(np.clip(found[np.minimum(beats, len(found) - 1), 5].mean() / _CLEAR, 0, 1))
    return Tracked(
        np.maximum(beats / FPS + LEAD_S, 0.0),
        places,
        meter,
        float(60 * FPS / np.median(np.diff(beats))),
        _tempi(candidates, chance),
        float(agree * clear),
    )


def heard(onsets: Onsets, beats: NDArray[np.int64]) -> NDArray[np.int64]:
    """The beats without those that fall into silence, and at both ends those without an onset."""
    around = maximum_filter1d(onsets.level, int(_AROUND_S * FPS))
    loud = np.percentile(onsets.level, 95)
    here = np.minimum(beats, len(around) - 1)
    kept = beats[around[here] > _QUIET * loud]
    sounding = np.flatnonzero(onsets.level > 2 * _QUIET * loud)
    if not len(sounding):
        return np.asarray(kept[:0])
    slack = int(0.05 * FPS)
    inside = (kept >= sounding[0] - slack) & (kept <= sounding[-1] + slack)
    return _begun(onsets, kept[inside])


def _begun(onsets: Onsets, beats: NDArray[np.int64]) -> NDArray[np.int64]:
    """The beats from the first to the last on which something begins: not those of a fading end."""
    if not len(beats):
        return beats
    around = maximum_filter1d(onsets.flux.mean(axis=1), 2 * int(_SAME_S * FPS) + 1)
    strength = around[np.minimum(beats, len(around) - 1)]
    strong = np.flatnonzero(strength > _BEGUN * np.median(strength))
    return beats[strong[0] : strong[-1] + 1]


def _same(one: Hypothesis, other: Hypothesis) -> bool:
    """Whether most beats of both are the same."""
    after = np.searchsorted(other.beats, one.beats)
    near = [other.beats[np.clip(after - k, 0, len(other.beats) - 1)] - one.beats for k in (0, 1)]
    hits = int((np.abs(near).min(axis=0) <= _SAME_S * FPS).sum())
    return 2 * hits >= 0.8 * (len(one.beats) + len(other.beats))


def _tempi(candidates: list[Hypothesis], chance: Floats) -> tuple[float, ...]:
    """The tempi of all hypotheses, those within 4 % as one, the likeliest first."""
    found: list[tuple[float, float]] = []
    for i in np.argsort(-chance):
        bpm = candidates[int(i)].bpm
        for n, (known, total) in enumerate(found):
            if abs(bpm / known - 1) < 0.04:
                found[n] = (known, total + float(chance[i]))
                break
        else:
            found.append((bpm, float(chance[i])))
    first = found[0][0]
    rest = sorted(found[1:], key=lambda pair: -pair[1])
    octaves = [b for b, _ in rest if any(abs(b / (first * r) - 1) < 0.06 for r in (0.5, 2))]
    others = [b for b, p in rest if b not in octaves and p > 0.02]
    return (first, *octaves, *others)
