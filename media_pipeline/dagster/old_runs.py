"""Runs that nobody needs any more: of requests, whose results are delivered and whose jobs are told
of by the gateway's own table.

Runs that have made assets stay: with them Dagster would forget that these were made.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg

from media_pipeline.dagster.handover import PART_JOB
from media_pipeline.production.functions import REQUESTS
from media_pipeline.requests.order import job_name

_JOBS = (*map(job_name, REQUESTS), PART_JOB)
_ENDED = [
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
]
_AT_ONCE = 1000  # of each job; the others are for the next time


def old_runs(instance: dg.DagsterInstance, days: float) -> list[str]:
    """Ids of the runs of requests that ended more than so many days ago, at most 1000 of each job.

    Parameters
    ----------
    days : 0 for all that have ended.
    """
    before = datetime.now(UTC) - timedelta(days=days)
    found: list[str] = []
    for name in _JOBS:
        ended = dg.RunsFilter(job_name=name, statuses=_ENDED, updated_before=before)
        found += [r.dagster_run.run_id for r in instance.get_run_records(ended, limit=_AT_ONCE)]
    return found


def remove_runs(instance: dg.DagsterInstance, runs: Sequence[str]) -> None:
    """Remove runs with their logs."""
    for run in runs:
        instance.delete_run(run)
