"""Key frames spread over a film."""

from __future__ import annotations

from pathlib import Path

import pytest

from media_pipeline.media.sparse import key_frames
from media_pipeline_tests.generators import video


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_each_key_frame_comes_once_with_its_time(clip: Path, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"film.{suffix}"
    video.ffmpeg("-i", clip, "-c", "copy", path)
    found = [(f.index, video.read_number(f.luma)) for f in key_frames(path, [0.5, 0.9, 1.5, 1.9])]
    assert found[-1][1] == 25  # a key frame each second
    assert [index for index, _ in found] == list(range(len(found)))
    assert {number for _, number in found} <= {0, 25}
    times = [f.time for f in key_frames(clip, [0.5, 1.5])]
    assert times == pytest.approx([0.0, 1.0])


def test_pictures_stand_upright(clip: Path, tmp_path: Path) -> None:
    turned = video.rotate_by_metadata(clip, tmp_path / "turned.mp4", 90)
    (frame,) = key_frames(turned, [0.1])
    assert frame.luma.shape == (320, 180)
    assert frame.bgr().shape == (320, 180, 3)


def test_a_raw_stream_that_cannot_be_searched_ends_quietly(clip: Path, tmp_path: Path) -> None:
    raw = tmp_path / "raw.h264"
    video.ffmpeg("-i", clip, "-an", "-c", "copy", "-bsf:v", "h264_mp4toannexb", raw)
    assert len(list(key_frames(raw, [0.2, 1.2]))) <= 2
