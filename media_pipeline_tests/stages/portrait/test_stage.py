"""Upright films of wide ones in which the place of the subject is known."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from media_pipeline.errors import NothingToDo
from media_pipeline.media.decode import decode
from media_pipeline.media.probe import probe
from media_pipeline.production.base import Job
from media_pipeline.production.functions import FUNCTIONS
from media_pipeline.runner import Runner
from media_pipeline.stages.base import Work, quiet
from media_pipeline.stages.portrait import (
    PORTRAIT,
    Course,
    Params,
    crop_film,
    follow_subject,
    plan_course,
)
from media_pipeline.stages.portrait.path import best_windows, calm
from media_pipeline.stages.portrait.stage import shot_middles
from media_pipeline.stages.remake import remake
from media_pipeline.store import Store, StoredArtifact
from media_pipeline.text.cues import Cue
from media_pipeline_tests.generators.captions import Film, make_clip
from media_pipeline_tests.generators.coded import coded
from media_pipeline_tests.generators.grounds import pictures
from media_pipeline_tests.generators.subjects import (
    FPS,
    SCENES,
    WIDTH,
    Scene,
    inside,
    make_subject,
)
from media_pipeline_tests.generators.video import ffmpeg, write_video

SHARE = (9 / 16) ** 2


def lefts(course: Course, count: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    middles = [course.at(i / FPS) for i in range(count)]
    assert None not in middles
    return (np.array(middles, float) - SHARE / 2) * WIDTH


@pytest.mark.slow
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


def test_shots_that_are_fitted_in_whole_are_shown_before_and_after_too() -> None:
    course = Course(SHARE, (0.0, 2.0, 5.0), ((0.1, 1.9), (), (5.0, 6.0)), ((0.3, 0.3), (), (0.5,)))
    assert shot_middles(course, 6.5) == [1.0, 3.5, 5.5]
    assert shot_middles(Course(SHARE, (0.0,), ((),), ((),)), 4.0) == [2.0]


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


def _wide(count: int, size: tuple[int, int] = (640, 360)) -> list[np.ndarray]:
    return list(islice(pictures("hand", size, 25, seed=2), count))


def _made(film: Path, tmp_path: Path) -> StoredArtifact:
    runner = Runner(Store(tmp_path / "lake"))
    return runner.request(runner.ingest(film).key, PORTRAIT)


@pytest.mark.slow
def test_one_picture_of_odd_sides_is_made_upright(tmp_path: Path) -> None:
    film = tmp_path / "one.mp4"
    write_video(film, [p[:, :639] for p in _wide(1, (640, 359))], pixels="yuv444p")
    made = _made(film, tmp_path)
    video = probe(made.path("portrait.mp4")).video
    assert video is not None
    assert (video.width, video.height, video.frames) == (202, 360, 1)
    assert not made.manifest.warnings


@pytest.mark.slow
def test_ten_bits_stay_and_transparency_is_told_to_be_gone(tmp_path: Path) -> None:
    deep, clear = tmp_path / "deep.mp4", tmp_path / "clear.mov"
    write_video(deep, _wide(5), pixels="yuv420p10le")
    video = probe(_made(deep, tmp_path).path("portrait.mp4")).video
    assert video is not None
    assert video.pixel_format == "yuv420p10le"
    ffmpeg("-i", deep, "-c:v", "qtrle", "-pix_fmt", "argb", clear)
    made = _made(clear, tmp_path)
    assert [frame.bgr().shape for frame in decode(made.path("portrait.mp4"))] == [(360, 202, 3)] * 5
    assert "transparent" in made.manifest.warnings[0]


def test_the_function_leaves_an_upright_film_as_it_is_and_says_so(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    write_video(film, [np.ascontiguousarray(np.rot90(p)) for p in _wide(5, (320, 180))])
    runner, notes = Runner(Store(tmp_path / "lake")), list[str]()
    (tmp_path / "out").mkdir()
    job = Job(runner, runner.ingest(film).key, tmp_path / "out", "out.mp4", quiet, notes.append)
    assert FUNCTIONS["VideoH2V"].prepare({}).work(job) == {}
    (note,) = notes
    assert "unchanged: film.mp4 is 180 x 320, which is as narrow as asked for" in note
    assert "ocr_cues" not in runner.store.assets(), "nothing is read in vain"
    before, after = ([f.bgr() for f in decode(p)] for p in (film, tmp_path / "out" / "out.mp4"))
    np.testing.assert_array_equal(before, after)


@pytest.mark.slow
def test_the_function_reads_captions_and_keeps_them_whole(tmp_path: Path) -> None:
    cue = Cue(0.2, 1.2, "我们没有时间了 他们马上就要到这里来")
    make_clip(tmp_path / "film.mp4", Film([cue], 1.6, ground="hand"), crf=12)
    made = _made(tmp_path / "film.mp4", tmp_path)
    assert made.facts["captions"] == 1
    ((start, end),) = made.facts["bands"]
    assert start <= 0.2
    assert end >= 1.2


def test_a_film_whose_captions_could_not_be_read_says_so(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    write_video(film, _wide(3))
    runner = Runner(Store(tmp_path / "lake"))
    key = runner.ingest(film).key
    made = runner.request(key, PORTRAIT, without=("ocr_cues",))
    assert "captions were not looked for" in made.manifest.warnings[0]
