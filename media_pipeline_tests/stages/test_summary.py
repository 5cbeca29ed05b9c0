"""Fitting the best moments of a film into a shorter one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from media_pipeline.errors import NothingToDo, NoVideoStream
from media_pipeline.media.audio import write_wav
from media_pipeline.media.probe import probe
from media_pipeline.stages.summary import choose_spans, join_spans, usual_target


@pytest.mark.parametrize(("film", "target"), [(8, 4), (60, 15), (600, 60), (16, 5), (2, 1)])
def test_the_usual_length(film: float, target: float) -> None:
    assert usual_target(film) == target


def test_the_best_moments_come_in_film_order() -> None:
    moments = [(0, 4, 0.2), (10, 14, 0.9), (20, 24, 0.5), (30, 34, 0.8)]
    assert choose_spans(moments, 12) == [(10, 14), (20, 24), (30, 34)]


def test_the_target_is_kept_by_cutting_the_last_short() -> None:
    moments = [(0, 4, 0.9), (10, 14, 0.8)]
    assert choose_spans(moments, 6) == [(0, 4), (10, 12)]
    assert choose_spans(moments, 4.5) == [(0, 4)]
    assert choose_spans(moments, 2) == [(0, 2)]


def test_neighbours_become_one() -> None:
    assert choose_spans([(4, 8, 0.5), (0, 4, 0.9)], 8) == [(0, 8)]


def test_a_film_without_moments_gives_nothing() -> None:
    with pytest.raises(NothingToDo):
        choose_spans([], 5)


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
