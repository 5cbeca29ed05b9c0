"""Where notes begin: onset strength in bands, and how the harmony changes, in one pass.

Memory grows by 2.7 kB a second of sound, whatever its rate and channels.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from media_pipeline.media.audio import Samples

RATE = 22050
HOP = 256
FPS = RATE / HOP
_WINDOW = 2048
_MELS = 40
_LOWEST_HZ, _HIGHEST_HZ = 30.0, 10000.0
_EDGES_HZ = (0.0, 130.0, 400.0, 2000.0, 5000.0, 11025.0)
BANDS = len(_EDGES_HZ) - 1
"""Drums and bass, low notes, notes, snares, cymbals."""
CHROMA_HOP, _CHROMA_WINDOW = 2048, 8192
CHROMA_FPS = RATE / CHROMA_HOP
TIMBRES = 16
LEAD_S = 0.01
"""By which the flux of a note peaks before the note: the window sees it come."""
_FOLLOW = 0.3  # of the level that notes are compared with, for each block
_AT_ONCE = 512

Features = NDArray[np.float32]


@dataclass(frozen=True)
class Onsets:
    """What is known of a sound; frame ``n`` of the flux stands at ``n / FPS`` seconds.

    ``flux`` is (frames, BANDS), ``level`` (frames,) the sum of the magnitudes, ``chroma`` (blocks,
    12) and ``timbre`` (blocks, TIMBRES) at ``CHROMA_FPS``, ``duration`` seconds.
    """

    flux: Features
    level: Features
    chroma: Features
    timbre: Features
    duration: float


def listen(blocks: Iterable[Samples]) -> Onsets:
    """Measure a sound.

    Parameters
    ----------
    blocks : mono sound at ``RATE``, in order, in pieces of any length (ten seconds are good).

    References
    ----------
    Böck and Widmer (2013), "Maximum filter vibrato suppression for onset detection".
    """
    flux, harmony = _Flux(), _Harmony()
    count = 0
    for block in blocks:
        samples = np.nan_to_num(np.asarray(block, np.float32), posinf=1.0, neginf=-1.0)
        flux.push(samples)
        harmony.push(samples)
        count += len(samples)
    flux.finish()
    harmony.finish()
    return Onsets(
        _stack(flux.found, BANDS),
        _stack(flux.levels, 0),
        _stack(harmony.chroma, 12),
        _stack(harmony.timbre, TIMBRES),
        count / RATE,
    )


def _stack(parts: list[Features], columns: int) -> Features:
    if parts:
        return np.concatenate(parts).astype(np.float32)
    return np.zeros((0, columns) if columns else 0, np.float32)


class _Frames:
    """Windows of a stream of samples, centred on multiples of the hop."""

    def __init__(self, window: int, hop: int, lead: int = 0) -> None:
        self._window, self._hop = window, hop
        self._rest = np.zeros(window // 2 + lead, np.float32)
        self._shape = np.hanning(window).astype(np.float32)

    def push(self, samples: Samples) -> Iterable[Features]:
        """Magnitudes of the windows that are complete now, (windows, bins)."""
        waiting = np.concatenate([self._rest, samples])
        count = max(0, 1 + (len(waiting) - self._window) // self._hop)
        if count:
            views = np.lib.stride_tricks.sliding_window_view(waiting, self._window)
            views = views[:: self._hop][:count]
            for first in range(0, count, _AT_ONCE):
                part = views[first : first + _AT_ONCE] * self._shape
                yield np.abs(np.fft.rfft(part, axis=1)).astype(np.float32)
        self._rest = waiting[count * self._hop :].copy()

    def rest(self) -> Samples:
        """Silence that completes the last window."""
        return np.zeros(self._window // 2, np.float32)


class _Flux:
    def __init__(self) -> None:
        self._frames = _Frames(_WINDOW, HOP, 0)
        self._bank, self._bands = _mel_bank()
        self._before = np.zeros((2, _MELS), np.float32)
        self._reference = 0.0
        self.found: list[Features] = []
        self.levels: list[Features] = []

    def push(self, samples: Samples) -> None:
        for magnitudes in self._frames.push(samples):
            mels = magnitudes @ self._bank
            self._follow(mels)
            joined = np.log1p(10 * np.concatenate([self._before, mels]) / self._reference)
            rise = np.maximum(joined[2:] - maximum_filter1d(joined[:-2], 3, axis=1), 0)
            self.found.append(rise @ self._bands)
            self.levels.append(mels.sum(axis=1))
            self._before = np.concatenate([self._before, mels])[-2:]

    def _follow(self, mels: Features) -> None:
        positive = mels[mels > 1e-6]
        if not len(positive):
            self._reference = self._reference or 1.0
            return
        median = float(np.median(positive))
        self._reference = (
            median
            if not self.levels or self._reference == 1.0
            else (self._reference * (1 - _FOLLOW) + median * _FOLLOW)
        )

    def finish(self) -> None:
        self.push(self._frames.rest())


def _mel_bank() -> tuple[Features, Features]:
    """Triangular filters (bins, mels), and which band each belongs to (mels, bands), as means."""
    hz = np.arange(_WINDOW // 2 + 1) * RATE / _WINDOW
    low, high = (2595 * np.log10(1 + f / 700) for f in (_LOWEST_HZ, _HIGHEST_HZ))
    edges = 700 * (10 ** (np.linspace(low, high, _MELS + 2) / 2595) - 1)
    bank = np.zeros((len(hz), _MELS), np.float32)
    for n in range(_MELS):
        a, b, c = edges[n : n + 3]
        bank[:, n] = np.maximum(0, np.minimum((hz - a) / (b - a), (c - hz) / (c - b)))
        if not bank[:, n].any():
            bank[np.argmin(np.abs(hz - b)), n] = 1
    of = np.searchsorted(_EDGES_HZ, edges[1:-1], "right") - 1
    bands = (of[:, np.newaxis] == np.arange(BANDS)).astype(np.float32)
    return bank, bands / np.maximum(bands.sum(axis=0), 1)


class _Harmony:
    def __init__(self) -> None:
        self._frames = _Frames(_CHROMA_WINDOW, CHROMA_HOP)
        hz = np.maximum(np.arange(_CHROMA_WINDOW // 2 + 1) * RATE / _CHROMA_WINDOW, 1e-3)
        midi = 69 + 12 * np.log2(hz / 440)
        audible = (hz > 55) & (hz < 5000)
        off = (midi[:, np.newaxis] - np.arange(12) + 6) % 12 - 6
        weight = np.exp(-0.5 * ((midi - 62) / 14) ** 2) * audible
        self._pitches = (np.exp(-0.5 * (off / 0.35) ** 2) * weight[:, np.newaxis]).astype(
            np.float32
        )
        low, high = (2595 * np.log10(1 + f / 700) for f in (80.0, 10000.0))
        edges = 700 * (10 ** (np.linspace(low, high, TIMBRES + 1) / 2595) - 1)
        inside = (hz[:, np.newaxis] >= edges[:-1]) & (hz[:, np.newaxis] < edges[1:])
        self._timbres = inside.astype(np.float32)
        self.chroma: list[Features] = []
        self.timbre: list[Features] = []

    def push(self, samples: Samples) -> None:
        for magnitudes in self._frames.push(samples):
            self.chroma.append(np.sqrt(magnitudes) @ self._pitches)
            self.timbre.append(np.log1p(np.square(magnitudes) @ self._timbres))

    def finish(self) -> None:
        self.push(self._frames.rest())
