"""Beats and bars of songs whose beats are known."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from numpy.typing import NDArray

from media_pipeline.stages.beats import Tracked, track_beats
from media_pipeline.stages.beats.clicks import with_clicks
from media_pipeline.stages.beats.onsets import RATE
from media_pipeline_tests.generators.songs import Song, make_song


def hits(truth: NDArray[np.float64], found: NDArray[np.float64]) -> float:
    """F measure at 70 ms; songs are judged from their first to their last beat."""
    found = found[(found > truth[0] - 0.07) & (found < truth[-1] + 0.07)]
    near = np.abs(truth[:, np.newaxis] - found) <= 0.07
    return 2 * float(min(near.any(0).sum(), near.any(1).sum())) / (len(truth) + len(found))


@functools.cache
def tracked(style: str, seed: int) -> tuple[Song, Tracked]:
    song = make_song(style, seed)
    return song, track_beats(np.array_split(song.samples, 5))


@pytest.mark.parametrize("style", ["rock", "swing", "ramp", "march", "folk"])
def test_beats_and_bars_of_a_style(style: str) -> None:
    song, found = tracked(style, 501)
    assert hits(song.beats, found.beats) > 0.95
    assert hits(song.downbeats, found.downbeats) > 0.9
    assert found.meter == 4
    assert 0.5 < found.confidence <= 1


def test_a_waltz_has_three_beats_and_a_tempo_that_is_followed() -> None:
    song, found = tracked("waltzband", 501)
    assert found.meter == 3
    assert hits(song.downbeats, found.downbeats) > 0.9
    assert found.bpm == pytest.approx(song.bpm, rel=0.02)


def test_the_tempo_curve_rises_where_the_song_gets_faster() -> None:
    song, found = tracked("ramp", 501)
    true = 60 / np.diff(song.beats)
    curve = np.interp(song.beats[2:-3], found.beats, found.tempo)
    assert np.abs(curve / true[2:-2] - 1).max() < 0.08


def test_half_or_double_tempo_is_among_the_candidates() -> None:
    _, found = tracked("rock", 501)
    ratios = [b / found.candidates[0] for b in found.candidates[1:]]
    assert any(abs(r - 2) < 0.15 or abs(r - 0.5) < 0.04 for r in ratios)


@pytest.mark.parametrize("style", ["ballad", "metal"])
def test_no_beat_is_counted_after_the_last_note(style: str) -> None:
    song, found = tracked(style, 501)
    assert len(song.samples) / song.rate > song.beats[-1] + 2 * 60 / song.bpm
    assert found.beats[-1] < song.beats[-1] + 0.07


def test_the_beat_does_not_turn_into_its_double_on_the_way() -> None:
    """Every note is as loud as those on the beat, so that both are likely."""
    song = make_song("folk", 500_064, accent=1.0)
    found = track_beats([song.samples])
    gaps = np.diff(found.beats)
    assert gaps.max() < 1.4 * gaps.min()
    assert hits(song.beats, found.beats) > 0.95


@pytest.mark.parametrize("seconds", [0.0, 1 / RATE, 1.0, 5.0])
def test_silence_has_no_beat(seconds: float) -> None:
    found = track_beats([np.zeros(round(seconds * RATE), np.float32)])
    assert not len(found.beats)
    assert (found.confidence, found.bpm) == (0.0, 0.0)
    assert found.as_json()["DownBeatList"] == []


def test_the_pieces_in_which_sound_comes_do_not_matter() -> None:
    song, found = tracked("rock", 501)
    whole = track_beats([song.samples])
    assert hits(whole.beats, found.beats) > 0.97


def test_noise_is_less_certain_than_music() -> None:
    rng = np.random.default_rng(1)
    noise = (0.1 * rng.standard_normal(20 * RATE)).astype(np.float32)
    assert track_beats([noise]).confidence < 0.6 * tracked("rock", 501)[1].confidence


def test_clicks_stand_on_the_beats_also_across_blocks() -> None:
    found = Tracked(np.array([0.5, 0.99, 1.5]), np.array([0, 1, 0]))
    silent = np.split(np.zeros(2 * RATE, np.float32), 2)
    sound = np.concatenate(list(with_clicks(silent, RATE, found)))
    loud = np.flatnonzero(np.abs(sound) > 0.1) / RATE
    starts = loud[np.concatenate([[True], np.diff(loud) > 0.1])]
    np.testing.assert_allclose(starts, found.beats, atol=0.002)
    assert np.abs(sound[RATE : RATE + 400]).max() > 0.02  # the rest of the second click
