"""Running ffmpeg: output, progress, errors, and no child left behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from media_pipeline.errors import EncodeFailed
from media_pipeline.media import ffmpeg
from media_pipeline_tests.generators import video


def test_version() -> None:
    assert any(c.isdigit() for c in ffmpeg.version())
    assert Path(ffmpeg.ffmpeg_path()).is_file()


def test_what_it_says_is_returned(clip: Path) -> None:
    said = ffmpeg.run(["-i", ffmpeg.source(clip), "-f", "null", "-"])
    assert "Video: h264" in said


def test_progress_grows_to_one(clip: Path, tmp_path: Path) -> None:
    shares: list[float] = []
    target = tmp_path / "out.mp4"
    ffmpeg.run(
        ["-i", ffmpeg.source(clip), "-vf", "scale=640:-2", ffmpeg.source(target)],
        duration=2.0,
        progress=shares.append,
    )
    assert target.stat().st_size > 0
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert all(0 <= share <= 1 for share in shares)


def test_failure_is_one_line_with_the_reason(tmp_path: Path) -> None:
    missing = tmp_path / "line\nbreak.mp4"
    with pytest.raises(EncodeFailed) as caught:
        ffmpeg.run(["-i", ffmpeg.source(missing), "-f", "null", "-"])
    assert "No such file or directory" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_exception_in_progress_kills_the_child() -> None:
    class Cancelled(Exception):
        pass

    def cancel(_share: float) -> None:
        raise Cancelled

    endless = ["-re", "-f", "lavfi", "-i", "testsrc2=s=64x64", "-f", "null", "-"]
    with pytest.raises(Cancelled):
        ffmpeg.run(endless, duration=1000.0, progress=cancel)
    listed = subprocess.run(["ps", "-eo", "ppid,args"], capture_output=True, text=True, check=True)
    mine = [
        line
        for line in listed.stdout.splitlines()
        if line.split()[0] == str(_pid()) and "testsrc2=s=64x64" in line
    ]
    assert mine == []


def _pid() -> int:
    import os

    return os.getpid()


def test_much_talk_on_stderr_does_not_block(clip: Path) -> None:
    said = ffmpeg.run(["-v", "debug", "-i", ffmpeg.source(clip), "-f", "null", "-"])
    assert len(said.splitlines()) > 100


@pytest.mark.parametrize("name", video.HOSTILE_NAMES)
def test_hostile_names(clip: Path, tmp_path: Path, name: str) -> None:
    path, target = tmp_path / name, tmp_path / ("out " + name)
    path.write_bytes(clip.read_bytes())
    ffmpeg.run(["-i", ffmpeg.source(path), "-c", "copy", ffmpeg.source(target)])
    assert target.stat().st_size > 1000


def test_importing_it_is_cheap() -> None:
    code = "import sys, media_pipeline.media.ffmpeg; print('imageio_ffmpeg' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
