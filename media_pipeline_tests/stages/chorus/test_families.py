"""Families of bars that come again, in music of bars that are known."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from media_pipeline.stages.beats import Tracked
from media_pipeline.stages.chorus.families import MEASURES, Family, families, measures
from media_pipeline.stages.chorus.form import Form, form_of
from media_pipeline.stages.chorus.listen import COLOURS, FPS, REGISTERS, Heard

BAR_S = 2.0


@functools.cache
def music(bars: str, keys: str = "", colours: str = "") -> Form:
    """Bars of four beats; the same letters are the same tones and sound, apart from key and colour.

    ``keys`` has a digit for each bar, the semitones by which it is higher, and ``colours`` a letter
    where the sound is that of another bar.
    """
    tones, sound = [], []
    for place, letter in enumerate(bars):
        higher = int(keys[place]) if keys else 0
        rng = np.random.default_rng(ord(letter))
        played = (rng.random((4, REGISTERS, 12)) > 0.7).astype(np.float32)
        tones.append(np.roll(played, higher, axis=-1))
        rng = np.random.default_rng(ord(colours[place] if colours else letter))
        sound.append(rng.random((4, COLOURS)).astype(np.float32))
    seconds = len(bars) * BAR_S
    frames = (np.arange(int(seconds * FPS)) / FPS / BAR_S * 4).astype(int)
    flat = np.ones(len(frames), np.float32)
    heard = Heard(np.concatenate(tones)[frames], np.concatenate(sound)[frames], flat, flat, seconds)
    beats = np.arange(len(bars) * 4)
    form = form_of(Tracked(beats * BAR_S / 4, beats % 4, 4), heard)
    assert form is not None
    return form


def found(form: Form) -> set[tuple[int, tuple[int, ...]]]:
    """Bars of each family that is alike, and where its members begin."""
    return {(f.length // 4, tuple(f.starts // 4)) for f in families(form) if f.likeness.min() > 0.9}


def family(form: Form, starts: tuple[int, ...]) -> Family:
    return next(f for f in families(form) if tuple(f.starts // 4) == starts)


def test_what_comes_again_after_other_music_is_a_family() -> None:
    assert (4, (0, 8, 16)) in found(music("ABCDefghABCDijklABCDmnop"))


@pytest.mark.parametrize("sound", ["ABCDABCDABCD", "ABCDwxyzABCD"])
def test_a_turn_of_chords_that_goes_on_is_none_though_it_sounds_otherwise(sound: str) -> None:
    rest = "efghijklmnop"
    assert found(music("ABCDABCDABCD" + rest, "", sound + rest)) == set()


def test_what_comes_again_within_one_part_only_is_none() -> None:
    once = "ABCDefghABCDijklmnopqrstuvwxyz"
    assert (4, (0, 8)) in found(music(once))
    assert found(music(once + "EFGHIJKLMNOPQRSTUVWXYZ")) == set()


def test_the_music_between_is_measured_against_what_comes_again() -> None:
    form = music("ABCDefghABCDijklABCDmnop")
    one = family(form, (0, 8, 16))
    apart = measures(form, [one])[0, MEASURES.index("apart")]
    assert apart == pytest.approx(one.likeness.min() - one.between)
    assert one.between < 0.6
    assert apart > 0.3


def test_the_sound_is_held_against_that_of_the_same_key_where_there_is_one() -> None:
    bars = "ABCDefghABCDijklABCDmnop"
    sound = MEASURES.index("sound alike")
    # the last stretch is higher and sounds otherwise
    raised = music(bars, "0" * 16 + "2222" + "0000", bars[:16] + "QRST" + bars[20:])
    unlike = music(bars, "", bars[:16] + "QRST" + bars[20:])
    high, low = (measures(m, [family(m, (0, 8, 16))])[0, sound] for m in (raised, unlike))
    assert family(raised, (0, 8, 16)).keys.tolist() == [0, 0, 2]
    assert high > 0.9
    assert low < 0.6
