"""Films that captioning is tested on, made once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from media_pipeline.text.cues import Cue
from media_pipeline_tests.generators.burned import (
    FPS,
    HEIGHT,
    LATIN,
    WIDTH,
    Edges,
    around,
    drawn_text,
    tone,
)
from media_pipeline_tests.generators.video import scene, write_video


@pytest.fixture(scope="module")
def captioned(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, Cue, Edges]:
    """Three seconds that carry a caption from the first to the second second."""
    folder = tmp_path_factory.mktemp("captioned")
    text, truth = drawn_text([(LATIN, 32)], 290)
    show = scene(2, WIDTH, HEIGHT)
    letters = text.max(axis=2, keepdims=True) > 100
    pictures = (
        np.where(letters, text, show(i)) if FPS <= i < 2 * FPS else show(i) for i in range(3 * FPS)
    )
    write_video(folder / "picture.mp4", pictures)
    film = tone(folder / "picture.mp4", folder / "film.mp4", "-c:a", "aac")
    return film, Cue(1.0, 2.0, LATIN, box=around(truth)), truth


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three silent seconds of moving picture."""
    path = tmp_path_factory.mktemp("plain") / "film.mp4"
    show = scene(6, WIDTH, HEIGHT)
    write_video(path, (show(i) for i in range(3 * FPS)))
    return path
