"""Dagster's home and the instance in it, for the command: made when missing, with settings of our
own.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import sqlalchemy

from media_pipeline.errors import StoreError
from media_pipeline.media.files import atomic_path
from media_pipeline.settings import dagster_home

CONFIG = "dagster.yaml"
_QUIET = {
    # Capturing the output of steps would take the terminal away from the command.
    "compute_logs": {
        "module": "dagster._core.storage.noop_compute_log_manager",
        "class": "NoOpComputeLogManager",
        "config": {},
    }
}


def shipped_config() -> Path:
    """The ``dagster.yaml`` of the checkout, or of the package when it is installed."""
    package = Path(__file__).parent
    checkout = package.parent.parent / CONFIG
    return checkout if checkout.is_file() else package / CONFIG


def prepare_home() -> Path:
    """Dagster's home, made if it is missing; it gets our settings unless it has its own.

    Raises
    ------
    StoreError
        when it cannot be made.
    """
    home = dagster_home()
    try:
        home.mkdir(parents=True, exist_ok=True)
        if not (home / CONFIG).exists():
            with atomic_path(home / CONFIG) as part:
                part.write_bytes(shipped_config().read_bytes())
    except OSError as error:
        raise StoreError(
            f"Dagster's home {home} cannot be made ({error.strerror})",
            "check its rights, or set DAGSTER_HOME",
        ) from error
    return home


@contextmanager
def command_instance() -> Iterator[dg.DagsterInstance]:
    """The instance that the UI shows, for the time of the block, with the terminal left alone."""
    home = prepare_home()
    # Despite its name this is the way to open a home with overrides; nothing of it is temporary.
    with (
        swift_sqlite(),
        dg.DagsterInstance.local_temp(str(home), overrides=_QUIET) as instance,
    ):
        yield instance


@contextmanager
def swift_sqlite() -> Iterator[None]:
    """Let SQLite keep up with Dagster, which opens and closes a database for each event.

    Closing a database for the last time writes everything to the disk and waits for it, ten times a
    step; one more connection, kept open, prevents that. In the same vein ``synchronous=NORMAL``
    does not wait for the disk at each event. What a power failure can then cost is the last events
    of the run it interrupts; the artifacts are safe in the lake. The overhead of a run is halved,
    and while the disk is busy with media it is a tenth.
    """
    kept: dict[str, sqlite3.Connection] = {}
    lock = threading.Lock()

    def keep(connection: Any, _record: Any) -> None:
        if not isinstance(connection, sqlite3.Connection):
            return
        with closing(connection.execute("PRAGMA database_list")) as cursor:
            path = cursor.fetchone()[2]
        connection.execute("PRAGMA synchronous=NORMAL").close()
        if not path:  # in memory
            return
        with lock:
            if path not in kept:
                kept[path] = sqlite3.connect(path, check_same_thread=False)
            # Reading takes note of a journal mode that was set since.
            kept[path].execute("SELECT count(*) FROM sqlite_master").fetchall()

    sqlalchemy.event.listen(sqlalchemy.engine.Engine, "connect", keep)
    try:
        yield
    finally:
        sqlalchemy.event.remove(sqlalchemy.engine.Engine, "connect", keep)
        for connection in kept.values():
            connection.close()
