"""Fitting the best moments of a film into a shorter one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from media_pipeline.errors import NothingToDo, NoVideoStream
from media_pipeline.media.audio import read_audio, write_wav
from media_pipeline.media.probe import probe
from media_pipeline.stages.summary import (
    Piece,
    choose_spans,
    join_spans,
    pieces_of,
    usual_target,
)
from media_pipeline_tests.generators.video import ffmpeg


@pytest.mark.parametrize(
    ("film", "target"), [(8, 4), (60, 15), (600, 60), (16, 8), (2, 1), (7200, 180)]
)
def test_the_usual_length_is_a_tenth(film: float, target: float) -> None:
    assert usual_target(film) == target


def scores(duration: float, *high: tuple[float, float]) -> NDArray[np.float32]:
    values = np.full(round(duration * 10), 0.1, np.float32)
    for start, end in high:
        values[round(start * 10) : round(end * 10)] = 0.8
    return values


def test_pieces_are_shots_and_no_sentence_is_parted() -> None:
    shots = [(0.0, 5.0), (5.0, 9.0), (9.0, 9.6), (9.6, 20.0), (20.0, 50.0)]
    sentences = [(3.0, 6.5), (12.0, 14.0), (21.0, 33.0), (35.0, 46.0)]
    pieces = pieces_of(shots, sentences, scores(50, (9.6, 20)), longest=12)
    assert pieces[0].start == 0
    assert pieces[-1].end == 50
    edges = [p.end for p in pieces[:-1]]
    assert edges == [p.start for p in pieces[1:]]
    assert 5.0 not in edges, "somebody speaks across this cut"
    assert 9.0 in edges or 9.6 in edges
    assert not any(a < e < b for e in edges for a, b in sentences)
    assert all(p.end - p.start >= 1.5 for p in pieces)
    assert any(33 < e < 35 for e in edges), "a long shot is parted between two sentences"
    assert max(pieces, key=lambda p: p.score).start in (9.0, 9.6)


@pytest.mark.parametrize("longest", [3.0, 7.0, 12.0])
def test_a_film_of_one_shot_is_parted_evenly(longest: float) -> None:
    pieces = pieces_of([(0.0, 60.0)], [], scores(60), longest=longest)
    assert sum(p.end - p.start for p in pieces) == pytest.approx(60)
    assert max(p.end - p.start for p in pieces) <= longest + 1.5
    assert pieces_of([], [], scores(1)) == []
    assert [(p.start, p.end) for p in pieces_of([(0.0, 0.8)], [], scores(0.8))] == [(0, 0.8)]


def test_the_best_pieces_come_in_film_order_and_fit() -> None:
    pieces = [Piece(a, a + 4, s) for a, s in ((0, 0.2), (10, 0.9), (20, 0.5), (30, 0.8))]
    assert choose_spans(pieces, 12) == [(10, 14), (20, 24), (30, 34)]
    assert choose_spans(pieces, 8.5) == [(10, 14), (30, 34)]
    assert choose_spans(pieces, 2) == [(10, 12)], "no piece fits whole"


def test_two_good_pieces_are_better_than_one_that_is_a_little_better() -> None:
    pieces = [Piece(0, 6, 0.9), Piece(10, 15, 0.8), Piece(20, 25, 0.8), Piece(30, 40, 0.0)]
    assert choose_spans(pieces, 10) == [(10, 15), (20, 25)]


def test_of_few_pieces_each_counts() -> None:
    """The lowest of three is no tenth of the film: it fills what the best leaves."""
    pieces = [Piece(0, 4.1, 0.154), Piece(4.1, 5.8, 0.172), Piece(5.8, 8, 0.148)]
    assert choose_spans(pieces, 5) == [(4.1, 8)]


def test_neighbours_become_one() -> None:
    pieces = [Piece(0, 4, 0.9), Piece(4, 8, 0.5), Piece(8, 30, 0.0)]
    assert choose_spans(pieces, 8) == [(0, 8)]


def test_a_film_without_moments_gives_nothing() -> None:
    with pytest.raises(NothingToDo):
        choose_spans([], 5)


def test_the_sound_fades_from_piece_to_piece_and_stays_with_the_picture(
    tmp_path: Path,
) -> None:
    """A tone that rises every second: each piece has its own, and no join clicks."""
    time = np.arange(8 * 44100) / 44100
    tone = 0.5 * np.sin(2 * np.pi * np.cumsum(300 + 200 * np.floor(time)) / 44100)
    write_wav(tmp_path / "tone.wav", tone.astype(np.float32), 44100)
    film = tmp_path / "film.mp4"
    ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=s=160x90:r=25:d=8", "-i", tmp_path / "tone.wav",
        "-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-c:a", "aac", film,
    )  # fmt: skip
    out = tmp_path / "short.mp4"
    seconds = join_spans(film, probe(film), [(1.0, 2.0), (4.0, 5.0), (6.52, 7.0)], out)
    assert seconds == pytest.approx(2.48, abs=0.01)
    sound = read_audio(out, rate=44100)
    for at, pitch in ((0.5, 500), (1.5, 1100), (2.2, 1500)):
        part = sound[round((at - 0.1) * 44100) : round((at + 0.1) * 44100)]
        loudest = np.argmax(np.abs(np.fft.rfft(part * np.hanning(len(part))))) * 5
        assert loudest == pytest.approx(pitch, abs=10)
    level = np.sqrt(np.convolve(sound**2, np.ones(441) / 441, "valid"))
    joins = level[round(0.9 * 44100) : round(2.1 * 44100)]
    assert joins.min() > 0.15, "it fades across, not through silence"
    assert np.abs(np.diff(sound, 2)).max() < 0.1, "nothing clicks"


def test_spans_are_joined_with_picture_and_sound(clip: Path, tmp_path: Path) -> None:
    shares: list[float] = []
    out = tmp_path / "short.mp4"
    seconds = join_spans(clip, probe(clip), [(0.2, 0.6), (1.0, 1.8)], out, shares.append)
    info = probe(out)
    assert seconds == pytest.approx(1.2, abs=0.05)
    assert info.duration == pytest.approx(seconds, abs=0.1)
    assert info.video is not None
    assert info.video.frames == pytest.approx(seconds * 25, abs=2)
    assert info.audio
    assert shares == sorted(shares)


def test_a_film_without_sound_is_joined_too(silent_clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "short.mp4"
    join_spans(silent_clip, probe(silent_clip), [(0.0, 0.4), (1.0, 1.4)], out)
    assert probe(out).audio == ()


def test_sound_alone_is_refused(tmp_path: Path) -> None:
    sound = tmp_path / "sound.wav"
    write_wav(sound, np.zeros(16000, np.float32), 16000)
    with pytest.raises(NoVideoStream):
        join_spans(sound, probe(sound), [(0, 0.5)], tmp_path / "short.mp4")
