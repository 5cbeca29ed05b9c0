"""How many bytes a file announces."""

from __future__ import annotations

from pathlib import Path

import pytest

from media_pipeline.media.truncation import announced_size
from media_pipeline_tests.generators import video


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv", "avi", "wav"])
@pytest.mark.parametrize("share", [1.0, 0.8, 0.3])
def test_the_announced_size(clip: Path, tmp_path: Path, suffix: str, share: float) -> None:
    whole = tmp_path / f"whole.{suffix}"
    video.ffmpeg("-i", clip, whole)
    path = video.truncate(whole, tmp_path / f"part.{suffix}", share)
    announced = announced_size(path)
    assert announced is not None
    if share == 1.0:
        assert announced == whole.stat().st_size
    else:
        # A file with its index at the end announces the end of its data at least.
        assert path.stat().st_size < announced <= whole.stat().st_size


@pytest.mark.parametrize("suffix", ["ts", "mp3", "ogg", "flac"])
def test_formats_that_do_not_say(clip: Path, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"clip.{suffix}"
    video.ffmpeg("-i", clip, *(() if suffix == "ts" else ("-vn",)), path)
    assert announced_size(path) is None


def test_live_matroska_does_not_say(clip: Path, tmp_path: Path) -> None:
    path = tmp_path / "live.mkv"
    video.ffmpeg("-i", clip, "-c", "copy", "-live", "1", path)
    assert announced_size(path) is None


@pytest.mark.parametrize(
    "data", [b"", b"RIFF", b"\x1a\x45\xdf\xa3", b"\0\0\0\x08ftyp", b"text" * 9]
)
def test_fragments_do_not_crash(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "fragment"
    path.write_bytes(data)
    announced_size(path)
