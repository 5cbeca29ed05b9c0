"""What is measured of sound, picture and text, on signals of which the answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from media_pipeline.stages.highlights.picture import cut_rate, measure_picture
from media_pipeline.stages.highlights.sound import Sound, measure_sound
from media_pipeline.stages.highlights.talk import measure_talk, merge_spans
from media_pipeline.text.cues import Cue, Word

RATE = 16000


def seconds(duration: float) -> NDArray[np.float64]:
    return np.arange(round(duration * RATE)) / RATE


def measured(sound: NDArray[np.float64], block: int | None = None) -> Sound:
    samples = sound.astype(np.float32)
    size = block or len(samples)
    blocks = [samples[i : i + size] for i in range(0, len(samples), size)]
    found = measure_sound(blocks, RATE, int(np.ceil(len(samples) / RATE * 10)))
    assert found is not None
    return found


def noise(duration: float, level: float = 0.1) -> NDArray[np.float64]:
    return level * np.random.default_rng(0).standard_normal(round(duration * RATE))


# --- sound ----------------------------------------------------------------------------------------


def test_levels_are_decibels_of_full_scale() -> None:
    loud, soft = np.sin(2 * np.pi * 1000 * seconds(2)), 0.1 * np.sin(2 * np.pi * 1000 * seconds(2))
    assert measured(loud).level[5:15] == pytest.approx(0.0, abs=0.5)
    assert measured(loud).level[10] - measured(soft).level[10] == pytest.approx(20, abs=0.1)
    assert measured(0 * loud).level == pytest.approx(-70.0)


def test_the_measures_stand_at_the_time_of_the_sound() -> None:
    sound = noise(6.0, 0.001)
    sound[3 * RATE : 3 * RATE + RATE // 2] += noise(0.5, 0.3)
    level = measured(sound).level
    assert np.flatnonzero(level > level.max() - 6).tolist() == [30, 31, 32, 33, 34]


@pytest.mark.parametrize("block", [100, 1601, 16000, 70001])
def test_blocks_of_any_length_give_the_same(block: int) -> None:
    sound = noise(7.3) * (1 + np.sin(2 * np.pi * 0.7 * seconds(7.3)))
    whole, pieces = measured(sound), measured(sound, block)
    for name in ("level", "flux", "movement", "tonality", "sameness", "tilt"):
        np.testing.assert_allclose(getattr(whole, name), getattr(pieces, name), atol=1e-3)
    np.testing.assert_allclose(whole.pauses, pieces.pauses)


def test_a_hum_does_not_move_and_bursts_do() -> None:
    hum = 0.2 * np.sin(2 * np.pi * 300 * seconds(8))
    bursts = noise(8, 0.2) * (seconds(8) % 0.4 < 0.1) + noise(8, 0.001)
    assert measured(hum).movement[20:60].max() < 1
    assert measured(bursts).movement[20:60].min() > 5
    assert measured(bursts).flux[20:60].mean() > 1.2 * measured(noise(8)).flux[20:60].mean()


def test_a_voice_over_a_loud_hum_does_not_make_it_move() -> None:
    t = seconds(6)
    hum = 0.3 * np.sin(2 * np.pi * 100 * t)
    voice = 0.02 * noise(6, 1.0) * (np.sin(2 * np.pi * 2 * t) > 0)
    assert measured(voice + 1e-4 * noise(6, 1.0)).movement[20:40].mean() > 5
    assert measured(hum + voice).movement[20:40].mean() < 2


def test_tunes_are_tonal_and_change_hums_are_tonal_and_do_not_noise_is_not() -> None:
    time = seconds(8)
    notes = 220 * 2 ** (np.array([0, 4, 7, 12, 5, 9])[(time / 0.4).astype(int) % 6] / 12)
    tune = sum(np.sin(2 * np.pi * k * notes * time) / k for k in (1, 2, 3)) * 0.2
    hum = 0.2 * np.sin(2 * np.pi * 200 * time)
    floor = noise(8, 0.0003)
    cells = slice(15, 65)
    found = {
        n: measured(s + floor) for n, s in {"tune": tune, "hum": hum, "noise": noise(8)}.items()
    }
    assert found["tune"].tonality[cells].mean() > 0.5
    assert found["tune"].sameness[cells].mean() < 0.6 * found["tune"].tonality[cells].mean()
    assert found["hum"].sameness[cells].mean() > 0.9 * found["hum"].tonality[cells].mean()
    assert found["noise"].tonality[cells].mean() < 0.2


def test_pauses_are_found_under_forty_decibels_and_in_noise() -> None:
    time = seconds(9)
    talking = ((time % 3) < 2) & ((time * 5 % 1) < 0.8)
    for ground in (0.0, 0.01):
        found = measured(noise(9, 0.3) * talking + noise(9, ground)).pauses
        assert found[:, 0] == pytest.approx([2.0, 5.0, 8.0], abs=0.25)
        assert found[:, 1] == pytest.approx([3.0, 6.0, 9.0], abs=0.1)


def test_sound_that_ends_before_the_picture_is_a_pause() -> None:
    found = measure_sound([noise(2.0).astype(np.float32)], RATE, 50)
    assert found is not None
    assert len(found.level) == 50
    assert found.level[30:] == pytest.approx(-70)
    assert found.pauses[-1] == pytest.approx([2.0, 5.0], abs=0.06)


@pytest.mark.parametrize("samples", [0, 1, 500])
def test_hardly_any_sound_is_none(samples: int) -> None:
    assert measure_sound([np.zeros(samples, np.float32)], RATE, 10) is None
    assert measure_sound([], RATE, 10) is None


# --- picture --------------------------------------------------------------------------------------


def steady(
    fps: float, duration: float, speed: float
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Frames between which the luma moves by ``speed`` a second."""
    time = np.arange(round(duration * fps)) / fps
    return time, np.full(len(time), speed / fps, np.float32)


@pytest.mark.parametrize("fps", [5.0, 12.0, 25.0, 59.94])
def test_motion_does_not_depend_on_the_frame_rate(fps: float) -> None:
    time, motion = steady(fps, 4.0, 60.0)
    found = measure_picture(time, motion, np.zeros(len(time), bool), 40)
    assert found is not None
    assert found.motion[5:35] == pytest.approx(6.0, rel=0.01)


def test_cuts_are_not_motion() -> None:
    time, motion = steady(25, 8.0, 50.0)
    cut = np.zeros(len(time), bool)
    cut[[0, 50, 100, 150]] = True
    motion[[50, 100, 150]] = 90.0
    found = measure_picture(time, motion, cut, 80)
    assert found is not None
    assert found.motion.max() < 6
    assert found.cuts.tolist() == [2.0, 4.0, 6.0]
    rate = cut_rate(found.cuts, 80, 8.0)
    assert rate[40] == pytest.approx(2 / 8), "the first is any shot's"
    assert rate[:20].max() == rate[60:].max() == 0, "before the first and after the last of them"


def test_flashing_light_is_not_motion_and_neither_is_a_picture_that_flips() -> None:
    time, motion = steady(25, 8.0, 25.0)
    none = np.zeros(len(time), bool)
    flip = np.arange(len(time)) // 3 % 2 == 1
    jump = np.abs(np.diff(flip, prepend=False).astype(int)) > 0
    motion[jump] = 100.0
    luma = np.where(flip, 200, 100).astype(np.float32)
    signature = np.where(flip, 0xFFFF_FFFF_0000_0000, 0).astype(np.uint64)
    by_light = measure_picture(time, motion, none, 80, luma=luma)
    by_shape = measure_picture(time, motion, none, 80, signature=signature)
    unknown = measure_picture(time, motion, none, 80)
    assert by_light is not None
    assert by_shape is not None
    assert unknown is not None
    assert by_light.motion[5:75] == pytest.approx(2.5, rel=0.1)
    assert by_shape.motion[10:75] == pytest.approx(2.5, rel=0.1)
    assert unknown.motion.mean() > 50


def test_a_picture_that_goes_on_to_others_is_motion() -> None:
    time, motion = steady(25, 4.0, 500.0)
    rng = np.random.default_rng(0)
    signature = rng.integers(0, 2**63, len(time)).astype(np.uint64)
    luma = np.full(len(time), 90, np.float32)
    found = measure_picture(
        time, motion, np.zeros(len(time), bool), 40, luma=luma, signature=signature
    )
    assert found is not None
    assert found.motion[5:35] == pytest.approx(50, rel=0.05)


@pytest.mark.parametrize("frames", [0, 1])
def test_a_still_is_no_moving_picture(frames: int) -> None:
    empty = np.zeros(frames)
    assert measure_picture(empty, empty.astype(np.float32), empty.astype(bool), 10) is None


# --- text -----------------------------------------------------------------------------------------


def word(start: float, end: float, text: str) -> Word:
    return Word(start, end, text, 1.0, "truth")


def test_sentences_end_at_full_stops_and_long_silences() -> None:
    spoken = [
        word(0.0, 0.4, "Hello"),
        word(0.5, 0.9, "there."),
        word(1.0, 1.4, "“Really?”"),
        word(1.5, 1.9, "no"),
        word(2.0, 2.4, "stop"),
        word(4.0, 4.4, "here"),
    ]
    found = measure_talk(spoken, [], 60)
    assert found is not None
    assert found.sentences.tolist() == [[0.0, 0.9], [1.0, 1.4], [1.5, 2.4], [4.0, 4.4]]


def test_words_that_were_guessed_are_no_landmarks() -> None:
    heard = [Word(1.0, 1.4, "Go", 0.6, "pocketsphinx"), Word(1.4, 2.0, "on.", 0.6, "pocketsphinx")]
    guessed = [
        Word(3.0, 3.4, "Not", 0.2, "interpolated"),
        Word(3.4, 4.0, "here!", 0.2, "interpolated"),
    ]
    found = measure_talk([*heard, *guessed], [], 80)
    assert found is not None
    assert found.words.tolist() == [[1.0, 1.4], [1.4, 2.0]]
    assert found.sentences.tolist() == [[1.0, 2.0]]
    assert found.emphasis[35] == 1.0, "what they say counts all the same"


def test_exclamations_count_whole_questions_less_and_keywords_like_exclamations() -> None:
    cues = [
        Cue(0, 1, "快跑！"),
        Cue(2, 3, "谁?"),
        Cue(4, 5, "so what"),
        Cue(6, 7, "The penalty shot"),
    ]
    found = measure_talk([], cues, 80, keywords=["PENALTY"])
    assert found is not None
    assert [found.emphasis[i] for i in (5, 25, 45, 65)] == pytest.approx([1, 0.3, 0, 1])
    assert found.rate is None


def test_keywords_are_whole_words_and_literal() -> None:
    cues = [
        Cue(0, 1, "a goalkeeper"),
        Cue(2, 3, "c++ is fun"),
        Cue(4, 5, "c is fun"),
        Cue(6, 7, "进球了"),
    ]
    found = measure_talk([], cues, 80, keywords=["goal", "c++", "进球"])
    assert found is not None
    assert found.emphasis[5] == 0.0, "goal is not in goalkeeper"
    assert found.emphasis[45] == 0.0, "a plus sign is no operator"
    assert found.emphasis[65] == 1.0


def test_overlapping_words_are_one_and_touching_ones_are_two() -> None:
    spans = merge_spans([(1.0, 1.5), (1.5, 2.0), (1.8, 2.2), (0.0, 0.5)])
    assert spans.tolist() == [[0.0, 0.5], [1.0, 1.5], [1.5, 2.2]]


def test_a_word_without_end_is_no_reason_not_to_cut() -> None:
    found = measure_talk([word(0.0, 30.0, "lost"), word(31.0, 31.4, "found")], [], 320)
    assert found is not None
    assert found.words.tolist() == [[31.0, 31.4]]


def test_nothing_said_and_nothing_shown_is_none() -> None:
    assert measure_talk([], [], 10) is None
