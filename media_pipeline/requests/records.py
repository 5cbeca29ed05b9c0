"""Beside the jobs: nonces of signatures, leases of leaders, registered media."""

from __future__ import annotations

import json
import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from media_pipeline.requests.tables import LEASES, MEDIA, NONCES, Database

_LOG = logging.getLogger(__name__)
_INSERT_NONCE = NONCES.insert()


class Nonces:
    """Which nonces have been used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def remember(self, access_key: str, nonce: str, until: float) -> bool:
        """Note a nonce; false when it was used before."""
        try:
            with self._database.write(durable=False) as connection:
                connection.execute(
                    _INSERT_NONCE, {"access_key": access_key, "nonce": nonce, "until": until}
                )
        except sa.exc.IntegrityError:
            return False
        return True

    def forget(self, before: float) -> None:
        """Drop those that no request could carry any more."""
        with self._database.write(durable=False) as connection:
            connection.execute(NONCES.delete().where(NONCES.c.until < before))


class Lease:
    """A place that one process holds at a time, for as long as it renews it.

    Parameters
    ----------
    clock : seconds since 1970; by default the clock of the database: those of the machines that
        want the place may differ by more than a lease lasts.
    """

    def __init__(
        self,
        database: Database,
        name: str,
        seconds: float,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._database = database
        self._name = name
        self._seconds = seconds
        self._clock = clock
        self.holder = uuid.uuid4().hex

    def hold(self, *, whoever: bool = False) -> bool:
        """Take or renew the lease; false when somebody else has it. With ``whoever`` it is taken
        from whoever has it.
        """
        with self._database.write(queue=True, durable=False) as connection:
            now = self._now(connection)
            values = {"holder": self.holder, "until": now + self._seconds}
            row = connection.execute(sa.select(LEASES).where(LEASES.c.name == self._name)).first()
            if row is None:
                connection.execute(LEASES.insert().values(name=self._name, **values))
                return True
            if row.holder != self.holder and row.until > now and not whoever:
                return False
            connection.execute(LEASES.update().where(LEASES.c.name == self._name).values(**values))
        return True

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Take the lease from whoever has it, and renew it for the time of the block, from a thread
        of its own: what is done meanwhile may not come to it for minutes.
        """
        stop = threading.Event()

        def renew() -> None:
            while not stop.wait(self._seconds / 8):
                try:
                    self.hold()
                except sa.exc.SQLAlchemyError as error:  # the next time may be in time
                    _LOG.warning("the lease %s was not renewed: %s", self._name, error)

        self.hold(whoever=True)
        thread = threading.Thread(target=renew, name=f"lease {self._name}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            self.release()

    def left(self) -> float | None:
        """Seconds until it ends, less than 0 where it has ended, whoever holds it; None without
        holder.
        """
        asked = sa.select(LEASES.c.until).where(LEASES.c.name == self._name)
        with self._database.read() as connection:
            until = connection.scalar(asked)
            return None if until is None else until - self._now(connection)

    def release(self) -> None:
        """Give it back, if it is ours."""
        with self._database.write() as connection:
            connection.execute(
                LEASES.delete().where(LEASES.c.name == self._name, LEASES.c.holder == self.holder)
            )

    def _now(self, connection: sa.Connection) -> float:
        return self._database.now(connection) if self._clock is None else self._clock()


def run_lease(database: Database, run_id: str, seconds: float) -> Lease:
    """What the process that carries out a run holds, whoever asked for the run.

    Its name has the 32 characters that the table keeps, and is never that of a job.
    """
    return Lease(database, f"run:{run_id.replace('-', '')[:28]}", seconds)


@dataclass(frozen=True)
class MediaRow:
    """A registered medium."""

    id: str
    uri: str
    given: str
    title: str
    type: str
    user_data: str
    created: float
    key: str | None
    size: int | None
    info: Mapping[str, Any] | None


class MediaRegistry:
    """Media ids, which are opaque, and what they stand for."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    def register(
        self, uri: str, given: str, *, title: str = "", type: str = "", user_data: str = ""
    ) -> MediaRow:
        """Give a place an id; a place that has one keeps it."""
        with self._database.write(queue=True) as connection:
            row = connection.execute(sa.select(MEDIA).where(MEDIA.c.uri == uri)).first()
            if row is None:
                identity = uuid.uuid4().hex
                connection.execute(
                    MEDIA.insert().values(
                        id=identity, uri=uri, given=given, title=title, type=type,
                        user_data=user_data, created=self._clock(),
                    )
                )  # fmt: skip
                row = connection.execute(sa.select(MEDIA).where(MEDIA.c.id == identity)).one()
        return _media(row)

    def get(self, identity: str) -> MediaRow | None:
        """The medium with that id."""
        return self._first(MEDIA.c.id == identity)

    def at(self, uri: str) -> MediaRow | None:
        """The medium at that place."""
        return self._first(MEDIA.c.uri == uri)

    def examined(self, uri: str, key: str, size: int, info: Mapping[str, Any]) -> None:
        """Note what was found at a place, where it is registered."""
        with self._database.write() as connection:
            connection.execute(
                MEDIA.update()
                .where(MEDIA.c.uri == uri)
                .values(key=key, size=size, info=json.dumps(info, ensure_ascii=False))
            )

    def _first(self, where: sa.ColumnElement[bool]) -> MediaRow | None:
        with self._database.read() as connection:
            row = connection.execute(sa.select(MEDIA).where(where)).first()
        return _media(row) if row else None


def _media(row: Any) -> MediaRow:
    values = {name: getattr(row, name) for name in MediaRow.__dataclass_fields__}
    values["info"] = None if row.info is None else json.loads(row.info)
    return MediaRow(**values)
