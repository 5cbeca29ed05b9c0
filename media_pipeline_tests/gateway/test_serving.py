"""The whole tree of processes: what callers see of it, also when parts of it are killed."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from media_pipeline.production.functions import FUNCTIONS
from media_pipeline.requests.order import Medium, Order
from media_pipeline.requests.outbox import JobRow, Outbox
from media_pipeline.requests.tables import Database
from media_pipeline.store.places import open_filesystem
from media_pipeline_tests.dagster.conftest import opened
from media_pipeline_tests.dagster.test_serve import ROOT, free_port, wait_for
from media_pipeline_tests.generators.ice import KEY, SECRET
from media_pipeline_tests.generators.stages import write_tone
from media_pipeline_tests.generators.storage import ObjectStorage, object_storage
from media_pipeline_tests.generators.submissions import submission

SCRIPT = """
import sys
import time
from media_pipeline.dagster.serve import serve
sys.exit(serve(port=int(sys.argv[1]), dagster_port=int(sys.argv[2])))
"""


@pytest.fixture(scope="module")
def storage() -> Iterator[ObjectStorage]:
    with object_storage() as storage:
        yield storage


class Tree:
    """`serve` with a folder and a bucket of its own; it can be started again after its end."""

    def __init__(self, folder: Path, storage: ObjectStorage, film: Path, **more: str) -> None:
        self.folder = folder
        self.bucket = storage.bucket().removeprefix("s3://")
        settings = storage.settings(folder / "cache")
        self.files, self.root = open_filesystem(
            f"s3://{self.bucket}", settings.storage_options("s3://")
        )
        self.files.put_file(str(film), f"{self.root}/in/film.mp4")
        self.files.put_file(str(write_tone(folder / "voice.wav")), f"{self.root}/in/voice.wav")
        self.environment = {
            **os.environ,
            "DAGSTER_HOME": str(folder / "home"),
            "MEDIA_PIPELINE_LAKE": str(folder / "lake"),
            "MEDIA_PIPELINE_INBOX": str(folder / "inbox"),
            "MEDIA_PIPELINE_RESULTS": str(folder / "results"),
            "MEDIA_PIPELINE_CACHE_DIR": str(folder / "cache"),
            "MEDIA_PIPELINE_S3_ENDPOINT": storage.endpoint,
            "MEDIA_PIPELINE_S3_KEY": "key-of-tests",
            "MEDIA_PIPELINE_S3_SECRET": "secret-of-tests",
            "MEDIA_PIPELINE_ACCESS_KEYS": f"{KEY}:{SECRET}",
            "MEDIA_PIPELINE_MIN_FREE_BYTES": "0",
            "PYTHONPATH": str(ROOT),
            **more,
        }
        self.log = folder / "log"
        self.start()

    def start(self) -> None:
        self.port, dagster = free_port(), free_port()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", SCRIPT, str(self.port), str(dagster)],
                env=self.environment,
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )
        wait_for(self._answers)

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        return f"the gateway is at http://127.0.0.1:{self.port}," in self.log.read_text()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)

    def outbox(self) -> tuple[Database, Outbox]:
        database = Database(f"sqlite:///{self.folder / 'home' / 'gateway.db'}")
        return database, Outbox(database, max_waiting=100)

    def submit(self, count: int) -> list[str]:
        """Accept jobs as the gateway does, also while it is down."""
        database, outbox = self.outbox()
        order = Order(
            function="VideoClip",
            media=[Medium(name="x", uri=f"oss://{self.bucket}/in/film.mp4")],
            params={"duration": 1},
            output=f"oss://{self.bucket}/out/{{job}}.mp4",
        )
        ids = [outbox.submit(submission(order=order)).id for _ in range(count)]
        database.close()
        return ids

    def rows(self, ids: list[str]) -> list[JobRow]:
        database, outbox = self.outbox()
        rows = [outbox.get(one) for one in ids]
        database.close()
        return [row for row in rows if row is not None]

    def is_leased(self, job: str) -> bool:
        """Whether a run holds the job's lease, and nobody the table or what is being made."""
        if any((self.folder / "lake" / "_scratch" / "locks").glob("*")):
            return False
        with closing(sqlite3.connect(self.folder / "home" / "gateway.db", timeout=0.2)) as table:
            try:
                table.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return False
            found = table.execute("SELECT 1 FROM leases WHERE name = ?", [job]).fetchone()
            table.rollback()
            return found is not None

    def kill(self, module: str) -> None:
        """kill -9 of the child with that module in its command line."""
        (number,) = [
            int(line.split(None, 2)[0])
            for line in subprocess.run(
                ["ps", "-ww", "-o", "pid,args", "--ppid", str(self.process.pid), "--no-headers"],
                capture_output=True, text=True, check=True,
            ).stdout.splitlines()
            if module in line
        ]  # fmt: skip
        os.kill(number, signal.SIGKILL)

    def runs(self, job: str) -> list[Any]:
        import dagster as dg

        with opened(self.folder / "home") as instance:
            return list(instance.get_runs(dg.RunsFilter(tags={"media/job_id": job})))


@pytest.fixture
def tree(tmp_path: Path, storage: ObjectStorage, clip: Path) -> Iterator[Tree]:
    tree = Tree(tmp_path, storage, clip)
    try:
        yield tree
    finally:
        tree.stop()


def worker(tree: Tree, job: str) -> int | None:
    """The process of the job's run, while it works."""
    for run in tree.runs(job):
        told = run.tags.get("media/worker", "").split(":")
        if not run.is_finished and len(told) > 1:
            return int(told[1])
    return None


def stopped(tree: Tree) -> tuple[str, int]:
    """A job, and its process, which was stopped in the middle of a step: it holds the job's lease,
    as it does not between two steps, and nothing that keeps others of this machine waiting.
    """
    while True:  # until one is not faster than we can look
        (job,) = tree.submit(1)
        wait_for(lambda job=job: tree.rows([job])[0].started)
        number = worker(tree, job)
        with suppress(ProcessLookupError):
            while number and tree.rows([job])[0].finished is None:
                os.kill(number, signal.SIGSTOP)
                if tree.is_leased(job):
                    return job, number
                os.kill(number, signal.SIGCONT)
                time.sleep(0.02)


@pytest.mark.slow
def test_kills_lose_nothing_and_double_nothing(tree: Tree) -> None:
    (first,) = tree.submit(1)
    os.kill(wait_for(lambda: worker(tree, first)), signal.SIGKILL)  # a run dies

    others = tree.submit(2)
    wait_for(lambda: any(row.dispatched for row in tree.rows(others)))
    tree.kill("media_pipeline.gateway")  # with it all of the tree ends
    assert tree.process.wait(60) != 0
    while_down = tree.submit(1)
    tree.start()
    tree.kill("dagster._daemon")
    assert tree.process.wait(60) != 0
    tree.start()

    ids = [first, *others, *while_down]
    wait_for(lambda: all(row.finished for row in tree.rows(ids)))
    rows = tree.rows(ids)
    assert [row.outcome for row in rows] == ["success"] * 4, [row.error_message for row in rows]
    delivered = tree.files.find(f"{tree.root}/out")
    assert sorted(Path(one).stem for one in delivered) == sorted(ids)
    for one in ids:
        ended = wait_for(
            lambda one=one: all(r.is_finished for r in tree.runs(one)) and tree.runs(one)
        )
        assert [run.status.value for run in ended].count("SUCCESS") == 1, one
    assert len(tree.runs(first)) >= 2  # its first run was killed

    (cancelled,) = tree.submit(1)
    number = wait_for(lambda: worker(tree, cancelled))
    database, outbox = tree.outbox()
    outbox.finish(cancelled, "cancelled")
    database.close()
    wait_for(lambda: all(run.is_finished for run in tree.runs(cancelled)))
    wait_for(lambda: not Path(f"/proc/{number}").exists())
    assert len(tree.files.find(f"{tree.root}/out")) == len(ids)
    assert list((tree.folder / "cache" / "jobs").glob("*")) == []


@pytest.mark.slow
def test_a_run_that_gives_no_sign_of_life_is_replaced_and_does_no_harm_when_it_wakes(
    tmp_path: Path, storage: ObjectStorage, clip: Path
) -> None:
    """As on another machine, where nobody sees that the process is gone: it is only stopped."""
    tree = Tree(tmp_path, storage, clip, MEDIA_PIPELINE_RUN_LEASE_SECONDS="15")
    try:
        job, number = stopped(tree)
        try:
            wait_for(lambda: tree.rows([job])[0].finished)
        finally:
            os.kill(number, signal.SIGCONT)
        wait_for(lambda: not Path(f"/proc/{number}").exists())
        (row,) = tree.rows([job])
        assert row.outcome == "success", row.error_message
        ended = [run.status.value for run in tree.runs(job)]
        assert ended.count("SUCCESS") == 1
        assert "CANCELED" in ended  # the one that was stopped, perhaps holding Dagster's own files
        file = f"{tree.root}/out/{job}.mp4"
        assert tree.files.info(file)["size"] == row.result["files"][0]["size"]
    finally:
        tree.stop()


@pytest.mark.slow
def test_the_script_of_the_readme(tree: Tree) -> None:
    done = subprocess.run(
        [
            sys.executable, str(ROOT / "docs" / "ice_client.py"), f"127.0.0.1:{tree.port}",
            KEY, SECRET, f"oss://{tree.bucket}/in/film.mp4", f"oss://{tree.bucket}/in/voice.wav",
        ],
        cwd=tree.folder, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + tree.log.read_text()
    lines = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    assert FUNCTIONS.keys() < lines.keys()
    for name in FUNCTIONS:  # what the film does not have is told in words of ours
        assert lines[name].startswith(("Success", 'Failed {"Code"')), lines[name]
        assert "InternalError" not in lines[name]
    missing = {name for name, said in lines.items() if said == "is not there"}
    assert not missing & FUNCTIONS.keys()
    assert lines["CaptionExtraction"].startswith("Success")
    assert json.loads(lines["VideoClip"].removeprefix("Success "))["VideoSummaryList"]
    assert lines["ASR"].startswith("Failed NoSpeech") or "NoEngineForLanguage" in lines["ASR"]
    assert lines["Highlights"].startswith("Finished ")
    assert (tree.folder / "short.mp4").read_bytes()[4:8] == b"ftyp"
    assert (tree.folder / "captions.srt").is_file()
    moments = json.loads(lines["Highlights"].removeprefix("Finished "))["HighlightResults"][0]
    for number, _ in enumerate(moments["TimeRanges"]):
        assert (tree.folder / f"moment_{number}.mp4").read_bytes()[4:8] == b"ftyp"
    logged = [json.loads(x) for x in tree.log.read_text().splitlines() if x.startswith("{")]
    assert {"SubmitIProductionJob", "GetSmartHandleJob"} <= {x.get("action") for x in logged}
    assert not any(SECRET in str(x) for x in logged)
    assert httpx.get(f"http://127.0.0.1:{tree.port}/readyz", trust_env=False).status_code == 200
