"""What runs: each service as data, its command and how it shows that it is ready."""

from __future__ import annotations

import os
import random
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from deploy.machine import installed

DEPLOY = Path(__file__).resolve().parents[1]
BUCKET = "media-pipeline"
ENDPOINT = "MEDIA_PIPELINE_S3_ENDPOINT"
QUEUES = "MEDIA_PIPELINE_QUEUES"
BROKERS = ("redis", "rabbitmq")


@dataclass(frozen=True)
class Service:
    """One process."""

    name: str
    command: list[str]
    answers: Callable[[], bool]
    """Whether it is ready for others."""
    environment: dict[str, str] = field(default_factory=dict)
    who: dict[str, Any] = field(default_factory=dict)
    end: signal.Signals = signal.SIGTERM


@dataclass(frozen=True)
class Site:
    """Where things are."""

    folder: Path
    """For all that the services keep, and their logs."""
    ports: dict[str, int]
    workers: int
    own_storage: bool
    """Whether object storage is ours to start."""
    queues: tuple[str, ...]
    """Of workers; here each takes the runs of all of them."""
    broker: str = "redis"
    """Who hands runs to workers, one of :data:`BROKERS`."""

    def database(self, name: str) -> str:
        """The address of a database."""
        return f"postgresql://media@127.0.0.1:{self.ports['postgres']}/{name}"

    def url(self, name: str) -> str:
        """Where a service answers to HTTP."""
        return f"http://127.0.0.1:{self.ports[name]}"


def choose_ports(*, gateway: int, web: int) -> dict[str, int]:
    """A port for each service; 0 is any that is free."""
    names = ("postgres", "redis", "rabbitmq", "nodes", "epmd", "storage", "code")
    ports = {name: _free_port() for name in names}
    return ports | {"gateway": gateway or _free_port(), "web": web or _free_port()}


def environment(site: Site) -> dict[str, str]:
    """What all services know."""
    ours = {
        "MEDIA_PIPELINE_DATABASE": site.database("gateway"),
        "MEDIA_PIPELINE_DAGSTER_DATABASE": site.database("dagster"),
        "MEDIA_PIPELINE_BROKER": f"redis://127.0.0.1:{site.ports['redis']}/0",
        "MEDIA_PIPELINE_BROKER_RESULTS": f"redis://127.0.0.1:{site.ports['redis']}/1",
        "MEDIA_PIPELINE_LAKE": f"s3://{BUCKET}/lake",
        "MEDIA_PIPELINE_INBOX": f"s3://{BUCKET}/inbox",
        "MEDIA_PIPELINE_RESULTS": f"s3://{BUCKET}/results",
        "MEDIA_PIPELINE_CACHE_DIR": str(site.folder / "cache"),
        "MEDIA_PIPELINE_CODE_HOST": "127.0.0.1",
        "MEDIA_PIPELINE_CODE_PORT": str(site.ports["code"]),
        "MEDIA_PIPELINE_DAGSTER_URL": site.url("web"),
        "MEDIA_PIPELINE_MAX_RUNS": str(site.workers),
        "DAGSTER_HOME": str(site.folder / "home"),
    }
    if site.broker == "rabbitmq":
        rabbit = f"pyamqp://guest:guest@127.0.0.1:{site.ports['rabbitmq']}//"
        ours["MEDIA_PIPELINE_BROKER"] = rabbit
        ours["MEDIA_PIPELINE_BROKER_RESULTS"] = f"db+{site.database('results')}"
    if site.own_storage:
        ours[ENDPOINT] = site.url("storage")
        # the ones that s3rver knows
        ours |= {"MEDIA_PIPELINE_S3_KEY": "S3RVER", "MEDIA_PIPELINE_S3_SECRET": "S3RVER"}
    paths = [str(DEPLOY), str(DEPLOY.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    given = {"MEDIA_PIPELINE_ACCESS_KEYS": "me:secret", **os.environ}
    return {**given, **ours, "PYTHONPATH": os.pathsep.join(paths)}


def others(site: Site) -> list[Service]:
    """Services of other people, which ours need."""
    broker = [_epmd(site), _rabbitmq(site)] if site.broker == "rabbitmq" else [_redis(site)]
    made = [_postgres(site), *broker]
    return [*made, _storage(site)] if site.own_storage else made


def ours(site: Site) -> list[Service]:
    """Code server, web interface, daemon, gateway and workers."""
    workspace = ["-w", str(DEPLOY / "workspace.yaml")]
    at = "127.0.0.1"
    code, web, gateway = (str(site.ports[name]) for name in ("code", "web", "gateway"))
    return [
        _module(
            "code",
            ["dagster", "api", "grpc", "-h", at, "-p", code, "-m", "media_pipeline.definitions"],
            lambda: _says(int(code), b"", b""),
        ),
        _module(
            "web",
            ["dagster_webserver", "-h", at, "-p", web, *workspace],
            lambda: _knows_jobs(site.url("web")),
        ),
        _module("daemon", ["dagster._daemon", "run", *workspace], lambda: True),
        _module(
            "gateway",
            ["media_pipeline.gateway", "--host", at, "--port", gateway],
            lambda: _get(f"{site.url('gateway')}/healthz") is not None,
        ),
        *(_worker(site, number) for number in range(1, site.workers + 1)),
    ]


# --- one by one ---


def _postgres(site: Site) -> Service:
    data = site.folder / "postgres"
    options = ["-p", str(site.ports["postgres"]), "-h", "127.0.0.1", "-k", str(data)]
    for setting in ("max_connections=300", "idle_in_transaction_session_timeout=15000"):
        options += ["-c", setting]
    return Service(
        "postgres",
        [installed.postgres("postgres"), "-D", str(data), *options],
        lambda: _database_answers(site.database("postgres")),
        who=installed.postgres_user(),
        end=signal.SIGINT,  # fast shutdown: the usual one waits until every client has gone
    )


def _redis(site: Site) -> Service:
    port, data = site.ports["redis"], site.folder / "redis"
    options = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(data)]
    command = [installed.found("redis-server"), *options, "--appendonly", "yes", "--save", ""]
    return Service("redis", command, lambda: _says(port, b"PING\r\n", b"+PONG"))


def _epmd(site: Site) -> Service:
    """Which Erlang would start by itself, and leave behind."""
    port = site.ports["epmd"]
    command = [installed.found("epmd"), "-port", str(port), "-address", "127.0.0.1"]
    return Service("epmd", command, lambda: _says(port, b"", b""))


def _rabbitmq(site: Site) -> Service:
    port, data = site.ports["rabbitmq"], str(site.folder / "rabbitmq")
    own = {
        "HOME": data,  # for the cookie of Erlang
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(site.ports["epmd"]),
        "RABBITMQ_NODENAME": f"media-pipeline-{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(site.ports["nodes"]),
        "RABBITMQ_MNESIA_BASE": data,
        "RABBITMQ_CONFIG_FILE": f"{data}/rabbitmq",  # there is none
        "RABBITMQ_ENABLED_PLUGINS_FILE": f"{data}/plugins",
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none",  # it waits busily otherwise
    }
    hello = b"AMQP\x00\x00\x09\x01"
    return Service(
        "rabbitmq", [installed.rabbitmq()], lambda: _says(port, hello, b"\x01"), environment=own
    )


def _storage(site: Site) -> Service:
    port, data = site.ports["storage"], site.folder / "storage"
    options = ["--address", "127.0.0.1", "--port", str(port), "--directory", str(data)]
    command = [str(installed.S3RVER), *options, "--no-vhost-buckets", "--silent"]
    return Service("storage", command, lambda: _says(port, b"GET / HTTP/1.0\r\n\r\n", b"HTTP"))


def _worker(site: Site, number: int) -> Service:
    name = f"worker-{number}"
    options = ["-Q", ",".join(site.queues), "--without-gossip", "--without-mingle", "-l", "warning"]
    return _module(
        name,
        ["celery", "-A", "media_pipeline.dagster.worker", "worker", "-n", f"{name}@%h", *options],
        lambda: True,
        # Each has a cache of its own, as it would have on a machine of its own.
        {"MEDIA_PIPELINE_CACHE_DIR": str(site.folder / f"cache-{number}")},
    )


def _module(
    name: str,
    arguments: list[str],
    answers: Callable[[], bool],
    environment: dict[str, str] | None = None,
) -> Service:
    return Service(name, [sys.executable, "-m", *arguments], answers, environment or {})


# --- whether they answer ---


def _database_answers(address: str) -> bool:
    import psycopg2

    try:
        psycopg2.connect(address).close()
    except psycopg2.OperationalError:
        return False
    return True


def _knows_jobs(web: str) -> bool:
    query = "{repositoriesOrError{... on RepositoryConnection{nodes{name}}}}"
    answer = _get(f"{web}/graphql", {"query": query})
    return bool(answer and answer["data"]["repositoriesOrError"].get("nodes"))


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


def _free_port() -> int:
    """One that no outgoing connection can take while its service is away."""
    for port in random.sample(range(20_000, 32_000), 1000):
        with socket.socket() as taken, suppress(OSError):
            taken.bind(("127.0.0.1", port))
            return port
    raise installed.Missing("there is no free port between 20000 and 32000")
