#!/usr/bin/env python3
"""Everything that ``dagster.yaml`` of this folder needs, on one machine, from Debian's packages.

PostgreSQL, Redis, a server of object storage, and ours: code server, web interface, daemon, gateway
and workers. What ends without being asked to is started again. It is a way to try the set-up, and
what the tests of faults break and mend.
"""

from __future__ import annotations

import argparse
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

HERE = Path(__file__).resolve().parent
_S3RVER = HERE.parent / ".venv-peers" / "node_modules" / ".bin" / "s3rver"
_BUCKET = "media-pipeline"
_START_S, _STOP_S, _POLL_S, _AGAIN_S = 300.0, 15.0, 0.25, 1.0
_ENDPOINT = "MEDIA_PIPELINE_S3_ENDPOINT"


class Missing(Exception):
    """A program or package is not installed; the text says how to install it."""


@dataclass
class Service:
    """One process."""

    name: str
    command: list[str]
    answers: Callable[[], bool]
    """Whether it is ready for others."""
    environment: dict[str, str] = field(default_factory=dict)
    who: dict[str, Any] = field(default_factory=dict)
    end: signal.Signals = signal.SIGTERM
    process: subprocess.Popen[bytes] | None = None
    wanted: bool = False
    begun: float = 0.0


class Machine:
    """The services of a folder, in the order in which they need each other.

    Parameters
    ----------
    folder : for all that they keep, and their logs.
    workers : how many.
    port, dagster_port : of gateway and web interface; 0 for any that is free.
    settings : environment variables that win over what is set here. With an endpoint of object
        storage, no server of it is started.
    """

    def __init__(
        self,
        folder: Path,
        *,
        workers: int = 2,
        port: int = 0,
        dagster_port: int = 0,
        settings: dict[str, str] | None = None,
    ) -> None:
        settings = settings or {}
        self.own_storage = not (settings.get(_ENDPOINT) or os.environ.get(_ENDPOINT))
        _check_installed(self.own_storage)
        self.folder = folder.resolve()
        self.ports = {name: _free_port() for name in ("postgres", "redis", "storage", "code")}
        self.ports |= {"gateway": port or _free_port(), "web": dagster_port or _free_port()}
        self.environment = self._environment(workers) | settings
        made = [self._postgres(), self._redis()]
        made += [self._storage()] if self.own_storage else []
        self.needed = [service.name for service in made]
        made += self._ours()
        made += [self._worker(number) for number in range(1, workers + 1)]
        self.services = {service.name: service for service in made}

    # --- life ---

    def start(self) -> None:
        """Start everything, and wait until all of it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)  # the user of PostgreSQL goes through it
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        shutil.copy(HERE / "dagster.yaml", home / "dagster.yaml")
        self._make_cluster()
        self.resume(*self.needed)
        self.ready(*self.needed)
        self._make_places()
        self.resume(*self.services)
        self.ready(*self.services)

    def resume(self, *names: str) -> None:
        """Start what does not run."""
        for name in names:
            service = self.services[name]
            service.wanted = True
            if service.process is None or service.process.poll() is not None:
                self._spawn(service)

    def ready(self, *names: str) -> None:
        """Wait until these answer."""
        deadline = time.monotonic() + _START_S
        while silent := [name for name in names if not self.services[name].answers()]:
            self.watch()
            if time.monotonic() > deadline:
                raise TimeoutError(f"{', '.join(silent)} do not answer: see {self.folder}/*.log")
            time.sleep(_POLL_S)

    def watch(self) -> None:
        """Start again what has ended by itself."""
        for service in self.services.values():
            ended = service.process is not None and service.process.poll() is not None
            if service.wanted and ended and time.monotonic() - service.begun > _AGAIN_S:
                self._spawn(service)

    def stop(self, name: str, *, kill: bool = False) -> None:
        """Stop a service until it is resumed; with ``kill`` it learns nothing of it."""
        service = self.services[name]
        service.wanted = False
        if service.process is None:
            return
        with suppress(ProcessLookupError):
            if kill:
                os.killpg(service.process.pid, signal.SIGKILL)
            else:
                service.process.send_signal(service.end)
        try:
            service.process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(service.process.pid, signal.SIGKILL)
            service.process.wait()

    def close(self) -> None:
        """Stop everything, what needs others first."""
        for service in self.services.values():
            service.wanted = False
        others = [name for name in self.services if name not in self.needed]
        for name in others:  # all at once: each takes a while
            process = self.services[name].process
            if process is not None and process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for name in (*others, *reversed(self.needed)):
            self.stop(name)
            process = self.services[name].process
            if process is not None:
                with suppress(ProcessLookupError):  # what it has left behind
                    os.killpg(process.pid, signal.SIGKILL)

    def log(self, name: str) -> str:
        """What a service has said."""
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    # --- services ---

    def _environment(self, workers: int) -> dict[str, str]:
        database = f"postgresql://media@127.0.0.1:{self.ports['postgres']}"
        ours = {
            "MEDIA_PIPELINE_DATABASE": f"{database}/gateway",
            "MEDIA_PIPELINE_DAGSTER_DATABASE": f"{database}/dagster",
            "MEDIA_PIPELINE_BROKER": f"redis://127.0.0.1:{self.ports['redis']}/0",
            "MEDIA_PIPELINE_BROKER_RESULTS": f"redis://127.0.0.1:{self.ports['redis']}/1",
            "MEDIA_PIPELINE_LAKE": f"s3://{_BUCKET}/lake",
            "MEDIA_PIPELINE_INBOX": f"s3://{_BUCKET}/inbox",
            "MEDIA_PIPELINE_RESULTS": f"s3://{_BUCKET}/results",
            "MEDIA_PIPELINE_CACHE_DIR": str(self.folder / "cache"),
            "MEDIA_PIPELINE_CODE_HOST": "127.0.0.1",
            "MEDIA_PIPELINE_CODE_PORT": str(self.ports["code"]),
            "MEDIA_PIPELINE_DAGSTER_URL": f"http://127.0.0.1:{self.ports['web']}",
            "MEDIA_PIPELINE_MAX_RUNS": str(workers),
            "DAGSTER_HOME": str(self.folder / "home"),
        }
        if self.own_storage:
            ours[_ENDPOINT] = f"http://127.0.0.1:{self.ports['storage']}"
            # the ones that s3rver knows
            ours |= {"MEDIA_PIPELINE_S3_KEY": "S3RVER", "MEDIA_PIPELINE_S3_SECRET": "S3RVER"}
        paths = [str(HERE), str(HERE.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
        given = {"MEDIA_PIPELINE_ACCESS_KEYS": "me:secret", **os.environ}
        return {**given, **ours, "PYTHONPATH": os.pathsep.join(paths)}

    def _postgres(self) -> Service:
        port, data = self.ports["postgres"], self.folder / "postgres"
        options = ["-p", str(port), "-h", "127.0.0.1", "-k", str(data)]
        for setting in ("max_connections=300", "idle_in_transaction_session_timeout=15000"):
            options += ["-c", setting]
        command = [str(_postgres_programs() / "postgres"), "-D", str(data), *options]
        # Fast shutdown: the usual one waits until every client has gone.
        return Service(
            "postgres", command, self._database_answers, who=_postgres_user(), end=signal.SIGINT
        )

    def _redis(self) -> Service:
        port, data = self.ports["redis"], self.folder / "redis"
        data.mkdir(parents=True, exist_ok=True)
        options = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(data)]
        command = [_found("redis-server"), *options, "--appendonly", "yes", "--save", ""]
        return Service("redis", command, lambda: _says(port, b"PING\r\n", b"+PONG"))

    def _storage(self) -> Service:
        port, data = self.ports["storage"], self.folder / "storage"
        data.mkdir(parents=True, exist_ok=True)
        options = ["--address", "127.0.0.1", "--port", str(port), "--directory", str(data)]
        command = [str(_S3RVER), *options, "--no-vhost-buckets", "--silent"]
        return Service("storage", command, lambda: _says(port, b"GET / HTTP/1.0\r\n\r\n", b"HTTP"))

    def _ours(self) -> list[Service]:
        ports, code = self.ports, str(self.ports["code"])
        web, gateway = (f"http://127.0.0.1:{ports[name]}" for name in ("web", "gateway"))
        workspace = ["-w", str(HERE / "workspace.yaml")]
        module, at = "media_pipeline.definitions", ["-h", "127.0.0.1", "-p"]
        interface = ["dagster_webserver", *at, str(ports["web"]), *workspace]
        listening = ["--host", "127.0.0.1", "--port", str(ports["gateway"])]
        return [
            _module("code", ["dagster", "api", "grpc", *at, code, "-m", module], _port(code)),
            _module("web", interface, lambda: self._knows_jobs(web)),
            _module("daemon", ["dagster._daemon", "run", *workspace], lambda: True),
            _module(
                "gateway",
                ["media_pipeline.gateway", *listening],
                lambda: _get(f"{gateway}/healthz") is not None,
            ),
        ]

    def _worker(self, number: int) -> Service:
        name = f"worker-{number}"
        # Each has a cache of its own, as it would have on a machine of its own.
        cache = {"MEDIA_PIPELINE_CACHE_DIR": str(self.folder / f"cache-{number}")}
        options = ["-n", f"{name}@%h", "-Q", "dagster", "--without-gossip", "--without-mingle"]
        command = [
            "celery",
            "-A",
            "media_pipeline.dagster.worker",
            "worker",
            *options,
            "-l",
            "warning",
        ]
        return _module(name, command, lambda: True, cache)

    def _spawn(self, service: Service) -> None:
        service.begun = time.monotonic()
        with (self.folder / f"{service.name}.log").open("ab") as log:
            service.process = subprocess.Popen(
                # However this process ends, that one does, too.
                [_found("setpriv"), "--pdeathsig", "KILL", *service.command],
                env=self.environment | service.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=self.folder,
                **service.who,
            )

    # --- what they need ---

    def _make_cluster(self) -> None:
        data = self.folder / "postgres"
        if (data / "PG_VERSION").exists():
            return
        data.mkdir(exist_ok=True)
        who = _postgres_user()
        if who:
            shutil.chown(data, who["user"], who["group"])
        subprocess.run(
            [_postgres_programs() / "initdb", "-D", data, "-U", "media", "-A", "trust"],
            check=True, stdout=subprocess.DEVNULL, cwd=self.folder, **who,
        )  # fmt: skip

    def _make_places(self) -> None:
        import psycopg2

        from media_pipeline.settings import Settings
        from media_pipeline.store.places import open_filesystem

        with psycopg2.connect(self._database("postgres")) as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT datname FROM pg_database")
            there = {name for (name,) in cursor.fetchall()}
        connection.autocommit = True
        for name in {"dagster", "gateway"} - there:
            connection.cursor().execute(f"CREATE DATABASE {name}")
        connection.close()
        names = ("s3_endpoint", "s3_key", "s3_secret")
        given = {name: self.environment[f"MEDIA_PIPELINE_{name.upper()}"] for name in names}
        files, _ = open_filesystem("s3://", Settings(**given).storage_options("s3://"))
        if not files.exists(_BUCKET):
            files.mkdir(_BUCKET)
        limits = [sys.executable, str(HERE / "pools.py")]
        subprocess.run(limits, check=True, env=self.environment, cwd=self.folder)

    def _database(self, name: str) -> str:
        return f"postgresql://media@127.0.0.1:{self.ports['postgres']}/{name}"

    def _database_answers(self) -> bool:
        import psycopg2

        try:
            psycopg2.connect(self._database("postgres")).close()
        except psycopg2.OperationalError:
            return False
        return True

    def _knows_jobs(self, web: str) -> bool:
        query = "{repositoriesOrError{... on RepositoryConnection{nodes{name}}}}"
        answer = _get(f"{web}/graphql", {"query": query})
        return bool(answer and answer["data"]["repositoriesOrError"].get("nodes"))


def _module(
    name: str,
    arguments: list[str],
    answers: Callable[[], bool],
    environment: dict[str, str] | None = None,
) -> Service:
    return Service(name, [sys.executable, "-m", *arguments], answers, environment or {})


def _check_installed(storage: bool) -> None:
    for program, package in (("redis-server", "redis-server"), ("setpriv", "util-linux")):
        if shutil.which(program) is None:
            raise Missing(f"{program} is not installed: apt-get install {package}")
    _postgres_programs()
    if storage and (not _S3RVER.exists() or shutil.which("node") is None):
        raise Missing(f"s3rver is not installed: run .ci/peers (needs npm), or set {_ENDPOINT}")
    try:
        import dagster_celery
        import dagster_postgres
        import redis
    except ImportError as error:
        raise Missing(f"{error.name} is not installed: pip install -e '.[scale]'") from None
    del dagster_celery, dagster_postgres, redis


def _found(program: str) -> str:
    return shutil.which(program) or program


def _postgres_programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    if on_path is None:
        raise Missing("PostgreSQL is not installed: apt-get install postgresql")
    return Path(on_path).parent


def _postgres_user() -> dict[str, Any]:
    """The server refuses to run as root: Debian's package has made a user for it."""
    if os.geteuid() != 0:
        return {}
    try:
        pwd.getpwnam("postgres")
    except KeyError:
        raise Missing("PostgreSQL does not run as root, and there is no user postgres") from None
    return {"user": "postgres", "group": "postgres", "extra_groups": []}


def _free_port() -> int:
    """One that no outgoing connection can take while its service is away."""
    for port in random.sample(range(20_000, 32_000), 1000):
        with socket.socket() as taken, suppress(OSError):
            taken.bind(("127.0.0.1", port))
            return port
    raise Missing("there is no free port between 20000 and 32000")


def _port(port: str) -> Callable[[], bool]:
    return lambda: _says(int(port), b"", b"")


def _says(port: int, question: bytes, answer: bytes) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 2) as connection:
            connection.settimeout(2)
            connection.sendall(question)
            return not answer or connection.recv(64).startswith(answer)
    except OSError:
        return False


def _get(url: str, body: dict[str, Any] | None = None) -> Any:
    try:
        with httpx.Client(trust_env=False, timeout=20) as client:
            answer = client.get(url) if body is None else client.post(url, json=body)
        return answer.raise_for_status().json()
    except (httpx.HTTPError, ValueError):
        return None


def main() -> int:
    """Run it until a signal."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--folder", type=Path, default=HERE.parent / "data" / "machines")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--port", type=int, default=8000, help="of the gateway")
    parser.add_argument("--dagster-port", type=int, default=3000)
    given = parser.parse_args()
    ended: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda one, _: ended.append(one))
    try:
        machine = Machine(
            given.folder, workers=given.workers, port=given.port, dagster_port=given.dagster_port
        )
    except Missing as error:
        sys.stderr.write(f"{error}\n")
        return 1
    try:
        machine.start()
        shown = {name: f"http://127.0.0.1:{machine.ports[name]}" for name in ("gateway", "web")}
        shown["storage"] = machine.environment[_ENDPOINT]
        sys.stderr.write(" ".join(f"{name} {url}" for name, url in shown.items()) + "\n")
        while not ended:
            machine.watch()
            time.sleep(_POLL_S)
    finally:
        machine.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
