"""What a gateway sustains: submits, queries, memory, and how soon a job starts.

``python benchmarks/gateway.py``

A gateway of its own is started on a free port with a table in a temporary folder, and no Dagster:
submits are accepted and wait. Clients sign as SDK 6 does, each on one kept connection. Latencies
are those of clients on the same machine, so they hold the clients' own share of the cores as well;
what the gateway itself spends on a request is the last column. With ``--starts N`` the whole of
``media-pipeline serve`` is started, and what is measured is the time from a submit to the start of
its run, one job after the other, and how fast N jobs that wait are handed to Dagster.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx

from media_pipeline.requests.order import Medium, Order
from media_pipeline.requests.outbox import Outbox, Submission
from media_pipeline.requests.tables import JOBS, Database
from media_pipeline_tests.generators.ice import KEY, SECRET, acs3

SUBMIT = {
    "FunctionName": "CaptionExtraction",
    "Input": '{"Type":"OSS","Media":"oss://bucket/film.mp4"}',
    "Output": '{"Type":"OSS","Media":"oss://bucket/film.srt"}',
    "JobParams": "{fps:5,roi:[[0.5,1],[0,1]]}",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=400, help="of each measurement")
    parser.add_argument("--finished", type=int, default=10_000, help="jobs in storage")
    parser.add_argument("--soak", type=int, default=5_000, help="requests while memory is watched")
    parser.add_argument("--starts", type=int, default=0, help="jobs whose start is waited for")
    given = parser.parse_args()
    if given.starts:
        starts(given.starts)
        return
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/gateway.db"
        ids = fill(url, given.finished)
        port = free_port()
        process = start(folder, url, port)
        try:
            report(given, port, process.pid, ids)
        finally:
            process.terminate()
            process.wait()


def report(given: argparse.Namespace, port: int, pid: int, ids: list[str]) -> None:
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {len(ids)} finished jobs stored")
    print(f"{'':24}{'per second':>12}{'p50 ms':>10}{'p99 ms':>10}{'CPU ms':>10}")
    for clients in (1, 8, 32):
        show(f"submit, {clients} clients", port, pid, clients, given.requests, submit)
    for clients in (1, 8, 32):
        show(f"query, {clients} clients", port, pid, clients, given.requests, querying(ids))
    sizes = [memory(pid)]
    for _ in range(5):
        load(port, 8, given.soak // 5, querying(ids))
        sizes.append(memory(pid))
    print(f"memory, MiB, each {given.soak // 5} requests: {', '.join(f'{s:.1f}' for s in sizes)}")


def show(name: str, port: int, pid: int, clients: int, count: int, ask) -> None:
    before = cpu(pid)
    seconds, times = load(port, clients, count, ask)
    spent = (cpu(pid) - before) / count
    cuts = statistics.quantiles(times, n=100)
    print(
        f"{name:24}{count / seconds:12.0f}{cuts[49] * 1000:10.1f}{cuts[98] * 1000:10.1f}"
        f"{spent * 1000:10.2f}",
        flush=True,
    )


def submit(_number: int) -> tuple[str, dict[str, str]]:
    return "SubmitIProductionJob", SUBMIT


def querying(ids: list[str]):
    return lambda number: ("QueryIProductionJob", {"JobId": ids[number * 7919 % len(ids)]})


def load(port: int, clients: int, count: int, ask) -> tuple[float, list[float]]:
    """Seconds in all, and of each request."""
    times: list[float] = []

    def work(first: int) -> None:
        base = f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=base, trust_env=False, timeout=60) as client:
            for number in range(first, count, clients):
                request = acs3(*ask(number), now=time.time())
                started = time.perf_counter()
                answer = client.post(f"/?{request.query_string}", headers=dict(request.headers))
                times.append(time.perf_counter() - started)
                assert answer.status_code == 200, answer.text

    threads = [threading.Thread(target=work, args=[n]) for n in range(clients)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(times) == count
    return time.perf_counter() - started, times


def fill(url: str, count: int) -> list[str]:
    """Finished jobs, as if they had been carried out."""
    database = Database(url)
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
    database.close()
    return ids


def starts(count: int) -> None:
    """Time from submit to start, on jobs that then fail because their film is nowhere."""
    with tempfile.TemporaryDirectory() as folder:
        port, dagster = free_port(), free_port()
        home = Path(folder) / "home"
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "media_pipeline.cli", "serve"),
                *("--port", str(port), "--dagster-port", str(dagster)),
            ],
            env={
                **os.environ,
                "DAGSTER_HOME": str(home),
                **{
                    f"MEDIA_PIPELINE_{name}": f"{folder}/{name.lower()}"
                    for name in ("LAKE", "INBOX", "CACHE_DIR", "RESULTS")
                },
                "MEDIA_PIPELINE_ACCESS_KEYS": f"{KEY}:{SECRET}",
                "MEDIA_PIPELINE_S3_ENDPOINT": "http://127.0.0.1:1",
            },
            stderr=(Path(folder) / "log").open("wb"),
        )
        try:
            answers(port, process, Path(folder) / "log", path="/readyz")
            database = Database(f"sqlite:///{home / 'gateway.db'}")
            outbox = Outbox(database, max_waiting=10_000)
            waits = [seconds_to_start(port, outbox) for _ in range(count)]
            print(f"load {os.getloadavg()[0]:.1f}; submit to start, idle: "
                  f"{', '.join(f'{one:.1f}' for one in waits)} s")  # fmt: skip
            ids = [submit_one(port) for _ in range(count)]
            while not all(row.dispatched for row in map(outbox.get, ids) if row):
                time.sleep(0.2)
            rows = [row for row in map(outbox.get, ids) if row]
            first, last = (sorted(row.dispatched or 0 for row in rows)[n] for n in (0, -1))
            print(f"handed to Dagster: {(count - 1) / max(last - first, 1e-3):.1f} jobs a second")
            database.close()
        finally:
            process.terminate()
            process.wait()


def submit_one(port: int) -> str:
    request = acs3(*submit(0), now=time.time())
    url = f"http://127.0.0.1:{port}/?{request.query_string}"
    answer = httpx.post(url, headers=dict(request.headers), trust_env=False, timeout=60)
    return str(answer.json()["JobId"])


def seconds_to_start(port: int, outbox: Outbox) -> float:
    identity = submit_one(port)
    while True:
        row = outbox.get(identity)
        if row is not None and row.finished and row.started:
            return row.started - row.accepted
        time.sleep(0.2)


def start(folder: str, url: str, port: int) -> subprocess.Popen[bytes]:
    log = (Path(folder) / "log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "media_pipeline.gateway", "--port", str(port)],
        env={
            **os.environ,
            "MEDIA_PIPELINE_DATABASE": url,
            "MEDIA_PIPELINE_ACCESS_KEYS": f"{KEY}:{SECRET}",
            "MEDIA_PIPELINE_MAX_QUEUE_LENGTH": "1000000",
            "MEDIA_PIPELINE_DAGSTER_URL": "http://127.0.0.1:1",
        },
        stderr=log,
    )
    answers(port, process, Path(folder) / "log")
    return process


def answers(port: int, process: subprocess.Popen[bytes], log: Path, path: str = "/healthz") -> None:
    """Wait until a gateway answers."""
    while process.poll() is None:
        try:
            if httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise SystemExit(log.read_text())


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
