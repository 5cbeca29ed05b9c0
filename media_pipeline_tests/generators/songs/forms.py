"""Whole songs: intro, verses, choruses and what else there is, in many orders.

What tells a chorus from a verse differs from song to song, as it does in music: that it comes
again unchanged while verses have other words, other chords here and there and fills, that it is
louder or fuller, or that it comes more often.

How much verses differ and how long choruses last is such that pychorus finds as much of the
choruses as in other rendered songs (an F of their time of about 0.29).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from media_pipeline_tests.generators.songs.song import ANY, Section, Song, make_song, style_of
from media_pipeline_tests.generators.songs.styles import STYLES

FORMS = ("plain", "key", "quiet", "halves", "even", "none")
"""Choruses as most songs have them; the last in another key; softer than the verses and without
their drums; of two unlike halves, the last ending differently; no more of them than verses; and
pieces in which nothing comes again.
"""
_UNIT_S = 16.0
"""Choruses have four, eight, twelve or sixteen bars, the fewest that last so long."""
_TEMPO_CHANGE = (0.05, 0.3)
"""Share of the ramps and jumps of its style that a song has: players speed up by a few per cent."""


def make_whole_song(style: str, seed: int, form: str) -> Song:
    """Render a song of two to five minutes; the seed chooses the order, lengths and the mix too."""
    rng = np.random.default_rng([seed, FORMS.index(form), 77])
    how = style_of(style, seed)
    bpm = float(rng.uniform(*how.bpm))
    bar_s = 60 / bpm * how.meter
    unit = next((bars for bars in (4, 8, 12) if bars * bar_s >= _UNIT_S), 16)
    parts = _unrepeated(unit, rng) if form == "none" else _order(form, unit, bool(how.melody), rng)
    phrase, change = int(rng.choice([2, 4])), float(rng.uniform(*_TEMPO_CHANGE))
    song = make_song(
        style, seed, parts, bpm=bpm, phrase=phrase, tempo_change=change, unlike=form == "none"
    )
    return _retuned(song, float(rng.uniform(-40, 40)))


def whole_songs(
    first_seed: int, count: int, forms: tuple[str, ...] = FORMS
) -> list[tuple[str, int, str]]:
    """Style, seed and form of ``count`` songs, each form in turn."""
    styles = [*STYLES, ANY, ANY, ANY, ANY]
    order = np.random.default_rng(first_seed).permutation(len(styles))
    return [
        (styles[order[n % len(styles)]], first_seed + n, forms[n % len(forms)])
        for n in range(count)
    ]


def _unrepeated(unit: int, rng: np.random.Generator) -> tuple[Section, ...]:
    # of twelve bars, a turn of eight chords would play four, other four, and the first again
    unit = 8 if unit == 12 else unit
    return tuple(
        Section(f"part {n}", unit, level=float(rng.uniform(0.6, 1.1)), key=int(rng.integers(-2, 3)))
        for n in range(int(rng.integers(4, 7)))
    )


def _retuned(song: Song, cents: float) -> Song:
    """The song as a tape plays it that runs a little fast or slow."""
    speed = 2 ** (cents / 1200)
    count = int(len(song.samples) / speed)
    at = np.arange(count) * speed
    samples = np.interp(at, np.arange(len(song.samples)), song.samples).astype(np.float32)
    sections = [(start / speed, end / speed, label) for start, end, label in song.sections]
    return replace(
        song,
        samples=samples,
        beats=song.beats / speed,
        downbeats=song.downbeats / speed,
        sections=sections,
        bpm=song.bpm * speed,
    )


def _order(form: str, unit: int, melodic: bool, rng: np.random.Generator) -> tuple[Section, ...]:
    loud = float(rng.uniform(1.0, 1.35))
    layer = str(rng.choice(["", "pad", "strings", "organ"]))
    chorus = Section(
        "chorus", unit, level=loud, layer=layer, vary=float(rng.choice([0, 0, 0, 0.1])), steady=True
    )
    if melodic and rng.random() < 0.15:
        chorus = replace(chorus, chords="verse")
    verse = Section(
        "verse", unit, level=float(rng.uniform(0.75, 1.0)), vary=float(rng.uniform(0.4, 0.8)),
        reword=float(rng.uniform(0.4, 0.7)), recolour=float(rng.uniform(0.3, 0.6)),
        fills=float(rng.choice([0.0, 0.3, 0.6])),
    )  # fmt: skip
    if rng.random() < 0.25 and form != "even":
        verse = replace(verse, bars=unit * 2)
    if form == "quiet":
        chorus = replace(
            chorus,
            level=float(rng.uniform(0.5, 0.75)),
            drums=bool(rng.random() < 0.4),
            layer="",
        )
        verse = replace(verse, level=1.0)
    if form == "halves":
        chorus = replace(chorus, then="chorus, second half")
    if form == "even":
        chorus = replace(chorus, level=max(loud, 1.2))
        verse = replace(verse, level=min(verse.level, 0.9))
    before = Section("rise", min(unit // 2, 4), level=0.9, vary=0.2, reword=0.2)
    rise = [before] if rng.random() < 0.3 else []
    parts = [*_intro(unit, rng)]
    bare = replace(chorus, layer="") if rng.random() < 0.4 else chorus
    for time in range(2):
        parts += [verse, *rise, chorus if time else bare]
        if rng.random() < 0.25:
            parts.append(Section("break", int(rng.choice([1, 2])), level=0.7, melody=False))
    if form == "even":
        parts += [verse, *rise]
    elif rng.random() < 0.75:
        parts.append(Section("bridge", unit, level=0.8, drums=bool(rng.random() < 0.6)))
    else:
        parts += [verse, *rise]
    parts += _last(form, chorus, rng)
    if rng.random() < 0.4:
        parts.append(Section("outro", max(2, unit // 2), level=0.7, melody=False))
    return tuple(parts)


def _intro(unit: int, rng: np.random.Generator) -> list[Section]:
    """None, one of its own, or the chords of verse or chorus without their melody."""
    material = str(rng.choice(["", "verse", "chorus"]))
    if rng.random() < 0.15:
        return []
    bars = int(rng.choice([2, max(2, unit // 2), unit]))
    drums = bool(rng.random() < 0.5)
    return [Section("intro", bars, level=0.75, melody=False, drums=drums, material=material)]


def _last(form: str, chorus: Section, rng: np.random.Generator) -> list[Section]:
    key = int(rng.choice([1, 2, 2, 3])) if form == "key" else 0
    last = replace(chorus, key=key)
    if form == "halves" and rng.random() < 0.5:
        last = replace(last, then="last half")
    if form == "even":
        return [last]
    twice = rng.random() < (0.6 if form in ("key", "quiet") else 0.3)
    if form == "key" and twice:
        return [chorus, last]
    return [last, last] if twice else [last]
