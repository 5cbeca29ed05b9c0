"""Loudness and true peak of one channel, block by block.

ITU-R BS.1770-4, with the filters derived anew for any rate.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.signal import firwin, lfilter, upfirdn

SILENT_LUFS = -70.0
_STEP_S, _WINDOW_STEPS = 0.1, 4
_OFFSET_DB, _RELATIVE_GATE_DB = -0.691, -10.0
_OVERSAMPLING, _TAPS = 4, 48

Floats = NDArray[np.float64]


def k_weighting(rate: int) -> list[tuple[Floats, Floats]]:
    """The two second-order sections of BS.1770 for a rate: (numerator, denominator) each."""
    shelf_db, shelf_q, shelf_hz = 3.99984385397, 0.7071752369554193, 1681.9744509555319
    high_q, high_hz = 0.5003270373253953, 38.13547087613982
    k = math.tan(math.pi * shelf_hz / rate)
    v = 10 ** (shelf_db / 20)
    w = v**0.499666774155
    scale = 1 + k / shelf_q + k * k
    shelf = (
        np.array([v + w * k / shelf_q + k * k, 2 * (k * k - v), v - w * k / shelf_q + k * k])
        / scale,
        np.array([scale, 2 * (k * k - 1), 1 - k / shelf_q + k * k]) / scale,
    )
    k = math.tan(math.pi * high_hz / rate)
    scale = 1 + k / high_q + k * k
    high = (
        np.array([1.0, -2.0, 1.0]),
        np.array([scale, 2 * (k * k - 1), 1 - k / high_q + k * k]) / scale,
    )
    return [shelf, high]


class LoudnessMeter:
    """Measures a channel of sound that comes in blocks."""

    def __init__(self, rate: int) -> None:
        self._step = max(1, round(_STEP_S * rate))
        self._filters = k_weighting(rate)
        self._states = [np.zeros(2), np.zeros(2)]
        self._rest = np.zeros(0)
        self._powers: list[Floats] = []
        self._taps = firwin(_TAPS, 1 / _OVERSAMPLING) * _OVERSAMPLING
        self._tail = np.zeros(_TAPS // _OVERSAMPLING)
        self._peak = 0.0

    def push(self, samples: Floats) -> None:
        """Hear the next samples, (n,)."""
        self._true_peak(samples)
        for n, (numerator, denominator) in enumerate(self._filters):
            samples, self._states[n] = lfilter(numerator, denominator, samples, zi=self._states[n])
        joined = np.concatenate([self._rest, samples])
        whole = len(joined) // self._step * self._step
        self._powers.append(np.square(joined[:whole]).reshape(-1, self._step).mean(axis=1))
        self._rest = joined[whole:]

    def _true_peak(self, samples: Floats) -> None:
        if not len(samples):
            return
        joined = np.concatenate([self._tail, samples])
        self._tail = joined[-len(self._tail) :]
        # between samples the sound cannot be far above them: quiet blocks need no second look
        if np.abs(samples).max() * 2 > self._peak:
            between = upfirdn(self._taps, joined, _OVERSAMPLING)
            # without both ends, where the filter sees nothing beside the sound
            inside = np.abs(between[_TAPS : len(joined) * _OVERSAMPLING]).max(initial=0.0)
            self._peak = max(self._peak, float(inside), float(np.abs(samples).max()))

    @property
    def true_peak_db(self) -> float:
        """Highest level between samples, dBTP; -120 for silence."""
        return 20 * math.log10(max(self._peak, 1e-6))

    @property
    def powers(self) -> Floats:
        """(steps,) weighted power every 0.1 s."""
        if sum(map(len, self._powers)):
            return np.concatenate(self._powers)
        return np.array([np.square(self._rest).mean()]) if len(self._rest) else np.zeros(0)

    def over_time(self, window_s: float = 3.0) -> Floats:
        """(seconds,) loudness of the last ``window_s`` at each second, LUFS."""
        powers = self.powers
        total = np.concatenate([[0.0], np.cumsum(powers)])
        ends = np.minimum(np.arange(10, len(powers) + 10, 10), len(powers))
        starts = np.maximum(ends - round(window_s / _STEP_S), 0)
        return np.asarray(_lufs((total[ends] - total[starts]) / np.maximum(ends - starts, 1)))

    def integrated(self) -> float:
        """Gated loudness of the whole, LUFS; at least -70."""
        return gated(self.powers)

    @staticmethod
    def together(meters: Sequence[LoudnessMeter]) -> float:
        """Gated loudness of channels that are played together, all of them in front."""
        return gated(np.sum([meter.powers for meter in meters], axis=0))


def gated(powers: Floats) -> float:
    """Loudness of what is above both gates, LUFS, from the weighted power every 0.1 s."""
    if not len(powers):
        return SILENT_LUFS
    width = min(_WINDOW_STEPS, len(powers))
    total = np.concatenate([[0.0], np.cumsum(powers)])
    windows = (total[width:] - total[:-width]) / width
    heard = windows[_lufs(windows) > SILENT_LUFS]
    if not len(heard):
        return SILENT_LUFS
    gate = _lufs(heard.mean()) + _RELATIVE_GATE_DB
    loud = heard[_lufs(heard) > gate]
    return max(SILENT_LUFS, float(_lufs(loud.mean())))


def _lufs(power: Floats | np.floating) -> Floats:
    return np.asarray(_OFFSET_DB + 10 * np.log10(np.maximum(power, 1e-12)))
