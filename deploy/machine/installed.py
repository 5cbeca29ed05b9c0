"""Programs of other people: where they are, and how to install what is missing."""

from __future__ import annotations

import os
import pwd
import shutil
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[2]
S3RVER = _ROOT / ".venv-peers" / "node_modules" / ".bin" / "s3rver"


class Missing(Exception):
    """A program or package is not installed; the text says how to install it."""


def check(*, storage: bool, broker: str) -> None:
    """Find everything, with ``storage`` also what serves objects; else raise :class:`Missing`."""
    needed = {"setpriv": "util-linux"}
    needed |= {"redis-server": "redis-server"} if broker == "redis" else {"epmd": "rabbitmq-server"}
    for program, package in needed.items():
        if shutil.which(program) is None:
            raise Missing(f"{program} is not installed: apt-get install {package}")
    if broker == "rabbitmq":
        rabbitmq()
    postgres("initdb")
    if storage and (not S3RVER.exists() or shutil.which("node") is None):
        raise Missing(
            "s3rver is not installed: run .ci/peers (needs npm), or set MEDIA_PIPELINE_S3_ENDPOINT"
        )
    try:
        import dagster_celery
        import dagster_postgres
        import redis
    except ImportError as error:
        raise Missing(f"{error.name} is not installed: pip install -e '.[scale]'") from None
    del dagster_celery, dagster_postgres, redis


def found(program: str) -> str:
    """Where a program is."""
    return shutil.which(program) or program


def rabbitmq() -> str:
    """Where RabbitMQ is. What Debian puts on the path changes the user first."""
    program = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
    found = str(program) if program.exists() else shutil.which(program.name)
    if found is None:
        raise Missing("RabbitMQ is not installed: apt-get install rabbitmq-server")
    return found


def postgres(program: str) -> str:
    """Where a program of PostgreSQL is; Debian does not put them on the path."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if versions:
        return str(versions[-1].with_name(program))
    on_path = shutil.which("initdb")
    if on_path is None:
        raise Missing("PostgreSQL is not installed: apt-get install postgresql")
    return str(Path(on_path).with_name(program))


def postgres_user() -> dict[str, Any]:
    """The server refuses to run as root: Debian's package has made a user for it."""
    if os.geteuid() != 0:
        return {}
    try:
        pwd.getpwnam("postgres")
    except KeyError:
        raise Missing("PostgreSQL does not run as root, and there is no user postgres") from None
    return {"user": "postgres", "group": "postgres", "extra_groups": []}
