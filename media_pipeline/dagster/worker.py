"""What a Celery worker runs: ``celery -A media_pipeline.dagster.worker worker -Q dagster``.

It is the app of ``dagster-celery``, with its settings from the module ``dagster_celery_config``; a
run that is delivered twice is carried out once.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from celery import Task
from celery.signals import worker_process_init
from dagster._grpc.types import ExecuteRunArgs
from dagster._serdes import unpack_value
from dagster_celery.make_app import make_app
from dagster_celery.tasks import create_execute_job_task

from media_pipeline.dagster import leases
from media_pipeline.settings import Settings


class OncePerRun(Task):  # type: ignore[misc] # it comes without types
    """Does nothing where another worker is at the same run.

    Brokers deliver at least once. Dagster leaves a run alone that has begun or ended, but two
    workers that get it at the same moment would both begin.
    """

    def __call__(self, execute_job_args_packed: Any) -> int:
        """Carry out a run; the exit code."""
        run_id = unpack_value(execute_job_args_packed, as_type=ExecuteRunArgs).run_id
        with leases.taken(Settings(), run_id) as ours:
            return int(super().__call__(execute_job_args_packed)) if ours else 0


@worker_process_init.connect  # type: ignore[untyped-decorator]
def _load(**_: Any) -> None:
    """Load what runs are found in before the first one comes."""
    import_module("media_pipeline.definitions")


app = make_app()
execute_job = create_execute_job_task(app, base=OncePerRun)
