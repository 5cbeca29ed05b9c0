from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest

pytest.importorskip("dagster_celery", reason="the extra scale is not installed")
pytest.importorskip("redis", reason="the extra scale is not installed")

from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.launcher import WorkerStatus

from media_pipeline.dagster import leases, workers

_NOWHERE = "redis://127.0.0.1:1"


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    launcher = {
        "module": "media_pipeline.dagster.workers",
        "class": "WorkerRunLauncher",
        "config": {"broker": f"{_NOWHERE}/0", "backend": f"{_NOWHERE}/1"},
    }
    with dg.DagsterInstance.local_temp(
        str(tmp_path), overrides={"run_launcher": launcher, "telemetry": {"enabled": False}}
    ) as found:
        yield found


@pytest.fixture
def launcher(instance: dg.DagsterInstance) -> Any:
    assert isinstance(instance.run_launcher, workers.WorkerRunLauncher)
    return instance.run_launcher


def added(instance: dg.DagsterInstance) -> dg.DagsterRun:
    """A run that repeats another, and has its tags."""
    tags = {"dagster-celery/task_id": "of the other"}
    return instance.add_run(dg.DagsterRun("job", status=dg.DagsterRunStatus.STARTED, tags=tags))


def test_a_broker_that_is_away_puts_the_run_back_into_the_queue(
    instance: dg.DagsterInstance, launcher: Any
) -> None:
    """The one error upon which the coordinator does that."""
    task = launcher.celery.signature("execute_job")
    with pytest.raises(DagsterUserCodeUnreachableError, match="broker"):
        launcher._launch_celery_task_run(
            run=added(instance), task_signature=task, routing_key="execute_job"
        )


def test_a_task_has_the_id_of_its_run(
    instance: dg.DagsterInstance, launcher: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []

    def send(*_: Any, task_id: str, **__: Any) -> Any:
        sent.append(task_id)
        return SimpleNamespace(task_id=task_id)

    monkeypatch.setattr(launcher.celery, "send_task", send)
    run = added(instance)
    launcher._launch_celery_task_run(
        run=run, task_signature=launcher.celery.signature("execute_job"), routing_key="execute_job"
    )
    assert sent == [run.run_id]


@pytest.mark.parametrize(
    ("lapsed", "state", "status"),
    [
        (False, "STARTED", WorkerStatus.RUNNING),
        (True, "STARTED", WorkerStatus.FAILED),  # as Celery goes on to report of a lost task
        (False, "PENDING", WorkerStatus.RUNNING),  # the broker has forgotten what it knew
        (True, "PENDING", WorkerStatus.FAILED),
        (False, "FAILURE", WorkerStatus.FAILED),
        (False, "SUCCESS", WorkerStatus.RUNNING),  # a second delivery of the task has ended
        (True, "SUCCESS", WorkerStatus.FAILED),
    ],
)
def test_health_is_what_the_lease_says_unless_the_task_has_failed(
    instance: dg.DagsterInstance,
    launcher: Any,
    monkeypatch: pytest.MonkeyPatch,
    lapsed: bool,
    state: str,
    status: WorkerStatus,
) -> None:
    monkeypatch.setattr(leases, "lapsed", lambda *_: lapsed)
    run = added(instance)
    states = {run.run_id: SimpleNamespace(state=state)}
    monkeypatch.setattr(launcher.celery, "AsyncResult", states.__getitem__)
    assert launcher.check_run_worker_health(run).status == status


def test_what_is_told_of_a_run_that_was_not_taken_up_is_of_its_own_task(
    instance: dg.DagsterInstance, launcher: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = added(instance)
    states = {run.run_id: SimpleNamespace(state="PENDING")}
    monkeypatch.setattr(launcher.celery, "AsyncResult", states.__getitem__)
    assert "PENDING" in launcher.get_run_worker_debug_info(run)


def test_a_run_that_is_ended_is_interrupted_as_by_a_keyboard(
    instance: dg.DagsterInstance, launcher: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(
        launcher.celery.control, "revoke", lambda task, **how: asked.append((task, how))
    )
    run = added(instance)
    assert launcher.terminate(run.run_id)
    assert asked == [(run.run_id, {"terminate": True, "signal": "SIGINT"})]
    ended = instance.get_run_by_id(run.run_id)
    assert ended is not None and ended.status == dg.DagsterRunStatus.CANCELING
    instance.report_run_canceled(ended)
    assert not launcher.terminate(run.run_id)
    assert not launcher.terminate("of nobody")
    assert len(asked) == 1
