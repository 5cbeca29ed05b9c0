"""Which of the possible beats people would tap: tempo octaves and phases held against each other.

Each hypothesis is a whole sequence of beats, measured by what happens on it, between it, and every
other time on it. The score is quadratic in those measures.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from media_pipeline.stages.beats.bars import marks
from media_pipeline.stages.beats.follow import follow, normalised
from media_pipeline.stages.beats.onsets import BANDS, CHROMA_FPS, FPS, Onsets
from media_pipeline.stages.beats.tempo import (
    JUMP_COST,
    WINDOWS_S,
    Floats,
    periods,
    tempo_path,
    tempogram,
)
from media_pipeline.stages.beats.weights import beat_scores

RATIOS = (1, 2, 1 / 2, 3 / 2, 2 / 3, 4 / 3, 3 / 4, 3, 1 / 3)
_SLOWEST_BPM, _FASTEST_BPM = 45.0, 225.0
_LOW = np.array([2, 1, 0.3, 0, 0]) / 3.3
_USUAL_BPM = 115.0
_FEWEST = 4
_BAR_SIGNS = [0, 5, 7, 8]
"""Marks that tell bars: low notes, all onsets, and both changes of harmony."""
_CHANGE_BLOCKS = 4  # of chroma before and after an instant: 0.37 s

Beats = NDArray[np.int64]


@dataclass(frozen=True)
class Hypothesis:
    """A sequence of beats (frames), how it came about, and what was measured of it."""

    beats: Beats
    ratio: float
    measures: Floats

    @property
    def bpm(self) -> float:
        """Median tempo."""
        return float(60 * FPS / np.median(np.diff(self.beats)))


def signals(onsets: Onsets) -> Floats:
    """(frames, BANDS + 2): onset strength by band and altogether, and change of harmony; mean 1."""
    flux = onsets.flux.astype(np.float64)
    parts = [normalised(flux[:, band]) for band in range(BANDS)]
    parts.append(normalised(flux.mean(axis=1)))
    sharp = maximum_filter1d(np.stack(parts, axis=1), 5, axis=0)
    change = maximum_filter1d(harmonic_change(onsets), 9)
    found = np.column_stack([sharp, change])
    return np.asarray(found / (found.mean(axis=0) + 1e-9))


def harmonic_change(onsets: Onsets) -> Floats:
    """(frames,) one minus the cosine between the chroma before and after each instant."""
    chroma = onsets.chroma.astype(np.float64)
    chroma = chroma / (np.linalg.norm(chroma, axis=1, keepdims=True) + 1e-6)
    count = len(chroma)
    if not count:
        return np.zeros(len(onsets.flux))
    total = np.vstack([np.zeros(12), np.cumsum(chroma, axis=0)])
    at = np.arange(count)
    before = total[at] - total[np.maximum(at - _CHANGE_BLOCKS, 0)]
    after = total[np.minimum(at + _CHANGE_BLOCKS, count)] - total[at]
    sides = [x / (np.linalg.norm(x, axis=1, keepdims=True) + 1e-6) for x in (before, after)]
    change = 1 - (sides[0] * sides[1]).sum(axis=1)
    change[:2] = 0
    return np.asarray(np.interp(np.arange(len(onsets.flux)) / FPS, at / CHROMA_FPS, change))


def hypotheses(onsets: Onsets, found: Floats) -> Iterator[Hypothesis]:
    """All sequences of beats that are worth a look.

    Parameters
    ----------
    onsets : what was heard.
    found : its :func:`signals`.
    """
    flux = onsets.flux.astype(np.float64)
    strengths = [
        normalised(flux.mean(axis=1)),
        normalised(flux @ _LOW),
        normalised(harmonic_change(onsets)),
    ]
    evidence = [tempogram(strengths[0], window) for window in WINDOWS_S]
    free, loyal = (
        [periods(tempo_path(e, cost), len(flux)) for e in evidence] for cost in (JUMP_COST, np.inf)
    )
    curves = [(s, free[0]) for s in strengths] + [(strengths[0], p) for p in (free[1], *loyal)]
    for strength, period in curves:
        bpm = 60 * FPS / float(np.median(period))
        for ratio in RATIOS:
            if not _SLOWEST_BPM < bpm * ratio < _FASTEST_BPM:
                continue
            beats = follow(strength, period / ratio)
            between = (beats[:-1] + np.diff(beats) / 2).round().astype(np.int64)
            for sequence in (beats, between):
                if len(sequence) >= _FEWEST:
                    rows = marks(onsets, found, sequence)
                    yield Hypothesis(sequence, ratio, measures(found, sequence, rows))


def measures(found: Floats, beats: Beats, rows: Floats) -> Floats:
    """What is measured of a sequence of beats, (measures,).

    Parameters
    ----------
    found : (frames, signals) as :func:`signals` gives them.
    beats : (beats,) frames, at least four.
    rows : their :func:`~bars.marks`.
    """
    gaps = np.diff(beats)

    def at(part: float) -> Floats:
        where = np.minimum((beats[:-1] + part * gaps).round().astype(int), len(found) - 1)
        return np.asarray(found[where])

    def level(rows: Floats) -> Floats:
        return np.asarray(np.log(rows.mean(axis=0) + 0.05))

    on, half = at(0), at(0.5)
    on_level = level(on)
    quarters = level((at(0.25) + at(0.75)) / 2) - on_level
    thirds = level((at(1 / 3) + at(2 / 3)) / 2) - on_level
    alternate = np.abs(level(on[::2]) - level(on[1::2]))
    between = np.abs(level(half[::2]) - level(half[1::2]))
    octaves = np.log2(60 * FPS / np.median(gaps) / _USUAL_BPM)
    spread = on - on.mean(axis=0)
    spread = spread / (spread.std(axis=0) + 1e-6)

    def again(lag: int) -> float:
        return float((spread[lag:] * spread[:-lag]).mean()) if len(spread) > lag + 2 else 0.0

    return np.array(
        [
            *(on_level - level(half)),
            *on_level,
            *quarters[[0, 3, 4, 5]],
            *thirds[[3, 5]],
            *alternate,
            *between[[0, 3, 6]],
            *(octaves, octaves**2, abs(octaves)),
            *(again(lag) for lag in (2, 3, 4, 8)),
            *_regular(rows[:, _BAR_SIGNS], 2),
            *_regular(rows[:, _BAR_SIGNS], 3),
            *_regular(rows[:, _BAR_SIGNS], 4),
        ]
    )


def _regular(rows: Floats, meter: int) -> Floats:
    """By how much the strongest place of a bar stands out, for each sign of a bar."""
    if len(rows) < 2 * meter:
        return np.zeros(rows.shape[1])
    by_place = np.stack([rows[place::meter].mean(axis=0) for place in range(meter)])
    return np.asarray(by_place.max(axis=0) - by_place.mean(axis=0))


def scores(candidates: list[Hypothesis]) -> Floats:
    """The score of each hypothesis; differences are log odds."""
    return beat_scores(np.stack([h.measures for h in candidates]))
