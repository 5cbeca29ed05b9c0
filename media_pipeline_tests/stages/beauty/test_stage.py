"""Films whose faces were drawn, retouched from file to file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from media_pipeline.errors import NothingToDo, NoVideoStream
from media_pipeline.media.decode import decode
from media_pipeline.media.face_tracks import FollowedFace
from media_pipeline.media.geometry import Box
from media_pipeline.media.probe import MediaInfo, probe
from media_pipeline.production.base import Job
from media_pipeline.production.functions import FUNCTIONS
from media_pipeline.runner import Runner
from media_pipeline.stages.base import Outcome, Work, quiet
from media_pipeline.stages.beauty import BEAUTIFIED, FilmFaces, Params
from media_pipeline.stages.beauty.faces import find_faces
from media_pipeline.stages.beauty.retouch import Strength
from media_pipeline.stages.beauty.stage import Seen, beautify
from media_pipeline.store import Store
from media_pipeline_tests.generators.face_scores import scores
from media_pipeline_tests.generators.faces import FaceFilm, Faces, make_faces, write_faces
from media_pipeline_tests.generators.video import (
    ffmpeg,
    rotate_by_metadata,
    vfr_times,
    write_video,
)


@pytest.fixture(scope="module")
def faces() -> Faces:
    return make_faces(FaceFilm(seconds=0.8, size=(480, 270), width=100))


@pytest.fixture(scope="module")
def film(faces: Faces, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("faces") / "film.mp4"
    write_faces(path, faces)
    return path


def _run(film: Path, out: Path, **params: int) -> Outcome:
    out.mkdir(exist_ok=True)
    work = Work(film, probe(film), {}, Params(**params), out, name=film.name)
    return BEAUTIFIED.run(work)


def _pictures(path: Path) -> np.ndarray:
    return np.stack([frame.bgr() for frame in decode(path)])


@pytest.mark.slow
def test_a_film_is_retouched_where_its_face_is(faces: Faces, film: Path, tmp_path: Path) -> None:
    outcome = _run(film, tmp_path / "out", whiten=20, smooth=50, crf=10)
    assert outcome.facts["faces"] == 1
    assert not outcome.warnings
    assert outcome.facts["changed"] == outcome.facts["pictures"] == faces.film.count
    found = scores(faces, _pictures(tmp_path / "out" / "beautified.mp4"))
    assert found["spots"] > 0.55
    assert found["features"] > 0.9
    assert found["background"] > 40
    assert found["flicker"] < 1.0
    assert 1 <= len(list((tmp_path / "out").glob("pair_*.jpg"))) <= 4


@pytest.mark.slow
def test_pictures_far_from_faces_are_copied_bit_by_bit(faces: Faces, tmp_path: Path) -> None:
    height, width = faces.spotted.shape[1:3]
    empty = np.full((30, height, width, 3), (90, 60, 40), np.uint8)
    empty[:, 40:80, 60:200] = (20, 160, 220)
    film = tmp_path / "film.mp4"
    write_video(tmp_path / "plain.mp4", [*empty, *faces.spotted], fps=24)
    ffmpeg("-i", tmp_path / "plain.mp4", "-c:v", "libx264", "-g", "15", film)
    outcome = _run(film, tmp_path / "out")
    assert outcome.facts["changed"] == len(faces.spotted)
    assert not outcome.facts["why"]
    assert 0.3 < outcome.facts["coded_anew"] < 0.6
    before, after = _pictures(film), _pictures(tmp_path / "out" / "beautified.mp4")
    np.testing.assert_array_equal(before[:30], after[:30])
    assert (before[30:] != after[30:]).any(axis=(1, 2, 3)).all()


def test_the_faces_of_a_film_are_kept_by_their_times() -> None:
    found = FilmFaces()
    one = FollowedFace(3, Box(0.1, 0.2, 0.3, 0.4), 0.5)
    found.add(0.0, [])
    found.add(0.04, [one, replace(one, number=4)])
    found.add(0.08, [one])
    found.add(1.0, [one])
    assert found.pictures == 4
    assert found.at(0.0) == []
    assert [face.number for face in found.at(0.0404)] == [3, 4]
    assert found.at(0.08) == [one]
    assert found.at(0.06) == []
    assert found.spans(0.04) == [(0.04, pytest.approx(0.12)), (1.0, 1.04)]
    assert FilmFaces().spans(0.04) == []


@pytest.mark.slow
def test_films_of_variable_rate_and_odd_size_keep_their_times(faces: Faces, tmp_path: Path) -> None:
    times = vfr_times(len(faces.spotted))
    film = tmp_path / "odd.mp4"
    odd = [p[:269, :479] for p in faces.spotted]
    write_video(film, odd, times=times, pixels="yuv444p")
    _run(film, tmp_path / "out")
    found = [frame.time for frame in decode(tmp_path / "out" / "beautified.mp4")]
    assert found == pytest.approx([t - times[0] for t in times], abs=0.002)


@pytest.mark.slow
def test_a_turned_film_is_retouched_as_it_is_shown(faces: Faces, tmp_path: Path) -> None:
    flat, film = tmp_path / "flat.mp4", tmp_path / "turned.mp4"
    write_video(flat, [np.ascontiguousarray(np.rot90(p)) for p in faces.spotted], fps=24)
    rotate_by_metadata(flat, film, -90)
    assert _pictures(film).shape[1:3] == (270, 480)
    outcome = _run(film, tmp_path / "out")
    assert outcome.facts["changed"] > 0.9 * len(faces.spotted)
    assert _pictures(tmp_path / "out" / "beautified.mp4").shape[1:3] == (270, 480)


def test_ten_bits_stay(faces: Faces, tmp_path: Path) -> None:
    write_video(tmp_path / "deep.mp4", faces.spotted[:4], fps=24, pixels="yuv420p10le")
    assert _run(tmp_path / "deep.mp4", tmp_path / "out").facts["changed"] == 4
    video = probe(tmp_path / "out" / "beautified.mp4").video
    assert video is not None
    assert video.pixel_format == "yuv420p10le"


def test_skin_of_ten_bits_is_changed_at_ten_bits(faces: Faces, tmp_path: Path) -> None:
    film = tmp_path / "deep.mp4"
    write_video(film, faces.spotted[:1], fps=24, pixels="yuv420p10le")
    video = probe(film).video
    assert video is not None
    one = next(decode(film).canvases())
    found = beautify(
        decode(film).canvases(), find_faces(film, video), Strength(0.5, 0.5, 0.2), Seen()
    )
    other = next(found)
    changed = other.planes[0] != one.planes[0]
    assert changed.sum() > 1000
    below = other.planes[0][changed] % 4
    assert (np.bincount(below, minlength=4) > 0.1 * len(below)).all()


def test_one_picture_is_enough(faces: Faces, tmp_path: Path) -> None:
    write_video(tmp_path / "one.mp4", faces.spotted[:1], fps=24)
    assert _run(tmp_path / "one.mp4", tmp_path / "out").facts["changed"] == 1


def test_a_transparent_film_is_retouched(faces: Faces, tmp_path: Path) -> None:
    film = tmp_path / "clear.mov"
    write_video(tmp_path / "plain.mp4", faces.spotted[:8], fps=24)
    ffmpeg("-i", tmp_path / "plain.mp4", "-c:v", "qtrle", "-pix_fmt", "argb", film)
    outcome = _run(film, tmp_path / "out")
    assert outcome.facts["changed"] == 8
    assert "transparent" in outcome.warnings[0]


def test_without_a_face_or_a_wish_there_is_nothing_to_do(
    silent_clip: Path, film: Path, tmp_path: Path
) -> None:
    with pytest.raises(NothingToDo, match="no face was found"):
        _run(silent_clip, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []
    with pytest.raises(NothingToDo, match="both 0"):
        _run(film, tmp_path / "out", whiten=0, smooth=0)
    sound = MediaInfo.model_validate({**probe(film).model_dump(), "video": None})
    with pytest.raises(NoVideoStream):
        BEAUTIFIED.run(Work(film, sound, {}, Params(), tmp_path, name="sound.wav"))


@pytest.mark.parametrize("values", [{"whiten": 101}, {"smooth": -1}, {"smile": 101}, {"nose": 3}])
def test_wrong_parameters_are_refused(values: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        Params(**values)


@pytest.mark.slow
def test_the_function_writes_the_film_and_leaves_one_without_faces_as_it_is(
    film: Path, silent_clip: Path, tmp_path: Path
) -> None:
    runner = Runner(Store(tmp_path / "lake"))
    notes: list[str] = []
    for number, media in enumerate((film, silent_clip)):
        folder = tmp_path / str(number)
        folder.mkdir()
        job = Job(runner, runner.ingest(media).key, folder, "out.mp4", quiet, notes.append)
        task = FUNCTIONS["FaceBeauty"].prepare({"beauty_params": "whiten=20,smooth=50"})
        assert task.suffixes == (".mp4",)
        assert task.work(job) == {}
    assert (_pictures(tmp_path / "0" / "out.mp4") != _pictures(film)).any()
    assert len(notes) == 1
    assert "unchanged: no face was found" in notes[0]
    np.testing.assert_array_equal(_pictures(tmp_path / "1" / "out.mp4"), _pictures(silent_clip))
