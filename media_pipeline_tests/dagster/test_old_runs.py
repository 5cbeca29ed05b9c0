from __future__ import annotations

import dagster as dg
import pytest

from media_pipeline.dagster.handover import PART_JOB
from media_pipeline.dagster.old_runs import old_runs
from media_pipeline_tests.dagster.conftest import Workshop
from media_pipeline_tests.dagster.test_jobs import retention

ENDED = dg.DagsterRunStatus.SUCCESS


def added(instance: dg.DagsterInstance, job: str, status: dg.DagsterRunStatus) -> str:
    return instance.add_run(dg.DagsterRun(job_name=job, status=status)).run_id


def test_runs_of_requests_that_ended_long_ago_are_old(instance: dg.DagsterInstance) -> None:
    cover = added(instance, "request_Cover", ENDED)
    failed = added(instance, "request_ASR", dg.DagsterRunStatus.FAILURE)
    part = added(instance, PART_JOB, dg.DagsterRunStatus.CANCELED)
    added(instance, "request_Cover", dg.DagsterRunStatus.STARTED)
    added(instance, "catalogue", ENDED)  # with it, what it has made would be forgotten
    assert set(old_runs(instance, 0)) == {cover, failed, part}
    assert old_runs(instance, 1) == []


@pytest.mark.parametrize("apply", [False, True])
def test_retention_removes_them_when_asked(workshop: Workshop, apply: bool) -> None:
    workshop.pipeline.settings = workshop.settings.model_copy(update={"run_days": 0.0})
    old = added(workshop.instance, "request_Cover", ENDED)
    kept = added(workshop.instance, "request_Cover", dg.DagsterRunStatus.STARTED)
    assert retention(workshop, apply=apply)["runs"] == 1
    assert workshop.instance.has_run(old) != apply
    assert workshop.instance.has_run(kept)
