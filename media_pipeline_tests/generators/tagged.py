"""Films whose parts are known to hold a shout, music, fast cuts or motion, or what is like them.

Each part has a sound and a picture drawn by themselves from kinds that carry a tag and kinds that
must not: loud or bright talk beside shouts; hums, drums, crowds and a siren beside music; slow cuts
and flashes beside fast ones; drifts and grain beside motion. Between the parts people talk.
Speech is flite's where that is installed, else pulses through formants.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, resample, sosfilt

from media_pipeline.text.cues import Word
from media_pipeline_tests.generators.contest import (
    _TEXTS,
    Footage,
    _audible,
    _distractor,
    _music,
    _said,
    _spans,
)
from media_pipeline_tests.generators.highlights import FPS, RATE, Film, Planted, _add, _event_sound
from media_pipeline_tests.generators.highlights import _pink as pink

SOUNDS = {
    **dict.fromkeys(("talk", "loud talk", "bright talk", "noisy talk"), ""),
    **dict.fromkeys(("hum", "tone", "crowd", "drums", "siren", "silence"), ""),
    **dict.fromkeys(("tune", "chords", "song over talk"), "Music"),
    "shout": "Shout",
}
PICTURES = {
    **dict.fromkeys(("calm", "drift", "flash", "slow cuts", "grain"), ""),
    **dict.fromkeys(("run", "shake"), "Motion"),
    "fast cuts": "FastCut",
}
"""The kinds and the tag that each carries."""

PART_S, GAP_S = 8.0, 4.0
_SPEED = {"run": 6.0, "drift": 1.5}

Sound = NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    """A stretch of the film with its kinds; ``tags`` is what is true of it."""

    start: float
    end: float
    sound: str
    picture: str

    @property
    def tags(self) -> set[str]:
        return {SOUNDS[self.sound], PICTURES[self.picture]} - {""}


@dataclass
class Tagged(Film):
    """A film with its parts."""

    parts: Sequence[Part] = ()
    footage: Footage = ()

    def frames(self) -> Iterator[NDArray[np.uint8]]:
        rng = np.random.default_rng(self.seed + 3000)
        cuts = {round(c * FPS) for c in self.cuts}
        which, position = 0, 0.0
        for i in range(round(self.duration * FPS)):
            if i in cuts:
                which = (which + 1) % len(self.footage)
                position = rng.uniform(0, len(self.footage[which]))
            now = i / FPS
            kind = next((p.picture for p in self.parts if p.start <= now < p.end), "calm")
            position += _SPEED.get(kind, 0.5)
            picture = _there_and_back(self.footage[which], int(position))
            if kind == "flash" and i // 3 % 2:
                picture = 255 - picture // 4
            if kind == "shake":
                picture = np.roll(picture, tuple(rng.integers(-7, 8, 2)), (0, 1))
            if kind == "grain":
                noise = rng.normal(0, 2, picture.shape)  # small, as large pictures have it here
                picture = np.clip(picture + noise, 0, 255).astype(np.uint8)
            yield picture


def _there_and_back(shot: NDArray[np.uint8], position: int) -> NDArray[np.uint8]:
    """A frame of a shot that runs backwards from its end on, for to begin again would be a cut."""
    turn = 2 * len(shot) - 2
    return shot[min(position % turn, turn - position % turn)]


def make_tagged(seed: int, footage: Footage, *, parts: int = 14) -> Tagged:
    """A film of so many parts; every kind of sound and picture before any comes again."""
    rng = np.random.default_rng(seed)
    sounds = _drawn(rng, list(SOUNDS), parts)
    pictures = _drawn(rng, list(PICTURES), parts)
    starts = [GAP_S + i * (PART_S + GAP_S) for i in range(parts)]
    made = [Part(s, s + PART_S, a, b) for s, a, b in zip(starts, sounds, pictures, strict=True)]
    duration = starts[-1] + PART_S + GAP_S
    sound = 0.003 * pink(rng, round(duration * RATE))
    voice = np.zeros(len(sound))
    for start in np.arange(0.3, duration - GAP_S, PART_S + GAP_S):
        _add(voice, float(start), _talk(rng, GAP_S - 0.6))
    for part in made:
        _add(voice, part.start, _spoken(rng, part.sound))
        _add(sound, part.start, _heard(rng, part.sound))
    words = [Word(a, b, "word", 1.0, "truth") for a, b in _spans(_audible(voice))]
    mixed = np.clip(sound + voice, -1, 1).astype(np.float32)
    cuts = sorted(c for part in made for c in _cuts(rng, part))
    return Tagged(
        duration, mixed, [Planted(p.start, p.end, p.sound) for p in made], words, cuts,
        np.empty(0), seed=seed, parts=made, footage=footage,
    )  # fmt: skip


def _drawn(rng: np.random.Generator, kinds: list[str], count: int) -> list[str]:
    rounds = [rng.permutation(kinds) for _ in range(count // len(kinds) + 1)]
    return [str(kind) for kind in np.concatenate(rounds)[:count]]


def _cuts(rng: np.random.Generator, part: Part) -> list[float]:
    """Each part and the talk after it are shots of their own."""
    found = [part.start, part.end]
    if part.picture == "fast cuts":
        found += list(np.arange(part.start, part.end - 0.4, rng.uniform(0.7, 1.3)))[1:]
    if part.picture == "slow cuts":
        found += [part.start + PART_S / 3, part.start + 2 * PART_S / 3]
    return [round(c * FPS) / FPS for c in found]


def _talk(rng: np.random.Generator, seconds: float) -> Sound:
    said = np.zeros(0)
    while len(said) < seconds * RATE:
        said = np.concatenate([said, _said(rng, str(rng.choice(_TEXTS))), np.zeros(RATE // 4)])
    return 0.3 * said[: round(seconds * RATE)]


def _spoken(rng: np.random.Generator, kind: str) -> Sound:
    """What is said in a part."""
    if kind != "shout" and not kind.endswith("talk"):
        return np.zeros(0)
    said = _talk(rng, PART_S - 0.3)
    if kind == "shout":
        said = _raised(said)
    elif kind == "bright talk":
        said = _brighter(said, 2.0)
    return {"loud talk": 3.0, "shout": 2.5, "song over talk": 0.5}.get(kind, 1.0) * said


def _heard(rng: np.random.Generator, kind: str) -> Sound:
    """What else is heard in a part."""
    count = round(PART_S * RATE)
    t = np.arange(count) / RATE
    if kind in ("tune", "drums"):
        event = Planted(0, PART_S, "notes" if kind == "tune" else "bursts")
        return (0.6 if kind == "tune" else 1.0) * _event_sound(rng, event)
    if kind in ("chords", "song over talk"):
        return rng.uniform(0.06, 0.15) * _music(rng, PART_S)[:count]
    if kind == "siren":
        return 0.2 * np.sin(2 * np.pi * (900 * t + 120 * np.sin(2 * np.pi * 0.8 * t)))
    if kind == "noisy talk":
        return 0.1 * rng.standard_normal(count)
    return _distractor(rng, kind, count)  # silence for others than its own


def _raised(said: Sound) -> Sound:
    """A raised voice: a third higher, brighter (H. Traunmueller, A. Eriksson, JASA 107, 2000)."""
    higher = np.asarray(resample(said, round(len(said) / 1.25)))
    return _brighter(np.concatenate([higher, higher])[: len(said)], 2.0)


def _brighter(said: Sound, gain: float) -> Sound:
    """More of what lies above 1 kHz, at the same level."""
    high = sosfilt(butter(2, 1000, "high", fs=RATE, output="sos"), said)
    more = said + gain * high
    return more * (np.sqrt(np.mean(said**2)) / np.sqrt(np.mean(more**2) + 1e-12))
