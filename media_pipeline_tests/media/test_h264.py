"""Parameter sets and configurations, against those that x264 writes."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from media_pipeline.media.h264 import Configuration, is_idr, parse_sequence
from media_pipeline_tests.generators.coded import coded


def configuration(path: Path) -> Configuration:
    with av.open(str(path)) as file:
        found = Configuration.parse(file.streams.video[0].codec_context.extradata or b"")
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (("-profile:v", "baseline"), (0, 66, 1, 8, True)),
        (("-profile:v", "main", "-x264-params", "sps-id=7"), (7, 77, 1, 8, True)),
        (("-x264-params", "sps-id=31:cqm=jvt"), (31, 100, 1, 8, True)),
        (("-pix_fmt", "yuv422p10le"), (0, 122, 2, 10, True)),
        (("-pix_fmt", "yuv444p"), (0, 244, 3, 8, True)),
        (("-flags", "+ilme+ildct"), (0, 100, 1, 8, False)),
    ],
)
def test_sequences_are_read(
    tmp_path: Path, args: tuple[str, ...], expected: tuple[int, int, int, int, bool]
) -> None:
    path = coded(tmp_path / "film.mp4", "-t", "0.2", *args, sound=False)
    (unit,) = configuration(path).sequences
    found = parse_sequence(unit)
    read = (found.number, found.profile, found.chroma, found.depth, found.progressive)
    assert read == expected


def test_joined_configurations_hold_both(tmp_path: Path) -> None:
    one = configuration(coded(tmp_path / "a.mp4", "-t", "0.2", sound=False))
    other = configuration(
        coded(tmp_path / "b.mp4", "-t", "0.2", "-x264-params", "sps-id=31", sound=False)
    )
    both = Configuration.parse(one.joined(other))
    assert both is not None
    assert [parse_sequence(s).number for s in both.sequences] == [0, 31]
    assert both.pictures == one.pictures + other.pictures


@pytest.mark.parametrize("data", [b"", b"\1", b"\0\0\0\1\x67abcdef", b"\1\x64\0\x1f\xff\xe1\0\xff"])
def test_what_is_no_configuration_is_none(data: bytes) -> None:
    assert Configuration.parse(data) is None


def test_short_sequences_are_refused() -> None:
    with pytest.raises(ValueError, match="too early"):
        parse_sequence(b"\x67\x64\x00")


def test_pictures_that_stand_by_themselves_are_told(tmp_path: Path) -> None:
    path = coded(tmp_path / "film.mp4", "-x264-params", "open-gop=1:keyint=25:bframes=3")
    with av.open(str(path)) as file:
        keys = [bytes(p) for p in file.demux(video=0) if p.is_keyframe]
    assert len(keys) > 1
    assert [is_idr(data) for data in keys] == [True] + [False] * (len(keys) - 1)
