"""Films in parts, as the runner sees them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from media_pipeline.errors import NothingToDo
from media_pipeline.runner import Parts, PartsWanted, Runner
from media_pipeline.stages.base import Environment
from media_pipeline.store import Store
from media_pipeline.store.cache import FileCache
from media_pipeline.transfer.originals import Originals
from media_pipeline_tests.generators.split_stages import AFTER, SLOW, noted
from media_pipeline_tests.generators.stages import SOURCE, write_tone

STAGES = {stage.name: stage for stage in (SOURCE, SLOW, AFTER)}


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    cache = FileCache(tmp_path / "cache", 10**9)
    models = tmp_path / "models"
    models.mkdir()
    return Runner(
        Store(tmp_path / "lake", cache=cache),
        Environment(model_dir=models),
        stages=STAGES,
        originals=Originals(cache, max_bytes=10**7),
    )


@pytest.fixture
def key(runner: Runner, tmp_path: Path) -> str:
    key = runner.ingest(write_tone(tmp_path / "film.wav", 4.2)).key
    runner.run(key, "source")
    return key


def done(runner: Runner) -> list[str]:
    assert runner.environment.model_dir is not None
    return [what for what, _ in noted(runner.environment.model_dir)]


def test_who_asks_is_told_of_the_parts_that_are_not_there(runner: Runner, key: str) -> None:
    runner.parts = Parts(1.0)
    with pytest.raises(PartsWanted) as wanted:
        runner.run(key, "slow")
    orders = wanted.value.orders
    assert [order.task["number"] for order in orders] == [0, 1, 2, 3]
    assert done(runner) == []
    for order in orders[:2] + orders[3:]:
        again = type(order).model_validate_json(order.model_dump_json())
        assert runner.part(again).facts["number"] == order.task["number"]
    with pytest.raises(PartsWanted) as wanted:
        runner.run(key, "slow")
    assert wanted.value.orders == (orders[2],)
    runner.part(orders[2])
    runner.part(orders[2])  # is found made
    made = runner.run(key, "slow").artifact
    assert done(runner) == ["part 0", "part 1", "part 3", "part 2", "join"]
    assert json.loads(made.path("whole.json").read_text()) == {"parts": [0, 1, 2, 3]}
    assert runner.store.current("slow", key) == made
    assert runner.run(key, "slow").reused


def test_the_artifact_has_the_name_that_it_has_as_a_whole(runner: Runner, key: str) -> None:
    whole = runner.run(key, "slow").artifact
    assert done(runner) == ["whole"]
    runner.parts = Parts(1.0)
    found = runner.run(key, "slow")
    assert found.reused and found.artifact.fingerprint == whole.fingerprint


def test_short_films_and_stages_without_parts_are_as_ever(runner: Runner, key: str) -> None:
    runner.parts = Parts(60.0)
    runner.run(key, "slow")
    runner.parts = Parts(0.5)
    runner.run(key, "after")
    assert done(runner) == ["whole", "after"]


def test_a_part_that_cannot_be_made_leaves_the_whole(runner: Runner, key: str) -> None:
    runner.parts = Parts(1.0)
    with pytest.raises(PartsWanted) as wanted:
        runner.run(key, "slow", {"refused": 1})
    with pytest.raises(NothingToDo):
        runner.part(wanted.value.orders[1])
    runner.parts = Parts(1.0, tried=frozenset({"slow"}))
    runner.run(key, "slow", {"refused": 1})
    assert done(runner) == ["part 1", "whole"]


def test_parts_that_do_not_fit_leave_the_whole(runner: Runner, key: str) -> None:
    runner.parts = Parts(1.0)
    with pytest.raises(PartsWanted) as wanted:
        runner.run(key, "slow", {"differs": True})
    for order in wanted.value.orders:
        runner.part(order)
    made = runner.run(key, "slow", {"differs": True}).artifact
    assert done(runner)[-2:] == ["join", "whole"]
    assert json.loads(made.path("whole.json").read_text()) == {"parts": [0, 1, 2, 3]}


def test_asking_again_by_force_makes_the_whole(runner: Runner, key: str) -> None:
    runner.parts = Parts(1.0)
    runner.run(key, "slow", force=True)
    assert done(runner) == ["whole"]
