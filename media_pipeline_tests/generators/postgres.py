"""A PostgreSQL server of the tests' own, on the loopback address."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_UNPRIVILEGED = "postgres"  # made by Debian's package; the server refuses to run as root


@contextmanager
def postgres() -> Iterator[str]:
    """The URL of an empty database; skips where the server or its driver is not installed."""
    pytest.importorskip("psycopg2", reason="psycopg2 is not installed: pip install '.[postgres]'")
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with tempfile.TemporaryDirectory(prefix="media_pipeline_pg_") as folder:
        who = _user(folder)
        data = f"{folder}/data"
        subprocess.run(
            [programs / "initdb", "-D", data, "-U", "tests", "-A", "trust", "--no-sync"],
            cwd=folder, stdout=subprocess.DEVNULL, check=True, **who,
        )  # fmt: skip
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
        options = ["-h", "127.0.0.1", "-p", str(port), "-k", folder, "-F"]
        with (
            (Path(folder) / "log").open("wb") as log,
            subprocess.Popen(
                [programs / "postgres", "-D", data, *options], cwd=folder, stderr=log, **who
            ) as server,
        ):
            try:
                _wait(port, server, Path(folder) / "log")
                yield f"postgresql://tests@127.0.0.1:{port}/postgres"
            finally:
                server.terminate()


def _programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


def _user(folder: str) -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    try:
        shutil.chown(folder, _UNPRIVILEGED, _UNPRIVILEGED)
    except LookupError:
        pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
    return {"user": _UNPRIVILEGED, "group": _UNPRIVILEGED, "extra_groups": []}


def _wait(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    import psycopg2

    end = time.monotonic() + 60
    while server.poll() is None and time.monotonic() < end:
        try:
            psycopg2.connect(host="127.0.0.1", port=port, user="tests", dbname="postgres").close()
        except psycopg2.OperationalError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(log.read_text())
