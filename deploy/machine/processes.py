"""The life of services: started, watched, started again, stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from deploy.machine import installed
from deploy.machine.services import Service

_START_S, _STOP_S, _AGAIN_S = 300.0, 15.0, 1.0
POLL_S = 0.25


@dataclass
class Kept:
    """A service and the process that it is now."""

    service: Service
    process: subprocess.Popen[bytes] | None = None
    wanted: bool = False
    begun: float = 0.0

    def runs(self) -> bool:
        """Whether its process has not ended."""
        return self.process is not None and self.process.poll() is None


class Processes:
    """Services by name; what ends without being asked to is started again.

    Parameters
    ----------
    folder : for their logs; they run in it.
    services : in the order in which they need each other.
    environment : what all of them know.
    """

    def __init__(self, folder: Path, services: list[Service], environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment
        self.services = {service.name: Kept(service) for service in services}

    def resume(self, *names: str) -> None:
        """Start what does not run."""
        for name in names:
            kept = self.services[name]
            kept.wanted = True
            if not kept.runs():
                self._spawn(kept)

    def ready(self, *names: str) -> None:
        """Wait until these answer."""
        deadline = time.monotonic() + _START_S
        while silent := [name for name in names if not self.services[name].service.answers()]:
            self.watch()
            if time.monotonic() > deadline:
                raise TimeoutError(f"{', '.join(silent)} do not answer: see {self.folder}/*.log")
            time.sleep(POLL_S)

    def watch(self) -> None:
        """Start again what has ended by itself."""
        for kept in self.services.values():
            ended = kept.process is not None and not kept.runs()
            if kept.wanted and ended and time.monotonic() - kept.begun > _AGAIN_S:
                self._spawn(kept)

    def stop(self, name: str, *, kill: bool = False) -> None:
        """Stop a service until it is resumed; with ``kill`` it learns nothing of it."""
        kept = self.services[name]
        kept.wanted = False
        if kept.process is None:
            return
        with suppress(ProcessLookupError):
            if kill:
                os.killpg(kept.process.pid, signal.SIGKILL)
            else:
                kept.process.send_signal(kept.service.end)
        try:
            kept.process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(kept.process.pid, signal.SIGKILL)
            kept.process.wait()

    def close(self, *last: str) -> None:
        """Stop everything; those named ``last`` one by one, when nothing needs them any more."""
        for kept in self.services.values():
            kept.wanted = False
        others = [name for name in self.services if name not in last]
        for name in others:  # all at once: each takes a while
            kept = self.services[name]
            if kept.process is not None and kept.runs():
                kept.process.send_signal(kept.service.end)
        for name in (*others, *last):
            self.stop(name)
            process = self.services[name].process
            if process is not None:
                with suppress(ProcessLookupError):  # what it has left behind
                    os.killpg(process.pid, signal.SIGKILL)

    def log(self, name: str) -> str:
        """What a service has said."""
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def _spawn(self, kept: Kept) -> None:
        kept.begun = time.monotonic()
        service = kept.service
        with (self.folder / f"{service.name}.log").open("ab") as log:
            kept.process = subprocess.Popen(
                # However this process ends, that one does, too.
                [installed.found("setpriv"), "--pdeathsig", "KILL", *service.command],
                env=self.environment | service.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=self.folder,
                **service.who,
            )
