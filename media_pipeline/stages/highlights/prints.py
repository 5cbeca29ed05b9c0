"""Fingerprints of moments, by which a moment that was seen before is known again.

A print has a difference hash of the picture for each 0.05 s, for what moves fast is another picture
soon, and a word of band differences of the sound for each 0.1 s. Both outlive scaling, other
encoders, other levels and a shift in time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

PICTURE_STEP, SOUND_STEP = 0.05, 0.1
"""Seconds between two words of a print."""

_WINDOW_S = 0.37  # long against the shift between two grids, so that words agree all the same
_BITS = 23
_SILENCE = 1e-7  # power; nothing is recognised by its silence
_SAME_BITS = 14  # of 64; different pictures differ in half of them
_PICTURES_ALIKE, _PICTURES_ONLY = 0.5, 0.9  # shares of pictures that agree
_SOUND_WRONG = 0.35  # share of bits; different sounds differ in half of them
_LIVELY_BITS = 4.0  # bits by which pictures a second apart differ when something happens in them
_LEAST_S, _LEAST_SHARE = 2.0, 0.4  # that two moments must have in common


@dataclass(frozen=True, slots=True)
class Print:
    """What a moment looks and sounds like.

    ``picture``: (m,) uint64, a difference hash every 0.05 s; empty without picture.
    ``sound``: (n,) uint32 every 0.1 s; 0 for silence; empty without sound.
    """

    picture: NDArray[np.uint64]
    sound: NDArray[np.uint32]


def picture_print(
    time: NDArray[np.float64], signature: NDArray[np.uint64], start: float, end: float
) -> NDArray[np.uint64]:
    """The hashes of the frames shown every 0.05 s from ``start`` to ``end``.

    Parameters
    ----------
    time : (k,) when frames are shown, seconds, increasing.
    signature : (k,) their difference hashes.
    """
    if not len(time):
        return np.empty(0, np.uint64)
    moments = np.arange(start, end - 1e-6, PICTURE_STEP)
    shown = np.clip(np.searchsorted(time, moments + 1e-6, "right") - 1, 0, len(time) - 1)
    return signature[shown]


def sound_print(samples: NDArray[np.float32], rate: int) -> NDArray[np.uint32]:
    """A word of 23 bits per 0.1 s: whether the difference of neighbouring bands grows.

    References
    ----------
    J. Haitsma, T. Kalker, "A Highly Robust Audio Fingerprinting System", ISMIR 2002.
    """
    size, hop = round(_WINDOW_S * rate), round(SOUND_STEP * rate)
    if len(samples) < size + hop:
        return np.empty(0, np.uint32)
    windows = sliding_window_view(samples, size)[::hop]
    power = np.abs(np.fft.rfft(windows * np.hanning(size).astype(np.float32), axis=1)) ** 2
    hertz = np.fft.rfftfreq(size, 1 / rate)
    edges = np.searchsorted(hertz, np.geomspace(300, 3400, _BITS + 3))
    bands = np.log(np.add.reduceat(power, edges[:-1], axis=1)[:, : _BITS + 1] + 1e-9)
    rises = np.diff(np.diff(bands, axis=1), axis=0) > 0
    words = (rises.astype(np.uint32) << np.arange(_BITS, dtype=np.uint32)).sum(axis=1)
    audible = np.square(windows[1:]).mean(axis=1) > _SILENCE
    # the highest bit tells sound from silence
    found: NDArray[np.uint32] = np.where(audible, words | (1 << 31), 0).astype(np.uint32)
    return found


def alike(one: Print, other: Print) -> bool:
    """Whether two moments show the same event, wholly or in good part.

    The sound must agree, and at the same shift half of the pictures; or nearly all pictures where
    something moves in them (the same film with another sound). The same studio seen twice, or the
    same song under other pictures, is not the same moment.
    """
    if not len(one.sound) or not len(other.sound):
        return _pictures_alone(one, other)
    shift = _best_sound_shift(one.sound, other.sound)
    if shift is None:
        return _pictures_alone(one, other)
    if not len(one.picture) or not len(other.picture):
        return True
    pictures = round(shift * SOUND_STEP / PICTURE_STEP)
    return _picture_share(one.picture, other.picture, pictures) >= _PICTURES_ALIKE


def _pictures_alone(one: Print, other: Print) -> bool:
    a, b = one.picture, other.picture
    if min(_lively(a), _lively(b)) < _LIVELY_BITS:
        return False
    least = _least(len(a), len(b), PICTURE_STEP)
    shifts = range(least - len(b), len(a) - least + 1)
    return max((_picture_share(a, b, s) for s in shifts), default=0.0) >= _PICTURES_ONLY


def _lively(picture: NDArray[np.uint64]) -> float:
    second = round(1 / PICTURE_STEP)
    if len(picture) <= second:
        return 0.0
    return float(np.bitwise_count(picture[second:] ^ picture[:-second]).mean())


def _picture_share(a: NDArray[np.uint64], b: NDArray[np.uint64], shift: int) -> float:
    """The share of the pictures both show that agree, ``b`` lying ``shift`` words after ``a``.

    Each is held against three, since what moves fast is another picture 0.03 s later.
    """
    mine, theirs = _common(len(a), len(b), shift)
    if mine.stop <= mine.start:
        return 0.0
    around = np.pad(b, 1, mode="edge")
    apart = np.min(
        [np.bitwise_count(a[mine] ^ around[theirs.start + i : theirs.stop + i]) for i in range(3)],
        axis=0,
    )
    return float((apart <= _SAME_BITS).mean())


def _best_sound_shift(a: NDArray[np.uint32], b: NDArray[np.uint32]) -> int | None:
    """The shift at which the sounds agree, or None."""
    least = _least(len(a), len(b), SOUND_STEP)
    best: tuple[float, int] | None = None
    for shift in range(least - len(b), len(a) - least + 1):
        mine, theirs = _common(len(a), len(b), shift)
        x, y = a[mine], b[theirs]
        heard = (x != 0) & (y != 0)
        if heard.sum() * SOUND_STEP < _LEAST_S:
            continue
        wrong = float(np.bitwise_count(x[heard] ^ y[heard]).mean()) / _BITS
        if best is None or wrong < best[0]:
            best = (wrong, shift)
    return best[1] if best is not None and best[0] <= _SOUND_WRONG else None


def _least(a: int, b: int, step: float) -> int:
    """How many words two prints must have in common."""
    return max(round(_LEAST_S / step), round(_LEAST_SHARE * min(a, b)))


def _common(a: int, b: int, shift: int) -> tuple[slice, slice]:
    first, last = max(0, shift), min(a, b + shift)
    return slice(first, last), slice(first - shift, last - shift)
