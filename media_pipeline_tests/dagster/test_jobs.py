from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from media_pipeline.dagster import jobs
from media_pipeline.dagster.jobs import INGEST_OP, ingest_job, retention_job
from media_pipeline.dagster.partitions import known_keys
from media_pipeline.dagster.requests import KEY_TAG, PROFILE_TAG
from media_pipeline.dagster.resources import RESOURCE
from media_pipeline.stages.base import Outcome, Stage, Work
from media_pipeline_tests.dagster.conftest import Workshop
from media_pipeline_tests.generators.stages import STAGES, write_tone


def execute(
    workshop: Workshop, job: dg.JobDefinition, op: str, config: dict[str, Any]
) -> dg.ExecuteInProcessResult:
    return job.execute_in_process(
        run_config={"ops": {op: {"config": config}}},
        instance=workshop.instance,
        resources={RESOURCE: workshop.pipeline},
        raise_on_error=False,
    )


def ingest(workshop: Workshop, uri: str, **config: str) -> dg.ExecuteInProcessResult:
    return execute(workshop, ingest_job, INGEST_OP, {"uri": uri, **config})


def test_ingest_registers_the_file_and_its_key(workshop: Workshop, tmp_path: Path) -> None:
    (workshop.folder / "inbox" / "talks").mkdir()
    result = ingest(workshop, str(write_tone(tmp_path / "a.wav")), profile="talks")
    assert result.success
    (item,) = workshop.runner.store.media.all()
    assert known_keys(workshop.instance) == [item.key]
    run = workshop.instance.get_run_by_id(result.run_id)
    assert run is not None
    assert (run.tags[KEY_TAG], run.tags[PROFILE_TAG]) == (item.key, "talks")


def test_ingest_again_changes_nothing(workshop: Workshop, tmp_path: Path) -> None:
    path = write_tone(tmp_path / "a.wav")
    for _ in range(2):
        assert ingest(workshop, str(path)).success
    assert len(known_keys(workshop.instance)) == 1


@pytest.mark.parametrize(
    ("name", "config", "message"),
    [
        ("missing.mp4", {}, "no such file"),
        ("empty.mp4", {}, "is empty"),
        ("text.mp4", {}, "is not a video or audio file"),
        ("film.wav", {"profile": "nowhere"}, "there is no profile nowhere"),
    ],
)
def test_what_cannot_be_added_fails_in_one_line(
    workshop: Workshop, tmp_path: Path, name: str, config: dict[str, str], message: str
) -> None:
    write_tone(tmp_path / "film.wav")
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("no media")
    result = ingest(workshop, str(tmp_path / name), **config)
    (event,) = [e for e in result.all_events if e.is_step_failure]
    told = event.step_failure_data.user_failure_data
    assert told is not None
    assert message in (told.description or "")
    assert "\n" not in (told.description or "")
    assert known_keys(workshop.instance) == []


def retention(workshop: Workshop, **config: object) -> dict[str, Any]:
    result = execute(workshop, retention_job, "remove_unused", dict(config))
    assert result.success
    (output,) = [e for e in result.all_events if e.is_successful_output]
    metadata = output.step_output_data.metadata
    return {name: getattr(value, "value", value) for name, value in metadata.items()}


@pytest.mark.slow
def test_retention_shows_its_plan_first_and_removes_when_asked(workshop: Workshop) -> None:
    key = workshop.add()
    workshop.run(key, params={"ocr_cues": {"count": 5}})
    workshop.run(key)
    artifacts = len(list(workshop.runner.store.artifacts()))
    plan = retention(workshop, days=0)
    assert plan["artifacts"] == 4  # cues, captions, words and clip of the first run
    assert plan["bytes freed"] == 0
    table = {record.data["asset"] for record in plan["plan"].records}
    assert table == {"ocr_cues", "captions", "words", "clip"}
    assert len(list(workshop.runner.store.artifacts())) == artifacts
    done = retention(workshop, days=0, apply=True)
    assert done["bytes freed"] >= plan["bytes"] > 0  # manifests count too
    assert len(list(workshop.runner.store.artifacts())) == artifacts - 4
    assert retention(workshop, days=0)["artifacts"] == 0
    assert workshop.run(key).success
    assert workshop.calls()["words"] == 2


@pytest.mark.slow
def test_retention_keeps_what_is_young(workshop: Workshop) -> None:
    key = workshop.add()
    workshop.run(key, params={"ocr_cues": {"count": 5}})
    workshop.run(key)
    assert retention(workshop)["days"] == workshop.settings.retention_days
    assert retention(workshop)["artifacts"] == 0


def test_a_negative_age_is_refused(workshop: Workshop) -> None:
    result = execute(workshop, retention_job, "remove_unused", {"days": -1.0})
    assert not result.success


def test_retention_keeps_what_unfinished_runs_have_made(
    make_workshop: Callable[[Mapping[str, Stage]], Workshop],
) -> None:
    """Asked from inside a run: its own results so far are in use."""
    seen: list[set[str]] = []

    def words(work: Work) -> Outcome:
        seen.append(jobs._in_use(workshop.instance))
        return STAGES["words"].run(work)

    workshop = make_workshop({**STAGES, "words": replace(STAGES["words"], run=words)})
    key = workshop.add()
    workshop.run(key)
    names = ("source", "ocr_cues", "captions", "speech")
    assert seen == [{workshop.fingerprint(name, key) for name in names}]
