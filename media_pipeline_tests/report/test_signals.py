"""Plots of signals and moving previews: what they show, and how large they may get."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from media_pipeline.report.charts import Highlight
from media_pipeline.report.signals import MAX_GIF_BYTES, clip_gif, signal_lanes
from media_pipeline_tests.generators.video import ffmpeg


def drawn(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


def test_each_signal_has_a_lane_in_which_highlights_stand_out() -> None:
    times = np.arange(0, 7200, 0.1)
    one = {"motion": np.sin(times / 9).astype(np.float32)}
    two = one | {"loudness": np.zeros(len(times), np.float32)}
    plain = drawn(signal_lanes(times, one))
    marked = drawn(signal_lanes(times, one, [Highlight(1800, 3600, 0.9)]))
    assert drawn(signal_lanes(times, two)).shape[0] > plain.shape[0]
    changed = np.abs(plain - marked).sum(axis=2).mean(axis=0) > 5
    middle = np.flatnonzero(changed).mean() / plain.shape[1]
    assert 0.35 < middle < 0.5
    assert len(signal_lanes(times, two)) < 200_000
    assert signal_lanes(np.empty(0), {})


@pytest.mark.slow
def test_a_gif_moves_and_stays_small(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    noisy = "testsrc2=s=640x360:r=25:d=8,noise=alls=60:allf=t"
    ffmpeg("-f", "lavfi", "-i", noisy, "-c:v", "libx264", "-preset", "ultrafast", "-g", "20", clip)
    data = clip_gif(clip)
    assert data is not None
    assert len(data) <= MAX_GIF_BYTES
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "GIF"
        assert getattr(image, "n_frames", 1) >= 3
        assert image.info["loop"] == 0


def test_sound_alone_has_none(tmp_path: Path) -> None:
    sound = tmp_path / "clip.m4a"
    ffmpeg("-f", "lavfi", "-i", "sine=440:d=2", sound)
    assert clip_gif(sound) is None
