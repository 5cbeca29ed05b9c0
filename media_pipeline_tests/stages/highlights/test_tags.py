"""Tags: each rule on a film in which it holds and on those in which it must not."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from media_pipeline.stages.highlights.picture import Picture
from media_pipeline.stages.highlights.signals import combine
from media_pipeline.stages.highlights.sound import Sound, measure_sound
from media_pipeline.stages.highlights.tags import Measured, tags_of

RATE = 16000
SECONDS = 40
CELLS = SECONDS * 10
HERE = (20.0, 26.0)


def film(
    sound: NDArray[np.float64] | None = None,
    picture: Picture | None = None,
    words: list[tuple[float, float]] | None = None,
) -> Measured:
    heard: Sound | None = None
    if sound is not None:
        ground = 0.0003 * np.random.default_rng(1).standard_normal(len(sound))
        heard = measure_sound([(sound + ground).astype(np.float32)], RATE, CELLS)
    signals = combine(CELLS, heard, picture, None, clip_duration=6)
    return Measured(signals, heard, picture, np.array(words or [], np.float64).reshape(-1, 2))


def place(what: NDArray[np.float64]) -> NDArray[np.float64]:
    sound = np.zeros(SECONDS * RATE)
    first = round(HERE[0] * RATE)
    sound[first : first + len(what)] = what
    return sound


def time() -> NDArray[np.float64]:
    return np.arange(round((HERE[1] - HERE[0]) * RATE)) / RATE


def tune() -> NDArray[np.float64]:
    steps = np.array([0, 4, 7, 12, 5, 9, 2])[(time() / 0.3).astype(int) % 7]
    pitch = 220 * 2 ** (steps / 12)
    return sum(0.2 * np.sin(2 * np.pi * k * pitch * time()) / k for k in (1, 2, 3))


def voice(start: float, length: float, level: float, tilt: float) -> NDArray[np.float64]:
    """A voiced word in a silent film: harmonics of 150 Hz that fall off by ``tilt``."""
    sound = np.zeros(SECONDS * RATE)
    t = np.arange(round(length * RATE)) / RATE
    pitch = 150 * (1 + 0.1 * np.sin(2 * np.pi * 3 * t))
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    word = sum(np.sin(k * phase) / k**tilt for k in range(1, 25))
    first = round(start * RATE)
    sound[first : first + len(word)] = level * word / np.abs(word).max()
    return sound


def speech(here: tuple[float, float]) -> tuple[NDArray[np.float64], list[tuple[float, float]]]:
    """Words all through the film; ``here`` gives level and tilt of those of the highlight."""
    sound, words = np.zeros(SECONDS * RATE), []
    for start in np.arange(0.5, SECONDS - 1, 0.7):
        level, tilt = here if HERE[0] <= start < HERE[1] else (0.08, 1.6)
        sound += voice(start, 0.5, level, tilt)
        words.append((float(start), float(start) + 0.5))
    return sound, words


def test_a_tune_is_music_a_hum_noise_and_speech_are_not() -> None:
    hum = 0.2 * np.sin(2 * np.pi * 200 * time())
    noise = 0.2 * np.random.default_rng(0).standard_normal(len(time()))
    assert tags_of(*HERE, film(place(tune()))) == ["Music"]
    assert tags_of(*HERE, film(place(hum))) == []
    assert tags_of(*HERE, film(place(noise))) == []
    assert "Music" not in tags_of(*HERE, film(*[speech((0.08, 1.6))[0]]))


def test_loud_and_bright_words_are_shouted_loud_or_bright_ones_are_not() -> None:
    for here, expected in [
        ((0.5, 0.4), ["Shout"]),
        ((0.5, 1.6), []),
        ((0.08, 0.4), []),
        ((0.08, 1.6), []),
    ]:
        sound, words = speech(here)
        tags = [t for t in tags_of(*HERE, film(sound, words=words)) if t == "Shout"]
        assert tags == expected, here


def test_noise_over_words_and_unknown_words_are_no_shout() -> None:
    sound, words = speech((0.08, 1.6))
    noisy = sound + place(0.5 * np.random.default_rng(0).standard_normal(len(time())))
    assert "Shout" not in tags_of(*HERE, film(noisy, words=words))
    assert "Shout" not in tags_of(*HERE, film(speech((0.5, 0.4))[0]))


@pytest.mark.parametrize(
    ("cuts", "fast"), [([], False), ([22.0, 24.0], False), ([20.5, 22, 24], True)]
)
def test_fast_cuts_are_three_and_one_in_two_seconds(cuts: list[float], fast: bool) -> None:
    picture = Picture(np.ones(CELLS, np.float32), np.array([3.0, *cuts, 35.0]))
    assert ("FastCut" in tags_of(*HERE, film(picture=picture))) == fast


@pytest.mark.parametrize(("speed", "tagged"), [(30.0, True), (5.0, False)])
def test_motion_is_fast_and_more_than_usual(speed: float, tagged: bool) -> None:
    motion = np.ones(CELLS, np.float32)
    motion[200:260] = speed
    still = film(picture=Picture(motion, np.empty(0)))
    assert ("Motion" in tags_of(*HERE, still)) == tagged
    always = film(picture=Picture(np.full(CELLS, speed, np.float32), np.empty(0)))
    assert "Motion" not in tags_of(*HERE, always)
