"""The tables, and the connection to them: SQLite on one machine, PostgreSQL on more."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from media_pipeline.errors import StoreError

METADATA = sa.MetaData()
_AGAIN_S = 1.0
_NOW = sa.text("SELECT extract(epoch FROM clock_timestamp())")
"""Not that of the beginning of the transaction, which may have waited for others since."""
_DO_NOT_HOLD = "-c idle_in_transaction_session_timeout=15000"
"""Else a machine that freezes in the middle of a transaction keeps all others waiting (ms)."""

JOBS = sa.Table(
    "jobs",
    METADATA,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("number", sa.BigInteger, nullable=False, unique=True),  # in the order of acceptance
    sa.Column("action", sa.String(64), nullable=False),
    sa.Column("function", sa.String(64), nullable=False),
    sa.Column("access_key", sa.String(128), nullable=False),
    sa.Column("client_token", sa.String(128)),
    sa.Column("digest", sa.String(64), nullable=False),  # of what was asked
    sa.Column("request", sa.Text, nullable=False),  # as it is echoed, JSON
    sa.Column("order", sa.Text, nullable=False),  # as the run gets it, JSON
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("accepted", sa.Float, nullable=False),
    sa.Column("launching", sa.Float),  # set before a launch: afterwards there may be a run
    sa.Column("dispatched", sa.Float),
    sa.Column("started", sa.Float),
    sa.Column("progress", sa.Float, nullable=False, default=0.0),
    sa.Column("run_id", sa.String(64)),
    sa.Column("finished", sa.Float),
    sa.Column("outcome", sa.String(16)),  # success, failed, cancelled
    sa.Column("result", sa.Text),  # JSON
    sa.Column("error_code", sa.String(64)),
    sa.Column("error_message", sa.Text),
    sa.Column("run_ended", sa.Boolean, nullable=False, default=False),
    sa.Column("notify", sa.Text),
    sa.Column("notified", sa.Float),
    sa.Column("notify_tries", sa.Integer, nullable=False, default=0),
    sa.Column("hidden", sa.Boolean, nullable=False, default=False),
    sa.UniqueConstraint("access_key", "action", "client_token"),
)
_OPEN = JOBS.c.finished.is_(None)
sa.Index("jobs_open", JOBS.c.number, JOBS.c.started, sqlite_where=_OPEN, postgresql_where=_OPEN)
sa.Index("jobs_by_action", JOBS.c.action, JOBS.c.number)
_OWED = sa.and_(JOBS.c.notify.is_not(None), JOBS.c.notified.is_(None))
sa.Index("jobs_to_notify", JOBS.c.finished, sqlite_where=_OWED, postgresql_where=_OWED)
_LEFT = sa.and_(JOBS.c.outcome == "cancelled", JOBS.c.run_ended.is_(False))
sa.Index("jobs_to_end", JOBS.c.number, sqlite_where=_LEFT, postgresql_where=_LEFT)

NONCES = sa.Table(
    "nonces",
    METADATA,
    sa.Column("access_key", sa.String(128), primary_key=True),
    sa.Column("nonce", sa.String(128), primary_key=True),
    sa.Column("until", sa.Float, nullable=False, index=True),
)

LEASES = sa.Table(
    "leases",
    METADATA,
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("holder", sa.String(128), nullable=False),
    sa.Column("until", sa.Float, nullable=False),
)

MEDIA = sa.Table(
    "media",
    METADATA,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("uri", sa.Text, nullable=False, index=True),
    sa.Column("given", sa.Text, nullable=False),  # as the caller wrote it
    sa.Column("title", sa.Text, nullable=False, default=""),
    sa.Column("type", sa.String(16), nullable=False, default=""),
    sa.Column("user_data", sa.Text, nullable=False, default=""),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("key", sa.String(256)),  # of the lake, once it was looked at
    sa.Column("size", sa.BigInteger),
    sa.Column("info", sa.Text),  # what probing found, JSON
)


class Database:
    """The connection. Tables are made when missing.

    Parameters
    ----------
    url : of SQLAlchemy, such as ``sqlite:////var/lib/gateway.db``.
    patience : seconds in which a server that does not answer may come back before that is an error.

    Raises
    ------
    StoreError
        when it cannot be opened.
    """

    def __init__(self, url: str, *, patience: float = 0.0) -> None:
        self._patience = patience
        parsed = sa.make_url(url)
        self._sqlite = parsed.get_backend_name() == "sqlite"
        self._writer = threading.Lock()
        self._engine = sa.create_engine(
            parsed,
            pool_pre_ping=not self._sqlite,
            pool_size=20,
            max_overflow=40,
            connect_args={} if self._sqlite else {"options": _DO_NOT_HOLD},
        )
        if self._sqlite:
            sa.event.listen(self._engine, "connect", _prepare_sqlite)
            sa.event.listen(self._engine, "begin", _begin_sqlite)
        try:
            if self._sqlite and parsed.database:
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            with self.write(queue=True) as connection:  # others may be making them, too
                METADATA.create_all(connection)
        except (sa.exc.SQLAlchemyError, OSError) as error:
            raise StoreError(
                f"the gateway's database {parsed.render_as_string()} cannot be opened "
                f"({' '.join(str(error).split())[:200]})",
                "check MEDIA_PIPELINE_DATABASE",
            ) from None

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A transaction that only reads."""
        with self._connected() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self, *, queue: bool = False, durable: bool = True) -> Iterator[sa.Connection]:
        """A transaction that writes.

        Parameters
        ----------
        queue : no other transaction with this runs at the same time, in any process.
        durable : whether it must outlive a loss of power; it outlives the process in any case.
        """
        options = {"write": True, "durable": durable}
        # SQLite has one writer. Waiting here is in order and ends at once; SQLite itself looks
        # again every now and then, so that under load the unlucky would wait for seconds.
        with (
            self._writer if self._sqlite else nullcontext(),
            self._connected().execution_options(**options) as connection,
            connection.begin(),
        ):
            if queue and not self._sqlite:
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(7301)"))
            yield connection

    def now(self, connection: sa.Connection) -> float:
        """Seconds since 1970 by the clock of the database, which all machines share; in a file that
        is the clock of this one.
        """
        if self._sqlite:
            return time.time()
        return float(connection.execute(_NOW).scalar_one())

    def _connected(self) -> sa.Connection:
        """A connection. Nothing has been said on it yet, so that it may be asked for again."""
        deadline = time.monotonic() + self._patience
        while True:
            try:
                return self._engine.connect()
            except sa.exc.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(_AGAIN_S)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions begin where we say, see below
    # Each thread has a connection with a cache of its own: 2 MiB apiece unless it is made smaller.
    for setting in ("journal_mode=WAL", "busy_timeout=15000", "cache_size=-256"):
        connection.execute(f"PRAGMA {setting}").close()


def _begin_sqlite(connection: sa.Connection) -> None:
    options = connection.get_execution_options()
    if not options.get("write"):
        connection.exec_driver_sql("BEGIN")
        return
    connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if options['durable'] else 'NORMAL'}")
    # A transaction that first reads and then writes would fail where another has written meanwhile.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
