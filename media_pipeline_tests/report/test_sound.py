"""Charts of what the sound functions found: what is in the data is in the picture."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from media_pipeline.report.film import Film as View
from media_pipeline.report.sound import (
    beats_chart,
    loudness_chart,
    similarity_chart,
    sound_pictures,
    spectrogram_chart,
    tempo_chart,
)
from media_pipeline.stages.beats import Tracked
from media_pipeline.stages.chorus import Segment, Segments
from media_pipeline_tests.generators.lakes import (
    find_beats,
    find_choruses,
    make_film,
    measure_sound,
    take_noise_out,
)


def pixels(data: bytes) -> np.ndarray:  # type: ignore[type-arg]
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


def red(data: bytes) -> int:
    """Pixels in the colour of bar lines."""
    shown = pixels(data)
    return int(((shown[..., 0] - shown[..., 1]) > 100).sum())


def test_bar_lines_are_drawn_over_the_sound() -> None:
    sound = 0.3 * np.random.default_rng(0).standard_normal(80000).astype(np.float32)
    beats = np.arange(0.0, 5.0, 0.5)
    few = beats_chart(sound, 0.0, 5.0, beats, np.where(np.arange(10) % 4 == 0, 1, 2))
    many = beats_chart(sound, 0.0, 5.0, beats, np.ones(10, int))
    assert red(many) > 2 * red(few) > 0


def test_only_the_bar_lines_of_the_part_are_drawn() -> None:
    sound = 0.3 * np.random.default_rng(0).standard_normal(80000).astype(np.float32)
    inside = beats_chart(sound, 20.0, 25.0, np.arange(20.5, 25.0), np.ones(5, int))
    around = beats_chart(sound, 20.0, 25.0, np.arange(0.5, 60.0), np.ones(60, int))
    assert red(around) == red(inside) > 0


def test_what_was_made_of_the_sound_is_drawn_and_nothing_else(tmp_path: Path) -> None:
    film = make_film(tmp_path, clip=False)
    assert sound_pictures(View(film.artifacts)) == {}
    beats = np.arange(0.5, 24.0, 0.5)
    find_beats(film, Tracked(beats, np.arange(47) % 3, 3, 120.0, (120.0,), 0.75))
    drawn = sound_pictures(View(film.artifacts))
    assert list(drawn) == ["beats", "tempo"]
    assert red(drawn["beats"]) > 0
    measure_sound(film)
    take_noise_out(film)
    drawn = sound_pictures(View(film.artifacts))
    assert list(drawn) == ["beats", "tempo", "loudness", "spectrograms"]
    shown = pixels(drawn["spectrograms"]).sum(axis=2)[:, 200:-100]
    before, after = shown[: len(shown) // 2], shown[len(shown) // 2 : -80]
    assert before.mean() > after.mean()  # the same, 6 dB lower
    nothing = make_film(tmp_path / "two", clip=False)
    find_beats(nothing, Tracked())
    assert sound_pictures(View(nothing.artifacts)) == {}


def test_choruses_are_framed_wherever_one_meets_another() -> None:
    times = np.arange(0.0, 61.0)
    alike = np.zeros((60, 60), np.float32)
    none = similarity_chart(times, alike, [])
    one, two = (similarity_chart(times, alike, [(5.0, 15.0), (40.0, 50.0)][:n]) for n in (1, 2))
    assert red(two) > 2.5 * red(one) > 0 == red(none)
    dark = similarity_chart(times, np.ones((60, 60), np.float32), [])
    assert pixels(dark).mean() < 0.5 * pixels(none).mean()


def test_choruses_are_drawn_where_there_is_something_to_see(tmp_path: Path) -> None:
    film = make_film(tmp_path, clip=False)
    alike = np.eye(24, dtype=np.float32)
    find_choruses(film, Segments((Segment(2.0, 9.0),), 0.9, np.arange(25.0), alike))
    drawn = sound_pictures(View(film.artifacts))
    assert list(drawn) == ["choruses"]
    assert red(drawn["choruses"]) > 0


def test_charts_cope_with_nothing_and_with_a_single_point() -> None:
    nothing = np.zeros(0)
    for data in (
        tempo_chart(1.0, nothing, nothing),
        tempo_chart(1.0, np.array([0.5]), np.array([120.0])),
        loudness_chart(1.0, []),
        beats_chart(np.zeros(100, np.float32), 0.0, 0.1, nothing, np.zeros(0, int)),
    ):
        assert pixels(data).shape[1] > 1000


def test_a_tone_is_one_bright_row_of_the_spectrogram() -> None:
    t = np.arange(32000) / 16000
    tone = (0.5 * np.sin(2 * np.pi * 4000 * t)).astype(np.float32)
    shown = pixels(spectrogram_chart([("tone", tone)], 16000)).sum(axis=2)
    inside = shown[20:-60, 200:-100]
    bright = np.flatnonzero((inside.mean(axis=1) > 300) & (inside.mean(axis=1) < 760))
    assert 0 < len(bright) < len(inside) / 8
    assert abs(bright.mean() - len(inside) / 2) < len(inside) / 5
