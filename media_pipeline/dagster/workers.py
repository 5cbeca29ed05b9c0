"""Runs that are carried out by Celery workers on several machines (the extra ``scale``).

Dagster's own launcher is used as it is, but for three things: a broker that is away for some time
costs no run, a run that is ended comes to its end as Ctrl-C would end it, and whether a worker
still works is told by its lease, because Celery reports a lost task as running.
"""

from __future__ import annotations

from typing import Any

import dagster as dg
from celery.result import denied_join_result
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus
from dagster_celery.launcher import CeleryRunLauncher
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from media_pipeline.dagster import leases
from media_pipeline.settings import Settings


class WorkerRunLauncher(CeleryRunLauncher):  # type: ignore[misc] # it comes without types
    """Sends whole runs to workers: within a run, models and files of a film stay where they are."""

    def _launch_celery_task_run(self, run: dg.DagsterRun, task_signature: Any, **how: Any) -> None:
        """Hand a run to the broker, as a task with the run's own id. Dagster notes the id in a tag,
        but later, and runs that are repeated hand their tags on.

        Raises
        ------
        DagsterUserCodeUnreachableError
            when the broker cannot be reached: upon this error, and no other, the coordinator puts
            the run back into its queue instead of failing it.
        """
        try:
            # Nobody here waits for results; else a backend that is away is waited for, and then
            # never used again.
            with denied_join_result():
                super()._launch_celery_task_run(
                    run=run, task_signature=task_signature.set(task_id=run.run_id), **how
                )
        except (OperationalError, RedisError, OSError) as error:
            raise DagsterUserCodeUnreachableError(
                f"the broker of workers cannot be reached ({error})"
            ) from error

    def terminate(self, run_id: str) -> bool:
        """Interrupt a run; it ends as cancelled by itself."""
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return False
        self._instance.report_run_canceling(run)
        self.celery.control.revoke(run_id, terminate=True, signal="SIGINT")
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Whether the worker of a started run still works on it."""
        if leases.lapsed(Settings(), self._instance, run.run_id):
            said = "The worker gives no sign of life any more."
            return CheckRunHealthResult(WorkerStatus.FAILED, said)
        if self.celery.AsyncResult(run.run_id).state == "FAILURE":
            return CheckRunHealthResult(WorkerStatus.FAILED, "The worker has ended.")
        return CheckRunHealthResult(WorkerStatus.RUNNING)

    def get_run_worker_debug_info(
        self, run: dg.DagsterRun, include_container_logs: bool | None = True
    ) -> str:
        """What is told of a run that was not taken up in time. Its tag may lack the task's id."""
        return f"its Celery task is {self.celery.AsyncResult(run.run_id).state}"
