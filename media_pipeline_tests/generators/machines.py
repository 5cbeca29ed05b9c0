"""The services of several machines, as ``deploy/local.py`` starts them, to break and to mend."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from deploy.machine import Machine, Missing
from deploy.machine.services import Service
from media_pipeline.dagster.liveness import WORKER_TAG
from media_pipeline.errors import ServiceUnavailable
from media_pipeline.gateway.dagster_client import DagsterClient, Run
from media_pipeline.requests.order import Medium, Order
from media_pipeline.requests.outbox import JobRow, Outbox
from media_pipeline.requests.tables import Database
from media_pipeline.services import check_workers
from media_pipeline.settings import Settings
from media_pipeline.store import Store
from media_pipeline.store.manifest import MANIFEST
from media_pipeline.store.places import open_filesystem
from media_pipeline_tests.generators.ice_clients import Sdk
from media_pipeline_tests.generators.submissions import submission

_MOST_S = 600.0
_BUCKET = "media-pipeline"
_LONG = ("VideoH2V", "FaceBeauty", "VideoDetext")
_LOG = """
query Log($id: ID!) {
  logsForRun(runId: $id) { ... on EventConnection { events { ... on MessageEvent { message } } } }
}
"""

T = TypeVar("T")


class Machines:
    """What runs, the bucket and the table of jobs."""

    def __init__(self, machine: Machine, folder: Path) -> None:
        self.machine = machine
        self.folder = folder
        names = ("DATABASE", "LAKE", "S3_ENDPOINT", "S3_KEY", "S3_SECRET")
        given = {name.lower(): machine.environment[f"MEDIA_PIPELINE_{name}"] for name in names}
        self.settings = Settings(**given, cache_dir=folder / "cache-of-tests")
        self.broker = machine.environment["MEDIA_PIPELINE_BROKER"]
        self.web = f"http://127.0.0.1:{machine.ports['web']}"

    # --- asking for work ---

    def put(self, film: Path) -> str:
        """Put a film into the bucket; its address."""
        files, root = open_filesystem("s3://x", self.settings.storage_options("s3://x"))
        del root
        files.put_file(str(film), f"{_BUCKET}/in/{film.name}")
        return f"oss://{_BUCKET}/in/{film.name}"

    def submit(self, film: str, function: str = "VideoH2V", suffix: str = "mp4") -> str:
        """Accept a job as the gateway does, and say its id."""
        order = Order(
            function=function,
            media=[Medium(name="film.mp4", uri=film)],
            output=f"oss://{_BUCKET}/out/{{job}}.{suffix}",
        )
        with closing(Database(self.settings.database)) as database:
            return Outbox(database, max_waiting=100).submit(submission(order=order)).id

    def cancel(self, job: str) -> None:
        """Ask the gateway to cancel a job, as its callers do."""
        key, _, secret = self.machine.environment["MEDIA_PIPELINE_ACCESS_KEYS"].partition(":")
        client = Sdk(f"127.0.0.1:{self.machine.ports['gateway']}", key, secret)
        client.ask("CancelIProductionJob", JobId=job)

    @contextmanager
    def deaf(self, queue: str, *workers: str) -> Iterator[None]:
        """Let workers take nothing from a queue for the time of the block."""
        from celery import Celery

        names = [f"{worker}@{socket.gethostname()}" for worker in workers]
        asked = {"destination": names, "reply": True, "timeout": 5.0, "limit": len(names)}

        def told(order: Callable[..., list[Any] | None]) -> bool:
            """Whether all have answered; one that is starting hears nothing yet."""
            with app.connection_for_write() as connection:  # none of before the broker was away
                try:
                    answers = order(queue, connection=connection, **asked)
                except connection.connection_errors:
                    return False
            return len(answers or ()) == len(names)

        with Celery(broker=self.broker, set_as_current=False) as app:
            self.wait(lambda: told(app.control.cancel_consumer))
            try:
                yield
            finally:
                self.wait(lambda: told(app.control.add_consumer))

    @contextmanager
    def wrong_clock(self, worker: str, by: str) -> Iterator[None]:
        """Start a worker anew on a machine whose clock is wrong; skips where that is not installed.

        Time is told wrongly there, and goes by as ever: what waits for seconds waits for seconds.
        """
        if shutil.which("faketime") is None:
            pytest.skip("faketime is not installed")
        command = ["faketime", "-f", by, "env"]  # the program itself takes no signals
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        said = dict(line.split("=", 1) for line in told.splitlines() if "=" in line)
        given = {name: said[name] for name in ("LD_PRELOAD", "FAKETIME")}
        given["FAKETIME_DONT_FAKE_MONOTONIC"] = "1"
        right = self.machine.services[worker].service
        self._restart(worker, replace(right, environment={**right.environment, **given}))
        try:
            yield
        finally:
            self._restart(worker, right)

    def _restart(self, name: str, service: Service) -> None:
        self.machine.stop(name)
        self.machine.services[name].service = service
        self.machine.resume(name)

    def hears(self, told: str, *queues: str) -> None:
        """Wait until the doctor says this of the workers of queues; a busy one may answer late."""

        def said() -> bool:
            try:
                return check_workers(self.broker, queues) == told
            except ServiceUnavailable:
                return False

        self.wait(said)

    def queued(self, queue: str) -> int:
        """How many runs wait in a queue of the broker."""
        import redis

        with redis.Redis.from_url(self.broker) as broker:
            keys = broker.scan_iter(f"{queue}*", _type="list")  # one for each priority
            return sum(broker.llen(key) for key in keys)

    def worker_of(self, process: int) -> str:
        """The worker to which a process belongs."""
        group = os.getpgid(process)
        kept = self.machine.services.items()
        return next(name for name, one in kept if one.process and one.process.pid == group)

    def row(self, job: str) -> JobRow:
        with closing(Database(self.settings.database)) as database:
            row = Outbox(database, max_waiting=100).get(job)
        assert row is not None
        return row

    def runs(self, job: str) -> list[Run]:
        """The runs of a job, the newest first."""
        with closing(DagsterClient(self.web)) as client:
            return client.runs(job_id=job)

    def said(self, run: Run) -> list[str]:
        """What stands in the log of a run."""
        body = {"query": _LOG, "variables": {"id": run.id}}
        answer = httpx.post(f"{self.web}/graphql", json=body, trust_env=False, timeout=60).json()
        return [e["message"] for e in answer["data"]["logsForRun"]["events"] if e.get("message")]

    # --- waiting ---

    def wait(self, what: Callable[[], T | None], *, often: float = 1.0) -> T:
        """Wait for something, and keep the services going meanwhile."""
        end = time.monotonic() + _MOST_S
        while time.monotonic() < end:
            self.machine.watch()
            found = what()
            if found:
                return found
            time.sleep(often)
        raise AssertionError(f"nothing after {_MOST_S} s\n{self.logs()}")

    def hold(self, seconds: float) -> None:
        """Let a fault last; nothing is asserted upon how long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.machine.watch()
            time.sleep(0.25)

    def at_work(self, film: str) -> tuple[str, int]:
        """A job that is in the middle of a stage, and the process that is at it, which is stopped:
        it can be killed, or told to go on.
        """
        for function in _LONG:  # another one where this one was faster than we could look
            job = self.submit(film, function)
            self.wait(lambda job=job: self._produces(job), often=0.1)
            process = process_of(self.runs(job)[0])
            if process and self.row(job).finished is None:
                os.kill(process, signal.SIGSTOP)
                if self.row(job).finished is None:
                    return job, process
                os.kill(process, signal.SIGCONT)
        raise AssertionError("every job ended before it could be disturbed")

    def _produces(self, job: str) -> bool:
        row = self.row(job)
        return row.finished is not None or row.progress > 0.2

    def settled(self, jobs: Sequence[str]) -> list[JobRow]:
        """Wait for the end of jobs, and of all their runs; what was delivered holds together."""
        self.wait(lambda: all(self.row(job).finished for job in jobs))
        self.wait(lambda: all(run.finished for job in jobs for run in self.runs(job)))
        rows = [self.row(job) for job in jobs]
        files, _ = open_filesystem("s3://x", self.settings.storage_options("s3://x"))
        for row in rows:
            assert row.outcome == "success", f"{row.error_message}\n{self.logs()}"
            assert row.result is not None
            for file in row.result["files"]:
                data = files.cat_file(file["uri"].split("://", 1)[1])
                assert len(data) == file["size"]
            lines = [line for run in self.runs(row.id) for line in self.said(run)]
            assert sum(line.startswith("delivered ") for line in lines) == 1, lines
        return rows

    def cancelled(self, job: str) -> None:
        """Wait for the end of a job that was cancelled, and of its runs; nothing is delivered."""
        assert self._ended(job).outcome == "cancelled"
        # One before it may have died, where the test took its time.
        assert self.runs(job)[0].status == "CANCELED", self.logs()

    def failed(self, job: str) -> JobRow:
        """Wait for the end of a job that cannot be done; nothing is delivered."""
        row = self._ended(job)
        assert row.outcome == "failed"
        return row

    def _ended(self, job: str) -> JobRow:
        self.wait(lambda: self.row(job).finished)
        self.wait(lambda: all(run.finished for run in self.runs(job)))
        lines = [line for run in self.runs(job) for line in self.said(run)]
        assert not [line for line in lines if line.startswith("delivered ")]
        files, _ = open_filesystem("s3://x", self.settings.storage_options("s3://x"))
        for suffix in ("mp4", "jpg", "srt"):
            with pytest.raises(FileNotFoundError):
                files.cat_file(f"{_BUCKET}/out/{job}.{suffix}")
        return self.row(job)

    def whole(self) -> int:
        """Hold every artifact that can be seen against its manifest; how many there are."""
        store = Store.from_settings(self.settings)
        # Not by its assets: s3rver does not list folders in which there are only folders.
        places = [p.split("/") for p in store.backend.find("") if p.endswith(f"/{MANIFEST}")]
        for asset, key, fingerprint, _ in places:
            artifact = store.get(asset, key, fingerprint)
            assert artifact is not None, f"{asset}/{key}/{fingerprint} is not whole"
            artifact.files()  # fetched, and held against their hashes
        return len(places)

    def logs(self) -> str:
        """The end of what each service has said."""
        names = [name for name in self.machine.services if (self.folder / f"{name}.log").exists()]
        return "\n".join(f"--- {name}\n{self.machine.log(name)[-1500:]}" for name in names)


@contextmanager
def machines(*, workers: int = 2, broker: str = "redis", **settings: str) -> Iterator[Machines]:
    """Everything; skips where a program is not installed."""
    given = {f"MEDIA_PIPELINE_{name.upper()}": value for name, value in settings.items()}
    # Not in a folder of pytest: the user of the database may not look into those.
    with tempfile.TemporaryDirectory(prefix="media_pipeline_machines_") as made:
        folder = Path(made)
        try:
            machine = Machine(folder, workers=workers, broker=broker, settings=given)
        except Missing as error:
            pytest.skip(str(error))
        try:
            machine.start()
            yield Machines(machine, folder)
        finally:
            machine.close()


def process_of(run: Run) -> int:
    """The process that carries out a run, or has carried it out; 0 before there is one."""
    worker = run.tags.get(WORKER_TAG)
    return int(worker.split(":")[1]) if worker else 0


def kill(process: int) -> None:
    """As the kernel does it when memory runs out."""
    os.kill(process, signal.SIGKILL)
