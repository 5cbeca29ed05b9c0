from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from media_pipeline.errors import MediaPipelineError
from media_pipeline.gateway.dagster_client import DagsterRefuses, DagsterUnavailable, Run
from media_pipeline.gateway.dispatcher import Dispatcher
from media_pipeline.requests.order import HANDED_OVER_TAG, JOB_TAG, PARENT_JOB_TAG, job_name
from media_pipeline.requests.outbox import MAX_NOTIFY_TRIES, RUN_LEASE_S, JobRow, Outbox
from media_pipeline.requests.records import Lease, Nonces
from media_pipeline.requests.tables import Database
from media_pipeline_tests.generators.submissions import Clock, submission


class Dagster:
    """Keeps runs as Dagster would; fails on demand, before or after a launch has worked."""

    def __init__(self) -> None:
        self.kept: list[Run] = []
        self.asked: list[dict[str, Any]] = []
        self.fault = ""

    def launch(self, job: str, *, config: Any, tags: Any) -> str:
        if self.fault == "before":
            raise DagsterUnavailable("down")
        if self.fault == job:
            raise DagsterRefuses("no such job")
        self.asked.append({"job": job, "config": config})
        self.kept.insert(0, Run(f"run-{len(self.kept)}", "QUEUED", dict(tags)))
        if self.fault == "after":
            raise DagsterUnavailable("no answer")
        return self.kept[0].id

    def runs(self, *, job_id: str | None = None, ids: Any = ()) -> list[Run]:
        return [
            run
            for run in self.kept
            if (run.tags.get(JOB_TAG) == job_id if job_id else run.id in ids)
        ]

    def parts(self, job_id: str) -> list[Run]:
        return [run for run in self.kept if run.tags.get(PARENT_JOB_TAG) == job_id]

    def hand_over(self, run_id: str, parts: int) -> list[str]:
        """As a run does that wants parts of a film; the parts' runs."""
        (run,) = self.runs(ids=[run_id])
        self.becomes(run_id, "SUCCESS", **{HANDED_OVER_TAG: "frames"})
        names = [f"{run_id} part {number}" for number in range(parts)]
        for name in names:
            self.kept.insert(0, Run(name, "QUEUED", {PARENT_JOB_TAG: run.tags[JOB_TAG]}))
        return names

    def end(self, run_id: str, *, gone: bool = False) -> None:
        (run,) = self.runs(ids=[run_id])
        if run.status not in {"QUEUED", "STARTED"} and not gone:
            raise DagsterRefuses(f"could not be terminated due to having status {run.status}")
        self.becomes(run_id, "CANCELED")

    def becomes(self, run_id: str, status: str, **tags: str) -> None:
        self.kept = [
            replace(run, status=status, tags={**run.tags, **tags}) if run.id == run_id else run
            for run in self.kept
        ]

    def fails_before_it_begins(self, run_id: str, seconds: float) -> None:
        self.becomes(run_id, "FAILURE")
        self.kept = [
            replace(run, begun=False, seconds=seconds) if run.id == run_id else run
            for run in self.kept
        ]

    def retry(self, run_id: str) -> str:
        (old,) = [run for run in self.kept if run.id == run_id]
        self.kept.insert(0, replace(old, id=f"run-{len(self.kept)}", status="QUEUED"))
        return self.kept[0].id


class Bench:
    def __init__(self, database: Database, outbox: Outbox, clock: Clock) -> None:
        self.outbox, self.clock, self.database = outbox, clock, database
        self.dagster = Dagster()
        self.told: list[JobRow] = []
        self.deaf = False
        self.dispatcher = self.another()

    def another(self) -> Dispatcher:
        return Dispatcher(
            self.outbox,
            Nonces(self.database),
            Lease(self.database, "dispatcher", 30, self.clock),
            self.dagster,  # type: ignore[arg-type]
            self._notify,
            clock=self.clock,
        )

    def _notify(self, row: JobRow) -> None:
        if self.deaf:
            raise MediaPipelineError("nobody there")
        self.told.append(row)

    def later(self, seconds: float = 20.0) -> None:
        self.clock.now += seconds
        self.dispatcher.tick()

    def row(self, identity: str) -> JobRow:
        found = self.outbox.get(identity)
        assert found is not None
        return found


@pytest.fixture
def bench(database: Database, outbox: Outbox, clock: Clock) -> Bench:
    return Bench(database, outbox, clock)


def test_a_job_is_launched_once_with_its_request_tag_and_priority(bench: Bench) -> None:
    row = bench.outbox.submit(submission(priority=2))
    bench.dispatcher.tick()
    bench.dispatcher.tick()
    (run,) = bench.dagster.kept
    assert run.tags[JOB_TAG] == row.id
    assert run.tags["dagster/priority"] == "-2"
    assert bench.dagster.asked[0]["job"] == "request_CaptionExtraction"
    config = bench.dagster.asked[0]["config"]["ops"]["fetch_CaptionExtraction"]["config"]
    assert config == {"job": row.id, "order": row.order.model_dump_json()}
    assert bench.row(row.id).run_id == run.id


@pytest.mark.parametrize(("fault", "launches"), [("before", 1), ("after", 1)])
def test_a_crash_around_the_launch_neither_loses_nor_doubles(
    bench: Bench, fault: str, launches: int
) -> None:
    row = bench.outbox.submit(submission())
    bench.dagster.fault = fault
    with pytest.raises(DagsterUnavailable):
        bench.dispatcher.tick()
    bench.dagster.fault = ""
    bench.dispatcher = bench.another()  # as after a restart, once the lease has run out
    bench.later(31)
    assert len(bench.dagster.kept) == launches
    assert bench.row(row.id).run_id == bench.dagster.kept[0].id


def test_a_job_that_dagster_refuses_holds_nobody_up_and_fails_at_last(bench: Bench) -> None:
    bench.dagster.fault = "request_Odd"
    order = submission().order
    odd = bench.outbox.submit(submission(order=order.model_copy(update={"function": "Odd"})))
    usual = bench.outbox.submit(submission())
    bench.dispatcher.tick()
    assert bench.row(usual.id).dispatched and bench.row(odd.id).finished is None
    bench.later(601)
    assert bench.row(odd.id).outcome == "failed"


def test_a_job_that_waited_while_dagster_was_away_is_not_failed_when_it_comes_back(
    bench: Bench,
) -> None:
    """Its definitions may not be loaded yet: nothing has been refused before."""
    job = bench.outbox.submit(submission())
    bench.dagster.fault = "before"
    with pytest.raises(DagsterUnavailable):
        bench.dispatcher.tick()
    bench.dagster.fault = job_name(job.function)
    bench.later(3600)
    assert bench.row(job.id).finished is None
    bench.dagster.fault = ""
    bench.later(1)
    assert bench.row(job.id).dispatched


def test_a_job_that_no_worker_took_up_waits_for_another(bench: Bench) -> None:
    """Dagster fails runs that do not begin in time, though they may only wait for a busy worker."""
    row = bench.outbox.submit(submission())
    bench.dispatcher.tick()
    for number in range(4):
        bench.dagster.fails_before_it_begins(f"run-{number}", 300.0)
        bench.later()
        bench.later()
        assert bench.row(row.id).outcome is None
    assert bench.outbox.start(row.id, "run-4")
    bench.dagster.becomes("run-4", "FAILURE")
    bench.later()
    assert bench.row(row.id).outcome == "failed", "it has begun, and so failed"


def test_a_job_whose_run_cannot_be_begun_fails(bench: Bench) -> None:
    row = bench.outbox.submit(submission())
    for number in range(3):
        assert bench.row(row.id).outcome is None
        bench.later()
        bench.dagster.fails_before_it_begins(f"run-{number}", 4.0)
        bench.later()
    assert bench.row(row.id).outcome == "failed"


def test_only_the_leader_dispatches(bench: Bench) -> None:
    other = bench.another()
    bench.dispatcher.tick()
    bench.outbox.submit(submission())
    other.tick()
    assert bench.dagster.kept == [] and not other.leads
    bench.dispatcher.tick()
    assert len(bench.dagster.kept) == 1


def test_a_run_that_dies_is_waited_for_while_it_is_repeated(bench: Bench) -> None:
    row = bench.outbox.submit(submission())
    bench.dispatcher.tick()
    bench.outbox.start(row.id, "run-0")
    bench.dagster.becomes("run-0", "FAILURE", **{"dagster/will_retry": "true"})
    bench.later()
    assert bench.row(row.id).finished is None
    again = bench.dagster.retry("run-0")
    bench.later()
    assert bench.row(row.id).finished is None
    bench.outbox.start(row.id, again)
    bench.dagster.becomes(again, "FAILURE", **{"dagster/will_retry": "false"})
    bench.later()
    assert bench.row(row.id).finished is None
    bench.later()
    assert len(bench.dagster.kept) == 3
    bench.dagster.becomes("run-2", "FAILURE", **{"dagster/will_retry": "false"})
    bench.later()
    found = bench.row(row.id)
    assert (found.outcome, found.error_code) == ("failed", "InternalError")


def test_a_run_that_dagster_forgets_to_repeat_is_replaced_but_not_for_ever(bench: Bench) -> None:
    row = bench.outbox.submit(submission())
    for number in range(3):
        bench.later()
        run = bench.dagster.kept[0]
        assert (len(bench.dagster.kept), run.status) == (number + 1, "QUEUED")
        bench.outbox.start(row.id, run.id)
        bench.dagster.becomes(run.id, "FAILURE", **{"dagster/will_retry": "true"})
        bench.later()
        bench.later(60)
        assert bench.row(row.id).run_id == run.id, "it is waited for"
        bench.later(60)
    assert bench.row(row.id).error_message == "3 runs of the job have died"


def test_a_job_fails_with_the_last_of_its_runs(bench: Bench) -> None:
    """Though the row has the run before it: the last one never came to its first step."""
    row = bench.outbox.submit(submission())
    bench.dispatcher.tick()
    bench.outbox.start(row.id, "run-0")
    bench.dagster.becomes("run-0", "FAILURE", **{"dagster/will_retry": "true"})
    again = bench.dagster.retry("run-0")
    last = bench.dagster.retry("run-0")
    for run in (again, last):
        bench.dagster.becomes(run, "FAILURE", **{"dagster/will_retry": "false"})
    bench.later()
    assert bench.row(row.id).outcome == "failed"


def test_a_run_that_is_gone_without_a_word_is_replaced_but_not_for_ever(bench: Bench) -> None:
    row = bench.outbox.submit(submission())
    for number in range(3):
        bench.dispatcher.tick()
        run = bench.dagster.kept[0]
        assert (len(bench.dagster.kept), run.status) == (number + 1, "QUEUED")
        assert bench.outbox.start(row.id, run.id)
        bench.dagster.becomes(run.id, "STARTED")
        lease = bench.outbox.lease(row.id)
        assert lease.hold(whoever=True)  # its process begins
        bench.later(RUN_LEASE_S - 1)
        assert lease.hold()  # and lives
        bench.later(RUN_LEASE_S - 1)
        assert run.id in [one.id for one in bench.dagster.kept if not one.finished]
        bench.later()  # and is gone
        assert all(one.finished for one in bench.dagster.kept if one.id == run.id)
        assert not bench.outbox.advance(row.id, 0.5, run_id=run.id)  # should it come back
        assert not bench.outbox.finish(row.id, "success", run_id=run.id) or number == 2
    found = bench.row(row.id)
    assert (found.outcome, found.error_message) == ("failed", "3 runs of the job have died")


def test_a_run_that_was_ended_in_dagster_is_a_cancelled_job(bench: Bench) -> None:
    row = bench.outbox.submit(submission())
    bench.dispatcher.tick()
    bench.dagster.becomes("run-0", "CANCELED")
    bench.later()
    assert bench.row(row.id).outcome == "cancelled"


def test_a_run_that_succeeds_leaves_the_row_as_the_run_wrote_it(bench: Bench) -> None:
    row = bench.outbox.submit(submission())
    bench.dispatcher.tick()
    bench.outbox.finish(row.id, "success", result={"a": 1})
    bench.dagster.becomes("run-0", "SUCCESS")
    bench.later()
    assert bench.row(row.id).result == {"a": 1}


def test_a_job_whose_film_is_in_parts_waits_for_the_run_that_goes_on(bench: Bench) -> None:
    row = bench.outbox.submit(submission())
    bench.dispatcher.tick()
    first, second = bench.dagster.hand_over("run-0", 2)
    bench.later()
    bench.dagster.becomes(first, "SUCCESS")
    bench.dagster.becomes(second, "FAILURE", **{"dagster/will_retry": "true"})
    bench.later(1000)
    assert bench.row(row.id).outcome is None  # the second part is made again
    bench.dagster.becomes(second, "SUCCESS", **{"dagster/will_retry": "false"})
    bench.later()
    assert bench.row(row.id).outcome is None
    bench.dagster.kept.insert(0, Run("goes on", "STARTED", {JOB_TAG: row.id}))
    bench.later(1000)
    assert bench.row(row.id).outcome is None
    bench.dagster.becomes("goes on", "FAILURE")
    bench.later()
    bench.later()
    assert bench.row(row.id).run_id == bench.dagster.kept[0].id, "another one"
    assert bench.dagster.kept[0].status == "QUEUED"


def test_a_job_that_never_goes_on_fails_at_last(bench: Bench) -> None:
    row = bench.outbox.submit(submission())
    bench.dispatcher.tick()
    (part,) = bench.dagster.hand_over("run-0", 1)
    bench.dagster.becomes(part, "FAILURE")
    bench.later()
    assert bench.row(row.id).outcome is None
    bench.later(400)
    assert bench.row(row.id).outcome == "failed"


def test_a_cancelled_job_has_the_runs_of_its_parts_ended(bench: Bench) -> None:
    row = bench.outbox.submit(submission())
    bench.dispatcher.tick()
    parts = bench.dagster.hand_over("run-0", 2)
    bench.outbox.finish(row.id, "cancelled")
    bench.later()
    assert {run.status for run in bench.dagster.runs(ids=parts)} == {"CANCELED"}


def test_a_part_that_was_ended_in_dagster_is_a_cancelled_job(bench: Bench) -> None:
    row = bench.outbox.submit(submission())
    bench.dispatcher.tick()
    first, _ = bench.dagster.hand_over("run-0", 2)
    bench.dagster.becomes(first, "CANCELED")
    bench.later()
    assert bench.row(row.id).outcome == "cancelled"


def test_cancelled_jobs_have_every_run_ended(bench: Bench) -> None:
    waiting, launched = (bench.outbox.submit(submission()) for _ in range(2))
    bench.outbox.finish(waiting.id, "cancelled")
    bench.dispatcher.tick()
    assert len(bench.dagster.kept) == 1
    bench.outbox.finish(launched.id, "cancelled")
    bench.later()
    assert [run.status for run in bench.dagster.kept] == ["CANCELED"]
    bench.later()
    assert bench.outbox.to_end(9) == []


def test_a_cancelled_job_whose_run_waits_for_a_worker_has_it_ended(bench: Bench) -> None:
    first, second = (bench.outbox.submit(submission()) for _ in range(2))
    bench.dispatcher.tick()
    bench.dagster.becomes("run-0", "NOT_STARTED")  # for a moment, in which it cannot be ended
    bench.dagster.becomes("run-1", "STARTING")
    for row in (first, second):
        bench.outbox.finish(row.id, "cancelled")
    bench.later()
    assert [run.status for run in bench.dagster.kept] == ["CANCELED", "NOT_STARTED"]
    bench.dagster.becomes("run-0", "QUEUED")
    bench.later()
    assert [run.status for run in bench.dagster.kept] == ["CANCELED", "CANCELED"]


def test_callers_are_told_of_every_end_and_given_up_on_at_last(bench: Bench) -> None:
    rows = [bench.outbox.submit(submission(notify="http://x/")) for _ in range(3)]
    bench.dispatcher.tick()
    for row, outcome in zip(rows, ("success", "failed", "cancelled"), strict=True):
        bench.outbox.finish(row.id, outcome)  # type: ignore[arg-type]
    bench.dispatcher.tell()
    assert {row.id for row in bench.told} == {row.id for row in rows}
    bench.dispatcher.tell()
    assert len(bench.told) == 3
    bench.deaf = True
    last = bench.outbox.submit(submission(notify="http://x/"))
    bench.outbox.finish(last.id, "failed")
    for _ in range(MAX_NOTIFY_TRIES):
        bench.clock.now += 1000
        bench.dispatcher.tell()
    assert bench.outbox.to_notify(9) == []
