"""What is published must play to its end and last as long as it says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from media_pipeline.errors import InvalidArtifact
from media_pipeline.media.audio import write_wav
from media_pipeline.media.verify import verify_media
from media_pipeline_tests.generators import video


def test_a_good_file(clip: Path, silent_clip: Path) -> None:
    assert verify_media(clip, duration=2.0).video is not None
    assert verify_media(silent_clip, duration=2.04).audio == ()


def test_good_sound(tmp_path: Path) -> None:
    for suffix in ("wav", "flac", "m4a", "mp3"):
        path = tmp_path / f"sound.{suffix}"
        video.ffmpeg("-f", "lavfi", "-t", "2", "-i", "sine=440", path)
        assert verify_media(path, duration=2.0).video is None


def test_another_duration(clip: Path) -> None:
    with pytest.raises(InvalidArtifact, match=r"lasts 2\.000 s and should last 2\.100 s"):
        verify_media(clip, duration=2.1)
    with pytest.raises(InvalidArtifact):
        verify_media(clip, duration=1.9)
    assert verify_media(clip, duration=2.1, tolerance=0.2)


def test_sound_has_a_tolerance_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    write_wav(path, np.zeros(16000, np.float32), 16000)
    verify_media(path, duration=1.09)
    with pytest.raises(InvalidArtifact):
        verify_media(path, duration=1.11)


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_file_cut_off(clip: Path, tmp_path: Path, share: float) -> None:
    for whole in (clip, video.faststart(clip, tmp_path / "fast.mp4")):
        with pytest.raises(InvalidArtifact):
            verify_media(video.truncate(whole, tmp_path / "cut.mp4", share))


def test_files_that_are_none(tmp_path: Path) -> None:
    for path in (
        video.write_empty(tmp_path / "empty.mp4"),
        video.write_text(tmp_path / "text.mp4"),
        tmp_path / "missing.mp4",
    ):
        with pytest.raises(InvalidArtifact, match=path.name):
            verify_media(path)


def test_zeros_at_the_end_are_damage(silent_clip: Path, tmp_path: Path) -> None:
    fast = video.faststart(silent_clip, tmp_path / "fast.mp4")
    data = bytearray(fast.read_bytes())
    last = len(data) // 3
    data[-last:] = bytes(last)
    path = tmp_path / "zeros.mp4"
    path.write_bytes(data)
    with pytest.raises(InvalidArtifact):
        verify_media(path)


@pytest.mark.parametrize("name", video.HOSTILE_NAMES)
def test_hostile_names(clip: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(clip.read_bytes())
    assert verify_media(path, duration=2.0)
