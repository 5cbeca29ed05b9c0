"""Upright films of wide ones in which the place of the subject is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from media_pipeline.errors import NothingToDo
from media_pipeline.media.decode import decode
from media_pipeline.media.probe import probe
from media_pipeline.stages.base import Work
from media_pipeline.stages.portrait import (
    PORTRAIT,
    Course,
    Params,
    crop_film,
    follow_subject,
    plan_course,
)
from media_pipeline.stages.portrait.path import best_windows, calm
from media_pipeline.stages.remake import remake
from media_pipeline_tests.generators.coded import coded
from media_pipeline_tests.generators.subjects import (
    FPS,
    SCENES,
    WIDTH,
    Scene,
    inside,
    make_subject,
)
from media_pipeline_tests.generators.video import write_video

SHARE = (9 / 16) ** 2


def lefts(course: Course, count: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    middles = [course.at(i / FPS) for i in range(count)]
    assert None not in middles
    return (np.array(middles, float) - SHARE / 2) * WIDTH


@pytest.mark.parametrize(
    "scene",
    [Scene("hand", "still", seed=0), Scene("drift", "wander", face=True, seed=2), SCENES[1]],
)
def test_the_window_holds_the_subject(tmp_path: Path, scene: Scene) -> None:
    film = make_subject(tmp_path / "film.mp4", scene, seconds=3.0)
    found = lefts(plan_course(film.path, [0.0], SHARE), len(film.edges))
    centre = np.full(len(found), WIDTH * (1 - SHARE) / 2)
    held = inside(film.edges, found, SHARE * WIDTH)
    assert held > 0.85
    assert held > inside(film.edges, centre, SHARE * WIDTH) + 0.3
    assert np.abs(np.diff(found, 2)).mean() / WIDTH < 0.7e-3
    assert found.min() >= -0.01
    assert found.max() <= WIDTH * (1 - SHARE) + 0.01


def test_a_path_is_at_rest_where_the_subject_is_and_never_overshoots() -> None:
    rng = np.random.default_rng(1)
    still = calm(0.3 + rng.normal(0, 0.01, 60), SHARE)
    assert np.ptp(still) == 0
    step = np.where(np.arange(80) < 40, 0.3, 0.7)
    moved = calm(step, SHARE)
    assert moved.min() > 0.3 - 1e-3
    assert moved.max() < 0.7 + 1e-3
    assert (np.diff(moved) > -1e-6).all()
    assert np.abs(np.diff(moved)).max() < 0.12


def test_a_window_goes_where_there_is_most_to_be_seen() -> None:
    columns = np.full((10, 160), 1e-3, np.float32)
    columns[:, 120:130] = 0.05
    found = best_windows(list(columns), SHARE)
    assert np.all((found > 0.7) & (found < 0.85))


def test_each_shot_has_a_window_of_its_own_and_sound_and_times_stay(tmp_path: Path) -> None:
    film = coded(tmp_path / "film.mp4", "-c:a", "aac")
    course = Course(SHARE, (0.0, 2.0), ((0.0, 2.0), (2.0, 4.0)), ((0.3, 0.3), ()))
    assert course.at(1.99) == 0.3
    assert course.at(2.0) is None
    remake(film, probe(film), tmp_path / "out.mp4", lambda c: follow_subject(c, course), crf=8)
    before, after = probe(film), probe(tmp_path / "out.mp4")
    assert before.video is not None
    assert after.video is not None
    assert (after.video.width, after.video.height) == (102, 180)
    assert after.video.frames == before.video.frames
    assert len(after.audio) == 1
    wide = next(f.luma for f in decode(film) if f.time >= 1.0).astype(int)
    upright = next(f.luma for f in decode(tmp_path / "out.mp4") if f.time >= 1.0)
    left = round(0.3 * 320 - 51)
    assert np.abs(wide[:, left : left + 102] - upright).mean() < 3


def test_a_narrow_film_is_told(tmp_path: Path) -> None:
    picture = np.full((160, 90, 3), 90, np.uint8)
    write_video(tmp_path / "film.mp4", [picture] * 3)
    info = probe(tmp_path / "film.mp4")
    with pytest.raises(NothingToDo, match="as narrow as asked for"):
        PORTRAIT.run(Work(tmp_path / "film.mp4", info, {}, Params(), tmp_path))


def test_a_clip_is_made_upright_in_place_and_only_once(tmp_path: Path) -> None:
    film = make_subject(tmp_path / "clip.mp4", Scene("hand", "still", seed=0), seconds=1.0)
    assert crop_film(film.path)
    video = probe(film.path).video
    assert video is not None
    assert (video.width, video.height, video.frames) == (202, 360, 25)
    assert not crop_film(film.path)
