"""What a gateway sustains: submits, queries, memory, and how soon a job starts.

``python benchmarks/gateway.py``

First the whole of ``media-pipeline serve`` is started with 10,000 finished jobs in its table and an
object storage of its own. Measured are the time from a submit to the start of its run while nothing
else is to do; how fast jobs that wait are handed to Dagster; and submits while those jobs are
carried out, which keeps all cores busy. Then a gateway alone answers queries and, while its memory
is watched, queries and submits.

Clients sign beforehand and keep one connection each. Latencies are those of clients on the same
machine, so they hold the clients' own share of the cores as well; what the gateway itself spends on
a request is the last column.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from media_pipeline.requests.order import Medium, Order
from media_pipeline.requests.outbox import Outbox, Submission
from media_pipeline.requests.tables import JOBS, Database
from media_pipeline.store.places import open_filesystem
from media_pipeline_tests.generators.ice import KEY, SECRET, acs3
from media_pipeline_tests.generators.storage import ObjectStorage, object_storage
from media_pipeline_tests.generators.video import write_clip

Ask = Callable[[int], tuple[str, dict[str, str]]]
CLIENTS = (1, 8, 32)
_PATIENCE_S = 120.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=400, help="of each measurement")
    parser.add_argument("--finished", type=int, default=10_000, help="jobs in storage")
    parser.add_argument("--soak", type=int, default=5_000, help="requests while memory is watched")
    parser.add_argument("--starts", type=int, default=5, help="jobs whose start is waited for")
    given = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {given.finished} finished jobs")
    with tempfile.TemporaryDirectory() as folder:
        pipeline(Path(folder), given)
    with tempfile.TemporaryDirectory() as folder:
        alone(Path(folder), given)


# --- the whole pipeline ---------------------------------------------------------------------------


def pipeline(folder: Path, given: argparse.Namespace) -> None:
    """Starts, dispatching, and submits while the pipeline works."""
    database = Database(f"sqlite:///{folder}/gateway.db")
    outbox = Outbox(database, max_waiting=0)
    fill(database, given.finished)
    with object_storage() as storage, served(folder, storage) as (port, pid):
        ask = submitting(put_film(folder, storage))
        waits = [seconds_to_start(port, outbox, ask) for _ in range(given.starts)]
        print(f"idle, submit to start of its run: {', '.join(f'{one:.1f}' for one in waits)} s")
        rate = dispatched_per_second(port, outbox, ask, 4 * given.starts)
        print(f"handed to Dagster: {rate:.1f} jobs a second")
        print(f"\nwhile runs keep the machine busy{'':7}per second    p50 ms    p99 ms    CPU ms")
        for clients in CLIENTS:
            show(f"submit, {clients} clients", port, pid, clients, given.requests, ask)
        states = ", ".join(f"{count} {state}" for state, count in outbox.counts().items())
        print(f"load {os.getloadavg()[0]:.1f}; jobs: {states}")
    database.close()


@contextmanager
def served(folder: Path, storage: ObjectStorage) -> Iterator[tuple[int, int]]:
    """``serve``; the port and the process of its gateway."""
    port, dagster = free_port(), free_port()
    settings = {
        **{name: f"{folder}/{name.lower()}" for name in ("LAKE", "INBOX", "CACHE_DIR", "RESULTS")},
        "S3_ENDPOINT": storage.endpoint,
        "S3_KEY": storage.key,
        "S3_SECRET": storage.secret,
    }
    module = ["media_pipeline.cli", "serve", "--port", str(port), "--dagster-port", str(dagster)]
    with started(folder, module, port, settings, ready="/readyz") as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        commands = {int(pid): Path(f"/proc/{pid}/cmdline").read_text() for pid in children}
        yield port, next(pid for pid, command in commands.items() if "gateway" in command)


def put_film(folder: Path, storage: ObjectStorage) -> str:
    """The URI of a bucket with a film in it."""
    film = write_clip(folder / "film.mp4", 10.0, size="640x360")
    bucket = storage.bucket()
    files, root = open_filesystem(bucket, storage.settings(folder).storage_options(bucket))
    files.put_file(str(film), f"{root}/film.mp4")
    return bucket


def submitting(bucket: str) -> Ask:
    """Jobs that decode and encode."""

    def ask(number: int) -> tuple[str, dict[str, str]]:
        return "SubmitIProductionJob", {
            "FunctionName": "VideoClip",
            "Input": json.dumps({"Type": "OSS", "Media": f"{bucket}/film.mp4"}),
            "Output": json.dumps({"Type": "OSS", "Media": f"{bucket}/out/{number}.mp4"}),
            "JobParams": "{duration:4}",
        }

    return ask


def submit_one(port: int, ask: Ask, number: int) -> str:
    request = acs3(*ask(number), now=time.time())
    url = f"http://127.0.0.1:{port}/?{request.query_string}"
    answer = httpx.post(url, headers=dict(request.headers), trust_env=False, timeout=60)
    return str(answer.json()["JobId"])


def seconds_to_start(port: int, outbox: Outbox, ask: Ask) -> float:
    """From a submit to the first thing that its run does; the run's end is waited for."""
    identity = submit_one(port, ask, 0)
    end = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end:
        row = outbox.get(identity)
        if row is not None and row.finished and row.started:
            assert row.outcome == "success", row.error_message
            time.sleep(2.0)  # its process ends, too
            return row.started - row.accepted
        time.sleep(0.2)
    raise SystemExit(f"job {identity} has not ended after {_PATIENCE_S:.0f} s")


def dispatched_per_second(port: int, outbox: Outbox, ask: Ask, count: int) -> float:
    ids = [submit_one(port, ask, number) for number in range(count)]
    end = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end:
        times = [row.dispatched for row in map(outbox.get, ids) if row and row.dispatched]
        if len(times) == count:
            return (count - 1) / max(max(times) - min(times), 1e-3)
        time.sleep(0.2)
    raise SystemExit(f"{count} jobs were not handed to Dagster within {_PATIENCE_S:.0f} s")


# --- a gateway alone ------------------------------------------------------------------------------


def alone(folder: Path, given: argparse.Namespace) -> None:
    """Queries, and memory."""
    database = Database(f"sqlite:///{folder}/gateway.db")
    ids = fill(database, given.finished)
    database.close()
    port = free_port()
    module = ["media_pipeline.gateway", "--port", str(port)]
    settings = {"DAGSTER_URL": "http://127.0.0.1:1"}
    with started(folder, module, port, settings, ready="/healthz") as process:
        pid = process.pid
        print(f"\nthe gateway alone{'':22}per second    p50 ms    p99 ms    CPU ms")
        query, submit = querying(ids), submitting("s3://bucket-of-nobody")
        for clients in CLIENTS:
            show(f"query, {clients} clients", port, pid, clients, given.requests, query)
        show("submit, 8 clients", port, pid, 8, given.requests, submit)
        sizes = [memory(pid)]
        for _ in range(5):
            load(port, 8, given.soak // 5, lambda n: (submit if n % 5 == 0 else query)(n))
            sizes.append(memory(pid))
        shown = ", ".join(f"{size:.1f}" for size in sizes)
        print(f"memory, MiB, each {given.soak // 5} requests: {shown}")


def querying(ids: list[str]) -> Ask:
    return lambda number: ("QueryIProductionJob", {"JobId": ids[number * 7919 % len(ids)]})


def fill(database: Database, count: int) -> list[str]:
    """Finished jobs, as if they had been carried out; their ids."""
    order = Order(
        function="CaptionExtraction",
        media=[Medium(name="x", uri="oss://bucket/film.mp4")],
        output="oss://bucket/film.srt",
    )
    request = {
        "Name": "", "Input": {}, "Output": {}, "JobParams": "{}", "ModelId": "", "TemplateId": "",
        "ScheduleConfig": {"PipelineId": "", "Priority": 6}, "UserData": "",
    }  # fmt: skip
    row = Outbox(database, max_waiting=1).submit(
        Submission("SubmitIProductionJob", KEY, request, order)
    )
    ids = [f"{number:032x}" for number in range(count)]
    result = {"results": [{}], "media_ids": [], "files": []}
    with database.write() as connection:
        connection.execute(JOBS.delete().where(JOBS.c.id == row.id))
        connection.execute(
            JOBS.insert(),
            [
                {
                    "id": one, "number": number, "action": row.action, "function": row.function,
                    "access_key": KEY, "digest": "", "request": json.dumps(request),
                    "order": order.model_dump_json(), "priority": 6, "accepted": 1e9 + number,
                    "finished": 1e9 + number, "outcome": "success", "result": json.dumps(result),
                }
                for number, one in enumerate(ids)
            ],
        )  # fmt: skip
    return ids


# --- load -----------------------------------------------------------------------------------------


def show(name: str, port: int, pid: int, clients: int, count: int, ask: Ask) -> None:
    before = cpu(pid)
    seconds, times = load(port, clients, count, ask)
    spent = (cpu(pid) - before) / count
    cuts = statistics.quantiles(times, n=100)
    print(
        f"{name:36}{count / seconds:13.0f}{cuts[49] * 1000:10.1f}{cuts[98] * 1000:10.1f}"
        f"{spent * 1000:10.2f}",
        flush=True,
    )


def load(port: int, clients: int, count: int, ask: Ask) -> tuple[float, list[float]]:
    """Seconds in all, and of each request."""
    signed = [acs3(*ask(number), now=time.time()) for number in range(count)]
    times: list[float] = []
    wrong: list[bytes] = []

    def work(first: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for request in signed[first::clients]:
            begun = time.perf_counter()
            connection.request("POST", f"/?{request.query_string}", headers=dict(request.headers))
            answer = connection.getresponse()
            body = answer.read()
            times.append(time.perf_counter() - begun)
            if answer.status != http.client.OK:
                wrong.append(body)
        connection.close()

    threads = [threading.Thread(target=work, args=[number]) for number in range(clients)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - begun
    if wrong or len(times) != count:
        raise SystemExit(
            f"{len(times)} of {count} were answered, {len(wrong)} refused: {wrong[:1]}"
        )
    return seconds, times


@contextmanager
def started(
    folder: Path, module: list[str], port: int, settings: Mapping[str, str], *, ready: str
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that listens, once it answers; ended afterwards."""
    log = folder / "log"
    named = {
        **settings,
        "DATABASE": f"sqlite:///{folder}/gateway.db",
        "ACCESS_KEYS": f"{KEY}:{SECRET}",
        "MAX_QUEUE_LENGTH": "1000000",
        "MIN_FREE_BYTES": "0",
    }
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", *module],
            env={
                **os.environ,
                "DAGSTER_HOME": f"{folder}/home",
                **{f"MEDIA_PIPELINE_{name}": value for name, value in named.items()},
            },
            stderr=file,
        )
    try:
        while not answers(f"http://127.0.0.1:{port}{ready}"):
            if process.poll() is not None:
                raise SystemExit(log.read_text())
            time.sleep(0.2)
        yield process
    finally:
        process.terminate()
        process.wait()


def answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def cpu(pid: int) -> float:
    """CPU seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid: int) -> float:
    """Resident MiB of a process."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0]) / 1024


if __name__ == "__main__":
    main()
