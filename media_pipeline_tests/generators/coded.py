"""Coded films of every kind that joining pictures of two encoders has to tell apart."""

from __future__ import annotations

from pathlib import Path

from media_pipeline_tests.generators.video import ffmpeg

SECONDS = 4


def coded(path: Path, *args: str | Path, rate: str = "25", sound: bool = True) -> Path:
    """Four seconds of moving picture, 320 × 180, coded as asked."""
    picture = ["-f", "lavfi", "-i", f"testsrc2=s=320x180:r={rate}:d={SECONDS}"]
    tone = ["-f", "lavfi", "-i", f"sine=440:r=44100:d={SECONDS}"] if sound else []
    x264 = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-g", "25"]
    ffmpeg(*picture, *tone, *x264, *args, path)
    return path


def plain(path: Path, *args: str | Path) -> Path:
    """One that can be joined: a group each second, B-frames, AAC."""
    return coded(path, "-bf", "3", "-c:a", "aac", *args)


def remuxed(path: Path, source: Path, *args: str) -> Path:
    """The same coded pictures in another file."""
    ffmpeg(*args, "-i", source, "-c", "copy", path)
    return path
