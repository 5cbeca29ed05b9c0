"""A song: sections with their own chords, melody and loudness, on beats that are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from media_pipeline_tests.generators.songs.instruments import DRUMS, RATE, Sound, note
from media_pipeline_tests.generators.songs.styles import STYLES, Style, random_style

Tempo = NDArray[np.float64]
_Note = tuple[float, float, int]
"""Beat within the phrase, length in beats, step of the scale."""

ANY = "any"
"""The style that is drawn anew for each seed."""
_LEVEL = {"X": 1.0, "x": 0.7, "o": 0.4}
_DRUM_LEVEL = {
    "kick": 0.9, "snare": 0.6, "rim": 0.5, "hat": 0.22, "openhat": 0.16, "ride": 0.3, "tom": 0.6,
    "shaker": 0.25, "clap": 0.5,
}  # fmt: skip
_PROGRESSIONS = (
    (0, 7, 9, 5), (0, 5, 7, 0), (9, 5, 0, 7), (0, 9, 5, 7), (2, 7, 0, 9), (0, 10, 5, 0),
    (9, 7, 5, 7), (0, 4, 5, 7), (5, 0, 7, 9),
)  # fmt: skip
_ROOTS = (0, 0, 2, 4, 5, 5, 7, 7, 9, 9, 10)
_MINOR = {2, 4, 9}
_RELATED = {0: 9, 2: 5, 4: 7, 5: 2, 7: 4, 9: 0, 10: 5}
"""The chord that shares two notes with one; for the major chord on the tenth, one on the fifth."""
_ACCENT = (0.3, 0.7)
"""Players lean on the beat. With this, librosa's default finds the beats of these songs as well as
those of other rendered songs (F about 0.77), and with 1.0 not (0.65)."""
_SCALE = (0, 2, 4, 5, 7, 9, 11)


@dataclass(frozen=True)
class Section:
    """What a part of a song is: the letter says which material is played."""

    label: str
    bars: int
    key: int = 0
    """Semitones above the song's key."""
    level: float = 1.0
    drums: bool = True
    melody: bool = True
    material: str = ""
    """Whose chords and melody are played; those of the label by default."""
    chords: str = ""
    """Whose chords are played, where not those of the material."""
    then: str = ""
    """Whose are played in the second half, where that is other music."""
    vary: float = 0.0
    """Share of the melody's notes that are other ones this time."""
    reword: float = 0.0
    """Share of the melody's notes that are two, or none, this time, as other words need them."""
    recolour: float = 0.0
    """Share of the bars that have a related chord this time."""
    steady: bool = False
    """Whether the bass plays the same notes each time."""
    fills: float = 0.0
    """Share of the bars in which an instrument improvises."""
    layer: str = ""
    """An instrument that joins in, with long chords."""


@dataclass
class Song:
    """A rendered song and its truth; times are seconds."""

    name: str
    samples: Sound
    beats: NDArray[np.float64]
    downbeats: NDArray[np.float64]
    sections: list[tuple[float, float, str]]
    meter: int
    bpm: float
    rate: int = RATE
    kinds: list[str] = field(default_factory=list)

    def spans(self, label: str) -> list[tuple[float, float]]:
        """Start and end of the sections of a label."""
        return [(start, end) for start, end, name in self.sections if name == label]


BEAT_FORM = (
    Section("intro", 2, melody=False),
    Section("verse", 8, level=0.85),
    Section("chorus", 8),
)


def make_song(
    style: str,
    seed: int,
    form: Sequence[Section] = BEAT_FORM,
    *,
    bpm: float | None = None,
    accent: float | None = None,
    phrase: int = 0,
    tempo_change: float = 1.0,
    unlike: bool = False,
) -> Song:
    """Render a song of a style; the seed chooses tempo, key, chords, melodies and the mix.

    ``accent`` is the level of notes between beats as a share of those on beats, else drawn too.
    A melody comes again after two bars; with ``phrase`` after so many, and half of the materials
    have four or eight chords in an order that nobody has named. Of ramps and jumps of the tempo the
    share ``tempo_change`` is kept. With ``unlike`` no two materials have the same chords.
    """
    rng = np.random.default_rng(_seeds(style, seed))
    how = random_style(rng) if style == ANY else _varied(STYLES[style], rng)
    base = bpm or float(rng.uniform(*how.bpm))
    bars = sum(section.bars for section in form)
    count = how.pickup + bars * how.meter
    beats = _beat_times(how.tempo, base, count + 1, rng, tempo_change) + rng.uniform(0.2, 1.5)
    out = np.zeros(round((beats[-1] + 2.5) * RATE), np.float32)
    if accent is None:
        accent = float(np.random.default_rng([seed, len(style)]).uniform(*_ACCENT))
    player = _Player(how, beats, out, rng, int(rng.integers(-5, 6)), accent)
    if how.pickup:
        player.pickup()
    at, sections = how.pickup, []
    material: dict[str, _Material] = {}
    for section in form:
        parts = [section.material or section.label, section.then]
        for name in filter(None, parts):
            if name not in material:
                new = _Material.new(how, rng, phrase)
                while unlike and any(_same_turn(new.chords, m.chords) for m in material.values()):
                    new = _Material.new(how, rng, phrase)
                material[name] = new
        played = [material[name].varied(section, rng) for name in parts if name]
        if section.chords in material:
            played = [replace(part, chords=material[section.chords].chords) for part in played]
        for bar in range(section.bars):
            half = played[min(bar * 2 // section.bars, len(played) - 1)]
            player.bar(at + bar * how.meter, bar, section, half)
        end = at + section.bars * how.meter
        sections.append((float(beats[at]), float(beats[end]), section.label))
        at = end
    samples = _master(out, how, rng)
    return Song(
        style, samples, beats[:count], beats[how.pickup : count : how.meter], sections, how.meter,
        base,
    )  # fmt: skip


def style_of(name: str, seed: int) -> Style:
    """The style that a name stands for in the song of a seed."""
    return STYLES[name] if name != ANY else random_style(np.random.default_rng(_seeds(name, seed)))


def _seeds(style: str, seed: int) -> list[int]:
    return [seed, sum(map(ord, style))]


_HARMONY = ("piano", "epiano", "organ", "guitar", "crunch", "brass")
_VOICES = ("lead", "flute", "brass", "bell", "piano", "guitar", "epiano")


def _varied(how: Style, rng: np.random.Generator) -> Style:
    """The style with other instruments now and then, and sometimes without its drums."""
    changes: dict[str, Any] = {}
    if how.chords[0] not in ("strings", "pad") and rng.random() < 0.5:
        changes["chords"] = (str(rng.choice(_HARMONY)), how.chords[1])
    if how.melody not in ("", "strings") and rng.random() < 0.5:
        changes["melody"] = str(rng.choice(_VOICES))
    if how.bass[0] in ("bass", "synthbass") and rng.random() < 0.3:
        changes["bass"] = (str(rng.choice(("bass", "synthbass"))), how.bass[1])
    if how.drums and rng.random() < 0.12:
        changes["drums"] = {}
    elif how.drums:
        changes["drum_level"] = how.drum_level * float(rng.uniform(0.5, 1.3))
    return replace(how, **changes)


def _beat_times(
    kind: str, bpm: float, count: int, rng: np.random.Generator, change: float
) -> Tempo:
    at = np.arange(count)
    curve = np.full(count, bpm)
    if kind == "rubato":
        phase = rng.uniform(0, 2 * np.pi)
        curve = bpm * (1 + 0.13 * np.sin(2 * np.pi * at / 16 + phase))
        curve = curve * (1 + 0.03 * rng.standard_normal(count))
    elif kind == "ramp":
        curve = bpm * np.linspace(1.0, 1 + 0.45 * change, count)
    elif kind == "jump":
        curve = np.where(at < count // 2, bpm, bpm * (1 + 0.24 * change))
    elif kind == "drift":
        walk = np.cumsum(rng.standard_normal(count)) * 0.004
        curve = bpm * np.clip(1 + walk - walk[0], 0.92, 1.08)
    return np.concatenate([[0.0], np.cumsum(60 / curve)[:-1]])


@dataclass
class _Material:
    chords: tuple[int, ...]
    motif: list[_Note]
    phrase: int

    @classmethod
    def new(cls, how: Style, rng: np.random.Generator, phrase: int) -> _Material:
        chords = _PROGRESSIONS[int(rng.integers(len(_PROGRESSIONS)))]
        if phrase and rng.random() < 0.5:
            chords = tuple(int(c) for c in rng.choice(_ROOTS, int(rng.choice([4, 4, 8]))))
        phrase = phrase or 2
        motif, at, step = [], 0.0, int(rng.integers(0, 7))
        while at < phrase * how.meter:
            length = float(rng.choice([0.5, 0.5, 1.0, 1.0, 1.5, 2.0]))
            length = min(length, phrase * how.meter - at)
            if rng.random() < 0.8:
                motif.append((at, length, step))
            step = int(np.clip(step + rng.integers(-2, 3), -3, 9))
            at += length
        return cls(chords, motif, phrase)

    def varied(self, section: Section, rng: np.random.Generator) -> _Material:
        """The material as a section plays it this time."""
        motif, chords = self.motif, self.chords
        if section.vary:
            motif = [
                (at, length, step + int(rng.integers(-3, 4)) * int(rng.random() < section.vary))
                for at, length, step in motif
            ]
        if section.reword:
            motif = [part for note in motif for part in _reworded(note, section.reword, rng)]
        if section.recolour:
            chords = tuple(
                _RELATED[root] if rng.random() < section.recolour else root
                for root in (chords[bar % len(chords)] for bar in range(section.bars))
            )
        return replace(self, motif=motif, chords=chords)


def _same_turn(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether two turns of chords are the same in some key, wherever they begin."""
    if len(one) != len(other):
        return False
    steps, others = (
        [(b - a) % 12 for a, b in zip(turn, turn[1:] + turn[:1], strict=True)]
        for turn in (one, other)
    )
    return any(others[n:] + others[:n] == steps for n in range(len(steps)))


def _reworded(note: _Note, share: float, rng: np.random.Generator) -> list[_Note]:
    at, length, step = note
    if rng.random() >= share:
        return [note]
    if rng.random() < 0.5 or length < 1:
        return []
    other = step + int(rng.integers(-2, 3))
    return [(at, length / 2, step), (at + length / 2, length / 2, other)]


class _Player:
    def __init__(
        self,
        how: Style,
        beats: Tempo,
        out: Sound,
        rng: np.random.Generator,
        key: int,
        accent: float,
    ) -> None:
        self.how, self.beats, self.out, self.rng, self.key = how, beats, out, rng, key
        self.accent = accent
        self.balance = rng.uniform(0.7, 1.3, 4)
        self.filler = how.melody or how.chords[0]

    def time(self, beat: float) -> float:
        """Seconds of a place in beats, swung."""
        whole = int(beat)
        part = beat - whole
        swing = self.how.swing
        part = part * swing * 2 if part < 0.5 else swing + (part - 0.5) * (1 - swing) * 2
        last = len(self.beats) - 1
        whole_at = self.beats[min(whole, last)]
        return float(whole_at + part * (self.beats[min(whole + 1, last)] - whole_at))

    def play(self, name: str, midi: int, beat: float, length: float, level: float) -> None:
        start = self.time(beat) + self.rng.normal(0, self.how.loose_ms / 1000) * 0.7
        seconds = max(0.05, self.time(beat + length) - self.time(beat))
        sound = note(name, 0 if name in DRUMS else midi, min(400, round(seconds * 20) * 5))
        if 0.01 < beat % 1 < 0.99:
            level *= self.accent
        first = max(0, round(start * RATE))
        part = self.out[first : first + len(sound)]
        part += sound[: len(part)] * np.float32(level * self.rng.uniform(0.85, 1.15))

    def pattern(self, pattern: str) -> list[tuple[float, float, float]]:
        """Beat, length until the next note, and level, of each note of a bar."""
        step = self.how.meter / len(pattern) if pattern else 1.0
        hits = [i for i, sign in enumerate(pattern) if sign in _LEVEL]
        if not hits:
            return []
        ends = [*hits[1:], len(pattern)]
        return [
            (i * step, (e - i) * step, _LEVEL[pattern[i]]) for i, e in zip(hits, ends, strict=True)
        ]

    def pickup(self) -> None:
        name = self.how.melody or self.how.chords[0]
        for i in range(self.how.pickup * 2):
            self.play(name, 67 + self.key + i, i / 2, 0.5, 0.5)

    def bar(self, at: int, number: int, section: Section, material: _Material) -> None:
        how, key = self.how, self.key + section.key
        root = material.chords[number % len(material.chords)]
        level = section.level * np.asarray(self.balance)
        third = 3 if root in _MINOR else 4
        name, pattern = how.chords
        for beat, length, loud in self.pattern(pattern):
            for interval in (0, third, 7):
                midi = 55 + (root + key + interval - 55) % 12
                self.play(name, midi, at + beat, min(length, 2), loud * 0.16 * level[0])
        name, pattern = how.bass
        for beat, length, loud in self.pattern(pattern):
            fifth = 7 if beat and self.rng.random() < 0.25 and not section.steady else 0
            midi = 33 + (root + key + fifth - 33) % 12
            self.play(name, midi, at + beat, length * 0.9, loud * 0.35 * level[1])
        if section.drums:
            self._drums(at, number, section, float(level[2]))
        if section.layer:
            for interval in (0, third, 7):
                midi = 60 + (root + key + interval - 60) % 12
                self.play(section.layer, midi, at, how.meter, 0.12 * level[0])
        if section.melody and how.melody:
            half = number % material.phrase * how.meter
            for beat, length, step in material.motif:
                if half <= beat < half + how.meter:
                    midi = 67 + key + _SCALE[step % 7] + 12 * (step // 7)
                    self.play(how.melody, midi, at + beat - half, length * 0.9, 0.3 * level[3])
        if section.fills and self.rng.random() < section.fills:
            self._fill(at, key, float(level[3]))

    def _fill(self, at: int, key: int, level: float) -> None:
        """Half a bar or a whole one of notes that nobody has written down."""
        first = float(self.rng.choice([0, self.how.meter / 2]))
        step = int(self.rng.integers(0, 8))
        for beat in np.arange(first, self.how.meter, float(self.rng.choice([0.5, 1.0]))):
            midi = 67 + key + _SCALE[step % 7] + 12 * (step // 7)
            self.play(self.filler, midi, at + float(beat), 0.9, 0.25 * level)
            step = int(np.clip(step + self.rng.integers(-2, 3), -3, 9))

    def _drums(self, at: int, number: int, section: Section, level: float) -> None:
        how = self.how
        fill = number == section.bars - 1 and how.drums
        for name, pattern in how.drums.items():
            for beat, _, loud in self.pattern(pattern):
                if fill and beat >= how.meter - 1 and name in ("snare", "hat"):
                    continue
                gain = _DRUM_LEVEL[name] * how.drum_level
                self.play(name, 0, at + beat, 0.2, loud * gain * level)
        if fill:
            for i in range(4):
                self.play("tom", 0, at + how.meter - 1 + i / 4, 0.2, 0.35 * level)


def _master(out: Sound, how: Style, rng: np.random.Generator) -> Sound:
    """A room, some hiss, a soft limiter."""
    seconds = 0.3 + how.room * 2
    t = np.arange(round(seconds * RATE)) / RATE
    tail = rng.standard_normal(len(t)) * np.exp(-t * 6.9 / seconds)
    tail /= np.sqrt(np.square(tail).sum())
    wet = fftconvolve(out, tail)[: len(out)]
    mixed = out + how.room * 1.2 * wet
    loud = np.sqrt(np.mean(np.square(mixed))) + 1e-9
    mixed = np.tanh(mixed / loud * 0.14 * rng.uniform(0.8, 1.6)) * 0.9
    hiss = rng.standard_normal(len(mixed)) * 10 ** (-62 / 20)
    return np.asarray(mixed + hiss, np.float32)
