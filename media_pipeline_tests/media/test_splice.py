"""Smart cutting: the same frames as coding anew, the inner pictures bit by bit, or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import av
import numpy as np
import pytest

from media_pipeline.media import splice as splicing
from media_pipeline.media.coding import Coding
from media_pipeline.media.cut import cut
from media_pipeline.media.decode import decode
from media_pipeline.media.gops import NotJoinable, digest
from media_pipeline.media.picture_size import PictureSize
from media_pipeline.media.probe import probe
from media_pipeline.media.verify import verify_media
from media_pipeline_tests.generators.coded import coded, plain
from media_pipeline_tests.generators.video import ffmpeg, numbered, read_number, write_video


def packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as file:
        return [digest(bytes(p)) for p in file.demux(video=0) if p.size]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Numbered frames with B-frames and a group a second, and sound."""
    folder = tmp_path_factory.mktemp("film")
    write_video(folder / "picture.mp4", (numbered(i) for i in range(150)))
    ffmpeg(
        "-i", folder / "picture.mp4", "-f", "lavfi", "-i", "sine=440:d=6", "-c:v", "libx264",
        "-preset", "veryfast", "-bf", "3", "-g", "25", "-keyint_min", "25", "-pix_fmt", "yuv420p",
        "-sc_threshold", "0", "-c:a", "aac", folder / "film.mp4",
    )  # fmt: skip
    return folder / "film.mp4"


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize(
    ("start", "end", "kept"),
    [(0.52, 4.6, 75), (1.0, 4.0, 75), (0.0, 3.4, 75), (2.04, 6.0, 75), (0.96, 3.04, 50)],
)
def test_inner_groups_are_copied_and_the_frames_are_exact(
    film: Path, tmp_path: Path, suffix: str, start: float, end: float, kept: int
) -> None:
    given = film
    if suffix != ".mp4":
        given = tmp_path / f"film{suffix}"
        ffmpeg("-i", film, "-c", "copy", given)
    clip = tmp_path / "clip.mp4"
    seconds = cut(given, clip, start, end, copy=True)
    first = round(start * 25)
    assert [read_number(f.luma) for f in decode(clip)] == list(range(first, round(end * 25)))
    assert len(set(packets(clip)) & set(packets(given))) == kept
    info = verify_media(clip, duration=seconds)
    assert info.video is not None
    assert info.video.duration == pytest.approx(end - start, abs=0.002)
    times = [f.time for f in decode(clip)]
    assert np.diff(times) == pytest.approx(0.04, abs=0.002)


def test_other_players_agree(film: Path, tmp_path: Path) -> None:
    """ffmpeg, strict about errors, gives the same pictures as a clip that is coded anew."""
    cut(film, tmp_path / "copied.mp4", 0.52, 4.6, copy=True)
    cut(film, tmp_path / "anew.mp4", 0.52, 4.6, crf=10)
    for name in ("copied", "anew"):
        ffmpeg(
            "-xerror", "-err_detect", "explode", "-i", tmp_path / f"{name}.mp4", "-an",
            "-f", "rawvideo", "-pix_fmt", "gray", tmp_path / f"{name}.gray",
        )  # fmt: skip
    one, other = (np.fromfile(tmp_path / f"{n}.gray", np.uint8) for n in ("copied", "anew"))
    assert len(one) == len(other)
    assert np.abs(one.astype(int) - other).mean() < 2


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (["-pix_fmt", "yuv444p"], "picture is"),
        (["-flags", "+ildct+ilme", "-x264-params", "interlaced=1"], "interlaced"),
        (["-x264-params", "open-gop=1:keyint=25:scenecut=0", "-bf", "3"], "group"),
        (["-g", "500"], "group"),
        (["-c:v", "mpeg4"], "picture is"),
    ],
)
def test_what_cannot_be_joined_is_coded_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, args: list[str], why: str
) -> None:
    given = coded(tmp_path / "film.mp4", *args)
    said: list[str] = []
    real = splicing.splice

    def told(*a: object, **k: object) -> Path:
        try:
            return real(*a, **k)  # type: ignore[arg-type]
        except NotJoinable as error:
            said.append(str(error))
            raise

    monkeypatch.setattr(splicing, "splice", told)
    seconds = cut(given, tmp_path / "clip.mp4", 0.52, 3.0, copy=True)
    assert len(said) == 1
    assert why in said[0]
    verify_media(tmp_path / "clip.mp4", duration=seconds)
    assert sum(1 for _ in decode(tmp_path / "clip.mp4")) == round(seconds * 25)


def test_a_fault_at_a_seam_is_seen_and_the_clip_coded_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = plain(tmp_path / "film.mp4")
    real = splicing._coded

    def damaged(path: Path, late: float) -> splicing._Part:
        part = real(path, late)
        return splicing._Part(part.packets[:-1], part.configuration)

    monkeypatch.setattr(splicing, "_coded", damaged)
    cut(given, tmp_path / "clip.mp4", 0.52, 3.4, copy=True)
    assert not set(packets(tmp_path / "clip.mp4")) & set(packets(given))
    assert sum(1 for _ in decode(tmp_path / "clip.mp4")) == 72


def _cpu() -> float:
    return sum(os.times()[:4])


@pytest.mark.slow
def test_edges_alone_cost_less_than_half_of_coding_all_anew(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=s=1280x720:r=25:d=20", "-c:v", "libx264", "-preset",
        "ultrafast", "-g", "100", "-pix_fmt", "yuv420p", film,
    )  # fmt: skip
    info = probe(film)
    spent = []
    for copy in (True, False):
        before = _cpu()
        cut(film, tmp_path / "clip.mp4", 1.3, 16.3, info=info, copy=copy)
        spent.append(_cpu() - before)
    assert spent[0] < 0.5 * spent[1], spent


def test_pictures_are_copied_only_where_nothing_is_asked_of_them(tmp_path: Path) -> None:
    given = plain(tmp_path / "film.mp4")
    video = probe(given).video
    assert video is not None
    assert Coding(size=PictureSize(320, 180)).as_it_is(video)
    for asked in ({"bitrate": 300}, {"codec": "hevc"}, {"max_height": 90}):
        assert not Coding(**asked).as_it_is(video)  # type: ignore[arg-type]
