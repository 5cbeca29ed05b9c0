from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeVar

import dagster as dg
import httpx
import pytest

from media_pipeline.dagster.serve import ServiceFailed, serve
from media_pipeline.errors import InvalidParameter
from media_pipeline_tests.dagster.conftest import opened
from media_pipeline_tests.generators.stages import STAGES, write_tone

ROOT = Path(__file__).parents[2]
TOYS = "media_pipeline_tests.dagster.toy_definitions"
T = TypeVar("T")

SCRIPT = """
import sys
from media_pipeline.dagster.serve import serve
sys.exit(serve(port=int(sys.argv[1]), dagster_port=int(sys.argv[2]), module=sys.argv[3]))
"""
BACKFILL = """
mutation Backfill($assets: [AssetKeyInput!]!, $keys: [String!]!) {
  launchPartitionBackfill(backfillParams: {assetSelection: $assets, partitionNames: $keys}) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
  }
}
"""


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def wait_for(what: Callable[[], T | None], seconds: float = 300) -> T:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.5)
    raise AssertionError(f"nothing after {seconds} s")


class Service:
    """The service in a folder of its own, by default on toy stages."""

    def __init__(self, folder: Path, module: str = TOYS, **settings: str) -> None:
        self.folder = folder
        self.module = module
        self.port, self.dagster_port = free_port(), free_port()
        self.gateway = f"http://127.0.0.1:{self.port}"
        self.url = f"http://127.0.0.1:{self.dagster_port}"
        self.log = folder / "log"
        self.environment = {
            **os.environ,
            "DAGSTER_HOME": str(folder / "home"),
            "MEDIA_PIPELINE_LAKE": str(folder / "lake"),
            "MEDIA_PIPELINE_INBOX": str(folder / "inbox"),
            "PYTHONPATH": str(ROOT),
            **{f"MEDIA_PIPELINE_{name.upper()}": value for name, value in settings.items()},
        }
        self.start()

    def start(self) -> None:
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", SCRIPT, str(self.port), str(self.dagster_port), self.module],
                env=self.environment,
                cwd=self.folder,
                stdout=subprocess.PIPE,
                stderr=log,
            )

    def answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        return self.url in self.log.read_text()

    def instance(self) -> AbstractContextManager[dg.DagsterInstance]:
        return opened(self.folder / "home")

    def finished(self, count: int) -> list[dg.DagsterRun] | None:
        """The catalogue runs, when there are so many and all have ended."""
        with self.instance() as instance:
            runs = instance.get_runs()
        found = [run for run in runs if run.job_name != "ingest"]
        ended = all(run.is_finished for run in runs)
        return list(found) if len(found) >= count and ended else None

    def children(self) -> list[int]:
        """Every process that this service has started, by the home in its environment."""
        mark = f"DAGSTER_HOME={self.folder / 'home'}".encode()
        found = []
        for place in Path("/proc").iterdir():
            if place.name.isdecimal() and int(place.name) != self.process.pid:
                try:
                    environment = (place / "environ").read_bytes()
                except OSError:
                    continue
                if mark in environment.split(b"\0"):
                    found.append(int(place.name))
        return found


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    service = Service(tmp_path)
    try:
        yield service
    finally:
        if service.process.poll() is None:
            service.process.send_signal(signal.SIGTERM)
        with service.process:  # waits and closes its pipe
            pass


@pytest.mark.slow
def test_files_are_processed_a_range_is_done_again_and_all_ends_cleanly(service: Service) -> None:
    wait_for(service.answers)
    inbox = service.folder / "inbox"
    names = {write_tone(inbox / f"{pitch}.wav", pitch=pitch).name for pitch in (300, 400)}
    runs = wait_for(lambda: service.finished(2))
    assert all(run.status == dg.DagsterRunStatus.SUCCESS for run in runs)
    assert len(runs) == 2  # one for each file, and no run asks for another
    with service.instance() as instance:
        keys = instance.get_dynamic_partitions("media")
        assert len(keys) == len(names)
        assert instance.get_materialized_partitions(dg.AssetKey("clip")) == set(keys)

    selection = [{"path": [name]} for name in STAGES]
    answer = graphql(service, BACKFILL, {"assets": selection, "keys": list(keys)})
    assert answer["launchPartitionBackfill"]["__typename"] == "LaunchBackfillSuccess", answer
    runs = wait_for(lambda: service.finished(4))
    assert [run.status for run in runs] == [dg.DagsterRunStatus.SUCCESS] * 4
    again = [run for run in runs if "dagster/backfill" in run.tags]
    assert sorted(run.tags["dagster/partition"] for run in again) == sorted(keys)

    assert httpx.get(f"{service.gateway}/readyz", trust_env=False).json()["dagster"] is True
    assert service.children()
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(60) == 0, service.log.read_text()
    assert service.process.stdout is not None
    assert service.process.stdout.read() == b""  # it is for results
    assert service.children() == []
    for url in (service.url, service.gateway):
        with pytest.raises(httpx.HTTPError):
            httpx.get(url, trust_env=False)


def graphql(service: Service, query: str, variables: dict[str, Any]) -> dict[str, Any]:
    response = httpx.post(
        f"{service.url}/graphql",
        json={"query": query, "variables": variables},
        timeout=60,
        trust_env=False,
    )
    data: dict[str, Any] = response.json()["data"]
    return data


def test_a_port_that_is_taken_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InvalidParameter, match=f"127.0.0.1:{port} cannot be listened on"):
            serve(port=port)
    assert not (tmp_path / "home").exists()


def test_the_interface_stays_on_loopback_wherever_the_gateway_listens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []

    def start(arguments: list[str], _home: Path, **_: Any) -> subprocess.Popen[bytes]:
        started.append(arguments)
        return subprocess.Popen([sys.executable, "-c", ""])

    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MEDIA_PIPELINE_INBOX", str(tmp_path / "inbox"))
    monkeypatch.setattr("media_pipeline.dagster.serve._start", start)
    with pytest.raises(ServiceFailed):
        serve("0.0.0.0", free_port(), dagster_port=free_port())
    interface, _, gateway = (" ".join(one) for one in started)
    assert "-h 127.0.0.1" in interface and "0.0.0.0" not in interface
    assert "--host 0.0.0.0" in gateway


@pytest.mark.slow
def test_a_process_that_dies_ends_the_others(service: Service) -> None:
    wait_for(service.answers)
    (daemon,) = [
        number
        for number in service.children()
        if b"dagster._daemon" in Path(f"/proc/{number}/cmdline").read_bytes()
    ]
    os.kill(daemon, signal.SIGKILL)
    assert service.process.wait(60) != 0
    assert ServiceFailed.__name__ in service.log.read_text()
    assert "the daemon has ended with exit code -9" in service.log.read_text()
    assert service.children() == []


@pytest.mark.slow
def test_nothing_outlives_a_kill_and_it_starts_again_at_the_same_ports(service: Service) -> None:
    wait_for(service.answers)
    assert len(service.children()) >= 4  # with the code servers, which are children of children
    with service.process:
        service.process.kill()
    service.start()  # at once: what is left of the first must not be in its way
    service.process.stdout.close() if service.process.stdout else None
    wait_for(service.answers)
    assert httpx.get(f"{service.gateway}/healthz", trust_env=False).is_success


def test_a_module_ends_with_who_holds_its_leash() -> None:
    started = subprocess.Popen(
        [sys.executable, "-m", "media_pipeline.dagster.leash", "3", "http.server", "0"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        start_new_session=True,
    )
    with started:
        assert started.stdout is not None and started.stdin is not None
        assert b"Serving HTTP" in started.stdout.readline()
        assert (
            os.getpriority(os.PRIO_PROCESS, started.pid) - os.getpriority(os.PRIO_PROCESS, 0) == 3
        )
        started.stdin.close()
        assert started.wait(20) == -signal.SIGKILL
