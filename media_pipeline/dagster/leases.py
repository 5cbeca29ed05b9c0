"""Signs of life of runs, where several machines carry them out.

Whether a process on another machine still lives cannot be asked; so who carries out a run holds its
lease in the database that the machines share, and renews it from a thread for as long as it works.
On one machine processes are looked at instead: see :mod:`media_pipeline.dagster.liveness`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import dagster as dg

from media_pipeline.requests.records import run_lease
from media_pipeline.requests.tables import Database
from media_pipeline.settings import Settings

PATIENCE_S = 120.0
"""How long a run waits for a database that is away, before it is given up and repeated."""


@contextmanager
def taken(settings: Settings, run_id: str) -> Iterator[bool]:
    """Hold the lease of a run for the time of the block; False when somebody else has it."""
    if not settings.shares_database:
        yield True
        return
    with closing(Database(settings.database, patience=PATIENCE_S)) as database:
        lease = run_lease(database, run_id, settings.run_lease_seconds)
        if not lease.hold():
            yield False
            return
        with lease.kept():
            yield True


def lapsed(settings: Settings, instance: dg.DagsterInstance, run_id: str) -> bool:
    """Whether a started run has given no sign of life for longer than a lease."""
    if not settings.shares_database:
        return False
    with closing(Database(settings.database)) as database:
        left = run_lease(database, run_id, settings.run_lease_seconds).left()
    if left is None:  # it has just begun or just ended
        record = instance.get_run_record_by_id(run_id)
        if record is None or record.dagster_run.is_finished or record.start_time is None:
            return False
        return time.time() - record.start_time > settings.run_lease_seconds
    return left < 0
