"""The sound of the sample film: a quiet bed, speech, and three lively passages of three kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from media_pipeline.sample.script import Plan

RATE = 48000
Signal = npt.NDArray[np.float32]


def make_sound(plan: Plan) -> Signal:
    """Stereo sound of the whole film, shape ``(samples, 2)``: a quiet bed, speech, and the lively
    passages.
    """
    rng = np.random.default_rng(7)
    total = round(plan.duration * RATE)
    bed = np.cumsum(rng.standard_normal((total, 2)), axis=0)
    bed -= _smooth(bed, RATE // 40)  # a drifting sum of noise without its drift: a soft room rumble
    sound = (0.0025 * bed / bed.std()).astype(np.float32)
    for at, _text, said in plan.speech:
        first = round(at * RATE)
        sound[first : first + len(said)] += said[:, None]
    for number, (start, end) in enumerate(plan.highlights):
        first, count = round(start * RATE), round((end - start) * RATE)
        lively = (_sweeps, _bursts, _cheers)[number](count, rng)
        ramp = np.minimum(1.0, np.minimum(np.arange(count), np.arange(count)[::-1]) / (0.05 * RATE))
        sound[first : first + count] += (lively * ramp)[:, None].astype(np.float32)
    clipped: Signal = np.clip(sound, np.float32(-0.98), np.float32(0.98))
    return clipped


def _smooth(signal: npt.NDArray[np.float64], width: int) -> npt.NDArray[np.float64]:
    total = np.cumsum(np.pad(signal, ((width, 0), (0, 0)), mode="edge"), axis=0)
    return np.asarray((total[width:] - total[:-width]) / width)


def _sweeps(count: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Rising tones of varying length, one after another."""
    out = np.zeros(count)
    at = 0
    while at < count:
        length = min(int(rng.uniform(0.35, 0.8) * RATE), count - at)
        t = np.arange(length) / RATE
        low, high = rng.uniform(250, 500), rng.uniform(1400, 2600)
        phase = 2 * np.pi * (low * t + (high - low) * t**2 / (2 * max(t[-1], 1e-3)))
        out[at : at + length] = 0.3 * np.sin(phase) * np.minimum(1, (t[-1] - t) / 0.05)
        at += length
    return out


def _bursts(count: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Drum-like bursts of noise at an uneven beat."""
    out = 0.04 * rng.standard_normal(count)
    at = 0
    while at < count:
        length = min(int(rng.uniform(0.16, 0.4) * RATE), count - at)
        decay = np.exp(-np.arange(length) / (0.09 * RATE))
        out[at : at + length] += rng.uniform(0.35, 0.6) * decay * rng.standard_normal(length)
        at += length
    return out


def _cheers(count: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """A crowd: noise in the band of voices that swells and ebbs, with whistles over it."""
    spectrum = np.fft.rfft(rng.standard_normal(count))
    hertz = np.fft.rfftfreq(count, 1 / RATE)
    voices = np.exp(-0.5 * (np.log2(np.maximum(hertz, 1) / 900) / 0.8) ** 2)
    crowd = np.fft.irfft(spectrum * voices, count)
    t = np.arange(count) / RATE
    swell = 0.65 + 0.2 * np.sin(2 * np.pi * 0.7 * t) + 0.15 * np.sin(2 * np.pi * 4.3 * t)
    whistle = (
        0.12 * np.sin(2 * np.pi * 2300 * t + 8 * np.sin(2 * np.pi * 5 * t)) * (np.sin(3 * t) > 0.6)
    )
    return np.asarray(0.2 * swell * crowd / crowd.std() + whistle)
