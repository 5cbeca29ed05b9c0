"""The form of music: how alike any two stretches are, in any key, and where the music changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from media_pipeline.stages.beats import Tracked
from media_pipeline.stages.chorus.listen import FPS, REGISTERS, Features, Heard

KEYS = 12
KEY_COST = 0.05
"""By which a stretch in another key is less alike: any chord is like some chord in some key."""
_FEWEST_BEATS = 16
_MOST = 1500
"""Steps of the grid; the memory grows with their square."""
_SLOW_S = 0.75
"""Beats that last longer are halved."""
_BASS = 0.35
"""Share of the bass in the likeness of tones: chords come again more often than melodies."""
_AROUND_BARS, _NEAR_BARS = 4, 2

Floats = NDArray[np.float64]
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Form:
    """Music in steps of a beat (or of bars, where it is long), with all that is asked of them.

    Sums run from the first step, so that the sum of a stretch is the difference of two of them:
    ``repeats`` (KEYS, steps + 1, steps + 1) and ``colours`` (steps + 1, steps + 1) along diagonals,
    ``level`` and ``melody`` (steps + 1,) in dB. ``fresh``, ``recoloured`` and ``lift`` say for each
    line between two steps how much harmony and sound, the sound alone, and the level change there.
    """

    times: Floats
    bars: Places
    per_bar: int
    repeats: Features
    colours: Features
    level: Floats
    melody: Floats
    fresh: Floats
    recoloured: Floats
    lift: Floats

    @property
    def steps(self) -> int:
        """How many there are."""
        return len(self.times) - 1

    def along(
        self, sums: Features, first: Places | int, length: int, other: Places | int
    ) -> Features:
        """Mean likeness of the stretches of ``length`` steps from ``first`` and from ``other``."""
        return np.asarray((sums[first + length, other + length] - sums[first, other]) / length)

    def matrix(self) -> Features:
        """(steps, steps) likeness of every two steps together with the bar that follows, in the
        best key, -1 to 1: for people to look at.
        """
        span = min(self.per_bar, self.steps)
        rows = self.steps - span + 1
        best = np.full((rows, rows), -np.inf, np.float32)
        for sums in self.repeats:
            np.maximum(best, sums[span:, span:] - sums[:rows, :rows], out=best)
        return np.asarray(best / span)


def form_of(found: Tracked, heard: Heard) -> Form | None:
    """Lay out what was heard on the beats; None where there are too few.

    Likeness is the correlation of pitch classes, bass and what is above it apart, summed along
    diagonals for each of the twelve transpositions (Goto's key changes); changes are those between
    the four bars before and after, the coarse checkerboard of Foote.

    References
    ----------
    Goto (2006), "A chorus section detection method for musical audio signals and its application
    to a music listening station" (RefraiD). Foote (2000), "Automatic audio segmentation using a
    measure of audio novelty". Serrà et al. (2009), "Cross recurrence quantification for cover song
    identification", for likeness in the best of all transpositions.
    """
    grid = _grid(found, heard.duration)
    if grid is None:
        return None
    times, bars, per_bar = grid
    steps = len(times) - 1
    tones = _by_step(heard.tones, times).reshape(steps, REGISTERS, 12)
    tones = _unit(tones - tones.mean(axis=-1, keepdims=True))
    tones *= np.sqrt([_BASS, 1 - _BASS])[:, np.newaxis]
    colours = _by_step(heard.colours, times)
    colours = (colours - colours.mean(axis=0)) / (colours.std(axis=0) + 1e-3)
    level, melody = (
        10 * np.log10(_by_step(x[:, np.newaxis], times)[:, 0] + 1e-6)
        for x in (heard.level, heard.melody)
    )
    flat = tones.reshape(steps, -1)
    both = np.concatenate([gaussian_filter1d(flat, 1, axis=0), 0.7 * _unit(colours)], axis=1)
    smooth = _unit(gaussian_filter1d(colours, 1.5, axis=0))
    around, near = _AROUND_BARS * per_bar, _NEAR_BARS * per_bar
    return Form(
        times,
        bars,
        per_bar,
        np.stack(
            [_diagonals(flat @ np.roll(tones, k, 2).reshape(steps, -1).T) for k in range(KEYS)]
        ),
        _diagonals(smooth @ smooth.T),
        np.append(0.0, np.cumsum(level)),
        np.append(0.0, np.cumsum(melody)),
        _fresh(both, around, per_bar),
        _recoloured(colours, around, per_bar),
        _difference(level[:, np.newaxis], near, per_bar)[:, 0],
    )


def _grid(found: Tracked, duration: float) -> tuple[Floats, Places, int] | None:
    """Times of the lines between steps, which of them begin bars, and steps in a bar."""
    beats, starts, per_bar = found.beats, found.places == 0, found.meter
    if len(beats) < _FEWEST_BEATS or starts.sum() < 2:
        return None
    if np.median(np.diff(beats)) > _SLOW_S:
        between = (beats[1:] + beats[:-1]) / 2
        beats = np.insert(beats, np.arange(1, len(beats)), between)
        starts = np.insert(starts, np.arange(1, len(starts)), False)
        per_bar *= 2
    rest = _rest_of_bar(beats, len(beats) - int(np.flatnonzero(starts)[-1]), per_bar, duration)
    beats, starts = np.append(beats, rest), np.append(starts, np.zeros(len(rest), bool))
    if len(beats) > _MOST:
        beats, per_bar = beats[starts], 1
        beats = beats[:: -(-len(beats) // _MOST)]
        starts = np.ones(len(beats), bool)
    end = min(duration, beats[-1] + float(np.median(np.diff(beats))))
    times = np.append(beats, max(end, beats[-1] + 1e-3))
    return times, np.flatnonzero(starts), per_bar


def _rest_of_bar(beats: Floats, count: int, per_bar: int, duration: float) -> Floats:
    """What the last bar lacks, of which ``count`` beats are known, as far as there is sound.

    The last notes ring where no beat is heard; without them the last chorus would lack its last
    bar, and be no repeat of the others.
    """
    gap = float(np.median(np.diff(beats[-2 * per_bar :])))
    rest = beats[-1] + gap * np.arange(1, per_bar - count + 1)
    return np.asarray(rest[rest < duration])


def _by_step(frames: Features, times: Floats) -> Floats:
    """Means of frames between each two times, (steps, columns)."""
    rows = frames.reshape(len(frames), -1).astype(np.float64)
    sums = np.vstack([np.zeros(rows.shape[1]), np.cumsum(rows, axis=0)])
    # a window sees as much before as after its time
    at = np.clip(times * FPS + 0.5, 0, len(rows))
    whole = np.floor(at).astype(int)
    part = (at - whole)[:, np.newaxis]
    sums = sums[whole] * (1 - part) + sums[np.minimum(whole + 1, len(rows))] * part
    return np.asarray(np.diff(sums, axis=0) / np.maximum(np.diff(at), 0.2)[:, np.newaxis])


def _unit(rows: Floats) -> Floats:
    return np.asarray(rows / (np.linalg.norm(rows, axis=-1, keepdims=True) + 1e-9))


def _diagonals(likeness: Floats) -> Features:
    """Sums along the diagonals, with a row and a column of zeros before."""
    steps = len(likeness)
    sums = np.zeros((steps + 1, steps + 1), np.float32)
    for row in range(steps):
        sums[row + 1, 1:] = sums[row, :-1] + likeness[row]
    return sums


def _sides(rows: Floats, span: int) -> tuple[Floats, Floats]:
    """Sums of the ``span`` rows before and after each line, divided by how many there are."""
    sums = np.vstack([np.zeros(rows.shape[1]), np.cumsum(rows, axis=0)])
    at = np.arange(len(rows) + 1)
    first, last = np.maximum(at - span, 0), np.minimum(at + span, len(rows))
    before = (sums[at] - sums[first]) / np.maximum(at - first, 1)[:, np.newaxis]
    after = (sums[last] - sums[at]) / np.maximum(last - at, 1)[:, np.newaxis]
    return before, after


def _difference(rows: Floats, span: int, per_bar: int) -> Floats:
    before, after = _sides(rows, span)
    found = after - before
    found[:per_bar] = found[-per_bar:] = 0
    return np.asarray(found)


def _fresh(rows: Floats, span: int, per_bar: int) -> Floats:
    """1 where the music changes as much as it does anywhere; so do its ends."""
    before, after = _sides(rows, span)
    norms = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1) + 1e-9
    found = 1 - (before * after).sum(axis=1) / norms
    inside = found[per_bar:-per_bar]
    found[:per_bar] = found[-per_bar:] = inside.max(initial=0.0)
    return np.asarray(np.clip(found / _most(inside), 0, 1.2))


def _recoloured(rows: Floats, span: int, per_bar: int) -> Floats:
    found = np.linalg.norm(_difference(rows, span, per_bar), axis=1)
    return np.asarray(found / _most(found))


def _most(values: Floats) -> float:
    return float(np.percentile(values, 98)) + 1e-6 if len(values) else 1.0
