"""Sound as the engines take it: 16 kHz mono, as an array or mapped from a WAV file, and its level.

Decoding media files belongs to :mod:`media_pipeline.media.audio`.
"""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from media_pipeline.errors import InvalidArtifact

RATE = 16_000
"""Samples per second that every engine here takes."""

Samples = NDArray[np.float32] | NDArray[np.int16]
"""Mono sound at :data:`RATE`: float32 in [-1, 1] or int16, one dimension."""

HOP_S = 0.01
"""Seconds between two values of :func:`levels`."""

_FRAME_S = 0.025
_FLOOR_DB = -100.0


def map_wav(path: Path) -> NDArray[np.int16]:
    """The samples of a 16 kHz mono 16-bit WAV file, mapped from disk: a film costs no memory.

    Raises
    ------
    InvalidArtifact
        for a WAV file of another kind.
    """
    try:
        with path.open("rb") as file, wave.open(file) as header:
            shape = (header.getframerate(), header.getnchannels(), header.getsampwidth())
            count, offset = header.getnframes(), file.tell()
    except (wave.Error, EOFError) as error:
        raise InvalidArtifact(f"{path.name} is not a WAV file ({error})") from error
    if shape != (RATE, 1, 2):
        raise InvalidArtifact(
            f"{path.name} has {shape[0]} Hz, {shape[1]} channels of {8 * shape[2]} bits",
            "speech engines take 16 kHz mono of 16 bits",
        )
    count = min(count, (path.stat().st_size - offset) // 2)
    if not count:
        return np.zeros(0, np.int16)
    return np.memmap(path, np.int16, mode="r", offset=offset, shape=(count,))


def seconds(samples: Samples) -> float:
    """How long the sound is."""
    return len(samples) / RATE


def piece(samples: Samples, start: float, end: float) -> NDArray[np.float32]:
    """The sound between two times in seconds as float32 in [-1, 1]; clipped to what there is."""
    part = samples[max(0, round(start * RATE)) : max(0, round(end * RATE))]
    if part.dtype == np.int16:
        return part.astype(np.float32) / np.float32(32768)
    return np.ascontiguousarray(part, np.float32)


def pcm(samples: Samples, start: float, end: float) -> bytes:
    """The sound from ``start`` to ``end`` seconds as 16-bit PCM."""
    part = samples[max(0, round(start * RATE)) : max(0, round(end * RATE))]
    if part.dtype != np.int16:
        part = (np.clip(part, -1, 1) * 32767).astype(np.int16)
    return part.tobytes()


def levels(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """The level every :data:`HOP_S` in dB of full scale, over frames of 25 ms around each instant.

    Value ``i`` belongs to the time ``i * HOP_S``. Never below -100 dB.
    """
    hop, half = round(HOP_S * RATE), round(_FRAME_S * RATE / 2)
    total = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    centres = np.arange(0, len(samples), hop)
    low, high = np.maximum(centres - half, 0), np.minimum(centres + half, len(samples))
    power = (total[high] - total[low]) / np.maximum(high - low, 1)
    return np.asarray(10 * np.log10(np.maximum(power, 10 ** (_FLOOR_DB / 10))))


def speech_floor(level: NDArray[np.float64]) -> float:
    """The level in dB under which a frame of this stretch is taken for a pause.

    It lies 35 dB below the loud frames, or 10 dB (at most a third of the way to the loud frames)
    above the quiet ones where the ground is noisier than that.
    """
    if not level.size:
        return _FLOOR_DB
    quiet, loud = np.percentile(level, [5, 95])
    return float(max(loud - 35, quiet + min(10.0, (loud - quiet) / 3)))
