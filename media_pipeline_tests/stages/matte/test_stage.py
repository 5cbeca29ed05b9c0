"""Films before a screen, from file to file."""

from __future__ import annotations

import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from media_pipeline.errors import InvalidParameter, NothingToDo, NoVideoStream
from media_pipeline.media.decode import decode
from media_pipeline.media.ffmpeg import ffmpeg_path, source
from media_pipeline.media.probe import MediaInfo, probe
from media_pipeline.media.verify import verify_media
from media_pipeline.production.base import Job
from media_pipeline.production.functions import FUNCTIONS
from media_pipeline.runner import Runner
from media_pipeline.stages.base import Outcome, Work, quiet
from media_pipeline.stages.matte import MATTE, Params, put_before
from media_pipeline.store import Store
from media_pipeline_tests.generators.screens import (
    Scene,
    Screened,
    make_screened,
    matte_scores,
    write_screened,
)
from media_pipeline_tests.generators.video import (
    ffmpeg,
    rotate_by_metadata,
    vfr_times,
    write_video,
)


@pytest.fixture(scope="module")
def truth() -> Screened:
    return make_screened(Scene(size=(640, 360), count=10))


@pytest.fixture(scope="module")
def film(truth: Screened, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("screens") / "film.mp4"
    write_screened(path, truth)
    return path


@pytest.fixture(scope="module")
def red(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ground") / "red.png"
    Image.new("RGB", (300, 300), (220, 30, 40)).save(path)
    return path


def _run(film: Path, out: Path) -> Outcome:
    out.mkdir(exist_ok=True)
    return MATTE.run(Work(film, probe(film), {}, Params(), out, name=film.name))


def _transparent(path: Path, width: int, height: int) -> np.ndarray:
    """The pictures of a WebM with its transparency: (n, h, w, 4) BGRA."""
    command = [ffmpeg_path(), "-v", "error", "-c:v", "libvpx-vp9", "-i", source(path)]
    command += ["-f", "rawvideo", "-pix_fmt", "bgra", "-"]
    data = subprocess.run(command, capture_output=True, check=True).stdout
    return np.frombuffer(data, np.uint8).reshape(-1, height, width, 4)


@pytest.mark.slow
def test_the_webm_is_transparent_where_the_screen_was(
    truth: Screened, film: Path, tmp_path: Path
) -> None:
    outcome = _run(film, tmp_path / "out")
    assert outcome.facts["screens"] == ["green"]
    assert outcome.facts["keyed"] == outcome.facts["pictures"] == truth.scene.count
    target = tmp_path / "out" / "matte.webm"
    verify_media(target, duration=outcome.facts["durations"]["matte.webm"])
    found = _transparent(target, *truth.scene.size).astype(np.float32)
    assert len(found) == truth.scene.count
    scores = matte_scores(truth, found[..., 3] / 255, found[..., :3])
    assert scores["mad"] < 3.5
    assert scores["psnr"] > 33
    assert 1 <= len(list((tmp_path / "out").glob("pair_*.jpg"))) <= 4


def test_sound_goes_with_it(film: Path, tmp_path: Path) -> None:
    loud = tmp_path / "loud.mp4"
    ffmpeg("-i", film, "-f", "lavfi", "-i", "sine=440:d=0.4", "-c:v", "copy", "-c:a", "aac", loud)
    _run(loud, tmp_path / "out")
    assert probe(tmp_path / "out" / "matte.webm").audio[0].codec == "opus"


def test_a_picture_is_put_behind(truth: Screened, film: Path, red: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    seen = put_before(film, probe(film), target, red)
    assert len(seen.times) == truth.scene.count
    made = np.stack([f.bgr() for f in decode(target)])
    true = truth.over(np.full((360, 640, 3), (40, 30, 220), np.float32))
    assert 10 * np.log10(255**2 / np.square(made - true).mean()) > 30


def test_times_of_variable_rate_and_an_odd_size_stay(truth: Screened, tmp_path: Path) -> None:
    times = vfr_times(len(truth.film))
    film = tmp_path / "odd.mp4"
    odd = [p[:359, :639] for p in truth.film]
    write_video(film, odd, times=times, pixels="yuv444p")
    _run(film, tmp_path / "out")
    found = [frame.time for frame in decode(tmp_path / "out" / "matte.webm")]
    assert found == pytest.approx([t - times[0] for t in times], abs=0.002)


def test_a_turned_film_is_cut_out_as_it_is_shown(truth: Screened, tmp_path: Path) -> None:
    flat, film = tmp_path / "flat.mp4", tmp_path / "turned.mp4"
    write_video(flat, [np.ascontiguousarray(np.rot90(p)) for p in truth.film], fps=24)
    rotate_by_metadata(flat, film, -90)
    _run(film, tmp_path / "out")
    video = probe(tmp_path / "out" / "matte.webm").video
    assert video is not None
    assert (video.width, video.height) == (640, 360)
    found = _transparent(tmp_path / "out" / "matte.webm", 640, 360)
    assert np.abs(found[..., 3] / 255 - truth.alpha).mean() < 0.012


def test_a_film_of_one_picture_is_taken(truth: Screened, tmp_path: Path) -> None:
    write_video(tmp_path / "one.mp4", truth.film[:1], fps=24)
    assert _run(tmp_path / "one.mp4", tmp_path / "out").facts["keyed"] == 1


def test_transparency_of_the_film_itself_is_said_not_to_be_read(
    truth: Screened, tmp_path: Path
) -> None:
    write_video(tmp_path / "one.mp4", truth.film[:1], fps=24)
    ffmpeg("-i", tmp_path / "one.mp4", "-c:v", "qtrle", "-pix_fmt", "argb", tmp_path / "clear.mov")
    outcome = _run(tmp_path / "clear.mov", tmp_path / "clear")
    assert outcome.facts["keyed"] == 1
    assert outcome.warnings == ["the film's own transparency is not read"]


def test_ten_bits_stay_before_a_picture_and_are_said_to_go_in_webm(
    truth: Screened, red: Path, tmp_path: Path
) -> None:
    film = tmp_path / "deep.mp4"
    write_video(film, truth.film[:3], fps=24, pixels="yuv420p10le")
    put_before(film, probe(film), tmp_path / "out.mp4", red)
    video = probe(tmp_path / "out.mp4").video
    assert video is not None
    assert video.bit_depth == 10
    made = np.stack([f.bgr() for f in decode(tmp_path / "out.mp4")])
    true = truth.over(np.full((360, 640, 3), (40, 30, 220), np.float32))[:3]
    assert 10 * np.log10(255**2 / np.square(made - true).mean()) > 30
    assert _run(film, tmp_path / "out").warnings == ["its 10 bits become 8"]


def test_a_turned_film_of_odd_size_and_variable_rate_is_put_before_a_picture(
    truth: Screened, red: Path, tmp_path: Path
) -> None:
    times = vfr_times(len(truth.film))
    flat, film = tmp_path / "flat.mp4", tmp_path / "turned.mp4"
    odd = [np.ascontiguousarray(np.rot90(p[:359, :639])) for p in truth.film]
    write_video(flat, odd, times=times, pixels="yuv444p")
    rotate_by_metadata(flat, film, -90)
    put_before(film, probe(film), tmp_path / "out.mp4", red)
    frames = list(decode(tmp_path / "out.mp4"))
    assert [f.time - frames[0].time for f in frames] == pytest.approx(
        [t - times[0] for t in times], abs=0.002
    )
    made = np.stack([f.bgr()[:359, :639] for f in frames])
    true = truth.over(np.full((360, 640, 3), (40, 30, 220), np.float32))[:, :359, :639]
    assert 10 * np.log10(255**2 / np.square(made - true).mean()) > 30


def test_a_picture_that_does_not_fill_the_film_stands_on_black(
    film: Path, red: Path, tmp_path: Path
) -> None:
    target = tmp_path / "out.mp4"
    put_before(film, probe(film), target, red, fit="fit")
    first = next(iter(decode(target))).bgr().astype(int)
    assert first[20, 60].max() < 25
    assert first[20, 200, 2] > 190


@pytest.mark.slow
def test_a_shot_without_a_screen_stays_whole(truth: Screened, tmp_path: Path) -> None:
    still = np.random.default_rng(4).integers(60, 200, (36, 64, 3)).astype(np.uint8)
    other = cv2.resize(still, (640, 360), interpolation=cv2.INTER_CUBIC)
    film = tmp_path / "film.mp4"
    write_video(film, [*truth.film[:6], *[other] * 6, *truth.film[6:]], fps=24)
    outcome = _run(film, tmp_path / "out")
    assert outcome.facts["keyed"] == 10
    assert outcome.warnings == ["6 of 16 pictures show no screen and stay whole"]
    alpha = _transparent(tmp_path / "out" / "matte.webm", 640, 360)[..., 3] / 255
    assert alpha[6:12].min() > 0.85  # VP9 is not exact
    assert alpha[6:12].mean() > 0.995
    assert np.abs(alpha[[*range(6), *range(12, 16)]] - truth.alpha).mean() < 0.008


def test_a_film_without_a_screen_is_refused_and_nothing_is_left(
    silent_clip: Path, red: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with pytest.raises(NothingToDo, match="shows no green or blue screen"):
        _run(silent_clip, out)
    with pytest.raises(NothingToDo, match="shows no green or blue screen"):
        put_before(silent_clip, probe(silent_clip), out / "out.mp4", red)
    assert list(out.iterdir()) == []
    sound = MediaInfo.model_validate({**probe(silent_clip).model_dump(), "video": None})
    with pytest.raises(NoVideoStream):
        MATTE.run(Work(silent_clip, sound, {}, Params(), out, name="sound.wav"))


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n half"])
def test_what_is_no_picture_is_refused(content: bytes, film: Path, tmp_path: Path) -> None:
    path = tmp_path / "ground.png"
    path.write_bytes(content)
    with pytest.raises(InvalidParameter, match=r"bgimage a.png is no picture"):
        put_before(film, probe(film), tmp_path / "o.mp4", path, picture_name="bgimage a.png")
    assert not (tmp_path / "o.mp4").exists()
    with pytest.raises(InvalidParameter, match="there is no picture"):
        put_before(film, probe(film), tmp_path / "o.mp4", tmp_path / "none.png")


@pytest.mark.slow
def test_the_function_writes_either_form(film: Path, red: Path, tmp_path: Path) -> None:
    runner = Runner(Store(tmp_path / "lake"))
    key = runner.ingest(film).key
    for name, params, files in (
        ("out.webm", {}, {}),
        ("out.mp4", {"bgimage": "s3://bucket/red.png", "fit": "fit"}, {"bgimage": red}),
    ):
        task = FUNCTIONS["VideoGreenScreenMatting"].prepare(params)
        assert set(task.files) == set(files)
        folder = tmp_path / name.partition(".")[2]
        folder.mkdir()
        assert task.work(Job(runner, key, folder, name, quiet, files=files)) == {}
        assert verify_media(folder / name).video is not None


def test_people_are_told_which_pictures_stayed_whole(
    truth: Screened, red: Path, tmp_path: Path
) -> None:
    wall = np.full_like(truth.film[0], 120)
    film = tmp_path / "film.mp4"
    write_video(film, [wall, wall, *truth.film[:2]], fps=24)
    runner = Runner(Store(tmp_path / "lake"))
    key = runner.ingest(film).key
    task = FUNCTIONS["VideoGreenScreenMatting"].prepare({"bgimage": "s3://bucket/red.png?v=1"})
    folder, notes = tmp_path / "out", list[str]()
    folder.mkdir()
    work = Job(runner, key, folder, "out.mp4", quiet, note=notes.append, files={"bgimage": red})
    assert task.work(work) == {}
    assert notes == ["warning: 2 of 4 pictures show no screen and stay whole"]
    gone = Job(runner, key, folder, "o.mp4", quiet, files={"bgimage": tmp_path / "none"})
    with pytest.raises(InvalidParameter, match=r"there is no picture bgimage red.png"):
        task.work(gone)


@pytest.mark.parametrize(
    "params", [{"bgimage": 3}, {"bgimage": ["a"]}, {"fit": "stretch"}, {"bgcolor": "red"}]
)
def test_other_parameters_are_refused(params: dict[str, object]) -> None:
    with pytest.raises(InvalidParameter, match=next(iter(params))):
        FUNCTIONS["VideoGreenScreenMatting"].prepare(params)
