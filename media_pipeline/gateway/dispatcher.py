"""Turns accepted jobs into Dagster runs, and keeps both in step.

One process leads, by a lease. Before a launch the row says so; whoever finds such a row later looks
for a run with the job's tag before launching, so that a crash between launch and note neither loses
nor doubles a job. Jobs whose run died without a word are failed here, cancelled jobs have their run
ended, and callers are told of what became of their jobs.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from media_pipeline.errors import MediaPipelineError
from media_pipeline.gateway.dagster_client import (
    DagsterClient,
    DagsterRefuses,
    DagsterUnavailable,
    Run,
)
from media_pipeline.gateway.lasting import Lasting
from media_pipeline.requests.order import HANDED_OVER_TAG, JOB_TAG, job_name
from media_pipeline.requests.outbox import MAX_NOTIFY_TRIES, JobRow, Outbox
from media_pipeline.requests.records import Lease, Nonces

LEASE_S = 30.0
_TICK_S, _WATCH_S, _FORGET_S = 0.5, 5.0, 600.0
_SETTLE_S = 10.0  # a run that has just been launched or ended is left alone
_GOES_ON_S = 300.0
"""In which the run that goes on after the parts of a film is there: a sensor looks after it."""
_BATCH = 20
_MAX_RUNS = 3
_REPEATED_S = 90.0  # in which Dagster has started the run that it says it will; else it never does
_UNANSWERED_S = 120.0
"""From when it was asked for to its end, for a run that no process has taken up: it did not fail
but wait for a worker that was busy or away. One that cannot be begun at all fails sooner."""
_MAX_UNANSWERED = 150
_REFUSED_S = 600.0  # from the first time: Dagster may be loading the definitions anew
_LOG = logging.getLogger(__name__)

Notify = Callable[[JobRow], None]
"""Tells the caller of a finished job; raises a MediaPipelineError when that failed."""


class Dispatcher:
    """The loop.

    Parameters
    ----------
    notify : tells callers.
    """

    def __init__(
        self,
        outbox: Outbox,
        nonces: Nonces,
        lease: Lease,
        dagster: DagsterClient,
        notify: Notify,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._outbox = outbox
        self._nonces = nonces
        self._lease = lease
        self._dagster = dagster
        self._notify = notify
        self._clock = clock
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._watched_at = self._forgot_at = 0.0
        self._position = 0
        self._lasting = Lasting(clock)
        self._threads: list[threading.Thread] = []
        self.leads = False

    # --- life ---

    def start(self) -> None:
        """Begin; dispatching and telling callers do not wait for each other."""
        for work in (self.tick, self.tell):
            thread = threading.Thread(target=self._repeat, args=[work], name=work.__name__)
            thread.start()
            self._threads.append(thread)

    def wake(self) -> None:
        """Say that there is something to dispatch."""
        self._wake.set()

    def stop(self) -> None:
        """End, and let another process lead."""
        self._stop.set()
        self._wake.set()
        for thread in self._threads:
            thread.join()
        self._lease.release()

    def _repeat(self, work: Callable[[], None]) -> None:
        while not self._stop.is_set():
            try:
                work()
            except DagsterUnavailable as error:
                _LOG.warning("dagster is not there: %s", error)
                self._stop.wait(2.0)
            except Exception:
                _LOG.exception("the dispatcher failed, it goes on")
                self._stop.wait(2.0)
            self._wake.wait(_TICK_S)
            self._wake.clear()

    # --- one round ---

    def tick(self) -> None:
        """Dispatch what waits, end what was cancelled, look after what should be running."""
        self.leads = self._lease.hold()
        if not self.leads:
            return
        self._dispatch()
        self._end_cancelled()
        now = self._clock()
        if now - self._watched_at >= _WATCH_S:
            self._watched_at = now
            self._watch()
        if now - self._forgot_at >= _FORGET_S:
            self._forgot_at = now
            self._nonces.forget(now)

    def tell(self) -> None:
        """Tell callers of finished jobs."""
        if not self.leads:
            return
        rows = self._outbox.to_notify(_BATCH)
        if rows:
            with ThreadPoolExecutor(4) as pool:
                list(pool.map(self._tell_one, rows))

    def _dispatch(self) -> None:
        for row in self._outbox.to_dispatch(_BATCH):
            if self._stop.is_set() or not self._lease.hold():
                return
            try:
                run_id = self._launched_before(row) or self._launch(row)
            except DagsterRefuses as error:  # this one; the others need not wait for it
                self._refused(row, error)
                continue
            self._lasting.over(f"{row.id} refused")
            if run_id:
                self._outbox.dispatched(row.id, run_id)

    def _refused(self, row: JobRow, error: DagsterRefuses) -> None:
        _LOG.warning("not launched: %s", error, extra={"job_id": row.id})
        if self._lasting.seconds(f"{row.id} refused") > _REFUSED_S:
            self._outbox.finish(
                row.id, "failed", error=("InternalError", "the run could not be launched")
            )

    def _launched_before(self, row: JobRow) -> str | None:
        if row.launching is None:
            return None
        runs = self._dagster.runs(job_id=row.id)
        return runs[-1].id if runs else None

    def _launch(self, row: JobRow) -> str | None:
        if not self._outbox.launching(row.id):
            return None  # cancelled meanwhile
        run_id = self._dagster.launch(
            job_name(row.function), config=run_config(row), tags=run_tags(row)
        )
        _LOG.info("launched", extra={"job_id": row.id, "run_id": run_id})
        return run_id

    def _end_cancelled(self) -> None:
        for row in self._outbox.to_end(_BATCH):
            # Not only the run that is noted: it may have been repeated, or launched this moment.
            runs = self._dagster.runs(job_id=row.id) if row.launching else []
            if any(HANDED_OVER_TAG in run.tags for run in runs):
                runs += self._dagster.parts(row.id)
            going = [run for run in runs if not run.finished]
            for run in going:
                if run.status != "CANCELING":
                    self._end(run)
            if not going:
                self._outbox.run_has_ended(row.id)

    def _end(self, run: Run) -> None:
        """End a run of a cancelled job, at the latest when this is tried again.

        Dagster interrupts no run that waits for a worker. Noted as ended, it is left alone by the
        worker that gets it; and one that had begun this very moment finds the job finished.
        """
        try:
            self._dagster.end(run.id, gone=run.status == "STARTING")
        except DagsterRefuses as error:  # it has moved on meanwhile; the others need not wait
            _LOG.info("not ended: %s", error, extra={"run_id": run.id})

    def _watch(self) -> None:
        """Fail the jobs whose run has ended without finishing them; give those another run whose
        run is gone without a word.
        """
        rows = self._outbox.in_flight(older_than=_SETTLE_S, after=self._position, limit=100)
        self._position = rows[-1].number if len(rows) == 100 else 0
        ids = [row.run_id for row in rows if row.run_id]
        runs = {run.id: run for run in self._dagster.runs(ids=ids)} if ids else {}
        abandoned = self._outbox.abandoned([row.id for row in rows])
        for row in rows:
            run = runs.get(row.run_id or "")
            if run is not None and run.finished:
                self._settle(row, self._newest(row, run))
            elif run is not None and row.id in abandoned:
                _LOG.warning("the run is gone", extra={"job_id": row.id, "run_id": run.id})
                self._dagster.end(run.id, gone=True)
                self._replace(row)

    def _replace(self, row: JobRow) -> None:
        """Have another run in the place of one that died."""
        runs = self._dagster.runs(job_id=row.id)
        if sum(HANDED_OVER_TAG not in one.tags for one in runs) < _MAX_RUNS:
            self._outbox.launch_again(row.id)
        else:
            said = f"{_MAX_RUNS} runs of the job have died"
            self._outbox.finish(row.id, "failed", error=("InternalError", said))

    def _newest(self, row: JobRow, noted: Run) -> Run:
        return next(iter(self._dagster.runs(job_id=row.id)), noted)

    def _settle(self, row: JobRow, run: Run) -> None:
        if not run.finished:
            return
        if run.will_be_repeated:
            self._see_repeated(row, run)
            return
        parts = self._dagster.parts(row.id) if HANDED_OVER_TAG in run.tags else []
        if parts and run.status == "SUCCESS":
            if any(part.status == "CANCELED" for part in parts):
                run = replace(run, status="CANCELED")
            elif self._still_going(row, parts):
                return
        if run.status == "CANCELED":
            self._outbox.finish(
                row.id, "cancelled", error=("Cancelled", "the run was ended in Dagster")
            )
        elif self._only_waited(row, run):
            _LOG.warning("no worker took the run", extra={"job_id": row.id, "run_id": run.id})
            self._outbox.launch_again(row.id)
        elif run.status == "FAILURE":  # what a job fails for, its run writes down itself
            _LOG.warning("the run died", extra={"job_id": row.id, "run_id": run.id})
            self._replace(row)
        else:
            self._outbox.finish(
                row.id,
                "failed",
                error=("InternalError", f"run {run.id} ended as {run.status} without a result"),
            )

    def _see_repeated(self, row: JobRow, run: Run) -> None:
        """Replace a run that Dagster means to repeat and does not: its daemon reads failures in the
        order of their numbers, and never sees one that is written after a higher number was read.
        """
        if self._lasting.seconds(f"{run.id} not repeated") > _REPEATED_S:
            _LOG.warning("the run was not repeated", extra={"job_id": row.id, "run_id": run.id})
            self._lasting.over(f"{run.id} not repeated")
            self._replace(row)

    def _only_waited(self, row: JobRow, run: Run) -> bool:
        """Whether a run has failed for nothing but that no worker was there."""
        waited = not run.begun and run.seconds > _UNANSWERED_S
        return waited and len(self._dagster.runs(job_id=row.id)) < _MAX_UNANSWERED

    def _still_going(self, row: JobRow, parts: Sequence[Run]) -> bool:
        """Whether parts of the film are being made, or were until a moment ago: then the run that
        goes on is on its way.
        """
        if any(not part.finished or part.will_be_repeated for part in parts):
            self._lasting.over(f"{row.id} in parts")
            return True
        return self._lasting.seconds(f"{row.id} in parts") < _GOES_ON_S

    def _tell_one(self, row: JobRow) -> None:
        try:
            self._notify(row)
        except MediaPipelineError as error:
            last = row.notify_tries + 1 >= MAX_NOTIFY_TRIES
            _LOG.warning("webhook: %s", error, extra={"job_id": row.id, "given_up": last})
            self._outbox.notified(row.id, done=last)
        else:
            self._outbox.notified(row.id, done=True)


def run_config(row: JobRow) -> Mapping[str, Any]:
    """The request as the run gets it."""
    return {
        "ops": {
            f"fetch_{row.function}": {
                "config": {"job": row.id, "order": row.order.model_dump_json()}
            }
        }
    }


def run_tags(row: JobRow) -> dict[str, str]:
    """What the run is known by. A repeated run begins anew: what was made is found in the lake."""
    return {
        JOB_TAG: row.id,
        "dagster/priority": str(-row.priority),
        "dagster/retry_strategy": "ALL_STEPS",
    }
