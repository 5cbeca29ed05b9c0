"""One note of each instrument: additive, plucked and noise synthesis at 22050 Hz."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, lfilter, sosfilt

RATE = 22050
Sound = NDArray[np.float32]
_F64 = NDArray[np.float64]


def _time(seconds: float) -> _F64:
    return np.arange(max(64, round(seconds * RATE))) / RATE


def _partials(t: _F64, pitch: float, weights: list[float], *, stretch: float = 0.0) -> _F64:
    sound = np.zeros_like(t)
    for number, weight in enumerate(weights, start=1):
        hz = pitch * number * np.sqrt(1 + stretch * number**2)
        if hz < RATE * 0.45:
            sound += weight * np.sin(2 * np.pi * hz * t + number)
    return sound


def _fade(sound: _F64, attack: float, release: float) -> _F64:
    rise, fall = (min(len(sound) // 2, max(2, round(s * RATE))) for s in (attack, release))
    sound[:rise] *= np.linspace(0, 1, rise)
    sound[-fall:] *= np.linspace(1, 0, fall)
    return sound


def piano(pitch: float, seconds: float) -> _F64:
    """A struck string: inharmonic partials that die away, the high ones first."""
    t = _time(seconds + 0.25)
    sound = np.zeros_like(t)
    for n in range(1, 9):
        hz = pitch * n * np.sqrt(1 + 4e-4 * n**2)
        if hz < RATE * 0.45:
            sound += 0.75**n * np.sin(2 * np.pi * hz * t + n) * np.exp(-t * (1.2 + 0.7 * n))
    return _fade(sound, 0.004, 0.2)


def epiano(pitch: float, seconds: float) -> _F64:
    """A tine by frequency modulation."""
    t = _time(seconds + 0.2)
    depth = 1.6 * np.exp(-t * 5)
    return _fade(
        np.sin(2 * np.pi * pitch * t + depth * np.sin(2 * np.pi * pitch * t)) * np.exp(-t * 1.8),
        0.006,
        0.15,
    )


def organ(pitch: float, seconds: float) -> _F64:
    """Drawbars: a steady sum of partials."""
    t = _time(seconds)
    return _fade(_partials(t, pitch, [0.8, 0.6, 0.4, 0.3, 0.0, 0.15]) * 0.5, 0.02, 0.04)


def pad(pitch: float, seconds: float) -> _F64:
    """Two detuned voices that swell."""
    t = _time(seconds + 0.4)
    weights = [0.6**n for n in range(7)]
    sound = _partials(t, pitch * 0.997, weights) + _partials(t, pitch * 1.004, weights)
    return _fade(sound * 0.4, min(0.35, seconds / 2), 0.4)


def strings(pitch: float, seconds: float) -> _F64:
    """Bowed, slow to speak, with vibrato."""
    t = _time(seconds + 0.15)
    wobble = 0.006 / 5.5 * np.sin(2 * np.pi * 5.5 * t) * np.minimum(1, t / 0.4)
    sound = np.zeros_like(t)
    for n in range(1, 12):
        if pitch * n < RATE * 0.45:
            sound += np.sin(2 * np.pi * pitch * n * (t + wobble) + n) / n
    return _fade(sound * 0.45, min(0.03, seconds / 3), 0.15)


def guitar(pitch: float, seconds: float) -> _F64:
    """A plucked string (Karplus and Strong 1983)."""
    size = max(2, round(RATE / pitch))
    rng = np.random.default_rng(size)
    excited = np.zeros(max(64, round((seconds + 0.1) * RATE)))
    excited[:size] = rng.uniform(-1, 1, size)
    damp = np.zeros(size + 2)
    damp[0], damp[size], damp[size + 1] = 1.0, -0.4985, -0.4985
    return _fade(np.asarray(lfilter([1.0], damp, excited)), 0.002, 0.08)


def crunch(pitch: float, seconds: float) -> _F64:
    """A distorted power chord."""
    t = _time(seconds)
    saw = _partials(t, pitch, [1 / n for n in range(1, 10)])
    fifth = _partials(t, pitch * 1.4983, [1 / n for n in range(1, 7)])
    return _fade(np.tanh(2.5 * (saw + fifth)) * 0.5, 0.006, 0.03)


def bass(pitch: float, seconds: float) -> _F64:
    """A fingered bass guitar."""
    t = _time(seconds + 0.05)
    return _fade(_partials(t, pitch, [1.0, 0.5, 0.25, 0.12, 0.06]) * np.exp(-t * 2.0), 0.008, 0.06)


def synthbass(pitch: float, seconds: float) -> _F64:
    """A square wave that closes."""
    t = _time(seconds)
    bright = _partials(t, pitch, [1, 0, 1 / 3, 0, 1 / 5, 0, 1 / 7])
    dull = np.sin(2 * np.pi * pitch * t)
    close = np.exp(-t * 8)
    return _fade(bright * close + dull * (1 - close), 0.004, 0.03)


def lead(pitch: float, seconds: float) -> _F64:
    """A singing voice of sorts: partials under a formant, vibrato, a soft start."""
    t = _time(seconds + 0.06)
    wobble = 0.008 / 6 * np.sin(2 * np.pi * 6 * t) * np.minimum(1, t / 0.3)
    sound = np.zeros_like(t)
    for n in range(1, 14):
        hz = pitch * n
        if hz < RATE * 0.4:
            weight = np.exp(-(((hz - 700) / 500) ** 2)) + 0.4 * np.exp(-(((hz - 1900) / 700) ** 2))
            sound += (weight + 0.05) * np.sin(2 * np.pi * hz * (t + wobble) + n)
    return _fade(sound * 0.4, min(0.06, seconds / 3), 0.08)


def flute(pitch: float, seconds: float) -> _F64:
    """Two partials and breath."""
    t = _time(seconds + 0.05)
    breath = np.random.default_rng(5).standard_normal(len(t)) * 0.02
    return _fade(_partials(t, pitch, [1.0, 0.25, 0.06]) * 0.6 + breath, 0.05, 0.06)


def brass(pitch: float, seconds: float) -> _F64:
    """Partials that come one after another."""
    t = _time(seconds + 0.05)
    sound = np.zeros_like(t)
    for n in range(1, 10):
        if pitch * n < RATE * 0.45:
            sound += np.sin(2 * np.pi * pitch * n * t) / n * (1 - np.exp(-t * 60 / n))
    return _fade(sound * 0.5, 0.02, 0.06)


def bell(pitch: float, seconds: float) -> _F64:
    """A glockenspiel."""
    t = _time(max(seconds, 0.6))
    return _fade(
        np.sin(2 * np.pi * pitch * t) * np.exp(-t * 4)
        + 0.4 * np.sin(2 * np.pi * pitch * 2.76 * t) * np.exp(-t * 9),
        0.001,
        0.05,
    )


def _noise(seconds: float, seed: int, low: float, high: float) -> _F64:
    rng = np.random.default_rng(seed)
    band = butter(2, [low, min(high, RATE * 0.49)], "band", fs=RATE, output="sos")
    return np.asarray(sosfilt(band, rng.standard_normal(len(_time(seconds)))))


def kick(_pitch: float, _seconds: float) -> _F64:
    t = _time(0.3)
    sweep = 48 * t + 90 / 30 * (1 - np.exp(-t * 30))
    return np.sin(2 * np.pi * sweep) * np.exp(-t * 13) * 1.6


def snare(_pitch: float, _seconds: float) -> _F64:
    t = _time(0.22)
    return _noise(0.22, 1, 1200, 8000) * np.exp(-t * 22) * 1.1 + 0.6 * np.sin(
        2 * np.pi * 190 * t
    ) * np.exp(-t * 30)


def rim(_pitch: float, _seconds: float) -> _F64:
    t = _time(0.06)
    return np.sin(2 * np.pi * 1700 * t) * np.exp(-t * 90) + _noise(0.06, 2, 2000, 6000) * np.exp(
        -t * 120
    )


def hat(_pitch: float, _seconds: float) -> _F64:
    t = _time(0.07)
    return _noise(0.07, 3, 6000, 10800) * np.exp(-t * 70)


def openhat(_pitch: float, _seconds: float) -> _F64:
    t = _time(0.35)
    return _noise(0.35, 4, 5500, 10800) * np.exp(-t * 11) * 0.8


def ride(_pitch: float, _seconds: float) -> _F64:
    t = _time(0.5)
    return (_noise(0.5, 5, 4000, 9500) * 0.5 + 0.2 * np.sin(2 * np.pi * 3100 * t)) * np.exp(-t * 7)


def tom(_pitch: float, _seconds: float) -> _F64:
    t = _time(0.3)
    return np.sin(2 * np.pi * (110 * t + 1.5 * (1 - np.exp(-t * 20)))) * np.exp(-t * 10)


def shaker(_pitch: float, _seconds: float) -> _F64:
    t = _time(0.09)
    return _noise(0.09, 6, 4500, 10000) * np.sin(np.pi * t / 0.09) * 0.7


def clap(_pitch: float, _seconds: float) -> _F64:
    t = _time(0.2)
    bursts = sum(np.exp(-np.maximum(t - d, 0) * 60) * (t >= d) for d in (0.0, 0.011, 0.023))
    return _noise(0.2, 7, 900, 5000) * bursts * 0.6


_INSTRUMENTS: dict[str, Callable[[float, float], _F64]] = {
    f.__name__: f
    for f in (
        *(piano, epiano, organ, pad, strings, guitar, crunch, bass, synthbass, lead, flute, brass),
        *(bell, kick, snare, rim, hat, openhat, ride, tom, shaker, clap),
    )
}
DRUMS = frozenset(("kick", "snare", "rim", "hat", "openhat", "ride", "tom", "shaker", "clap"))


@lru_cache(maxsize=4096)
def note(instrument: str, midi: int, hundredths: int) -> Sound:
    """One note at full level: MIDI number and length in hundredths of a second."""
    pitch = 440.0 * 2 ** ((midi - 69) / 12)
    sound = _INSTRUMENTS[instrument](pitch, hundredths / 100).astype(np.float32)
    sound.flags.writeable = False
    return sound
