"""How fast the beat goes, as a curve over time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from media_pipeline.stages.beats.onsets import FPS

SLOWEST_BPM, FASTEST_BPM = 50.0, 215.0
STEP_S = 0.5
WINDOWS_S = (8.0, 4.5)
_GRID = 140
_USUAL_BPM, _SPREAD_OCTAVES = 118.0, 0.9
_CHANGE = 0.03  # octaves within STEP_S that cost nothing much
JUMP_COST = 8.0
"""At most, for a change of any size: a real jump of the tempo is followed."""
_EVIDENCE = 4.0
_AT_ONCE = 256

Floats = NDArray[np.float64]
BPMS: Floats = np.geomspace(SLOWEST_BPM, FASTEST_BPM, _GRID)


def tempogram(strength: Floats, window_s: float = WINDOWS_S[0]) -> Floats:
    """How strongly the onsets repeat with each period, around each instant.

    Parameters
    ----------
    strength : (frames,) onset strength at ``FPS``.
    window_s : seconds that are looked at together; few follow a tempo that sways.

    Returns
    -------
    (instants, len(BPMS)) autocorrelation at one to four periods, in steps of ``STEP_S``.
    """
    size, step = int(window_s * FPS), STEP_S * FPS
    padded = np.pad(gaussian_filter1d(strength, 1.0), (size // 2, size))
    starts = np.round(np.arange(max(1, int(np.ceil(len(strength) / step)))) * step).astype(int)
    views = np.lib.stride_tricks.sliding_window_view(padded, size)
    lags = 60 * FPS / BPMS
    window = np.hanning(size)
    found = []
    for first in range(0, len(starts), _AT_ONCE):
        parts = views[starts[first : first + _AT_ONCE]]
        parts = (parts - parts.mean(axis=1, keepdims=True)) * window
        power = np.square(np.abs(np.fft.rfft(parts, 2 * size, axis=1)))
        correlation = np.fft.irfft(power, axis=1)[:, :size]
        correlation /= correlation[:, :1] + 1e-9
        total = np.zeros((len(parts), _GRID))
        for n, weight in ((1, 1.0), (2, 0.5), (3, 0.33), (4, 0.25)):
            total += weight * _at(correlation, np.minimum(lags * n, size - 2))
        found.append(np.maximum(total, 0))
    return np.concatenate(found)


def _at(rows: Floats, places: Floats) -> Floats:
    """Values of each row at fractional places."""
    whole = places.astype(int)
    part = places - whole
    taken: Floats = rows[:, whole] * (1 - part) + rows[:, whole + 1] * part
    return taken


def tempo_path(evidence: Floats, jump_cost: float = JUMP_COST) -> NDArray[np.int64]:
    """The most likely tempo over time: Viterbi over the tempogram, with a log-normal prior.

    Parameters
    ----------
    evidence : as :func:`tempogram` gives it.
    jump_cost : the most that a change costs. Without a limit the path cannot go from the beat to
        its half or double on the way, but slides where the tempo jumps.

    Returns
    -------
    (instants,) indices into ``BPMS``.
    """
    octaves = np.log2(BPMS)
    prior = np.exp(-0.5 * ((octaves - np.log2(_USUAL_BPM)) / _SPREAD_OCTAVES) ** 2)
    gain = np.log(evidence * prior + 1e-3) * _EVIDENCE
    step = (octaves[:, np.newaxis] - octaves) / _CHANGE
    cost = np.minimum(0.5 * step**2, jump_cost)
    best = gain[0].copy()
    came = np.zeros(gain.shape, np.int64)
    for i in range(1, len(gain)):
        total = best[:, np.newaxis] - cost
        came[i] = total.argmax(axis=0)
        best = total.max(axis=0) + gain[i]
    path = [int(best.argmax())]
    for i in range(len(gain) - 1, 0, -1):
        path.append(int(came[i, path[-1]]))
    return np.array(path[::-1])


def periods(path: NDArray[np.int64], frames: int) -> Floats:
    """(frames,) length of a beat in frames, by the path."""
    at = np.arange(len(path)) * STEP_S * FPS
    return np.exp(np.interp(np.arange(frames), at, np.log(60 * FPS / BPMS[path])))
