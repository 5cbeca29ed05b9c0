"""Signs of life of runs, where several machines carry them out.

Whether a process on another machine still lives cannot be asked; so each run holds a lease in the
database that the machines share, and renews it from a thread for as long as it works. On one
machine processes are looked at instead: see :mod:`media_pipeline.dagster.liveness`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import dagster as dg

from media_pipeline.requests.records import RunLeases
from media_pipeline.requests.tables import Database
from media_pipeline.settings import Settings

PATIENCE_S = 120.0
"""How long a run waits for a database that is away, before it is given up and repeated."""


@contextmanager
def kept(settings: Settings, run_id: str) -> Iterator[None]:
    """Hold the lease of a run for the time of the block, where several machines share a database.

    It is not given back: the run still has to note its own end, and is alive until then.
    """
    if not settings.shares_database:
        yield
        return
    with closing(Database(settings.database, patience=PATIENCE_S)) as database:
        found = RunLeases(database, settings.run_lease_seconds)
        found.forget()
        with found.of(run_id).kept(release=False):
            yield


def lapsed(settings: Settings, instance: dg.DagsterInstance, run_id: str) -> bool:
    """Whether a started run has given no sign of life for longer than a lease."""
    if not settings.shares_database:
        return False
    with closing(Database(settings.database)) as database:
        until = RunLeases(database, settings.run_lease_seconds).until(run_id)
    if until is None:  # killed before it took one, or just begun
        record = instance.get_run_record_by_id(run_id)
        started = record.start_time if record is not None else None
        return started is not None and time.time() - started > settings.run_lease_seconds
    return until < time.time()
