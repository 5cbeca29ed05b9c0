"""A second sound under the first: levels by loudness, ducking under speech, a loudness target.

Everything is linear but the limiter, and that holds the first sound only, into the room that the
second leaves: the second stays at its level wherever nobody speaks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import minimum_filter1d, uniform_filter1d
from scipy.signal import resample_poly

from media_pipeline.media.audio import Samples
from media_pipeline.stages.audio_quality.loudness import SILENT_LUFS, LoudnessMeter

_ATTACK_S, _RELEASE_S = 0.25, 0.6
_LOOK_S = 0.005
_SHORT = 1 << 16  # samples
_MARGIN_DB, _LEAST_MARGIN_DB = 0.5, 0.2
"""What the limiter of the first sound keeps free, since it smooths, and that of the whole."""
_ROUNDS, _CLOSE_LU, _LEAST_SLOPE = 4, 0.1, 0.3
_LEAST_FIRST = 0.2  # gain of the first sound: where the second leaves less room, both are held

Blocks = Callable[[], Iterator[Samples]]
Pairs = NDArray[np.float32]
"""(n, 2, channels): the first sound and the second, before they are added."""
Gains = NDArray[np.float32]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Mixed:
    """How the mixture was made."""

    gain_db: float
    """Of the whole."""
    lufs: float
    true_peak_db: float


def loudness(blocks: Iterator[Samples], rate: int) -> tuple[float, float]:
    """Gated loudness of all channels together, LUFS, and the true peak, dBTP (ITU-R BS.1770-4)."""
    meters: list[LoudnessMeter] = []
    for block in blocks:
        meters = meters or [LoudnessMeter(rate) for _ in range(block.shape[1])]
        for meter, column in zip(meters, block.T, strict=True):
            meter.push(column.astype(np.float64))
    if not meters:
        return SILENT_LUFS, -120.0
    return LoudnessMeter.together(meters), max(m.true_peak_db for m in meters)


def head(blocks: Iterator[Samples], count: int) -> Iterator[Samples]:
    """The first ``count`` samples of a sound, or all of it."""
    for block in blocks:
        yield block[:count]
        count -= len(block)
        if count <= 0:
            return


def ducking(
    start: int, count: int, rate: int, speech: Sequence[tuple[float, float]], duck_db: float
) -> Floats:
    """(count,) gain of the second sound from sample ``start``: lower while somebody speaks.

    It falls in the quarter of a second before and rises in the 0.6 s after, by decibels.
    """
    times = (start + np.arange(count)) / rate
    depth = np.zeros(count)
    for first, last in speech:
        if last + _RELEASE_S < times[0] or first - _ATTACK_S > times[-1]:
            continue
        ramp = np.minimum((times - first) / _ATTACK_S + 1, (last - times) / _RELEASE_S + 1)
        depth = np.maximum(depth, np.clip(ramp, 0, 1))
    return np.asarray(10 ** (-duck_db * depth / 20))


def beside(
    main: Blocks,
    second: Blocks,
    rate: int,
    *,
    second_gain_db: float,
    speech: Sequence[tuple[float, float]] = (),
    duck_db: float = 0.0,
    loop: bool = True,
) -> Iterator[Pairs]:
    """Both sounds, as long as the first.

    Parameters
    ----------
    main, second : give the blocks of each from its start, (n, channels) at ``rate``.
    loop : begin the second again at its end.
    """
    queue = _Queue(second, loop)
    at = 0
    gain = 10 ** (second_gain_db / 20)
    for block in main():
        other = queue.take(len(block)) * np.float32(gain)
        if duck_db and speech:
            curve = ducking(at, len(block), rate, speech, duck_db)
            other = other * curve[:, np.newaxis].astype(np.float32)
        yield _pair(block, other)
        at += len(block)


def _pair(block: Samples, other: Samples) -> Pairs:
    """Both with the same channels; what has more than two gets the second in front."""
    ours, theirs = block.shape[1], other.shape[1]
    if ours == 1 and theirs > 1:
        block = np.repeat(block, 2, axis=1)
    if theirs > 2 or (theirs == 1 and block.shape[1] > 1):
        other = np.repeat(other.mean(axis=1, keepdims=True), 2, axis=1)
    both = np.stack([block, np.zeros_like(block)], axis=1)
    both[:, 1, : other.shape[1]] = other
    return both


class _Queue:
    """A sound that is taken in pieces of any length; silent, or again from its start, after it."""

    def __init__(self, blocks: Blocks, loop: bool) -> None:
        self._source = _again(blocks) if loop else blocks()
        self._rest: Samples | None = None

    def take(self, count: int) -> Samples:
        parts: list[Samples] = [] if self._rest is None else [self._rest]
        have = sum(map(len, parts))
        while have < count:
            block = next(self._source, None)
            if block is None:
                break
            parts.append(block)
            have += len(block)
        joined = np.concatenate(parts) if parts else np.zeros((0, 1), np.float32)
        if len(joined) < count:
            joined = np.pad(joined, ((0, count - len(joined)), (0, 0)))
        self._rest = joined[count:]
        return joined[:count]


def _again(blocks: Blocks) -> Iterator[Samples]:
    """A sound over and over; one of a moment is kept, so that its file is not opened each time."""
    while True:
        count, last = 0, None
        for last in blocks():
            count += len(last)
            yield last
        if last is None or not count:
            return
        if count == len(last) < _SHORT:
            while True:
                yield np.tile(last, (-(-_SHORT // count), 1))


def mixed(pairs: Iterator[Pairs], rate: int, gain_db: float, peak_db: float) -> Iterator[Samples]:
    """Both sounds added, with a gain, the true peaks held below a level by a look-ahead limiter.

    Parameters
    ----------
    pairs : from :func:`beside`, in order.
    gain_db, peak_db : of the whole; dBTP.
    """
    gain = 10 ** (gain_db / 20)
    limit = 10 ** ((peak_db - _MARGIN_DB) / 20)
    look = max(8, round(_LOOK_S * rate))
    before: Pairs | None = None
    held: Pairs | None = None
    for pair in pairs:
        louder = pair * np.float32(gain)
        if held is not None:
            yield _held(before, held, louder[: 2 * look], limit, look)
            before = held[-2 * look :]
        held = louder
    if held is not None:
        yield _held(before, held, held[:0], limit, look)


def _held(before: Pairs | None, block: Pairs, after: Pairs, limit: float, look: int) -> Samples:
    lead = 0 if before is None else len(before)
    whole = np.concatenate([block[:0] if before is None else before, block, after])
    total = whole.sum(axis=1)
    if np.abs(total).max(initial=0.0) * 1.5 <= limit:
        return np.asarray(block.sum(axis=1))
    first, second = whole[:, 0], whole[:, 1]
    room = np.minimum(1.0, _worst(_room, whole, limit))
    total = first * _smooth(np.maximum(room, _LEAST_FIRST), look) + second
    # what is still above, by more than what smoothing adds, is held as a whole
    last = limit * 10 ** ((_MARGIN_DB - _LEAST_MARGIN_DB) / 20)
    over = _worst(_share, total[:, np.newaxis], last)
    if over.min(initial=1.0) < 1.0:
        total = total * _smooth(np.minimum(1.0, over), look)
    return np.asarray(total[lead : lead + len(block)], np.float32)


def _worst(gain: Callable[[Pairs, float], Gains], sounds: Pairs, limit: float) -> Gains:
    """(n,) the least gain at and between the samples, over all channels."""
    between = gain(resample_poly(sounds, 4, 1, axis=0), limit).min(axis=1)
    here = gain(sounds, limit).min(axis=1)
    return np.asarray(np.minimum(between.reshape(-1, 4).min(axis=1), here))


def _room(sounds: Pairs, limit: float) -> Gains:
    """The gain at which the first sound and the second together meet the limit."""
    first, second = sounds[:, 0], sounds[:, 1]
    return np.asarray((limit - second * np.sign(first)) / np.maximum(np.abs(first), 1e-9))


def _share(sounds: Pairs, limit: float) -> Gains:
    """The gain at which a sound meets the limit."""
    return np.asarray(limit / np.maximum(np.abs(sounds[:, 0]), 1e-9))


def _smooth(wanted: Gains, look: int) -> Gains:
    """(n, 1) the least gain around, then its mean over the same width: never above the wanted."""
    width = 2 * look + 1
    return np.asarray(uniform_filter1d(minimum_filter1d(wanted, width), width))[:, np.newaxis]


def to_target(
    pairs: Callable[[], Iterator[Pairs]], rate: int, target_lufs: float, peak_db: float
) -> Mixed:
    """Find the gain at which the mixture has a loudness.

    Parameters
    ----------
    pairs : give both sounds from their start, as :func:`beside` does.
    """
    found, peak = loudness((pair.sum(axis=1) for pair in pairs()), rate)
    if found <= SILENT_LUFS:
        return Mixed(0.0, found, peak)
    gain = target_lufs - found
    if peak + gain <= peak_db - _MARGIN_DB:
        return Mixed(gain, target_lufs, peak + gain)
    step, tried = gain, []
    for _ in range(_ROUNDS):
        before = found
        found, peak = loudness(mixed(pairs(), rate, gain, peak_db), rate)
        tried.append(Mixed(gain, found, peak))
        if abs(found - target_lufs) <= _CLOSE_LU:
            break
        # where the limiter holds more, the loudness rises by less than the gain
        slope = (found - before) / step if abs(step) > _CLOSE_LU else 1.0
        step = (target_lufs - found) / min(1.0, max(_LEAST_SLOPE, slope))
        gain += step
    # the gates of the measure make it jump: the last need not be the nearest
    return min(tried, key=lambda one: abs(one.lufs - target_lufs))
