"""Media that many tests look at, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from media_pipeline_tests.generators.video import write_clip


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of numbered pictures (320 x 180, 25 fps) with a tone; never to be changed."""
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mp4")


@pytest.fixture(scope="session")
def silent_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same without sound."""
    return write_clip(tmp_path_factory.mktemp("silent") / "silent.mp4", sound=False)
