from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from media_pipeline.runner import Runner
from media_pipeline.runner.copies import keep_original
from media_pipeline.settings import Settings
from media_pipeline.store.places import open_filesystem
from media_pipeline.store.retention import plan_retention
from media_pipeline_tests.generators.stages import (
    STAGES,
)
from media_pipeline_tests.generators.storage import ObjectStorage
from media_pipeline_tests.runner.conftest import catalogue, counted


def test_another_machine_finds_an_original_that_came_from_nowhere_it_can_reach(
    storage: ObjectStorage, tmp_path: Path, film: Path
) -> None:
    lake = f"{storage.bucket()}/lake"
    one, other = (
        Runner.from_settings(storage.settings(tmp_path / name, lake=lake), stages=STAGES)
        for name in ("one", "other")
    )
    here = tmp_path / "film.wav"
    shutil.copy(film, here)
    item = one.ingest(here)
    kept = keep_original(one.store, one.originals, item)
    assert kept is not None
    assert keep_original(one.store, one.originals, item) == kept, "there already"
    here.unlink()
    there = other.originals.path(other.store.media.get(item.key))
    assert there.read_bytes() == film.read_bytes()
    assert there.is_relative_to(tmp_path / "other")
    assert other.run(item.key, "source").artifact.manifest.sha256 == item.sha256
    other.store.remove(item.key)
    assert other.store.assets() == []


@pytest.mark.slow
def test_the_whole_chain_on_object_storage(
    storage: ObjectStorage, tmp_path: Path, film: Path, srt: Path
) -> None:
    bucket = storage.bucket()
    (tmp_path / "models").mkdir()
    settings: Settings = storage.settings(
        tmp_path / "cache", lake=f"{bucket}/lake", model_dir=tmp_path / "models"
    )
    runner = Runner.from_settings(settings, stages=STAGES)
    filesystem, inside = open_filesystem(f"{bucket}/in", settings.storage_options(bucket))
    filesystem.put_file(str(film), f"{inside}/第一集.wav")
    item = runner.ingest(f"{bucket}/in/第一集.wav")
    assert item.name == "第一集.wav"
    results = catalogue(runner, item.key)
    assert counted(runner) == dict.fromkeys(STAGES, 1)
    human = runner.correct(item.key, srt)
    assert runner.run(item.key, "captions").artifact.fingerprint == human.fingerprint

    # Another machine: an empty cache, the same lake.
    other_settings = storage.settings(
        tmp_path / "other cache", lake=f"{bucket}/lake", model_dir=tmp_path / "models"
    )
    other = Runner.from_settings(other_settings, stages=STAGES)
    assert other.missing(item.key) == ["words", "clip"]
    again = other.run(item.key, "words")
    assert again.artifact.table("words")["text"].to_pylist() == ["As a person\nsays it", "好"]
    clip = other.store.get("clip", item.key, results["clip"].artifact.fingerprint)
    assert clip is not None
    assert (
        clip.path("clip.wav").read_bytes() == results["clip"].artifact.path("clip.wav").read_bytes()
    )
    other.run(item.key, "clip")
    plan = plan_retention(other.store, 0)
    assert {(r.asset, r.fingerprint) for r in plan.removals} == {
        (name, results[name].artifact.fingerprint) for name in ("captions", "words", "clip")
    }
    assert plan.apply() >= plan.size > 0
    other.store.remove(item.key)
    assert filesystem.find(f"{bucket[5:]}/lake") == []
