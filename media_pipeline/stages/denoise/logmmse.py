"""Noise out of speech by log-spectral amplitude estimation, with a noise estimate from both sides.

References
----------
Ephraim and Malah (1985), "Speech enhancement using a minimum mean-square error log-spectral
amplitude estimator"; Martin (2001), minimum statistics; Cohen (2003), the floor under absence.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, minimum_filter1d, uniform_filter1d
from scipy.special import exp1

Floats = NDArray[np.float64]

_WINDOW_S = 0.032
_FLOOR_DB = -18.0
_MEMORY = 0.97  # of the decision-directed estimate
_LEAST_PRIOR = 10**-2.2
_MINIMUM_S, _BIAS = 1.5, 1.6
_TINY = 1e-12


class Windows:
    """The short-time spectrum of a sound, and the way back, aligned to the sample."""

    def __init__(self, rate: int) -> None:
        self.size = 1 << round(np.log2(_WINDOW_S * rate))
        self.hop = self.size // 4
        self.fps = rate / self.hop
        self._shape = np.sqrt(np.hanning(self.size + 1)[: self.size])

    def forth(self, samples: Floats) -> NDArray[np.complex128]:
        """(windows, bins) of (n,) samples."""
        padded = np.concatenate([np.zeros(self.size), samples, np.zeros(2 * self.size)])
        views = np.lib.stride_tricks.sliding_window_view(padded, self.size)[:: self.hop]
        return np.asarray(np.fft.rfft(views * self._shape, axis=1))

    def back(self, spectrum: NDArray[np.complex128], count: int) -> Floats:
        """The ``count`` samples whose windows these are."""
        frames = np.fft.irfft(spectrum, self.size, axis=1) * self._shape
        out = np.zeros(count + 4 * self.size)
        weight = np.zeros(len(out))
        for n in range(4):  # every fourth window stands beside the next: they are added at once
            part = frames[n::4].reshape(-1)
            out[n * self.hop : n * self.hop + len(part)] += part
            squares = np.tile(np.square(self._shape), len(frames[n::4]))
            weight[n * self.hop : n * self.hop + len(part)] += squares
        return np.asarray((out / np.maximum(weight, 1e-3))[self.size : self.size + count])


def log_mmse_gain(spectrum: NDArray[np.complex128], fps: float) -> Floats:
    """The gain of each bin of each window, 0 to 1."""
    power = np.square(np.abs(spectrum)) + _TINY
    return _gain(power, _noise(power, fps))


def log_mmse(samples: Floats, rate: int) -> Floats:
    """Speech with less noise, (n,) to (n,), aligned to the sample."""
    windows = Windows(rate)
    spectrum = windows.forth(samples)
    return windows.back(spectrum * log_mmse_gain(spectrum, windows.fps), len(samples))


def _noise(power: Floats, fps: float) -> Floats:
    """What never stops in each bin, refined by the mean of what is unlikely to be speech."""
    smooth = uniform_filter1d(
        gaussian_filter1d(power, 1.0, axis=1), max(3, int(0.06 * fps)), axis=0
    )
    smooth = np.maximum(smooth, _TINY)  # running sums leave less than nothing after loud sound
    least = minimum_filter1d(smooth, max(1, int(_MINIMUM_S * fps)), axis=0) * _BIAS
    absent = 1 / (1 + np.exp(np.clip(10 * np.log10(smooth / least) - 6, -50, 50)))
    width = max(1, int(fps))
    mean = np.maximum(uniform_filter1d(absent * power, width, axis=0), 0) + 0.05 * least
    mean /= np.maximum(uniform_filter1d(absent, width, axis=0), 0) + 0.05
    return np.asarray(np.clip(mean, 0.7 * least, 6 * least))


def _gain(power: Floats, noise: Floats) -> Floats:
    posterior = np.minimum(power / noise, 1e3)
    gain = np.empty_like(power)
    before = np.maximum(posterior[0] - 1, 0)
    for i, now in enumerate(posterior):
        prior = np.maximum(_MEMORY * before + (1 - _MEMORY) * np.maximum(now - 1, 0), _LEAST_PRIOR)
        v = prior * now / (1 + prior)
        gain[i] = np.minimum(prior / (1 + prior) * np.exp(0.5 * exp1(np.maximum(v, 1e-8))), 1)
        before = np.square(gain[i]) * now
    heard = uniform_filter1d(np.maximum(np.square(gain) * posterior, 1e-3), 3, axis=0)
    level = 10 * np.log10(uniform_filter1d(heard, 5, axis=1))
    present = np.clip((level + 8) / 10, 0, 1)
    floor = 10 ** (_FLOOR_DB / 20)
    return np.asarray(np.maximum(gain**present * floor ** (1 - present), floor))
