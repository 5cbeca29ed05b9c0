"""Films with planted highlights: talk over a slow picture, and moments in which something happens.

Each highlight has sound and picture: noise bursts with fast motion, a run of notes with a burst of
cuts, shouts with fast motion. Besides there are distractors: a loud steady hum, a slow pan and the
ordinary cuts of a film. The compressed version has its levels evened out as broadcasters do: a
highlight is no louder than anything else. The words are the truth of what is said when.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray
from scipy.io import wavfile
from scipy.ndimage import gaussian_filter, uniform_filter1d
from scipy.signal import lfilter

from media_pipeline.text.cues import Word

RATE = 16000
FPS = 25
KINDS = ("bursts", "notes", "shouts")


@dataclass(frozen=True)
class Planted:
    """A highlight that is in the film, in seconds."""

    start: float
    end: float
    kind: str

    def iou(self, start: float, end: float) -> float:
        """Intersection over union with a span."""
        shared = max(0.0, min(end, self.end) - max(start, self.start))
        return shared / (max(end, self.end) - min(start, self.start))


@dataclass
class Film:
    """A generated film: its sound, its frames and what was planted in it."""

    duration: float
    sound: NDArray[np.float32]
    planted: list[Planted]
    words: list[Word]
    cuts: list[float]
    speed: NDArray[np.float64]
    """Pixels per frame by which the picture moves, one value per frame."""
    size: tuple[int, int] = (160, 90)
    seed: int = 0
    extra: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Distractors: spans of the hum and the pan."""

    def frames(self) -> Iterator[NDArray[np.uint8]]:
        """Luma pictures, (height, width), at 25 per second."""
        width, height = self.size
        rng = np.random.default_rng(self.seed + 1000)
        at_frame = {round(c * FPS) for c in self.cuts}
        ground = _texture(rng)
        position = 0.0
        for i, speed in enumerate(self.speed):
            if i in at_frame:
                ground = _texture(rng)
            position += speed
            x = round(position) % (ground.shape[1] - width)
            y = round(position / 3) % (ground.shape[0] - height)
            yield ground[y : y + height, x : x + width]


def make_film(
    seed: int = 0, *, duration: float = 75.0, clip: float = 6.0, compressed: bool = False
) -> Film:
    """A film with one highlight of each kind, each 0.8 to 1.1 times ``clip`` seconds long."""
    rng = np.random.default_rng(seed)
    planted = _places(rng, duration, clip)
    hum = _gap(planted, duration, clip)
    speech, words = _talk(rng, duration, planted)
    sound = speech + 0.004 * _pink(rng, round(duration * RATE))
    _add(sound, hum[0], 0.12 * _hum(clip))
    for p in planted:
        _add(sound, p.start, _event_sound(rng, p))
    if compressed:
        sound = compress(sound)
    speed = np.full(round(duration * FPS), 0.4)
    cuts = _usual_cuts(rng, duration)
    for p in planted:
        frames = slice(round(p.start * FPS), round(p.end * FPS))
        if p.kind == "notes":
            cuts += list(np.arange(p.start, p.end - 0.3, rng.uniform(0.6, 0.8)).round(2))
            speed[frames] = 1.0
        else:
            speed[frames] = rng.uniform(6, 9)
    pan = (hum[0], min(duration, hum[0] + clip))
    speed[round(pan[0] * FPS) : round(pan[1] * FPS)] = 1.5
    cuts = sorted({round(c * FPS) / FPS for c in cuts})
    return Film(
        duration,
        np.clip(sound, -1, 1).astype(np.float32),
        planted,
        words,
        cuts,
        speed,
        seed=seed,
        extra={"hum": (hum[0], hum[0] + clip), "pan": pan},
    )


def compress(
    sound: NDArray[np.float64], target: float = 0.12, *, strength: float = 1.0
) -> NDArray[np.float64]:
    """Even out the levels to within a few decibels, with at most 24 dB of gain and a limiter.

    ``strength``: the share of each difference in level that is taken away.
    """
    level = np.sqrt(uniform_filter1d(sound**2, round(0.25 * RATE)) + 1e-9)
    gain = np.minimum((target / level) ** strength, 16.0)
    return np.clip(sound * uniform_filter1d(gain, round(0.05 * RATE)), -2 * target, 2 * target)


def write_film(film: Film, path: Path, *, sound: bool = True, picture: bool = True) -> Path:
    """Encode the film, or only its sound or its picture."""
    wav = path.with_suffix(".truth.wav")
    wavfile.write(wav, RATE, film.sound)
    width, height = film.size
    args = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y"]
    if picture:
        args += ["-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{width}x{height}", "-r", str(FPS)]
        args += ["-i", "-"]
    if sound:
        args += ["-i", str(wav), "-c:a", "aac", "-b:a", "96k"]
    if picture:
        args += ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "18", "-pix_fmt", "yuv420p"]
        args += ["-g", "50"]
    data = b"".join(f.tobytes() for f in film.frames()) if picture else b""
    subprocess.run([*args, str(path)], input=data, check=True)
    wav.unlink()
    return path


def _places(rng: np.random.Generator, duration: float, clip: float) -> list[Planted]:
    """One highlight per kind in random order, each in its own third of the film."""
    part = duration / len(KINDS)
    places = []
    for i, kind in enumerate(rng.permutation(KINDS)):
        length = clip * rng.uniform(0.8, 1.1)
        start = i * part + rng.uniform(0.15 * part, part - length - 1.0)
        places.append(Planted(round(start, 2), round(start + length, 2), str(kind)))
    return places


def _gap(planted: list[Planted], duration: float, clip: float) -> tuple[float, float]:
    """The longest stretch without a highlight, where the distractors go."""
    edges = [(0.0, planted[0].start)]
    edges += [(a.end, b.start) for a, b in pairwise(planted)]
    edges.append((planted[-1].end, duration))
    a, b = max(edges, key=lambda e: e[1] - e[0])
    return (max(a, (a + b - clip) / 2), b)


def _talk(
    rng: np.random.Generator, duration: float, planted: list[Planted]
) -> tuple[NDArray[np.float64], list[Word]]:
    """Sentences of voiced syllables; most, but not all, fall silent in the highlights."""
    sound = np.zeros(round(duration * RATE))
    words: list[Word] = []
    now = 0.6
    while now < duration - 5:
        count = int(rng.integers(4, 9))
        for i in range(count):
            length = rng.uniform(0.18, 0.42)
            busy = any(p.start - 0.4 < now < p.end for p in planted)
            if not busy or rng.random() < 0.3:
                _add(sound, now, rng.uniform(0.10, 0.16) * _syllable(rng, length))
                text = f"word{len(words)}" + ("." if i == count - 1 else "")
                words.append(Word(round(now, 3), round(now + length, 3), text, 1.0, "truth"))
            now += length + rng.uniform(0.0, 0.06)
        now += rng.uniform(0.4, 1.1)
    return sound, words


def _syllable(
    rng: np.random.Generator, seconds: float, pitch: float = 120.0
) -> NDArray[np.float64]:
    """A gliding pulse train through two formants."""
    t = np.arange(round(seconds * RATE)) / RATE
    f0 = pitch * (1 + rng.uniform(-0.25, 0.25) * t / seconds)
    pulses = np.diff(np.floor(np.cumsum(f0) / RATE), prepend=0.0)
    voice = pulses + 0.02 * rng.standard_normal(len(t))
    for formant in (rng.uniform(350, 800), rng.uniform(1100, 2200)):
        r, w = 0.97, 2 * np.pi * formant / RATE
        voice = lfilter([1 - r], [1, -2 * r * np.cos(w), r * r], voice)
    voice = voice / (np.abs(voice).max() + 1e-9)
    return voice * np.sin(np.pi * t / seconds) ** 0.5


def _event_sound(rng: np.random.Generator, p: Planted) -> NDArray[np.float64]:
    length = p.end - p.start
    sound = np.zeros(round(length * RATE))
    now = 0.0
    while now < length - 0.2:
        if p.kind == "bursts":
            burst = 0.4 * rng.standard_normal(round(0.14 * RATE))
            _add(sound, now, burst * np.exp(-np.arange(len(burst)) / (0.05 * RATE)))
            now += rng.uniform(0.18, 0.4)
        elif p.kind == "notes":
            t = np.arange(round(0.3 * RATE)) / RATE
            pitch = 220 * 2 ** (int(rng.integers(0, 18)) / 12)
            note = sum(np.sin(2 * np.pi * pitch * k * t) / k for k in range(1, 6))
            _add(sound, now, 0.3 * note * np.exp(-t / 0.12))
            now += rng.choice([0.15, 0.3])
        else:
            _add(sound, now, 0.5 * _syllable(rng, rng.uniform(0.25, 0.5), 320.0))
            now += rng.uniform(0.3, 0.6)
    return sound


def _hum(seconds: float) -> NDArray[np.float64]:
    t = np.arange(round(seconds * RATE)) / RATE
    fade = np.clip(np.minimum(t, seconds - t) / 0.5, 0, 1)
    return fade * (np.sin(2 * np.pi * 100 * t) + 0.5 * np.sin(2 * np.pi * 200 * t))


def _pink(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    noise = lfilter([1], [1, -0.9], rng.standard_normal(n))
    return noise / noise.std()


def _add(sound: NDArray[np.float64], at: float, what: NDArray[np.float64]) -> None:
    first = round(at * RATE)
    part = sound[first : first + len(what)]
    part += what[: len(part)]


def _usual_cuts(rng: np.random.Generator, duration: float) -> list[float]:
    cuts, now = [], rng.uniform(4, 8)
    while now < duration - 3:
        cuts.append(float(now))
        now += rng.uniform(5, 11)
    return cuts


def _texture(rng: np.random.Generator) -> NDArray[np.uint8]:
    """A soft random picture with its own brightness."""
    soft = gaussian_filter(rng.standard_normal((220, 420)), 5)
    soft = soft / np.abs(soft).max()
    base = rng.uniform(80, 170)
    return np.clip(base + 80 * soft, 16, 235).astype(np.uint8)
