"""Fingerprints: the same moment is known again, another of the same kind is not."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from media_pipeline.stages.highlights.prints import Print, alike, picture_print, sound_print
from media_pipeline_tests.generators.highlights import RATE, Planted, _event_sound, compress

NO_PICTURE, NO_SOUND = np.empty(0, np.uint64), np.empty(0, np.uint32)


def sound(kind: str, seed: int, seconds: float = 10.0) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    return _event_sound(rng, Planted(0, seconds, kind)) + 0.001 * rng.standard_normal(
        round(seconds * RATE)
    )


def of(samples: NDArray[np.float64], picture: NDArray[np.uint64] = NO_PICTURE) -> Print:
    return Print(picture, sound_print(samples.astype(np.float32), RATE))


def pictures(seed: int, count: int = 200) -> NDArray[np.uint64]:
    return np.random.default_rng(seed).integers(0, 2**63, count).astype(np.uint64)


@pytest.mark.parametrize("kind", ["bursts", "notes", "shouts"])
def test_the_same_sound_is_known_at_another_level_time_and_quality(kind: str) -> None:
    first = sound(kind, 1)
    rng = np.random.default_rng(9)
    other = 0.4 * first + 0.01 * rng.standard_normal(len(first))
    for shift in (0, 1.0, 2.34):
        assert alike(of(first), of(other[round(shift * RATE) :])), shift
    assert alike(of(first), of(compress(first)))


@pytest.mark.parametrize("kind", ["bursts", "notes", "shouts"])
def test_another_sound_of_the_same_kind_is_another(kind: str) -> None:
    assert not alike(of(sound(kind, 1)), of(sound(kind, 2)))


def test_the_same_song_under_other_pictures_is_another_moment() -> None:
    song = sound("notes", 3)
    assert alike(of(song, pictures(1)), of(song, pictures(1)))
    assert not alike(of(song, pictures(1)), of(song, pictures(2)))


def test_the_same_studio_with_other_words_is_another_moment() -> None:
    studio = np.full(200, 0x1234_5678_9ABC_DEF0, np.uint64)
    assert not alike(of(sound("shouts", 1), studio), of(sound("shouts", 2), studio))


def test_moving_pictures_tell_alone_still_ones_do_not() -> None:
    moving = pictures(5)
    noisy = moving.copy()
    noisy[::7] ^= np.uint64(0b1011)
    assert alike(Print(moving, NO_SOUND), Print(noisy[5:], NO_SOUND))
    assert not alike(Print(moving, NO_SOUND), Print(pictures(6), NO_SOUND))
    still = np.full(200, 7, np.uint64)
    assert not alike(Print(still, NO_SOUND), Print(still, NO_SOUND))


def test_silence_and_next_to_nothing_are_like_nothing() -> None:
    silent = of(np.zeros(10 * RATE))
    assert not alike(silent, silent)
    assert not alike(of(sound("notes", 1)[: RATE // 4]), of(sound("notes", 1)))
    assert not alike(Print(NO_PICTURE, NO_SOUND), Print(NO_PICTURE, NO_SOUND))


def test_pictures_are_those_shown_at_each_moment() -> None:
    time = np.array([0.0, 0.5, 2.0])
    signature = np.array([1, 2, 3], np.uint64)
    found = picture_print(time, signature, 0.4, 2.1)
    assert found.tolist() == [*2 * [1], *30 * [2], *2 * [3]]
    assert len(picture_print(np.empty(0), np.empty(0, np.uint64), 0, 5)) == 0
