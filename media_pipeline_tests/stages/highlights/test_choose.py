"""Choosing windows and placing their edges, on plain arrays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media_pipeline.stages.highlights.candidates import Params, find_highlights
from media_pipeline.stages.highlights.choose import Worth, overlap, pick, windows
from media_pipeline.stages.highlights.edges import Landmarks, move_edges, pauses_of, unworded
from media_pipeline.stages.highlights.picture import Picture
from media_pipeline.stages.highlights.signals import WEIGHTS, Signals, combine, robust_z, score
from media_pipeline.stages.highlights.sound import Array, measure_sound
from media_pipeline.stages.highlights.talk import Talk, merge_spans


def bumps(duration: float, *spans: tuple[float, float], height: float = 0.8) -> Array:
    """A score that is ``height`` in the spans and a little under zero elsewhere."""
    values = np.full(round(duration * 10), -0.05, np.float32)
    for start, end in spans:
        values[round(start * 10) : round(end * 10)] = height
    return values


def flat(duration: float, **names: Array) -> Signals:
    zeros = {name: np.zeros(round(duration * 10), np.float32) for name in WEIGHTS}
    return Signals(**{**zeros, **names})


# --- normalising ----------------------------------------------------------------------------------


def test_z_is_robust_floored_and_clipped() -> None:
    values = np.concatenate([np.tile([-1.0, 0.0, 1.0], 30), [500.0, -500.0]]).astype(np.float32)
    z = robust_z(values, 0.5)
    assert (z[-2], z[-1]) == (4.0, -1.0)
    assert z[2] == pytest.approx(1 / 1.4826, abs=0.01)
    assert robust_z(values[:-2], 10.0).max() == pytest.approx(0.1)


def test_the_score_is_comparable_a_calm_film_has_low_ones() -> None:
    rng = np.random.default_rng(0)

    def best(amount: float) -> float:
        moves = rng.uniform(1, 1.2, 600) + amount * (np.arange(600) // 60 == 5)
        picture = Picture(moves.astype(np.float32), np.empty(0))
        return float(score(combine(600, None, picture, None)).max())

    assert best(0.3) < 0.1
    assert best(40.0) > 0.4


def test_a_sentence_in_a_silent_film_is_no_event_and_a_shout_among_sentences_is() -> None:
    """In a calm film any talk stands out against the rest, so it is held against other talk."""
    rng = np.random.default_rng(0)
    t = np.arange(60 * 16000) / 16000
    voice = np.array([(a, a + 2.0) for a in (3.0, 12.0, 20.0, 31.0, 40.0, 52.0)])
    sound = 0.001 * rng.standard_normal(len(t))
    for number, (start, end) in enumerate(voice):
        said = (t > start) & (t < end) & (np.sin(2 * np.pi * 4 * t) > -0.5)
        sound += said * (0.5 if number == 3 else 0.05) * rng.standard_normal(len(t))
    measured = measure_sound([sound.astype("f4")], 16000, 600)
    alone = score(combine(600, measured, None, None))
    among = score(combine(600, measured, None, None, voice=voice))
    assert alone[125:135].mean() > 0.2
    assert among[125:135].mean() < 0.1
    assert among[315:325].mean() > 0.2


def test_fast_talk_counts_and_that_somebody_talks_does_not() -> None:
    talk = Talk(np.zeros(600, np.float32), np.zeros(600, np.float32), *2 * (np.empty((0, 2)),))
    assert talk.rate is not None
    talk.rate[[*range(50, 100, 5), *range(300, 350, 5), *range(500, 530)]] = 10.0
    found = combine(600, None, None, talk).speech
    assert found[60:95].max() < 0.5
    assert found[510:520].min() > 1
    assert found[200] == 0.0


def test_weights_choose_what_counts() -> None:
    one = flat(60, motion=bumps(60, (10, 20), height=4), loudness=bumps(60, (40, 50), height=4))
    where = Landmarks.of(60.0)
    loud = find_highlights(one, where, Params(count=1, clip_duration=10, weights={"motion": 0.0}))
    moving = find_highlights(one, where, Params(count=1, clip_duration=10, weights={"loudness": 0}))
    assert loud[0].start == pytest.approx(40, abs=2)
    assert moving[0].start == pytest.approx(10, abs=2)
    assert loud[0].signals["loudness"] > 2
    assert loud[0].signals["motion"] < 0.1


# --- windows --------------------------------------------------------------------------------------


def test_the_highlights_are_the_bumps() -> None:
    spans = [(12.0, 20.0), (40.0, 47.0), (70.0, 79.0)]
    found = pick(bumps(100, *spans), Landmarks.of(100.0), count=5, clip_duration=8, min_score=0.1)
    assert len(found) == 3
    for (start, end), (a, b) in zip(sorted(found), spans, strict=True):
        assert (start, end) == pytest.approx((a, b), abs=1.3)


def test_the_best_come_first_when_only_some_are_wanted() -> None:
    values = bumps(100, (12, 20), (70, 78), height=0.5)
    values[400:480] = 0.9
    found = pick(values, Landmarks.of(100.0), count=2, clip_duration=8, min_score=0.1)
    assert len(found) == 2
    assert found[0][0] == pytest.approx(40, abs=1)


def test_one_long_event_does_not_become_copies_of_itself() -> None:
    found = pick(bumps(60, (10, 40)), Landmarks.of(60.0), count=10, clip_duration=10, min_score=0.1)
    assert all(overlap(a, b) <= 0.01 for i, a in enumerate(found) for b in found[i + 1 :])
    assert 2 <= len(found) <= 4


def test_another_part_of_the_film_goes_before_the_neighbour_of_a_chosen_moment() -> None:
    values = bumps(120, (20, 36))
    values[900:980] = 0.75
    found = pick(values, Landmarks.of(120.0), count=2, clip_duration=8, min_score=0.1)
    assert max(a for a, _ in found) == pytest.approx(90, abs=1)


def test_dull_moments_are_left_out_but_the_best() -> None:
    values = bumps(100, (30, 40), height=0.06)
    assert len(pick(values, Landmarks.of(100.0), count=5, clip_duration=10, min_score=0.1)) == 1
    assert pick(0 * values, Landmarks.of(100.0), count=5, clip_duration=10, min_score=0.0) == []


@pytest.mark.parametrize("duration", [0.1, 1.0, 5.0, 9.9, 12.0, 16.0])
def test_short_films_have_one_highlight_that_fits(duration: float) -> None:
    values = bumps(duration, (duration / 2, duration))
    found = pick(values, Landmarks.of(duration), count=5, clip_duration=15, min_score=0.1)
    assert len(found) == 1
    start, end = found[0]
    assert 0 <= start < end <= duration
    if duration < 10:
        assert (start, end) == (0.0, duration)


def test_windows_last_from_seven_tenths_to_a_seventh_more() -> None:
    found = windows(bumps(60, (20, 30)), 10.0)
    lengths = np.unique((found.end - found.start).round(3))
    assert lengths.tolist() == [7.0, 8.5, 10.0, 11.5]


# --- edges ----------------------------------------------------------------------------------------


def test_edges_go_to_pauses_with_room_for_the_words() -> None:
    marks = Landmarks.of(60.0, pauses=np.array([[9.0, 9.8], [20.6, 21.4]]))
    start, end = move_edges(10.3, 20.0, marks, 10.0) or (0, 0)
    assert start == pytest.approx(9.8 - 0.15)
    assert end == pytest.approx(20.6 + 0.25)


def test_an_edge_leaves_a_voice_whose_words_are_unknown() -> None:
    voice = np.array([(7.0, 12.4), (18.0, 21.0)])
    marks = Landmarks.of(40, voice=voice, pauses=pauses_of(np.empty((0, 2)), voice, 40.0))
    found = move_edges(10, 19.2, marks, 10)
    assert found is not None
    assert not any(marks.cuts_speech(at) for at in found)
    assert found == (pytest.approx(12.5, abs=0.2), pytest.approx(17.9, abs=0.5)) or found[1] > 21


def test_no_clip_begins_or_ends_with_a_few_frames_of_another_shot() -> None:
    """Not at the pauses 0.3 s before and after a cut, but at the cuts."""
    pauses = np.array([(10.0, 10.3), (20.6, 20.9)])
    marks = Landmarks.of(40, pauses=pauses, cuts=np.array([10.6, 20.4]))
    assert move_edges(10.2, 20.8, marks, 10) == (pytest.approx(10.6), pytest.approx(20.4))


def test_where_words_are_guessed_or_missing_the_voice_itself_is_not_cut() -> None:
    """Aligned words speak for the voice they cover; another voice is left whole."""
    voice = np.array([(2.0, 5.0), (8.0, 12.0)])
    words = np.array([(2.1, 2.9), (3.2, 4.9)])
    assert unworded(voice, words).tolist() == [[8.0, 12.0]]
    assert unworded(voice, np.empty((0, 2))).tolist() == voice.tolist()
    marks = Landmarks.of(20, words=words, voice=unworded(voice, words))
    assert [marks.cuts_speech(at) for at in (2.5, 3.05, 6.0, 9.0)] == [True, False, False, True]


@pytest.mark.parametrize("known", [True, False], ids=["words", "voices"])
def test_a_highlight_does_not_take_in_the_sentence_before_or_after_it(known: bool) -> None:
    """Though each lies within reach and would begin or end the clip with a whole sentence."""
    said = np.array([(8.3, 9.7), (20.4, 21.5)])
    named = {"words": said, "sentences": said} if known else {"voice": said}
    pauses = np.array([(2.0, 8.3), (9.7, 20.4), (21.5, 30.0)])
    found = move_edges(10.0, 20.2, Landmarks.of(40, pauses=pauses, **named), 10)
    assert found is not None
    assert found[0] >= 9.7
    assert found[1] <= 20.4


def test_edges_go_where_what_lies_between_is_worth_most() -> None:
    """Of two cuts equally near, the one at which the event begins."""
    values = bumps(40, (10.6, 20.0))
    marks = Landmarks.of(40, cuts=np.array([9.4, 10.6]))
    found = move_edges(10.0, 20.0, marks, 10, Worth(values, 10).between)
    assert found is not None
    assert found[0] == pytest.approx(10.6)


def test_a_phrase_is_not_cut_between_words_that_run_into_each_other() -> None:
    """As aligned speech has them: the clip begins before the phrase, though a cut lies in it."""
    words = np.array([(9.0 + 0.15 * i, 9.15 + 0.15 * i) for i in range(7)])
    marks = Landmarks.of(
        40, words=words, cuts=np.array([9.2]), pauses=np.array([(7.8, 9.0), (10.05, 40.0)])
    )
    found = move_edges(9.3, 18.0, marks, 10)
    assert found is not None
    assert found[0] < 9.0 or found[0] > 10.05
    assert marks.cuts_speech(9.3)
    assert not marks.cuts_speech(8.9)


def test_music_is_left_where_it_is_lowest() -> None:
    level = np.full(400, -20, np.float32)
    level[98], level[203] = -35, -35
    found = move_edges(10.0, 20.0, Landmarks.of(40, level=level), 10)
    assert found == (pytest.approx(9.85), pytest.approx(20.35))


def test_pauses_are_what_no_voice_fills_or_where_unknown_what_is_quiet() -> None:
    quiet = np.array([(1.0, 2.0)])
    assert pauses_of(quiet, None, 9.0).tolist() == [[1, 2]]
    voice = np.array([(0.0, 3.0), (3.05, 5.0)])
    assert pauses_of(quiet, voice, 9.0).tolist() == [[5, 9]]


def test_steady_sound_speaks_against_a_moment_and_a_first_cut_says_nothing() -> None:
    t = np.arange(60 * 16000) / 16000
    rng = np.random.default_rng(0)
    talk = 0.05 * rng.standard_normal(len(t)) * (np.sin(2 * np.pi * 3 * t) > 0)
    loud = (t > 20) & (t < 30)
    hum = measure_sound(
        [(talk + loud * 0.5 * np.sin(2 * np.pi * 100 * t)).astype("f4")], 16000, 600
    )
    tone = measure_sound(
        [(talk + loud * 0.3 * np.sin(2 * np.pi * 999 * t)).astype("f4")], 16000, 600
    )
    for sound in (hum, tone):
        total = score(combine(600, sound, None, None))
        assert total[215:285].mean() < 0.05
        assert total[200:300].mean() < 0.2, "its onset and its end are events"
    single, several = np.array([30.0]), np.array([30.0, 30.8, 31.6, 32.4])
    still = np.zeros(600, np.float32)
    assert score(combine(600, None, Picture(still, single), None)).max() == 0
    assert score(combine(600, None, Picture(still, several), None)).max() > 0.2


def test_edges_go_to_cuts_in_silent_films() -> None:
    marks = Landmarks.of(60.0, cuts=np.array([5.0, 10.4, 19.3, 40.0]))
    assert move_edges(10.0, 20.0, marks, 10.0) == (10.4, 19.3)


def test_whole_sentences_are_better_than_any_pause() -> None:
    words = np.array([[9.6, 10.2], [10.2, 10.9], [11.5, 12.0], [19.0, 19.5], [20.3, 20.9]])
    sentences = np.array([[9.6, 12.0], [19.0, 20.9]])
    pauses = np.array([[9.0, 9.6], [10.9, 11.5], [19.5, 20.3], [20.9, 25.0]])
    marks = Landmarks.of(60.0, pauses=pauses, words=words, sentences=sentences)
    start, end = move_edges(11.0, 20.0, marks, 10.0) or (0, 0)
    assert start == pytest.approx(9.45)
    assert end == pytest.approx(21.15)


def test_without_room_between_words_the_edge_is_between_them() -> None:
    times = np.arange(0.0, 60.0, 0.5)
    words = np.stack([times, times + 0.5], axis=1)
    start, end = move_edges(10.2, 20.3, Landmarks.of(60.0, words=words), 10.0) or (0, 0)
    assert (start % 0.5, end % 0.5) == (0.0, 0.0)


times = st.floats(0, 80, allow_nan=False).map(lambda t: round(t, 2))
lengths = st.floats(0.05, 2.5).map(lambda t: round(t, 2))
spans = st.lists(st.tuples(times, lengths), max_size=60).map(
    lambda found: merge_spans((a, a + n) for a, n in found)
)


@settings(max_examples=150, deadline=None)
@given(
    start=times,
    clip=st.floats(3, 30),
    share=st.floats(0.7, 1.15),
    words=spans,
    pauses=spans,
    cuts=st.lists(times, max_size=20, unique=True).map(lambda c: np.array(sorted(c), np.float64)),
)
def test_edges_are_never_in_words_and_the_length_is_kept(  # type: ignore[no-untyped-def]
    start, clip, share, words, pauses, cuts
) -> None:
    duration = 120.0
    end = start + share * clip
    marks = Landmarks.of(duration, pauses=pauses, cuts=cuts, words=words, sentences=words[::3])
    moved = move_edges(start, end, marks, clip)
    if moved is None:
        return
    a, b = moved
    assert 0 <= a < b <= duration
    assert 0.6 * clip - 1e-9 <= b - a <= 1.4 * clip + 1e-9
    for edge in (a, b):
        assert not ((words[:, 0] < edge) & (edge < words[:, 1])).any()
