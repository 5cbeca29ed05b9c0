"""How many runs one daemon hands out, with a thousand of them in the queue.

``python -m benchmarks.dequeue [--queued 1000]``

PostgreSQL, Redis, code server and daemon of ``deploy/local.py``, and no workers: what is handed to
the broker stays there. First there are as many places as with two workers; a run that was handed
out is noted as finished at once, and the daemon finds places free at each of its ticks. Then there
is a place for every run. Each is watched for a minute. Runs are copies of one that was launched
over GraphQL. CPU seconds are those of the daemon, and of the code server, which it asks about each
run.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import sqlalchemy as sa
from dagster._core.storage.runs.schema import RunsTable, RunTagsTable

from benchmarks.gateway import cpu
from deploy.machine import Machine
from media_pipeline.dagster.jobs import INGEST_JOB, INGEST_OP
from media_pipeline.gateway.dagster_client import DagsterClient

_WORKERS = 2
_WATCHED_S = 60.0
_MOST_S = 900.0
_NONE = {"MEDIA_PIPELINE_S3_ENDPOINT": "http://127.0.0.1:9"}
_PLACES = "MEDIA_PIPELINE_MAX_RUNS"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queued", type=int, default=1000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="media_pipeline_dequeue_") as name:
        Path(name).chmod(0o755)  # the server's user goes through it
        machine = Machine(Path(name) / "machine", workers=0, settings=_NONE)
        with closing(machine):
            machine.start_database()
            machine.resume("redis", "code", "web")
            machine.ready("redis", "code", "web")
            os.environ.update(machine.environment)
            with dg.DagsterInstance.get() as instance:
                storage = instance.run_storage
                queue(storage, launched(machine), given.queued)
                machine.stop("web")
                print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
                one_by_one(machine, storage)
                all_at_once(machine, storage)


def launched(machine: Machine) -> str:
    """The id of a run that waits: nobody hands it out yet."""
    config = {"ops": {INGEST_OP: {"config": {"uri": "file:///none.mp4"}}}}
    with closing(DagsterClient(machine.site.url("web"), timeout=120)) as client:
        return client.launch(INGEST_JOB, config=config, tags={})


def queue(storage: Any, model: str, count: int) -> None:
    """Copy a queued run until there are so many."""
    with storage.connect() as connection:
        row = connection.execute(sa.select(RunsTable).where(RunsTable.c.run_id == model)).one()
        tags = connection.execute(
            sa.select(RunTagsTable).where(RunTagsTable.c.run_id == model)
        ).all()
        ids = [str(uuid.uuid4()) for _ in range(count - 1)]
        kept = {name: value for name, value in row._mapping.items() if name != "id"}
        copies = [
            {**kept, "run_id": one, "run_body": kept["run_body"].replace(model, one)} for one in ids
        ]
        connection.execute(RunsTable.insert(), copies)
        own = [{"key": tag.key, "value": tag.value} for tag in tags]
        if own:
            named = [{**tag, "run_id": one} for one in ids for tag in own]
            connection.execute(RunTagsTable.insert(), named)


def counts(storage: Any) -> dict[str, int]:
    """How many runs there are of each status."""
    by_status = sa.select(RunsTable.c.status, sa.func.count()).group_by(RunsTable.c.status)
    with storage.connect() as connection:
        rows = connection.execute(by_status).all()
    return {row[0]: row[1] for row in rows}


def one_by_one(machine: Machine, storage: Any) -> None:
    """Runs that are handed out while few places become free at a time."""
    finish = (
        RunsTable.update()
        .where(RunsTable.c.status.in_(["STARTING", "STARTED"]))
        .values(status=dg.DagsterRunStatus.SUCCESS.value)
    )
    before = counts(storage)
    with handing_out(machine, _WORKERS, storage) as spent:
        began = time.monotonic()
        while time.monotonic() < began + _WATCHED_S:
            with storage.connect() as connection:
                connection.execute(finish)
            time.sleep(0.1)
        took, cost = time.monotonic() - began, spent()
        done = before["QUEUED"] - counts(storage)["QUEUED"]
    show(f"{_WORKERS} places, {before['QUEUED']:,} in the queue", done, took, cost)


def all_at_once(machine: Machine, storage: Any) -> None:
    """Runs that are handed out while there is a place for each."""
    waiting = counts(storage)["QUEUED"]
    with handing_out(machine, waiting + _WORKERS, storage) as spent:
        began = time.monotonic()
        while (left := counts(storage).get("QUEUED", 0)) and time.monotonic() < began + _WATCHED_S:
            time.sleep(0.5)
        show(f"a place for each of {waiting:,}", waiting - left, time.monotonic() - began, spent())


@contextmanager
def handing_out(machine: Machine, places: int, storage: Any) -> Iterator[Callable[[], list[float]]]:
    """The daemon, from the first run on that it hands out; what it and the code server spend."""
    machine.environment[_PLACES] = str(places)
    before = counts(storage)["QUEUED"]
    machine.resume("daemon")
    processes = [machine.services[name].process for name in ("daemon", "code")]
    pids = [process.pid for process in processes if process is not None]
    end = time.monotonic() + _MOST_S
    while counts(storage).get("QUEUED", 0) == before:
        if time.monotonic() > end:
            raise SystemExit(f"nothing was handed out\n{machine.log('daemon')[-2000:]}")
        time.sleep(0.05)
    started = [cpu(pid) for pid in pids]
    try:
        yield lambda: [cpu(pid) - then for pid, then in zip(pids, started, strict=True)]
    finally:
        machine.stop("daemon")


def show(name: str, done: int, took: float, spent: list[float]) -> None:
    daemon, code = spent
    print(
        f"{name:32}{done:6,} runs in {took:6.1f} s: {60 * done / took:6.0f} a minute; "
        f"daemon {daemon:.1f} CPU-s, {1000 * daemon / max(done, 1):.0f} ms a run, "
        f"{daemon / took:.2f} of a core; code server {code:.1f} CPU-s",
        flush=True,
    )


if __name__ == "__main__":
    main()
