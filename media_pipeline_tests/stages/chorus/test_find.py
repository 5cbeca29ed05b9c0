"""Choruses of songs whose sections are known, and of what is no song."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from numpy.typing import NDArray

from media_pipeline.stages.beats import Tracked, track_beats
from media_pipeline.stages.chorus import Segments, find_choruses, form
from media_pipeline.stages.chorus.listen import RATE, listen
from media_pipeline_tests.generators.damage import SENTENCES, VOICES
from media_pipeline_tests.generators.songs import Song, make_song, make_whole_song
from media_pipeline_tests.generators.songs.song import Section
from media_pipeline_tests.generators.speech import say
from media_pipeline_tests.spans import Span, shared_time, starts_found

Sound = NDArray[np.float32]
MORE = (
    "A pot of tea helps to pass the evening. Smoky fires lack flame and heat.",
    "The soft cushion broke the man's fall. The salt breeze came across from the sea.",
    "The girl at the booth sold fifty bonds. A small creek cut across the field.",
)


def found_in(samples: Sound) -> Segments:
    return find_choruses(track_beats([samples]), listen(np.array_split(samples, 7)))


def spans(found: Segments) -> list[Span]:
    return [(one.start, one.end) for one in found.choruses]


@functools.cache
def whole(style: str, seed: int, form: str) -> tuple[Song, Segments]:
    song = make_whole_song(style, seed, form)
    return song, found_in(song.samples)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("style", "form"),
    [("rock", "plain"), ("waltzband", "halves"), ("house", "quiet"), ("disco", "even")],
)
def test_all_choruses_are_found(style: str, form: str) -> None:
    song, found = whole(style, 901, form)
    assert shared_time(song.spans("chorus"), spans(found)) > 0.9
    assert starts_found(song.spans("chorus"), spans(found)) == 1
    assert found.confidence > 0.5


@pytest.mark.slow
def test_two_choruses_are_enough() -> None:
    song, _ = whole("rock", 901, "plain")
    two = song.spans("chorus")[:2]
    found = found_in(song.samples[: round(two[1][1] * RATE)])
    assert starts_found(two, spans(found)) == 1
    assert shared_time(two, spans(found)) > 0.9


def test_the_last_chorus_may_be_in_another_key() -> None:
    verse, chorus = Section("verse", 8, level=0.85, vary=0.3), Section("chorus", 8, level=1.2)
    raised = Section("chorus", 8, level=1.2, key=2)
    song = make_song("rock", 905, (verse, chorus, verse, chorus, raised), phrase=4)
    found = found_in(song.samples)
    assert starts_found(song.spans("chorus"), spans(found)) == 1
    assert [one.key for one in found.choruses] == [0, 0, 2]


@pytest.mark.slow
def test_choruses_begin_and_end_on_bar_lines() -> None:
    song, found = whole("rock", 901, "plain")
    edges = np.array(spans(found)).ravel()
    assert len(edges)
    lines = np.append(song.downbeats, song.sections[-1][1])
    assert np.abs(edges[:, np.newaxis] - lines).min(axis=1).max() < 0.1


@pytest.mark.slow
@pytest.mark.parametrize("style", ["folk", "funk"])
def test_where_nothing_comes_again_there_is_no_chorus(style: str) -> None:
    _, found = whole(style, 902, "none")
    assert found.choruses == ()
    assert found.confidence == 0
    assert len(found.similarity) > 20


@pytest.mark.slow
@pytest.mark.parametrize("voice", VOICES[:2])
def test_speech_has_no_chorus(voice: str) -> None:
    talk = np.concatenate([say(text, voice) for text in (*SENTENCES, *MORE)])
    at = np.arange(0, len(talk), 16000 / RATE)
    sound = np.interp(at, np.arange(len(talk)), talk / np.abs(talk).max()).astype(np.float32)
    assert len(sound) > 30 * RATE
    assert found_in(sound).choruses == ()


@pytest.mark.parametrize("count", [0, 1, RATE, 20 * RATE])
def test_silence_has_no_chorus_however_long(count: int) -> None:
    found = found_in(np.zeros(count, np.float32))
    assert (found.choruses, found.as_json()) == ((), [])


@pytest.mark.slow
def test_samples_that_are_no_numbers_are_silence() -> None:
    song, found = whole("rock", 901, "plain")
    broken = song.samples.copy()
    broken[1000:1400] = np.nan
    broken[RATE : RATE + 3] = np.inf
    heard = listen([broken])
    assert np.isfinite(heard.tones).all() and np.isfinite(heard.level).all()
    assert starts_found(spans(found), spans(found_in(broken))) == 1


def test_what_is_heard_does_not_depend_on_the_pieces_it_comes_in() -> None:
    sound = make_song("rock", 7).samples[: 8 * RATE]
    whole_sound, pieces = listen([sound]), listen(np.array_split(sound, 23))
    np.testing.assert_allclose(whole_sound.tones, pieces.tones, atol=1e-3)
    np.testing.assert_allclose(whole_sound.colours, pieces.colours, atol=1e-3)


@pytest.mark.parametrize("cents", [-40, 0, 30])
def test_the_tuning_is_heard_and_taken_out(cents: int) -> None:
    t = np.arange(4 * RATE) / RATE
    pitch = 440 * 2 ** (cents / 1200)
    tone = (0.3 * np.sin(2 * np.pi * pitch * t)).astype(np.float32)
    heard = listen([tone])
    assert heard.tuning == pytest.approx(cents / 100, abs=0.05)
    classes = heard.tones[10:30, 1].sum(axis=0)
    assert classes.argmax() == 9
    assert classes[9] > 0.9 * classes.sum()


@pytest.mark.slow
def test_long_music_is_laid_out_in_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    song, found = whole("rock", 901, "plain")
    monkeypatch.setattr(form, "_MOST", 150)
    beats, heard = track_beats([song.samples]), listen([song.samples])
    laid_out = form.form_of(beats, heard)
    assert laid_out is not None
    assert laid_out.steps == len(beats.downbeats) < 150 < len(beats.beats)
    assert starts_found(spans(found), spans(find_choruses(beats, heard))) == 1


@pytest.mark.parametrize(
    ("known", "seconds", "end"), [(57, 40.0, 30.0), (60, 40.0, 30.0), (57, 28.8, 28.8)]
)
def test_the_last_bar_is_whole_though_its_beats_are_not_heard_unless_the_sound_ends(
    known: int, seconds: float, end: float
) -> None:
    beats = Tracked(np.arange(known) / 2, np.arange(known) % 4, 4)
    laid_out = form.form_of(beats, listen([np.zeros(round(seconds * RATE), np.float32)]))
    assert laid_out is not None
    assert laid_out.times[-1] == pytest.approx(end, abs=0.01)
    assert laid_out.times[laid_out.bars[-1]] == 28.0
