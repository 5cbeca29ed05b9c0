"""What the spectrum of a channel says: noise, bandwidth, reverberation, hum.

Only the levels of 24 bands are kept of each window: 5 kB a second.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import minimum_filter1d, uniform_filter1d

Floats = NDArray[np.float64]

_WINDOW_S = 0.032
_BANDS = 24
_LOWEST_HZ, _HIGHEST_HZ = 100.0, 7500.0
_VOICE_HZ, _REVERB_HZ = (150.0, 4000.0), (300.0, 3000.0)
_FLOOR = 1e-12
_MINIMUM_S, _MINIMUM_BIAS = 1.5, 1.7
_PAUSE_WITHIN_S = 3.0
"""People pause, if for a moment, this often; what sounds without any break for as long is noise."""
_ACTIVE_BELOW_PEAK_DB, _ACTIVE_ABOVE_FLOOR_DB = 35.0, 3.0
_BEST_SNR_DB, _WORST_SNR_DB = 60.0, -10.0
_EDGE_BELOW_PEAK_DB = 60.0
_HUM_WINDOW_S, _HARMONICS, _HUM_STANDS_OUT_DB = 1.0, 8, 12.0


class SpectrumMeter:
    """Measures a channel of sound that comes in blocks."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._size = max(16, round(_WINDOW_S * rate))
        self._hop = self._size // 2
        self._shape = np.hanning(self._size)
        hz = np.fft.rfftfreq(self._size, 1 / rate)
        top = min(_HIGHEST_HZ, rate / 2)
        self._edges = np.geomspace(_LOWEST_HZ, max(top, 2 * _LOWEST_HZ), _BANDS + 1)
        inside = (hz[:, np.newaxis] >= self._edges[:-1]) & (hz[:, np.newaxis] < self._edges[1:])
        self._bank = inside.astype(float)
        self._hz = hz
        self._rest = np.zeros(0)
        self._bands: list[NDArray[np.float32]] = []
        self._total = np.zeros(len(hz))
        self._windows = 0
        self._hum = _HumMeter(rate)

    def push(self, samples: Floats) -> None:
        """Hear the next samples, (n,)."""
        self._hum.push(samples)
        joined = np.concatenate([self._rest, samples])
        count = max(0, 1 + (len(joined) - self._size) // self._hop)
        if count:
            views = np.lib.stride_tricks.sliding_window_view(joined, self._size)[:: self._hop]
            power = np.square(np.abs(np.fft.rfft(views[:count] * self._shape, axis=1)))
            power /= np.square(self._shape).sum()
            self._bands.append((power @ self._bank).astype(np.float32))
            self._total += power.sum(axis=0)
            self._windows += count
        self._rest = joined[count * self._hop :]

    def _power(self, low_hz: float, high_hz: float) -> Floats:
        """(windows, bands) power of the bands between two frequencies, and no more: all of them
        for two hours would be 90 MB in each array.
        """
        inside = (self._edges[1:] > low_hz) & (self._edges[:-1] < high_hz)
        if not self._bands:
            return np.zeros((0, int(inside.sum())))
        return np.concatenate([part[:, inside] for part in self._bands]).astype(np.float64)

    @property
    def step_s(self) -> float:
        """Seconds from one window to the next."""
        return self._hop / self._rate

    def active(self) -> NDArray[np.bool_]:
        """(windows,) whether something is heard that stands above the ground."""
        if not self._bands:
            return np.zeros(0, bool)
        power = np.concatenate([part.astype(np.float64).sum(axis=1) for part in self._bands])
        level = 10 * np.log10(power + _FLOOR)
        loud = np.percentile(level, 95) - _ACTIVE_BELOW_PEAK_DB
        floor = np.percentile(level, 10) + _ACTIVE_ABOVE_FLOOR_DB
        return np.asarray(level > max(loud, floor))

    def snr_db(self) -> float:
        """Blind: what is active over what never stops, by minimum statistics in each band.

        References
        ----------
        Martin (2001), "Noise power spectral density estimation based on optimal smoothing and
        minimum statistics".
        """
        return self._over_minimum(_MINIMUM_S, self.active(), np.ones(self._windows, bool))

    def over_pauses_db(self) -> float:
        """Blind: what is active over the faintest that is heard within 1.5 s of it.

        It is above :meth:`snr_db` where speech goes on for a while, whose weakest moments that one
        takes for noise, and where noise comes and goes; silence before and after the speech has
        no part in it.
        """
        active = self.active()
        return self._over_minimum(_PAUSE_WITHIN_S, active, active)

    def _over_minimum(
        self, within_s: float, active: NDArray[np.bool_], where: NDArray[np.bool_]
    ) -> float:
        """Active windows over the least within so many seconds, as it is on average somewhere."""
        if not active.any():
            return 0.0
        bands = self._power(*_VOICE_HZ)
        signal = float(bands.sum(axis=1)[active].mean())
        smooth = uniform_filter1d(bands, max(3, round(0.1 / self.step_s)), axis=0)
        width = max(1, min(len(smooth), round(within_s / self.step_s)))
        minimum_filter1d(smooth, width, axis=0, output=bands)
        bands *= _MINIMUM_BIAS
        noise = float(bands.sum(axis=1)[where].mean())
        ratio = max(signal - noise, 1e-14) / max(noise, 1e-14)
        return float(np.clip(10 * np.log10(ratio), _WORST_SNR_DB, _BEST_SNR_DB))

    def bandwidth_hz(self) -> float:
        """The highest frequency with sound less than 60 dB below the strongest."""
        level = 10 * np.log10(uniform_filter1d(self._total / max(1, self._windows), 5) + 1e-14)
        here = np.flatnonzero(level > level.max() - _EDGE_BELOW_PEAK_DB)
        return float(self._hz[here[-1]]) if self._windows and len(here) else 0.0

    def decay_s(self) -> float:
        """How long sound takes to fall by 60 dB, by the steepest falls that are heard."""
        power = self._power(*_REVERB_HZ).sum(axis=1)
        if len(power) < 30:
            return 0.0
        level = uniform_filter1d(10 * np.log10(power + _FLOOR), 3)
        span = max(3, round(0.12 / self.step_s))
        slope = (level[span:] - level[:-span]) / (span * self.step_s)
        falls = slope[(slope < -10) & (level[:-span] > np.percentile(level, 50))]
        if len(falls) < 6:
            return 0.0
        return float(60 / max(np.percentile(-falls, 90), 30.0))

    def hum_db(self) -> float | None:
        """Level of mains hum (50 or 60 Hz with harmonics), dBFS; None when there is none."""
        return self._hum.level_db()


class _HumMeter:
    """Lines at multiples of the mains' frequency that are there in nearly every second."""

    def __init__(self, rate: int) -> None:
        self._step = max(1, rate // 4000)  # the lines end at 480 Hz
        self._size = round(_HUM_WINDOW_S * rate / self._step)
        self._rate = rate / self._step
        self._rest = np.zeros(0)
        self._found: list[Floats] = []

    def push(self, samples: Floats) -> None:
        whole = len(samples) // self._step * self._step
        means = samples[:whole].reshape(-1, self._step).mean(axis=1)
        joined = np.concatenate([self._rest, means])
        count = len(joined) // self._size
        if count:
            parts = joined[: count * self._size].reshape(count, -1) * np.hanning(self._size)
            power = np.square(np.abs(np.fft.rfft(parts, axis=1)) * 4 / self._size) / 2
            self._found.extend(power[:, : int(600 / self._rate * self._size)].astype(np.float32))
        self._rest = joined[count * self._size :]

    def level_db(self) -> float | None:
        if not self._found:
            return None
        usual = np.percentile(np.stack(self._found), 20, axis=0)
        bin_hz = self._rate / self._size
        best = 0.0
        for mains in (50.0, 60.0):
            total = 0.0
            for n in range(1, _HARMONICS + 1):
                at = round(mains * n / bin_hz)
                if at + 13 > len(usual):
                    break
                line = float(usual[at - 2 : at + 3].max())
                beside = np.concatenate([usual[at - 12 : at - 4], usual[at + 5 : at + 13]])
                if line > np.median(beside) * 10 ** (_HUM_STANDS_OUT_DB / 10):
                    total += line
            best = max(best, total)
        return float(10 * np.log10(best)) if best > 1e-9 else None
