"""What is heard of music for its form: tones by pitch class, colour of the sound, loudness.

Memory grows by 6 kB a second of sound, whatever its rate and channels.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from media_pipeline.media.audio import Samples

RATE = 22050
HOP = 2048
FPS = RATE / HOP
_WINDOW = 8192
_AT_ONCE = 128
_LOWEST_HZ, _SPLIT_HZ, _HIGHEST_HZ = 50.0, 260.0, 3500.0
REGISTERS = 2
"""Bass, which tells the chords, and what is above it, melodies among them."""
_FINE = 5
"""Steps of a semitone, by which the tuning is told."""
COLOURS = 20
_COLOUR_HZ = (60.0, 10000.0)

Features = NDArray[np.float32]


@dataclass(frozen=True)
class Heard:
    """What is known of a sound; frame ``n`` stands at ``n / FPS`` seconds.

    ``tones`` is (frames, REGISTERS, 12) in the sound's own tuning, ``colours`` (frames, COLOURS)
    log energies of mel bands, ``level`` (frames,) energy, ``melody`` (frames,) what of it stands
    in tones of 260 to 3500 Hz; ``duration`` is seconds, ``tuning`` semitones above 440 Hz.
    """

    tones: Features
    colours: Features
    level: Features
    melody: Features
    duration: float
    tuning: float = 0.0


def listen(blocks: Iterable[Samples]) -> Heard:
    """Measure a sound for its form.

    Only peaks of the spectrum count as tones, at the frequency of their parabola, so that drums and
    the flanks of loud notes weigh little; the tuning is the mean place of all tones between the
    semitones.

    Parameters
    ----------
    blocks : mono sound at ``RATE``, in order, in pieces of any length.

    References
    ----------
    Müller (2015), "Fundamentals of Music Processing", chapter 3; Gómez (2006), "Tonal description
    of music audio signals", for peaks and tuning.
    """
    ear = _Ear()
    count = 0
    for block in blocks:
        samples = np.nan_to_num(np.asarray(block, np.float32), posinf=1.0, neginf=-1.0)
        ear.push(np.clip(samples, -4.0, 4.0))
        count += len(samples)
    ear.push(np.zeros(_WINDOW // 2, np.float32))
    fine = _stack(ear.fine, (REGISTERS, 12 * _FINE))
    tuning = _tuning(fine)
    return Heard(
        _semitones(fine, tuning),
        _stack(ear.colours, (COLOURS,)),
        _stack(ear.level, ()),
        _stack(ear.melody, ()),
        count / RATE,
        tuning,
    )


def _stack(parts: list[Features], shape: tuple[int, ...]) -> Features:
    return np.concatenate([np.zeros((0, *shape), np.float32), *parts])


class _Ear:
    """Windows of a stream of samples, centred on multiples of the hop."""

    def __init__(self) -> None:
        self._rest = np.zeros(_WINDOW // 2, np.float32)
        self._shape = np.hanning(_WINDOW).astype(np.float32)
        hz = np.arange(_WINDOW // 2 + 1) * RATE / _WINDOW
        self._first = int(np.searchsorted(hz, _LOWEST_HZ))
        self._last = int(np.searchsorted(hz, _HIGHEST_HZ))
        self._split = int(np.searchsorted(hz, _SPLIT_HZ)) - self._first
        low, high = (2595 * np.log10(1 + f / 700) for f in _COLOUR_HZ)
        edges = 700 * (10 ** (np.linspace(low, high, COLOURS + 1) / 2595) - 1)
        inside = (hz[:, np.newaxis] >= edges[:-1]) & (hz[:, np.newaxis] < edges[1:])
        self._bands = inside.astype(np.float32)
        self.fine: list[Features] = []
        self.colours: list[Features] = []
        self.level: list[Features] = []
        self.melody: list[Features] = []

    def push(self, samples: Samples) -> None:
        waiting = np.concatenate([self._rest, samples])
        count = max(0, 1 + (len(waiting) - _WINDOW) // HOP)
        if count:
            views = np.lib.stride_tricks.sliding_window_view(waiting, _WINDOW)[::HOP][:count]
            for first in range(0, count, _AT_ONCE):
                part = views[first : first + _AT_ONCE] * self._shape
                self._take(np.abs(np.fft.rfft(part, axis=1)).astype(np.float32))
        self._rest = waiting[count * HOP :].copy()

    def _take(self, magnitudes: Features) -> None:
        power = np.square(magnitudes)
        bands = power @ self._bands
        self.colours.append(np.log1p(bands))
        self.level.append(bands.sum(axis=1))
        middle = magnitudes[:, self._first : self._last]
        below = magnitudes[:, self._first - 1 : self._last - 1]
        above = magnitudes[:, self._first + 1 : self._last + 1]
        rows, bins = np.nonzero((middle > below) & (middle >= above) & (middle > 1e-3))
        peak = middle[rows, bins]
        a, b, c = (np.log(m[rows, bins] + 1e-9) for m in (below, middle, above))
        off = np.clip(0.5 * (a - c) / np.minimum(a - 2 * b + c, -1e-6), -0.5, 0.5)
        hz = (bins + self._first + off) * RATE / _WINDOW
        midi = 69 + 12 * np.log2(hz / 440)
        weight = np.sqrt(peak) * np.exp(-0.5 * ((midi - 64) / 16) ** 2)
        size = 12 * _FINE
        place = (midi % 12) * _FINE
        lower = np.floor(place).astype(int)
        share = place - lower
        high = bins >= self._split
        cell = (rows * REGISTERS + high) * size
        total = len(magnitudes) * REGISTERS * size
        found = np.bincount(cell + lower % size, weight * (1 - share), total)
        found += np.bincount(cell + (lower + 1) % size, weight * share, total)
        self.fine.append(found.reshape(-1, REGISTERS, size).astype(np.float32))
        tonal = np.bincount(rows[high], peak[high] ** 2, len(magnitudes))
        self.melody.append(tonal.astype(np.float32))


def _tuning(fine: Features) -> float:
    """Semitones by which the sound is above 440 Hz, -0.5 to 0.5."""
    place = np.arange(12 * _FINE) / _FINE
    mean = fine.sum(axis=(0, 1)) @ np.exp(2j * np.pi * place)
    return float(np.angle(mean) / (2 * np.pi))


def _semitones(fine: Features, tuning: float) -> Features:
    """Collapse to twelve pitch classes, in the sound's own tuning."""
    off = (np.arange(12 * _FINE) / _FINE - tuning)[:, np.newaxis] - np.arange(12)
    off = (off + 6) % 12 - 6
    return np.asarray(fine @ np.exp(-0.5 * np.square(off / 0.3)), np.float32)
