"""Covers of films of one picture, of odd sides, turned ones and transparent ones."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from media_pipeline.media.decode import frame_at
from media_pipeline.stages.cover import COVER
from media_pipeline.stages.cover.stage import Params
from media_pipeline.stages.registry import STAGES
from media_pipeline_tests.generators import artifacts
from media_pipeline_tests.generators.grounds import texture
from media_pipeline_tests.generators.video import ffmpeg, rotate_by_metadata, write_video


def awkward(folder: Path, kind: str) -> tuple[Path, tuple[int, int]]:
    """A film of that kind, and its height and width as it is shown."""
    rng = np.random.default_rng(5)
    picture, film = texture(rng, 161, 91, hard=True), folder / "film.mp4"
    if kind == "one picture of odd sides":
        write_video(film, [picture], pixels="yuv444p")
        return film, (91, 161)
    even = np.ascontiguousarray(picture[:90, :160])
    if kind == "turned":
        write_video(folder / "flat.mp4", [even] * 6)
        return rotate_by_metadata(folder / "flat.mp4", film, 90), (160, 90)
    write_video(folder / "plain.mp4", [even] * 6)
    clear = folder / "film.mov"
    ffmpeg("-i", folder / "plain.mp4", "-c:v", "qtrle", "-pix_fmt", "argb", clear)
    return clear, (90, 160)


@pytest.mark.parametrize("kind", ["one picture of odd sides", "turned", "transparent"])
@pytest.mark.parametrize("form", ["still", "gif"])
def test_a_cover_is_a_frame_as_it_is_shown(tmp_path: Path, kind: str, form: str) -> None:
    film, size = awkward(tmp_path, kind)
    frames = artifacts.run_stage(STAGES["frames"], film, tmp_path / "frames")
    made = artifacts.run_stage(
        COVER,
        film,
        tmp_path / "out",
        {"frames": frames},
        Params.model_validate({"form": form, "suffix": "png"}),
    )
    (cover,) = made.facts["covers"]
    if form == "gif":
        shown = frame_at(made.path(cover["file"]), 0.0)
        assert abs(shown.shape[0] / shown.shape[1] - size[0] / size[1]) < 0.03
        return
    picture = cv2.imread(str(made.path(cover["file"])))
    assert picture is not None
    assert picture.shape[:2] == size
    assert np.array_equal(picture, frame_at(film, cover["time"]))
