"""Films that tell highlight finders apart: loud and quiet highlights, and things that only seem so.

Ordinary film is talk over shots of a pool of footage, some of it with soft music beneath. Four
moments are planted in each, two loud and two quiet, and four distractors: a loud hum, the steady
noise of a crowd, a flashing picture and a test tone. The level-compressed version is as broadcast:
a highlight is no louder than anything else, so that the loudest windows hold about half of them.
Speech is flite's where that is installed, else pulses through formants; where it is to be heard is
known from the clean voice before anything was mixed with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.signal import butter, sosfilt

from media_pipeline.text.cues import Cue, Word
from media_pipeline_tests.generators import speech
from media_pipeline_tests.generators.highlights import (
    FPS,
    RATE,
    Film,
    Planted,
    _add,
    _event_sound,
    _pink,
    _syllable,
    compress,
)

LOUD = ("bursts", "notes", "shouts")
QUIET = ("chase", "montage", "reveal")
DISTRACTORS = ("hum", "crowd", "flash", "tone")
SIZE = (160, 90)

Sound = NDArray[np.float64]
Footage = Sequence[NDArray[np.uint8]]

_TEXTS = (
    "There were many people at the station but nobody knew when the train would arrive.",
    "I went to the market and bought some bread for the evening.",
    "He told me that the meeting had been moved to the next week.",
    "We could walk along the river if the weather stays like this.",
    "The letter was lying on the table when she came home.",
    "Nobody has lived in that house for almost ten years.",
)
_REVEAL = "Look out, it was him all the time!"
_VOICES = ("slt", "kal", "rms")
_STRENGTH = 0.3  # of the compressor: the loudest windows then hold about half of the highlights


@dataclass
class Contest:
    """A film, its truth, and the captions that are shown in it.

    ``film.extra`` holds the distractors by name; ``speaking``: (n,) whether a voice sounds, per
    10 ms.
    """

    film: Film
    cues: list[Cue]
    speaking: NDArray[np.bool_]
    pictures: _Pictures

    def frames(self) -> Iterator[NDArray[np.uint8]]:
        """Luma pictures, (90, 160), at 25 per second."""
        return self.pictures.frames()

    def in_speech(self, time: float) -> bool:
        """Whether a cut at that time is a cut through a voice."""
        first, last = round((time - 0.015) * 100), round((time + 0.015) * 100)
        return first >= 0 and last > first and bool(self.speaking[first:last].all())


def make_contest(
    seed: int,
    footage: Footage,
    *,
    duration: float = 150.0,
    clip: float = 8.0,
    compressed: bool = False,
) -> Contest:
    """A film with four highlights, each 0.8 to 1.1 times ``clip`` seconds long."""
    rng = np.random.default_rng(seed)
    kinds = [*rng.permutation(LOUD)[:2], *rng.permutation(QUIET)[:2], *DISTRACTORS]
    places = _places(rng, [str(k) for k in kinds], duration, clip)
    planted = [p for p in places if p.kind not in DISTRACTORS]
    extra = {p.kind: (p.start, p.end) for p in places if p.kind in DISTRACTORS}
    voice, cues = _talk(rng, duration, planted)
    speaking = _audible(voice)
    sound = voice + 0.003 * _pink(rng, round(duration * RATE))
    if seed % 2:
        sound += 0.02 * _music(rng, duration)
    for p in places:
        _add(sound, p.start, _sound_of(rng, p))
    if compressed:
        sound = compress(sound, strength=_STRENGTH)
    words = [Word(a, b, f"word{i}", 1.0, "truth") for i, (a, b) in enumerate(_spans(speaking))]
    film = Film(
        duration,
        np.clip(sound, -1, 1).astype(np.float32),
        planted,
        words,
        [],
        np.empty(0),
        SIZE,
        seed,
        extra,
    )
    pictures = _Pictures(duration, places, footage, seed)
    film.cuts = pictures.cuts
    return Contest(film, cues, speaking, pictures)


def drawn_footage(seed: int = 0, shots: int = 6, frames: int = 500) -> list[NDArray[np.uint8]]:
    """Shots of soft shapes that drift, with something moving before them, and grain."""
    made = []
    width, height = SIZE
    for number in range(shots):
        rng = np.random.default_rng((seed, number))
        ground = _soft(rng, (height + 80, width + 240), 6, rng.uniform(80, 160), 70)
        thing = _soft(rng, (30, 24), 3, rng.uniform(40, 220), 30)
        grain = rng.normal(0, 2, (4, height, width))
        shot = np.empty((frames, height, width), np.uint8)
        for i in range(frames):
            x = round(40 + 40 * np.sin(i / 90 + number))
            y = round(20 + 15 * np.cos(i / 130))
            picture = ground[y : y + height, x : x + width] + grain[i % 4]
            a, b = round(60 + 55 * np.sin(i / 25 + number)), round(30 + 20 * np.sin(i / 17))
            picture[b : b + 30, a : a + 24] = thing
            shot[i] = np.clip(picture, 16, 235)
        made.append(shot)
    return made


def real_footage(paths: Sequence[Path]) -> list[NDArray[np.uint8]]:
    """The luma of real films, each as one shot of the pool."""
    import cv2

    from media_pipeline.media.decode import decode

    width, height = SIZE
    return [
        np.stack([cv2.resize(f.luma, (width, height)) for f in decode(path, width=width)])
        for path in paths
    ]


@dataclass
class _Pictures:
    """What is shown: shots of the footage, faster, more often cut or flashing where planted."""

    duration: float
    places: list[Planted]
    footage: Footage
    seed: int
    cuts: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.seed + 1000)
        now, cuts = rng.uniform(3, 8), []
        while now < self.duration - 3:
            cuts.append(float(now))
            now += rng.uniform(4, 11)
        for p in self.places:
            if p.kind in ("notes", "montage"):
                cuts += list(np.arange(p.start, p.end - 0.3, rng.uniform(0.6, 0.9)))
        self.cuts = sorted({round(c * FPS) / FPS for c in cuts})

    def frames(self) -> Iterator[NDArray[np.uint8]]:
        rng = np.random.default_rng(self.seed + 2000)
        at_frame = {round(c * FPS) for c in self.cuts}
        which, position = 0, 0.0
        for i in range(round(self.duration * FPS)):
            if i == 0 or i in at_frame:
                which = (which + 1 + int(rng.integers(0, len(self.footage) - 1))) % len(
                    self.footage
                )
                position = rng.uniform(0, len(self.footage[which]))
            kind = self._kind(i / FPS)
            position += _SPEED.get(kind, 1.0)
            picture = self.footage[which][int(position) % len(self.footage[which])]
            if kind == "flash" and i // 3 % 2:
                picture = 255 - picture // 4
            if kind == "tone":
                picture = _BARS
            yield picture

    def _kind(self, time: float) -> str:
        return next((p.kind for p in self.places if p.start <= time < p.end), "")


_SPEED = {"bursts": 4.0, "shouts": 4.0, "chase": 5.0, "reveal": 3.0, "hum": 1.0}
_BARS = np.repeat(np.linspace(20, 230, 8).astype(np.uint8), 20)[None].repeat(90, axis=0)


def _places(
    rng: np.random.Generator, kinds: list[str], duration: float, clip: float
) -> list[Planted]:
    """Every kind in an eighth of the film of its own, in random order."""
    part = duration / len(kinds)
    found = []
    for i, kind in enumerate(rng.permutation(kinds)):
        length = clip * rng.uniform(0.8, 1.1)
        start = i * part + rng.uniform(2.0, part - length - 2.0)
        found.append(Planted(round(start, 2), round(start + length, 2), str(kind)))
    return found


def _talk(
    rng: np.random.Generator, duration: float, planted: list[Planted]
) -> tuple[Sound, list[Cue]]:
    sound = np.zeros(round(duration * RATE))
    cues = []
    now, gain = 0.8, 1.0
    while now < duration - 1:
        if rng.random() < 0.2:
            gain = rng.uniform(0.5, 1.0)
        said = _said(rng, str(rng.choice(_TEXTS)))
        end = now + len(said) / RATE
        # nobody chats through a highlight, but sentences reach into its start
        busy = any(p.start - 2.5 < now < p.end - 0.3 or now < p.start < end - 1.5 for p in planted)
        if end < duration - 0.5 and not busy:
            _add(sound, now, gain * said)
            cues.append(Cue(now, end, "An ordinary sentence."))
            now = end
        now += rng.uniform(0.3, 1.2)
    for p in planted:
        if p.kind == "reveal":
            said = _said(rng, _REVEAL)
            at = p.start + 0.35 * (p.end - p.start)
            _add(sound, at, 0.6 * said)
            cues.append(Cue(at, at + len(said) / RATE, _REVEAL))
    return sound, sorted(cues, key=lambda c: c.start)


def _said(rng: np.random.Generator, text: str) -> Sound:
    """A sentence with a peak of 0.3."""
    if not speech.flite_missing():
        said = np.asarray(speech.say(text, str(rng.choice(_VOICES))), np.float64)
        return said * (0.3 / np.abs(said).max())
    parts = []
    for _ in text.split():
        parts += [
            _syllable(rng, rng.uniform(0.18, 0.4)),
            np.zeros(round(rng.uniform(0, 0.05) * RATE)),
        ]
    return 0.3 * np.concatenate(parts)


def _sound_of(rng: np.random.Generator, p: Planted) -> Sound:
    seconds = p.end - p.start
    count = round(seconds * RATE)
    fade = np.clip(np.minimum(np.arange(count), count - np.arange(count)) / (0.4 * RATE), 0, 1)
    if p.kind in DISTRACTORS:
        return fade * _distractor(rng, p.kind, count)
    if p.kind == "chase":  # steps and breath, softer than the talk
        sound = np.zeros(count)
        for at in np.arange(0, seconds - 0.2, 0.28):
            step = rng.standard_normal(round(0.08 * RATE)) * np.exp(-np.arange(1280) / 300)
            _add(sound, at, rng.uniform(0.03, 0.06) * step)
        return sound
    if p.kind == "montage":
        return 0.06 * fade * _music(rng, seconds)[:count]
    if p.kind == "reveal":
        return 0.01 * fade * rng.standard_normal(count)
    return _event_sound(rng, p)


def _distractor(rng: np.random.Generator, kind: str, count: int) -> Sound:
    t = np.arange(count) / RATE
    if kind == "hum":
        return 0.14 * (np.sin(2 * np.pi * 100 * t) + 0.5 * np.sin(2 * np.pi * 200 * t))
    if kind == "tone":
        return 0.15 * np.sin(2 * np.pi * 1000 * t)
    if kind == "crowd":
        band = butter(2, (300, 3000), "band", fs=RATE, output="sos")
        noise = sosfilt(band, rng.standard_normal(count))
        return 0.12 * (1 + 0.15 * np.sin(2 * np.pi * 0.7 * t)) * noise / noise.std()
    return np.zeros(count)  # the flashing is only seen


def _music(rng: np.random.Generator, seconds: float) -> Sound:
    """Soft chords and a tune, with a peak of about 2."""
    sound = np.zeros(round(seconds * RATE) + RATE)
    for at in np.arange(0, seconds, 0.5):
        t = np.arange(round(0.6 * RATE)) / RATE
        for pitch in (110, 165) if at % 2 else (220 * 2 ** (int(rng.integers(0, 13)) / 12),):
            tone = sum(np.sin(2 * np.pi * pitch * k * t) / k for k in range(1, 5))
            _add(sound, float(at), tone * np.exp(-t / 0.25) * np.clip(t / 0.02, 0, 1))
    return sound[: round(seconds * RATE)]


def _audible(voice: Sound) -> NDArray[np.bool_]:
    """Where the clean voice sounds: within 32 dB of its peak, holes up to 80 ms filled."""
    power = np.add.reduceat(voice**2, np.arange(0, len(voice), RATE // 100)) / (RATE // 100)
    loud = power > power.max() * 10**-3.2
    edges = np.flatnonzero(np.diff(np.concatenate([[0], loud.view(np.int8), [0]]))).reshape(-1, 2)
    for (_, end), (start, _) in pairwise(edges):
        if start - end <= 8:
            loud[end:start] = True
    return loud


def _spans(active: NDArray[np.bool_]) -> list[tuple[float, float]]:
    change = np.flatnonzero(np.diff(np.concatenate([[0], active.view(np.int8), [0]])))
    return [(a / 100, b / 100) for a, b in change.reshape(-1, 2)]


def _soft(
    rng: np.random.Generator, shape: tuple[int, int], blur: float, base: float, swing: float
) -> NDArray[np.float64]:
    soft = gaussian_filter(rng.standard_normal(shape), blur)
    return base + swing * soft / np.abs(soft).max()
