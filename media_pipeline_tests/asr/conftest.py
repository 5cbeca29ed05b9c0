from __future__ import annotations

from pathlib import Path

import pytest

from media_pipeline_tests.generators.whisper import write_whisper


@pytest.fixture(scope="session")
def multilingual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Whisper that hears Chinese and says "Hello there, my friend." in two seconds."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    return write_whisper(folder, [" Hello", " there,", " my", " friend."], language="zh")


@pytest.fixture(scope="session")
def english(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Whisper that knows only English."""
    folder = tmp_path_factory.mktemp("models") / "tiny.en"
    return write_whisper(folder, [" Good", " morning."], seconds=1.0, multilingual=False)
