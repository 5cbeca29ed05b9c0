"""Noises and damage of known strength for speech: mixing, clipping, filters, rooms, dropouts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, sosfilt

from media_pipeline_tests.generators.speech import say

Sound = NDArray[np.float32]
_BABBLE = (
    "The boy was there when the sun rose, and he waited for the boat.",
    "A rod is used to catch pink salmon in the cold river.",
    "The source of the huge river is the clear spring in the hills.",
    "Kick the ball straight and follow through, then run back home.",
    "Help the woman get back to her feet, and call the doctor.",
)
SENTENCES = (
    "The birch canoe slid on the smooth planks. Glue the sheet to the dark blue background.",
    "It is easy to tell the depth of a well. These days a chicken leg is a rare dish.",
    "Rice is often served in round bowls. The juice of lemons makes fine punch.",
    "The box was thrown beside the parked truck. Four hours of steady work faced us.",
)
VOICES = ("slt", "rms", "awb", "kal16")


def _flat(count: int, rate: int, rng: np.random.Generator) -> Sound:
    return rng.standard_normal(count).astype(np.float32)


def _shaped(power: float) -> Callable[[int, int, np.random.Generator], Sound]:
    def noise(count: int, rate: int, rng: np.random.Generator) -> Sound:
        spectrum = np.fft.rfft(rng.standard_normal(count))
        hz = np.maximum(np.fft.rfftfreq(count, 1 / rate), 20.0)
        return np.fft.irfft(spectrum * hz ** (-power / 2), count).astype(np.float32)

    return noise


def _babble(count: int, rate: int, rng: np.random.Generator) -> Sound:
    mixed = np.zeros(count, np.float32)
    for number, text in enumerate(_BABBLE):
        voice = resampled(say(text, VOICES[number % len(VOICES)]), 16000, rate)
        voice = np.roll(np.resize(voice, count), int(rng.integers(count)))
        mixed += voice / (voice.std() + 1e-9)
    return mixed


def _hum(count: int, rate: int, rng: np.random.Generator) -> Sound:
    t = np.arange(count) / rate
    return np.sum(
        [np.sin(2 * np.pi * 50 * n * t + rng.uniform(0, 6)) / n for n in range(1, 8)], axis=0
    ).astype(np.float32)


def _street(count: int, rate: int, rng: np.random.Generator) -> Sound:
    """Rumble that swells and ebbs, and now and then a horn."""
    t = np.arange(count) / rate
    rumble = _shaped(2.0)(count, rate, rng)
    rumble = rumble / rumble.std() * (1 + 0.6 * np.sin(2 * np.pi * t / 3.1 + rng.uniform(0, 6)))
    at = int(rng.integers(max(1, count - rate)))
    horn = np.zeros(count)
    length = min(rate // 3, count - at)
    horn[at : at + length] = np.sin(2 * np.pi * 440 * t[:length]) * 1.5
    return (rumble + horn).astype(np.float32)


def _typing(count: int, rate: int, rng: np.random.Generator) -> Sound:
    """Clicks over a fan."""
    sound = _shaped(1.0)(count, rate, rng)
    sound = sound / sound.std() * 0.5
    click = rng.standard_normal(rate // 60) * np.exp(-np.arange(rate // 60) / (rate / 400))
    for at in rng.integers(0, count - len(click), max(1, count // rate * 6)):
        sound[at : at + len(click)] += 5 * click
    return sound.astype(np.float32)


NOISES: dict[str, Callable[[int, int, np.random.Generator], Sound]] = {
    "white": _flat,
    "pink": _shaped(1.0),
    "babble": _babble,
    "hum": _hum,
    "street": _street,
    "typing": _typing,
}


def resampled(samples: Sound, rate: int, to: int) -> Sound:
    """The sound at another rate."""
    from math import gcd

    from scipy.signal import resample_poly

    both = gcd(rate, to)
    return np.asarray(resample_poly(samples, to // both, rate // both), np.float32)


def spoken(voice: str, number: int = 0) -> Sound:
    """About nine seconds of clean speech at 16 kHz, with pauses, at -26 dBFS."""
    parts: list[Sound] = [np.zeros(6400, np.float32)]
    for i in range(2):
        parts += [say(SENTENCES[(number + i) % len(SENTENCES)], voice), np.zeros(9600, np.float32)]
    joined = np.concatenate(parts)
    ground = np.random.default_rng(number).standard_normal(len(joined)) * 10 ** (-80 / 20)
    return np.asarray(joined / joined.std() * 0.05 + ground, np.float32)


def mixed(clean: Sound, noise: str, snr_db: float, rate: int = 16000, seed: int = 0) -> Sound:
    """Speech with noise at a ratio of the whole powers."""
    added = NOISES[noise](len(clean), rate, np.random.default_rng([seed, len(noise)]))
    gain = np.sqrt(np.square(clean).mean() / np.square(added).mean() * 10 ** (-snr_db / 10))
    return np.asarray(clean + gain * added, np.float32)


def clipped(clean: Sound, share: float) -> Sound:
    """Cut off at the level that this share of the samples is above."""
    limit = np.quantile(np.abs(clean), 1 - share)
    return np.clip(clean, -limit, limit)


def lowpassed(clean: Sound, hz: float, rate: int = 16000) -> Sound:
    """Nothing above a frequency."""
    return np.asarray(sosfilt(butter(8, hz, fs=rate, output="sos"), clean), np.float32)


def in_room(clean: Sound, decay_s: float, rate: int = 16000) -> Sound:
    """In a room whose sound falls by 60 dB in a time."""
    rng = np.random.default_rng(3)
    t = np.arange(round(decay_s * rate * 1.2)) / rate
    answer = rng.standard_normal(len(t)) * np.exp(-6.9 * t / decay_s) * 0.06
    answer[0] = 1.0
    wet = fftconvolve(clean, answer)[: len(clean)]
    return np.asarray(wet / wet.std() * clean.std(), np.float32)


def with_dropouts(clean: Sound, count: int, seconds: float = 0.03, rate: int = 16000) -> Sound:
    """Silent for a moment, several times, where the sound is loud."""
    broken = clean.copy()
    length = round(seconds * rate)
    loud = np.flatnonzero(np.abs(clean) > np.abs(clean).max() * 0.3)
    for at in loud[np.linspace(0, len(loud) - 1, count).astype(int)]:
        broken[at : at + length] = 0
    return broken


def write_wild_floats(path: Path, channels: int = 1, rate: int = 48000) -> int:
    """Two seconds of faint noise as a WAV of floats, some of them no numbers or far beyond all
    bounds, and one a little over full scale; how many are no sound.
    """
    samples = 0.1 * np.random.default_rng(0).standard_normal((2 * rate, channels))
    samples[1000:1010, 0], samples[2000, 0], samples[3000, 0] = np.nan, np.inf, 1.7
    samples[4000, -1] = -1e30
    layout = {1: "mono", 2: "stereo", 8: "7.1"}[channels]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_f32le", rate=rate, layout=layout)
        packed = samples.astype(np.float32).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(packed, format="flt", layout=layout)
        frame.sample_rate = rate
        container.mux(stream.encode(frame))
    return 12
