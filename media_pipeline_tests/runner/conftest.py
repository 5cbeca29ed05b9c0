from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from media_pipeline.profiles import Profile
from media_pipeline.runner import Runner, RunResult
from media_pipeline.stages.base import Environment
from media_pipeline.store import Store
from media_pipeline.store.cache import FileCache
from media_pipeline.transfer.originals import Originals
from media_pipeline_tests.generators.stages import (
    STAGES,
    calls,
    write_tone,
)
from media_pipeline_tests.generators.storage import ObjectStorage, object_storage


def make_runner(folder: Path, stages: object = STAGES) -> Runner:
    """A runner on ``folder/lake``; calls of stages are counted in ``folder/models``."""
    (folder / "models").mkdir(exist_ok=True)
    cache = FileCache(folder / "cache" / "files", 10**9)
    return Runner(
        Store(folder / "lake", cache=cache),
        Environment(model_dir=folder / "models"),
        stages=stages,  # type: ignore[arg-type]
        originals=Originals(cache, max_bytes=10**6),
        max_media_seconds=100,
    )


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return make_runner(tmp_path)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return write_tone(tmp_path / "A film.wav")


@pytest.fixture
def key(runner: Runner, film: Path) -> str:
    return runner.ingest(film).key


def counted(runner: Runner) -> dict[str, int]:
    assert runner.environment.model_dir is not None
    return dict(calls(runner.environment.model_dir))


def catalogue(runner: Runner, key: str, profile: Profile | None = None) -> dict[str, RunResult]:
    profile = profile or Profile()
    return {
        name: runner.run(key, name, profile.stage_params(runner.stages[name]))
        for name in profile.selected(runner.stages)
    }


def scratch(runner: Runner) -> list[str]:
    folder = runner.store.backend.scratch
    return [p.name for p in folder.iterdir() if p.name != "locks"] if folder.exists() else []


SRT = """1
00:00:00,100 --> 00:00:00,900
As a person
says it

2
00:00:01,000 --> 00:00:01,500
好
"""


@pytest.fixture
def srt(tmp_path: Path) -> Path:
    path = tmp_path / "corrected.srt"
    path.write_text(SRT, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def storage() -> Iterator[ObjectStorage]:
    with object_storage() as storage:
        yield storage
