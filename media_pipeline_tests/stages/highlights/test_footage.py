"""Frames of a clip by time, whichever way they are asked for."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np

from media_pipeline.media.decode import frame_at
from media_pipeline.stages.highlights.footage import Footage
from media_pipeline_tests.generators.lakes import write_video


def test_frames_are_those_of_their_time_after_looking_ahead(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    write_video(clip, seconds=1.0)
    with closing(Footage(clip, (320, 180))) as footage:
        for time in (0.0, 0.95, 0.0, 0.25, 0.5, 0.85):
            seen = footage.frame(time).astype(int)
            true = frame_at(clip, time)[:, :, ::-1].astype(int)
            assert np.abs(seen - true).mean() < 1.0, time
