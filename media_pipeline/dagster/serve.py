"""The gateway, Dagster's web interface and its daemon: child processes that end together."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import dagster as dg
import httpx

from media_pipeline.dagster import leash
from media_pipeline.dagster.instance import prepare_home
from media_pipeline.dagster.liveness import end_dead_runs
from media_pipeline.errors import InvalidParameter, MediaPipelineError
from media_pipeline.settings import Settings
from media_pipeline.store.places import local_path

MODULE = "media_pipeline.definitions"
_START_S, _STOP_S, _POLL_S = 180.0, 20.0, 0.25
_PORT_S = 1.0  # in which what an earlier serving process has left behind is gone
_NICENESS = 10
"""Of the daemon, which starts the runs: who asks is answered before what was asked for is made."""
_LOOPBACK = "127.0.0.1"
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - not listened on, only asked

Process = subprocess.Popen[bytes]


class ServiceFailed(MediaPipelineError):
    """The web interface or the daemon did not start, or has ended."""


def serve(
    host: str = "127.0.0.1",
    port: int = 8000,
    *,
    dagster_port: int = 3000,
    announce: Callable[[str], None] | None = None,
    module: str = MODULE,
) -> int:
    """Run the gateway, the web interface and the daemon until a signal (SIGINT, SIGTERM) or until
    one of them ends.

    Parameters
    ----------
    host, port : where the gateway listens. The web interface has no login: it listens on the
        loopback address, whatever ``host`` is.
    announce : told the gateway's and the interface's address once both answer; by default they are
        written to stderr.
    module : with the definitions.

    Returns
    -------
    int
        0 after a signal.

    Raises
    ------
    InvalidParameter
        when a port is taken.
    ServiceFailed
        when a process ends without being asked to, or does not answer.
    """
    _check_port(host, port)
    _check_port(_LOOPBACK, dagster_port)
    home = prepare_home()
    inbox = local_path(Settings().inbox)
    if inbox is not None:
        inbox.mkdir(parents=True, exist_ok=True)
    _end_dead_runs(home)
    interface = f"http://{_LOOPBACK}:{dagster_port}"
    with _stop_event() as stop:
        children: dict[str, Process] = {}
        try:
            children["web interface"] = _start(_webserver(dagster_port, module), home)
            children["daemon"] = _start(_daemon(module), home, niceness=_NICENESS)
            children["gateway"] = _start(
                ["media_pipeline.gateway", "--host", host, "--port", str(port)],
                home,
                MEDIA_PIPELINE_DAGSTER_URL=interface,
            )
            asked = {
                f"{_url(_ANY.get(host, host), port)}/healthz": _url(host, port),
                f"{interface}/server_info": interface,
            }
            _wait(children, stop, asked, announce or _to_stderr)
        finally:
            _stop(list(children.values()))
            _end_dead_runs(home)
    return 0


def _webserver(port: int, module: str) -> list[str]:
    levels = ["--dagster-log-level", "warning", "--code-server-log-level", "warning"]
    return ["dagster_webserver", "-h", _LOOPBACK, "-p", str(port), "-m", module, *levels]


def _daemon(module: str) -> list[str]:
    return ["dagster._daemon", "run", "-m", module, "--log-level", "warning"]


def _start(arguments: list[str], home: Path, *, niceness: int = 0, **environment: str) -> Process:
    """Start a module with the running Python, in a process group of its own. It ends when we do."""
    return subprocess.Popen(
        [sys.executable, "-m", leash.__name__, str(niceness), *arguments],
        env={**os.environ, "DAGSTER_HOME": str(home), **environment},
        stdin=subprocess.PIPE,
        stdout=sys.stderr.fileno(),  # stdout is for results
        start_new_session=True,  # Ctrl-C at the terminal reaches them through us, once
    )


def _wait(
    children: dict[str, Process],
    stop: threading.Event,
    asked: dict[str, str],
    announce: Callable[[str], None],
) -> None:
    """Wait for the end. ``asked`` holds what is announced, by the address that answers first."""
    silent, deadline = dict(asked), time.monotonic() + _START_S
    while not stop.wait(_POLL_S):
        for name, child in children.items():
            if child.poll() is not None:
                raise ServiceFailed(
                    f"the {name} has ended with exit code {child.returncode}",
                    "its messages are above",
                )
        if not silent:
            continue
        silent = {url: shown for url, shown in silent.items() if not _answers(url)}
        if not silent:
            announce(" ".join(asked.values()))
        elif time.monotonic() > deadline:
            raise ServiceFailed(
                f"{', '.join(silent.values())} does not answer after {_START_S:.0f} s",
                "its messages are above",
            )


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _answers(url: str) -> bool:
    try:
        response = httpx.get(url, timeout=2.0, trust_env=False)
    except httpx.HTTPError:
        return False
    return response.status_code == httpx.codes.OK


def _stop(children: list[Process]) -> None:
    """Interrupt all, wait, and end what is left of their process groups."""
    for child in children:
        if child.poll() is None:
            child.send_signal(signal.SIGINT)
    deadline = time.monotonic() + _STOP_S
    for child in children:
        with suppress(subprocess.TimeoutExpired):
            child.wait(max(0.0, deadline - time.monotonic()))
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        if child.stdin is not None:
            child.stdin.close()


@contextmanager
def _stop_event() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set for the time of the block."""
    stop = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: stop.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _check_port(host: str, port: int) -> None:
    end = time.monotonic() + _PORT_S
    while (error := _unavailable(host, port)) is not None:
        if time.monotonic() > end:
            raise InvalidParameter(
                f"{host}:{port} cannot be listened on ({error.strerror})",
                "give another address with --host and --port",
            ) from error
        time.sleep(0.1)


def _unavailable(host: str, port: int) -> OSError | None:
    """Why an address cannot be listened on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error
    return None


def _end_dead_runs(home: Path) -> None:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        end_dead_runs(instance, unsigned=True)


def _to_stderr(addresses: str) -> None:
    gateway, interface = addresses.split()
    sys.stderr.write(
        f"the gateway is at {gateway}, Dagster's interface at {interface} (no login, this machine "
        "only); stop with Ctrl-C\n"
    )
    sys.stderr.flush()
