"""The table of jobs: accepted in one transaction, moved on by the dispatcher and by runs.

A job is finished when its row says so, and only once: success, failure and cancelling all go
through :meth:`Outbox.finish`, of which the first one counts.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Literal

import sqlalchemy as sa

from media_pipeline.errors import MediaPipelineError
from media_pipeline.requests.order import Order
from media_pipeline.requests.records import Lease
from media_pipeline.requests.tables import JOBS, LEASES, Database

Outcome = Literal["success", "failed", "cancelled"]
State = Literal["waiting", "running", "success", "failed"]
"""Where a job is on its way; one that was cancelled counts as failed."""

RUN_LEASE_S = 120.0

_JOB = JOBS.c


class QueueFull(MediaPipelineError):
    """As many jobs wait as may wait."""


class TokenReused(MediaPipelineError):
    """A client token came again with another request."""


@dataclass(frozen=True)
class Submission:
    """What a caller asks for."""

    action: str
    access_key: str
    request: Mapping[str, Any]
    """As it is echoed; with :attr:`order` what a client token stands for."""
    order: Order
    priority: int = 6
    client_token: str | None = None
    notify: str | None = None


@dataclass(frozen=True)
class JobRow:
    """A job."""

    id: str
    number: int
    action: str
    function: str
    access_key: str
    request: Mapping[str, Any]
    order: Order
    priority: int
    accepted: float
    launching: float | None
    dispatched: float | None
    started: float | None
    progress: float
    run_id: str | None
    finished: float | None
    outcome: Outcome | None
    result: Any
    error_code: str | None
    error_message: str | None
    notify: str | None
    notify_tries: int
    hidden: bool

    @property
    def state(self) -> State:
        """Where it is on its way."""
        if self.outcome is not None:
            return "success" if self.outcome == "success" else "failed"
        return "waiting" if self.started is None else "running"

    @property
    def changed(self) -> float:
        """When it last moved on."""
        return self.finished or self.started or self.dispatched or self.accepted


class Outbox:
    """The jobs.

    Parameters
    ----------
    max_waiting : jobs that may wait; 0 lets none in.
    run_lease : seconds after which a run that has not renewed its lease counts as gone.
    clock : seconds since the epoch; by default that of this machine, and for leases of runs, which
        other machines hold, that of the database.
    """

    def __init__(
        self,
        database: Database,
        *,
        max_waiting: int,
        run_lease: float = RUN_LEASE_S,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._database = database
        self._max_waiting = max_waiting
        self._run_lease = run_lease
        self._clock = clock or time.time
        self._given = clock

    # --- callers ---

    def submit(self, submission: Submission) -> JobRow:
        """Accept a job, or give back the one that the same client token stands for.

        Raises
        ------
        TokenReused, QueueFull
        """
        order = submission.order.model_dump_json()
        request = json.dumps(submission.request, ensure_ascii=False, sort_keys=True)
        digest = uuid.uuid5(uuid.NAMESPACE_OID, f"{request}\n{order}").hex
        token = {
            "access_key": submission.access_key,
            "action": submission.action,
            "client_token": submission.client_token or None,
        }
        with self._database.write(queue=True) as connection:
            if submission.client_token and (row := connection.execute(_BY_TOKEN, token).first()):
                if row.digest != digest:
                    raise TokenReused(
                        "the ClientToken was used before with other parameters",
                        "use a new token for each job",
                    )
                return _job(row)
            waiting = connection.scalar(_WAITING) or 0
            if waiting >= self._max_waiting:
                raise QueueFull(f"{waiting} jobs are waiting, no more are taken", "come back later")
            values = {
                **_NEW,
                **token,
                "id": uuid.uuid4().hex,
                "number": (connection.scalar(_LAST) or 0) + 1,
                "function": submission.order.function,
                "digest": digest,
                "request": request,
                "order": order,
                "priority": submission.priority,
                "accepted": self._clock(),
                "notify": submission.notify,
            }
            connection.execute(_INSERT, values)
        return _job(SimpleNamespace(**values))

    def get(self, identity: str) -> JobRow | None:
        """A job, or None when there is none or it was deleted."""
        with self._database.read() as connection:
            row = connection.execute(_BY_ID, {"id": identity}).first()
        return _job(row) if row else None

    def find(
        self,
        actions: Sequence[str],
        *,
        state: State | None = None,
        ascending: bool = False,
        offset: int = 0,
        limit: int = 10,
    ) -> tuple[list[JobRow], int]:
        """Jobs of some actions in the order of acceptance, and how many there are in all."""
        in_state = _IN_STATE[state] if state is not None else []
        where = [_JOB.action.in_(actions), _JOB.hidden.is_(False), *in_state]
        order = _JOB.number.asc() if ascending else _JOB.number.desc()
        with self._database.read() as connection:
            rows = connection.execute(
                sa.select(JOBS).where(*where).order_by(order).offset(offset).limit(limit)
            ).all()
            total = connection.scalar(_count(*where)) or 0
        return [_job(row) for row in rows], total

    def hide(self, identities: Sequence[str]) -> None:
        """Delete jobs as far as callers can see; their client tokens are kept."""
        with self._database.write() as connection:
            connection.execute(JOBS.update().where(_JOB.id.in_(identities)).values(hidden=True))

    def waiting(self) -> int:
        """How many jobs wait."""
        with self._database.read() as connection:
            return connection.scalar(_WAITING) or 0

    def counts(self) -> dict[str, int]:
        """How many jobs wait, run, and have ended how."""
        with self._database.read() as connection:
            ended = connection.execute(
                sa.select(_JOB.outcome, sa.func.count())
                .where(_JOB.finished.is_not(None))
                .group_by(_JOB.outcome)
            ).all()
            waiting = connection.scalar(_WAITING) or 0
            running = connection.scalar(_RUNNING) or 0
        return {"waiting": waiting, "running": running, **{row[0]: row[1] for row in ended}}

    # --- runs ---

    def start(self, identity: str, run_id: str) -> bool:
        """Note that a run works on the job; false when it is finished, so that nothing is to do."""
        started = sa.func.coalesce(_JOB.started, self._clock())
        return self._change(identity, started=started, run_id=run_id)

    def lease(self, identity: str) -> Lease:
        """What the run of a job holds for as long as it works: see :meth:`abandoned`."""
        return Lease(self._database, identity, self._run_lease, self._given)

    def advance(self, identity: str, progress: float, *, run_id: str | None = None) -> bool:
        """Note the share that is done; false when the job is finished (it was cancelled), or
        another run than ``run_id`` works on it.
        """
        return self._change(identity, by=run_id, durable=False, progress=progress)

    def finish(
        self,
        identity: str,
        outcome: Outcome,
        *,
        result: Any = None,
        error: tuple[str, str] = ("", ""),
        run_id: str | None = None,
    ) -> bool:
        """End a job; false when it had ended before, or another run than ``run_id`` works on it:
        then nothing changes.
        """
        return self._change(
            identity,
            by=run_id,
            finished=self._clock(),
            outcome=outcome,
            progress=1.0 if outcome == "success" else _JOB.progress,
            result=None if result is None else json.dumps(result, ensure_ascii=False),
            error_code=error[0] or None,
            error_message=error[1] or None,
        )

    # --- the dispatcher ---

    def to_dispatch(self, limit: int) -> list[JobRow]:
        """Accepted jobs without a run, the most urgent and oldest first."""
        return self._open(
            [_JOB.finished.is_(None), _JOB.dispatched.is_(None)],
            [_JOB.priority, _JOB.number],
            limit,
        )

    def launching(self, identity: str) -> bool:
        """Note that a run is about to be launched; false when the job is finished."""
        return self._change(identity, launching=self._clock())

    def dispatched(self, identity: str, run_id: str) -> None:
        """Note the run of a job. It may have begun already, or even ended."""
        with self._database.write() as connection:
            connection.execute(
                JOBS.update()
                .where(_JOB.id == identity, _JOB.dispatched.is_(None))
                .values(
                    dispatched=self._clock(),
                    run_id=sa.func.coalesce(_JOB.run_id, run_id),
                )
            )

    def in_flight(self, *, older_than: float, after: int, limit: int) -> list[JobRow]:
        """Jobs with a run that have not ended, by number."""
        until = self._clock() - older_than
        return self._open(
            [_JOB.finished.is_(None), _JOB.dispatched <= until, _JOB.number > after],
            [_JOB.number],
            limit,
        )

    def abandoned(self, identities: Sequence[str]) -> set[str]:
        """Which of the jobs have a run that has stopped to renew its lease: its process is gone, on
        whatever machine it was. Runs that have not begun hold none.
        """
        with self._database.read() as connection:
            now = self._given() if self._given else self._database.now(connection)
            over = [LEASES.c.name.in_(identities), LEASES.c.until < now]
            return set(connection.scalars(sa.select(LEASES.c.name).where(*over)))

    def launch_again(self, identity: str) -> None:
        """Forget the run of a job: it waits for another."""
        with self._database.write() as connection:
            connection.execute(
                JOBS.update()
                .where(_JOB.id == identity, _JOB.finished.is_(None))
                .values(launching=None, dispatched=None, run_id=None)
            )
            connection.execute(LEASES.delete().where(LEASES.c.name == identity))

    def to_end(self, limit: int) -> list[JobRow]:
        """Cancelled jobs whose run may still go on."""
        return self._open(
            [_JOB.outcome == "cancelled", _JOB.run_ended.is_(False)], [_JOB.number], limit
        )

    def run_has_ended(self, identity: str) -> None:
        """Note that a cancelled job has no run any more."""
        with self._database.write() as connection:
            connection.execute(JOBS.update().where(_JOB.id == identity).values(run_ended=True))

    def to_notify(self, limit: int) -> list[JobRow]:
        """Finished jobs whose callers wait to be told, those that are due."""
        return self._open(
            [
                _JOB.notify.is_not(None),
                _JOB.notified.is_(None),
                # seconds between tries: 0, 2, 8, 32, 128
                _JOB.finished
                <= self._clock() - sa.case(_WAITS, value=_JOB.notify_tries, else_=600.0),
            ],
            [_JOB.finished],
            limit,
        )

    def notified(self, identity: str, *, done: bool) -> None:
        """Note a try to tell the caller; ``done`` when there will be no other."""
        values: dict[str, Any] = {"notify_tries": _JOB.notify_tries + 1}
        if done:
            values["notified"] = self._clock()
        with self._database.write() as connection:
            connection.execute(JOBS.update().where(_JOB.id == identity).values(**values))

    # --- below ---

    def _change(
        self,
        identity: str,
        *,
        by: str | None = None,
        durable: bool = True,
        **values: Any,
    ) -> bool:
        """Change a job that is not finished, where the run ``by`` works on it if one is named."""
        where = [_JOB.id == identity, _JOB.finished.is_(None)]
        if by is not None:
            where.append(_JOB.run_id == by)
        with self._database.write(durable=durable) as connection:
            done = connection.execute(JOBS.update().where(*where).values(**values))
        return bool(done.rowcount)

    def _open(self, where: list[Any], order: list[Any], limit: int) -> list[JobRow]:
        with self._database.read() as connection:
            rows = connection.execute(
                sa.select(JOBS).where(*where).order_by(*order).limit(limit)
            ).all()
        return [_job(row) for row in rows]


MAX_NOTIFY_TRIES = 5
_WAITS = {0: 0.0, 1: 2.0, 2: 10.0, 3: 42.0, 4: 170.0}


def _count(*where: Any) -> sa.Select[tuple[int]]:
    return sa.select(sa.func.count()).select_from(JOBS).where(*where)


# Made once: putting such a statement together costs more than carrying it out.
_BY_ID = sa.select(JOBS).where(_JOB.id == sa.bindparam("id"), _JOB.hidden.is_(False))
_BY_TOKEN = sa.select(JOBS).where(
    *(_JOB[name] == sa.bindparam(name) for name in ("access_key", "action", "client_token"))
)
_IN_STATE: dict[State, list[sa.ColumnElement[bool]]] = {
    "waiting": [_JOB.finished.is_(None), _JOB.started.is_(None)],
    "running": [_JOB.finished.is_(None), _JOB.started.is_not(None)],
    "success": [_JOB.outcome == "success"],
    "failed": [_JOB.outcome.in_(["failed", "cancelled"])],
}
_WAITING, _RUNNING = (_count(*_IN_STATE[state]) for state in ("waiting", "running"))
_LAST = sa.select(sa.func.max(_JOB.number))
_INSERT = JOBS.insert()
_NEW: dict[str, Any] = {column.name: getattr(column.default, "arg", None) for column in JOBS.c}


def _job(row: Any) -> JobRow:
    values = {name: getattr(row, name) for name in JobRow.__dataclass_fields__}
    values["request"] = json.loads(row.request)
    values["order"] = Order.model_validate_json(row.order)
    values["result"] = None if row.result is None else json.loads(row.result)
    return JobRow(**values)
