"""Groups of pictures: where films can be cut without decoding, and which films cannot."""

from __future__ import annotations

import math
from pathlib import Path

import av
import pytest

from media_pipeline.media.gops import NotJoinable, Stream, extract, read_stream
from media_pipeline.media.probe import probe
from media_pipeline_tests.generators.coded import coded, plain, remuxed


def read(path: Path) -> Stream:
    info = probe(path)
    assert info.video is not None
    return read_stream(path, info.video, info.container)


def test_groups_cover_the_film(tmp_path: Path) -> None:
    stream = read(plain(tmp_path / "film.mp4"))
    assert [(g.first, g.last) for g in stream.groups] == [(i, i + 25) for i in range(0, 100, 25)]
    assert [g.start for g in stream.groups] == pytest.approx([0, 1, 2, 3], abs=1e-6)
    assert stream.groups[-1].end == pytest.approx(4.0)
    assert (stream.profile, stream.free_number) == ("high", 31)


def test_groups_that_show_something_are_found(tmp_path: Path) -> None:
    stream = read(plain(tmp_path / "film.mp4"))
    never = math.inf
    assert stream.first_changed([]) == [never] * 4
    assert stream.first_changed([(1.2, 1.4), (1.5, 1.6)]) == [never, 1.2, never, never]
    assert stream.first_changed([(0.9, 2.5)]) == [0.9, 0.9, 0.9, never]
    assert stream.first_changed([(1.0, 2.0)]) == [never, 1.0, never, never]
    assert stream.first_changed([(1.004, 2.005)]) == [never, 1.0, 1.0, never]
    early = stream.first_changed([(0.999, 1.5)])
    assert early == [0.99, 0.99, never, never], "one tick of ASS early"


def test_a_group_is_cut_where_all_before_is_shown_before(tmp_path: Path) -> None:
    stream = read(plain(tmp_path / "film.mp4"))
    group = stream.groups[1]
    cuts = set()
    for time in [1.0, 1.04, 1.2, 1.5, 1.96, 5.0]:
        cut = stream.cut(group, time)
        before = [stream.time(i) for i in range(group.first, cut)]
        after = [stream.time(i) for i in range(cut, group.last)]
        assert max(before, default=0.0) < min(time, *after) - 0.001
        assert cut < group.last
        cuts.add(cut)
    assert group.first in cuts
    assert max(cuts) > group.first + 18, "B-frames come in threes"


def test_open_groups_are_one(tmp_path: Path) -> None:
    path = coded(tmp_path / "film.mp4", "-x264-params", "open-gop=1:keyint=25:bframes=3")
    (only,) = read(path).groups
    assert (only.first, only.last) == (0, 100)


def test_times_are_those_of_the_film(tmp_path: Path) -> None:
    ts = remuxed(tmp_path / "film.mkv", plain(tmp_path / "film.mp4"))
    assert read(ts).groups[1].start == pytest.approx(1.0, abs=0.002)


@pytest.mark.parametrize(
    ("name", "args", "reason"),
    [
        ("film.mp4", ("-c:v", "libx265", "-x265-params", "log-level=error"), "hevc"),
        ("film.mp4", ("-pix_fmt", "yuv420p10le"), "yuv420p10le"),
        ("film.mp4", ("-pix_fmt", "yuv444p"), "yuv444p"),
        ("film.mp4", ("-flags", "+ilme+ildct"), "interlaced"),
        ("film.mp4", ("-vf", "scale=322:181,setsar=1", "-pix_fmt", "yuv444p"), "yuv444p"),
        ("film.mp4", ("-vf", "setsar=4/3"), "not square"),
        ("film.ts", (), "container is mpegts"),
    ],
)
def test_other_films_are_refused(
    tmp_path: Path, name: str, args: tuple[str, ...], reason: str
) -> None:
    with pytest.raises(NotJoinable, match=reason):
        read(coded(tmp_path / name, *args, sound=False))


def test_a_film_that_was_cut_without_coding_is_refused(tmp_path: Path) -> None:
    cut = remuxed(tmp_path / "cut.mp4", plain(tmp_path / "film.mp4"), "-ss", "0.5")
    with pytest.raises(NotJoinable, match="cut away"):
        read(cut)


@pytest.mark.parametrize("first", [0, 25])
def test_extracted_pictures_keep_their_bytes_and_distances(tmp_path: Path, first: int) -> None:
    path = plain(tmp_path / "film.mp4")
    info = probe(path)
    assert info.video is not None
    late = extract(path, info.video, [(first, 50), (75, 100)], tmp_path / "part.nut")

    def packets(file: Path) -> list[tuple[float, bytes]]:
        with av.open(str(file)) as container:
            return [
                (float(p.pts * p.time_base), bytes(p))
                for p in container.demux(video=0)
                if p.size and p.pts is not None
            ]

    before = packets(path)
    found = packets(tmp_path / "part.nut")
    wanted = before[first:50] + before[75:]
    assert [b for _, b in found] == [b for _, b in wanted]
    assert [t for t, _ in found] == pytest.approx([t + late for t, _ in wanted], abs=1e-5)
