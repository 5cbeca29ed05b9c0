from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.execution.api import create_execution_plan
from dagster._core.remote_origin import (
    InProcessCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.run_coordinator import QueuedRunCoordinator, SubmitRunContext
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from media_pipeline.dagster import queues
from media_pipeline.production.functions import REQUESTS
from media_pipeline.profiles import default_stages
from media_pipeline.stages.base import POOLS

_COORDINATOR = {"module": "media_pipeline.dagster.queues", "class": "PlacingRunCoordinator"}


@dg.op(pool="decode", out=dg.Out(is_required=False))
def look() -> Iterator[dg.Output[int]]:
    yield dg.Output(1)


@dg.op(pool="asr")
def listen(_seen: Any) -> None: ...


@dg.job
def film() -> None:
    listen(look())


@dg.job
def picture() -> None:
    look()


@dg.op
def wait() -> None: ...


@dg.job
def idle() -> None:
    wait()


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp(
        str(tmp_path), overrides={"run_coordinator": _COORDINATOR, "telemetry": {"enabled": False}}
    ) as found:
        yield found


def submitted(instance: dg.DagsterInstance, job: dg.JobDefinition, **tags: str) -> dg.DagsterRun:
    here = InProcessCodeLocationOrigin(LoadableTargetOrigin(module_name=__name__))
    origin = RemoteJobOrigin(RemoteRepositoryOrigin(here, "__repository__"), job.name)
    run = instance.create_run_for_job(job, tags=tags, remote_job_origin=origin)
    return instance.run_coordinator.submit_run(SubmitRunContext(run, workspace=None))  # type: ignore[arg-type]


def test_a_run_is_for_the_workers_of_what_it_strains(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDIA_PIPELINE_QUEUES", "asr=gpu,decode=fast")
    assert isinstance(instance.run_coordinator, QueuedRunCoordinator)
    for job, queue in ((film, "gpu"), (picture, "fast"), (idle, "dagster")):
        run = submitted(instance, job)
        assert run.status == dg.DagsterRunStatus.QUEUED
        assert run.tags.get(queues.QUEUE_TAG) == queue


def test_a_run_that_names_its_workers_keeps_them(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDIA_PIPELINE_QUEUES", "asr=gpu")
    run = submitted(instance, film, **{queues.QUEUE_TAG: "mine"})
    assert run.tags[queues.QUEUE_TAG] == "mine"


def test_there_is_one_queue_unless_more_are_named(instance: dg.DagsterInstance) -> None:
    assert queues.QUEUE_TAG not in submitted(instance, film).tags


def test_the_first_that_fits_is_taken() -> None:
    given = {"ocr": "big", "asr": "gpu"}
    assert queues.queue_for({"asr", "ocr", "decode"}, given) == "big"
    assert queues.queue_for({"asr"}, given) == "gpu"
    assert queues.queue_for({"encode"}, given) == "dagster"
    assert queues.queue_for({"encode"}, {}) is None


def test_only_the_steps_count_that_are_carried_out(instance: dg.DagsterInstance) -> None:
    plan = create_execution_plan(film, step_keys_to_execute=["look"])
    run = instance.create_run_for_job(film, execution_plan=plan)
    assert queues.strained(instance, run) == {"decode"}


def test_every_pool_has_a_name_that_settings_take() -> None:
    used = {stage.pool for stage in default_stages().values()}
    used |= {function.pool for function in REQUESTS.values()}
    assert used - {""} <= set(POOLS)
