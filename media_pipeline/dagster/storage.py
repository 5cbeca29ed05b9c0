"""Dagster's event log in SQLite, kept open: most of what a run costs is opening and closing it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy
from dagster import StringSource
from dagster._core.storage.event_log.sqlite.sqlite_event_log import (
    INDEX_SHARD_NAME,
    SqliteEventLogStorage,
)
from dagster._serdes import ConfigurableClassData
from sqlalchemy.engine import Connection, Engine

FOLDER = Path("history", "runs")
"""Where Dagster's own class keeps the log in its home, so that either can read what the other
wrote.
"""

_BUSY_S = 60.0
_OPEN = 16  # databases of runs; each run has its own


class OpenEventLogStorage(SqliteEventLogStorage):
    """The event log with its databases kept open.

    Dagster's own class makes an engine for each statement: it opens the database, compiles the
    statement, waits for the disk a few times, and closes the database again. With fifteen events a
    step that is two thirds of the CPU time of a run whose stages have nothing to do, and far more
    of its time while the disk is busy with media. The files and the tables are the same.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        self._tables: set[str] = set()
        super().__init__(base_dir, inst_data)

    @classmethod
    def config_type(cls) -> Any:
        """``home``: Dagster's home."""
        return {"home": StringSource}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> OpenEventLogStorage:
        """Make one from the instance's config."""
        return cls(str(Path(config_value["home"]) / FOLDER), inst_data)

    def run_connection(self, run_id: str | None = None) -> AbstractContextManager[Connection]:
        """A transaction on the database of a run."""
        return self._transaction(str(run_id))

    def index_connection(self) -> AbstractContextManager[Connection]:
        """A transaction on the database of all assets and runs."""
        return self._transaction(INDEX_SHARD_NAME)

    def has_table(self, table_name: str) -> bool:
        """Whether the database of all runs has a table; one that it has stays."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def dispose(self) -> None:
        """Close the databases."""
        super().dispose()
        with self._db_lock:
            for engine in self._engines.values():
                engine.dispose()
            self._engines.clear()

    @contextmanager
    def _transaction(self, shard: str) -> Iterator[Connection]:
        with self._db_lock, self._engine(shard).begin() as connection:
            yield connection

    def _engine(self, shard: str) -> Engine:
        engine = self._engines.get(shard)
        if engine is None:
            engine = self._open(shard)
            self._initdb(engine, for_index_shard=shard == INDEX_SHARD_NAME)
            self._engines[shard] = engine
            if len(self._engines) > _OPEN + 1:
                oldest = next(name for name in self._engines if name != INDEX_SHARD_NAME)
                self._engines.pop(oldest).dispose()
        self._engines.move_to_end(shard)
        return engine

    def _open(self, shard: str) -> Engine:
        engine = sqlalchemy.create_engine(
            self.conn_string_for_shard(shard),
            poolclass=sqlalchemy.pool.QueuePool,
            pool_size=1,
            connect_args={"timeout": _BUSY_S, "check_same_thread": False},
        )
        sqlalchemy.event.listen(engine, "connect", _do_not_wait_for_the_disk)
        return engine


def _do_not_wait_for_the_disk(connection: Any, _record: Any) -> None:
    # What a power failure can cost is the last events of the run that it interrupts.
    connection.execute("PRAGMA synchronous=NORMAL").close()
