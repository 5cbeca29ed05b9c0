"""Frames measured, shots found to the frame, thumbnails from inside each shot."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest

from media_pipeline.errors import NoVideoStream
from media_pipeline.media.probe import probe
from media_pipeline.stages import tables
from media_pipeline.stages.base import Outcome, Work
from media_pipeline.stages.frames import FRAMES, Params, analyse
from media_pipeline.stages.frames.measure import difference_hash
from media_pipeline_tests.generators import video

CUTS = [(1.4, 0.0), (1.0, 0.0), (0.6, 0.0), (1.8, 0.0), (1.2, 0.0)]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> video.Film:
    """Five scenes with hard cuts."""
    return video.write_film(tmp_path_factory.mktemp("cuts") / "film.mp4", CUTS)


def run(path: Path, out: Path, params: Params | None = None) -> Outcome:
    out.mkdir()
    shares: list[float] = []
    info = probe(path)
    work = Work(path, info, {}, params or Params(), out, progress=shares.append)
    outcome = FRAMES.run(work)
    assert shares[-1] == 1.0
    assert shares == sorted(shares)
    for output in FRAMES.tables:
        table = pq.read_table(out / output.name)
        bad = [f for f in check(table, output.spec, info.duration) if not f.passed]
        assert bad == []
    return outcome


def check(table, spec, duration):  # type: ignore[no-untyped-def]
    return list(tables.check_table(table, spec, duration))


def _shots(out: Path) -> list[dict[str, object]]:
    return pq.read_table(out / "shots.parquet").to_pylist()


def test_planted_cuts_are_found_to_the_frame(film: video.Film, tmp_path: Path) -> None:
    outcome = run(film.path, tmp_path / "out")
    shots = _shots(tmp_path / "out")
    assert [s["kind"] for s in shots] == ["start", "cut", "cut", "cut", "cut"]
    assert [s["start"] for s in shots[1:]] == pytest.approx(film.cuts, abs=1e-6)
    assert outcome.facts == {"frames": 150, "shots": 5, "cuts": 4, "dissolves": 0}


def test_shots_cover_the_film_without_gaps(film: video.Film, tmp_path: Path) -> None:
    run(film.path, tmp_path / "out")
    shots = _shots(tmp_path / "out")
    assert shots[0]["start"] == 0.0
    assert [s["end"] for s in shots[:-1]] == [s["start"] for s in shots[1:]]
    assert shots[-1]["end"] == pytest.approx(film.duration, abs=0.05)


def test_the_frames_table(film: video.Film, tmp_path: Path) -> None:
    run(film.path, tmp_path / "out")
    table = pq.read_table(tmp_path / "out" / "frames.parquet").to_pandas()
    np.testing.assert_allclose(table["time"], np.arange(150) / 25, atol=1e-6)
    assert list(table["time"][table["cut"]]) == pytest.approx(list(film.cuts))
    assert table["motion"][0] == 0
    assert table["motion"][table["cut"]].min() > 18
    assert table["motion"][~table["cut"]].max() < 18
    assert table["luma"].between(1, 254).all()
    assert (table["sharpness"] > 0).all()
    similar = [
        _bits(a, b) for a, b in zip(table["signature"], table["signature"][1:], strict=False)
    ]
    across = [similar[i - 1] for i in np.flatnonzero(table["cut"])]
    assert np.median(similar) <= 4
    assert min(across) >= 10


def _bits(one: int, other: int) -> int:
    return (int(one) ^ int(other)).bit_count()


def test_thumbnails_show_their_shots(film: video.Film, tmp_path: Path) -> None:
    run(film.path, tmp_path / "out")
    shots = _shots(tmp_path / "out")
    assert [s["thumbnail"] for s in shots] == [f"thumb_{i:04d}.jpg" for i in range(1, 6)]
    for number, shot in enumerate(shots):
        picture = cv2.imread(str(tmp_path / "out" / str(shot["thumbnail"])))
        assert picture is not None
        assert picture.shape == (180, 320, 3)
        differences = []
        for scene in range(len(CUTS)):
            truth = video.scene(700 + scene)(round(CUTS[number][0] / 2 * 25))
            differences.append(float(np.abs(picture.astype(int) - truth).mean()))
        assert int(np.argmin(differences)) == number


@pytest.mark.parametrize("length", [0.4, 0.8, 1.6])
def test_dissolves_are_found(tmp_path: Path, length: float) -> None:
    parts = [(2.0, 0.0), (2.0, length), (2.0, 0.0), (2.2, length)]
    film = video.write_film(tmp_path / "film.mp4", parts, seed=11)
    run(film.path, tmp_path / "out")
    shots = _shots(tmp_path / "out")
    assert [s["kind"] for s in shots] == ["start", "dissolve", "cut", "dissolve"]
    middles = [s["start"] for s in shots if s["kind"] == "dissolve"]
    assert middles == pytest.approx(film.dissolves, abs=max(0.1, 0.15 * length))


def test_dissolves_can_be_left_out(tmp_path: Path) -> None:
    film = video.write_film(tmp_path / "film.mp4", [(1.5, 0), (1.5, 0.8)], seed=11)
    run(film.path, tmp_path / "out", Params(dissolves=False))
    assert len(_shots(tmp_path / "out")) == 1


def test_a_fade_through_black_is_one_boundary(tmp_path: Path) -> None:
    def fade(index: int, picture: video.Picture) -> video.Picture:
        share = min(1.0, max(0.0, (abs(index - 40) - 4) / 10))
        return cv2.convertScaleAbs(picture, alpha=share)

    film = video.write_film(tmp_path / "film.mp4", [(1.6, 0), (1.6, 0)], extra=fade)
    run(film.path, tmp_path / "out")
    shots = _shots(tmp_path / "out")
    assert [s["kind"] for s in shots] == ["start", "dissolve"]
    assert shots[1]["start"] == pytest.approx(1.6, abs=0.2)


def test_flashes_are_no_cuts(tmp_path: Path) -> None:
    def flash(index: int, picture: video.Picture) -> video.Picture:
        return np.full_like(picture, 250) if index in (30, 31, 60) else picture

    film = video.write_film(tmp_path / "film.mp4", [(3.2, 0)], extra=flash)
    run(film.path, tmp_path / "out")
    assert len(_shots(tmp_path / "out")) == 1


def test_fast_motion_is_no_cut(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    ground = cv2.resize(
        rng.integers(0, 256, (9, 90), dtype=np.uint8), (9000, 180), interpolation=cv2.INTER_NEAREST
    )
    pan = (
        cv2.cvtColor(np.ascontiguousarray(ground[:, 60 * i : 60 * i + 320]), cv2.COLOR_GRAY2BGR)
        for i in range(100)
    )
    path = tmp_path / "pan.mp4"
    video.write_video(path, pan)
    run(path, tmp_path / "out")
    table = pq.read_table(tmp_path / "out" / "frames.parquet").to_pandas()
    assert table["motion"][1:].min() > 18
    assert len(_shots(tmp_path / "out")) == 1


def test_a_change_of_light_is_no_dissolve(tmp_path: Path) -> None:
    def darken(index: int, picture: video.Picture) -> video.Picture:
        return cv2.convertScaleAbs(picture, alpha=1 - 0.6 * min(1, max(0, (index - 30) / 25)))

    film = video.write_film(tmp_path / "film.mp4", [(3.5, 0)], extra=darken)
    run(film.path, tmp_path / "out")
    assert len(_shots(tmp_path / "out")) == 1


def test_variable_frame_rate(tmp_path: Path) -> None:
    times = video.vfr_times(80)
    one, other = video.scene(1), video.scene(2)
    path = tmp_path / "vfr.mp4"
    pictures = (one(i) if i < 50 else other(i) for i in range(80))
    video.write_video(path, pictures, times=times)
    run(path, tmp_path / "out")
    found = pq.read_table(tmp_path / "out" / "frames.parquet")["time"].to_pylist()
    np.testing.assert_allclose(found, times, atol=1e-5)
    assert [s["start"] for s in _shots(tmp_path / "out")] == pytest.approx([0.0, times[50]])


def test_a_rotated_film(clip: Path, tmp_path: Path) -> None:
    turned = video.rotate_by_metadata(clip, tmp_path / "turned.mp4", 90)
    run(turned, tmp_path / "out")
    thumbnail = cv2.imread(str(tmp_path / "out" / "thumb_0001.jpg"))
    assert thumbnail is not None
    assert thumbnail.shape == (320, 180, 3)


def test_one_pixel_and_one_frame(tmp_path: Path) -> None:
    outcome = run(video.write_pixel(tmp_path / "pixel.mkv"), tmp_path / "out")
    assert outcome.facts["frames"] == 25
    single = tmp_path / "single.mp4"
    video.write_video(single, [video.numbered(5)])
    outcome = run(single, tmp_path / "single")
    assert outcome.facts == {"frames": 1, "shots": 1, "cuts": 0, "dissolves": 0}


def test_sound_alone(clip: Path, tmp_path: Path) -> None:
    sound = tmp_path / "sound.m4a"
    video.ffmpeg("-i", clip, "-vn", sound)
    with pytest.raises(NoVideoStream, match=r"sound\.m4a has no video stream"):
        analyse(sound, thumbs=tmp_path)


@pytest.mark.parametrize("name", video.HOSTILE_NAMES)
def test_hostile_names(clip: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(clip.read_bytes())
    assert run(path, tmp_path / "out").facts["frames"] == 50


def test_the_difference_hash() -> None:
    rising = np.tile(np.arange(90, dtype=np.uint8), (80, 1))
    assert difference_hash(rising) == 0
    assert difference_hash(np.ascontiguousarray(rising[:, ::-1])) == 2**64 - 1
    noisy = cv2.add(rising, np.random.default_rng(0).integers(0, 3, rising.shape, dtype=np.uint8))
    assert _bits(difference_hash(noisy), 0) <= 2


_MEASURE = """
import sys
from pathlib import Path
from media_pipeline.stages.frames import analyse
before = peak()
look = analyse(Path(sys.argv[1]), thumbs=Path(sys.argv[2]))
print(look.frames.num_rows, before, peak())
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_is_bounded_on_a_long_film(tmp_path: Path) -> None:
    film = video.write_film(tmp_path / "film.mp4", CUTS, size=(160, 90))
    long = tmp_path / "long.mp4"
    loops = str(20 * 60 // 6)
    video.ffmpeg("-stream_loop", loops, "-i", film.path, "-c", "copy", long)
    command = [sys.executable, "-c", video.PEAK + _MEASURE, str(long), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    frames, before, peak = map(int, done.stdout.split())
    assert frames > 20 * 60 * 25
    assert peak < 400
    # Two hours are six times as much: what grows must leave room for that.
    assert peak - before < 160
