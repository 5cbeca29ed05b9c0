"""A second sound under the first: levels by loudness, ducking under speech, a loudness target.

Everything is linear but the limiter, so the second sound stays at its level wherever nobody speaks.
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
_MARGIN_DB = 0.3  # what the limiter keeps free, since it smooths
_ROUNDS, _CLOSE_LU = 4, 0.1

Blocks = Callable[[], Iterator[Samples]]
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


def mixed(
    main: Blocks,
    second: Blocks,
    rate: int,
    *,
    second_gain_db: float,
    speech: Sequence[tuple[float, float]] = (),
    duck_db: float = 0.0,
    loop: bool = True,
) -> Iterator[Samples]:
    """Both sounds together, as long as the first.

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
        yield _sum(block, other)
        at += len(block)


def _sum(block: Samples, other: Samples) -> Samples:
    """One over the other; what has more than two channels gets the second in front."""
    ours, theirs = block.shape[1], other.shape[1]
    if ours == 1 and theirs > 1:
        block = np.repeat(block, 2, axis=1)
    if theirs > 2 or (theirs == 1 and block.shape[1] > 1):
        other = np.repeat(other.mean(axis=1, keepdims=True), 2, axis=1)
    total = block.copy()
    total[:, : other.shape[1]] += other
    return total


class _Queue:
    """A sound that is taken in pieces of any length; silent, or again from its start, after it."""

    def __init__(self, blocks: Blocks, loop: bool) -> None:
        self._blocks, self._loop = blocks, loop
        self._source = blocks()
        self._rest: Samples | None = None
        self._any = False

    def take(self, count: int) -> Samples:
        parts: list[Samples] = [] if self._rest is None else [self._rest]
        have = sum(map(len, parts))
        while have < count:
            block = next(self._source, None)
            if block is None:
                if not (self._loop and self._any):
                    break
                self._source, self._any = self._blocks(), False
                continue
            self._any = self._any or len(block) > 0
            parts.append(block)
            have += len(block)
        joined = np.concatenate(parts) if parts else np.zeros((0, 1), np.float32)
        if len(joined) < count:
            joined = np.pad(joined, ((0, count - len(joined)), (0, 0)))
        self._rest = joined[count:]
        return joined[:count]


def limited(
    blocks: Iterator[Samples], rate: int, gain_db: float, peak_db: float
) -> Iterator[Samples]:
    """The sound with a gain, its true peaks held below a level by a look-ahead limiter."""
    gain = 10 ** (gain_db / 20)
    limit = 10 ** ((peak_db - _MARGIN_DB) / 20)
    look = max(8, round(_LOOK_S * rate))
    before: Samples | None = None
    held: Samples | None = None
    for block in blocks:
        louder = block * np.float32(gain)
        if held is not None:
            yield _held(before, held, louder[: 2 * look], limit, look)
            before = held[-2 * look :]
        held = louder
    if held is not None:
        yield _held(before, held, held[:0], limit, look)


def _held(
    before: Samples | None, block: Samples, after: Samples, limit: float, look: int
) -> Samples:
    lead = 0 if before is None else len(before)
    whole = np.concatenate([block[:0] if before is None else before, block, after])
    if np.abs(whole).max(initial=0.0) * 1.5 <= limit:
        return block
    between = np.abs(resample_poly(whole, 4, 1, axis=0)).max(axis=1).reshape(-1, 4).max(axis=1)
    peak = np.maximum(between, np.abs(whole).max(axis=1))
    wanted = np.minimum(1.0, limit / np.maximum(peak, 1e-9))
    # the least gain around, then its mean over the same width: never above what is wanted
    smooth = uniform_filter1d(minimum_filter1d(wanted, 2 * look + 1), 2 * look + 1)
    kept: Samples = (whole * smooth[:, np.newaxis])[lead : lead + len(block)].astype(np.float32)
    return kept


def to_target(blocks: Blocks, rate: int, target_lufs: float, peak_db: float) -> Mixed:
    """Find the gain at which the limited sound has a loudness.

    Parameters
    ----------
    blocks : give the sound from its start.
    """
    found, peak = loudness(blocks(), rate)
    if found <= SILENT_LUFS:
        return Mixed(0.0, found, peak)
    gain = target_lufs - found
    if peak + gain <= peak_db - _MARGIN_DB:
        return Mixed(gain, target_lufs, peak + gain)
    for _ in range(_ROUNDS):
        found, peak = loudness(limited(blocks(), rate, gain, peak_db), rate)
        if abs(found - target_lufs) <= _CLOSE_LU:
            break
        gain += target_lufs - found
    return Mixed(gain, found, peak)
