from __future__ import annotations

import shutil
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from media_pipeline.errors import StoreError
from media_pipeline.requests.outbox import RUN_LEASE_S, Outbox, QueueFull, TokenReused
from media_pipeline.requests.records import Lease, MediaRegistry, Nonces, run_lease
from media_pipeline.requests.tables import Database
from media_pipeline_tests.generators.submissions import Clock, submission


def test_200_submits_at_once_with_one_token_are_one_job(outbox: Outbox) -> None:
    with ThreadPoolExecutor(20) as pool:
        rows = list(pool.map(lambda _: outbox.submit(submission("token")), range(200)))
    assert len({row.id for row in rows}) == 1
    assert outbox.counts() == {"waiting": 1, "running": 0}
    assert outbox.waiting() == 1


def test_two_gateways_take_each_token_once_and_number_without_gaps(
    outbox: Outbox, url: str, clock: Clock
) -> None:
    other = Database(url)
    pair = [outbox, Outbox(other, max_waiting=300, clock=clock)]
    with ThreadPoolExecutor(20) as pool:
        rows = list(
            pool.map(lambda n: pair[n % 2].submit(submission(f"token-{n // 4}")), range(200))
        )
    other.close()
    assert len({row.id for row in rows}) == 50
    assert {row.number for row in rows} == set(range(1, 51))


def test_of_many_that_end_a_job_at_once_one_counts(outbox: Outbox, url: str, clock: Clock) -> None:
    other = Database(url)
    pair = [outbox, Outbox(other, max_waiting=300, clock=clock)]
    row = outbox.submit(submission())
    with ThreadPoolExecutor(16) as pool:
        won = list(pool.map(lambda n: pair[n % 2].finish(row.id, "success", result=n), range(64)))
    other.close()
    assert sum(won) == 1
    ended = outbox.get(row.id)
    assert ended is not None and ended.result == won.index(True)


def test_a_token_stands_for_one_request_of_one_key_and_action(outbox: Outbox) -> None:
    first = outbox.submit(submission("token"))
    with pytest.raises(TokenReused):
        outbox.submit(submission("token", name="b"))
    outbox.finish(first.id, "success")
    outbox.hide([first.id])
    assert outbox.submit(submission("token")).id == first.id
    assert outbox.submit(submission("token", access_key="other")).id != first.id
    assert outbox.submit(submission("token", action="SubmitASRJob")).id != first.id
    assert outbox.submit(submission()).id != outbox.submit(submission()).id


def test_no_more_wait_than_may_wait_however_many_come_at_once(
    database: Database, clock: Clock
) -> None:
    outbox = Outbox(database, max_waiting=5, clock=clock)

    def submit(_: int) -> bool:
        try:
            outbox.submit(submission())
        except QueueFull:
            return False
        return True

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(submit, range(30))) == 5
    (row, *_), _ = outbox.find(["SubmitIProductionJob"])
    outbox.start(row.id, "run")
    assert submit(0)
    assert not submit(0)


def test_a_job_ends_once(outbox: Outbox, clock: Clock) -> None:
    row = outbox.submit(submission())
    assert outbox.start(row.id, "run-1")
    assert outbox.advance(row.id, 0.5)
    clock.now += 1
    assert outbox.finish(row.id, "cancelled", error=("Cancelled", "by the caller"))
    for late in (
        outbox.finish(row.id, "success", result={"a": 1}),
        outbox.start(row.id, "run-2"),
        outbox.advance(row.id, 0.9),
        outbox.launching(row.id),
    ):
        assert not late
    found = outbox.get(row.id)
    assert found is not None
    assert (found.outcome, found.error_code, found.run_id) == ("cancelled", "Cancelled", "run-1")
    assert (found.progress, found.finished, found.result) == (0.5, clock.now, None)


def test_the_most_urgent_and_oldest_go_first(outbox: Outbox) -> None:
    rows = [outbox.submit(submission(priority=p)) for p in (6, 1, 6, 10)]
    assert [r.id for r in outbox.to_dispatch(3)] == [rows[1].id, rows[0].id, rows[2].id]
    outbox.dispatched(rows[1].id, "run")
    assert [r.id for r in outbox.to_dispatch(9)] == [rows[0].id, rows[2].id, rows[3].id]


def test_a_run_that_began_before_its_launch_was_noted_keeps_its_place(outbox: Outbox) -> None:
    row = outbox.submit(submission())
    outbox.start(row.id, "the retry")
    outbox.dispatched(row.id, "the first")
    found = outbox.get(row.id)
    assert found is not None and found.run_id == "the retry" and found.dispatched


def test_callers_are_told_with_growing_waits_and_not_for_ever(outbox: Outbox, clock: Clock) -> None:
    row = outbox.submit(submission(notify="http://x/"))
    assert outbox.to_notify(9) == []
    outbox.finish(row.id, "success")
    tries = []
    for count in range(4):
        while not outbox.to_notify(9):
            clock.now += 1
        tries.append(clock.now)
        outbox.notified(row.id, done=count == 3)
    assert [round(later - earlier) for earlier, later in pairwise(tries)] == [2, 8, 32]
    clock.now += 10_000
    assert outbox.to_notify(9) == []


def test_listing_pages_and_hides(outbox: Outbox) -> None:
    rows = [outbox.submit(submission()) for _ in range(5)]
    outbox.hide([rows[4].id])
    found, total = outbox.find(["SubmitIProductionJob"], offset=1, limit=2)
    assert [r.id for r in found] == [rows[2].id, rows[1].id]
    assert total == 4
    assert outbox.get(rows[4].id) is None


def test_rows_outlive_the_process(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'folder' / 'gateway.db'}"
    one = Database(url)
    row = Outbox(one, max_waiting=1).submit(submission())
    one.close()
    two = Database(url)
    assert Outbox(two, max_waiting=1).get(row.id) == row
    two.close()


def test_a_database_that_cannot_be_opened_is_told_without_its_password() -> None:
    with pytest.raises(StoreError) as caught:
        Database("sqlite:////proc/none/gateway.db?password=hunter2").close()
    assert "MEDIA_PIPELINE_DATABASE" in str(caught.value)


def test_a_nonce_counts_once(database: Database) -> None:
    nonces = Nonces(database)
    assert nonces.remember("key", "n", 100.0)
    assert not nonces.remember("key", "n", 100.0)
    assert nonces.remember("other", "n", 100.0)
    nonces.forget(99.0)
    assert not nonces.remember("key", "n", 100.0)
    nonces.forget(101.0)
    assert nonces.remember("key", "n", 100.0)


def test_one_leads_at_a_time(database: Database, clock: Clock) -> None:
    one, two = (Lease(database, "l", 10, clock) for _ in range(2))
    assert one.hold() and one.hold() and not two.hold()
    clock.now += 11
    assert two.hold() and not one.hold()
    two.release()
    one.release()
    assert one.hold()


@pytest.mark.parametrize("skew", [-360.0, 360.0])
def test_leases_count_by_the_clock_of_the_database(
    server: str, monkeypatch: pytest.MonkeyPatch, skew: float
) -> None:
    """One machine whose clock is minutes off holds them, another looks at them."""
    job, run = uuid.uuid4().hex, str(uuid.uuid4())
    with closing(Database(server)) as database:
        outbox, right = Outbox(database, max_waiting=9, run_lease=300), time.time
        held = [outbox.lease(job), run_lease(database, run, 300)]
        monkeypatch.setattr(time, "time", lambda: right() + skew)
        assert all(lease.hold() for lease in held)
        monkeypatch.setattr(time, "time", right)
        assert outbox.abandoned([job]) == set(), "alive, although its clock is slow"
        for lease in (outbox.lease(job), run_lease(database, run, 300)):
            left = lease.left()
            assert left is not None and 0 < left <= 300, "although its clock is fast"
            assert not lease.hold()
        dead = [
            Outbox(database, max_waiting=9, run_lease=-1).lease(job),
            run_lease(database, run, -1),
        ]
        monkeypatch.setattr(time, "time", lambda: right() + skew)
        assert all(lease.hold(whoever=True) for lease in dead)
        assert outbox.abandoned([job]) == {job}
        monkeypatch.setattr(time, "time", right)
        assert outbox.abandoned([job]) == {job}
        assert held[1].hold(), "who was dead keeps nothing"


@pytest.mark.skipif(shutil.which("faketime") is None, reason="needs the package faketime")
def test_a_machine_whose_clock_is_wrong(server: str) -> None:
    code = f"""
import time
from media_pipeline.requests.records import run_lease
from media_pipeline.requests.tables import Database
assert run_lease(Database({server!r}), "of-a-slow-clock", 60).hold()
print(time.time())
"""
    told = subprocess.run(
        ["faketime", "-f", "-6m", sys.executable, "-c", code],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert float(told.stdout) < time.time() - 300
    with closing(Database(server)) as database:
        lease = run_lease(database, "of-a-slow-clock", 60)
        left = lease.left()
        assert left is not None and left > -240, "by its own clock it had ended six minutes ago"


def test_a_lease_is_renewed_while_work_goes_on_and_given_back(
    database: Database, clock: Clock
) -> None:
    dead, other = Lease(database, "l", 10, clock), Lease(database, "l", 10, clock)
    assert dead.hold()
    with Lease(database, "l", 0.4, clock).kept():  # of a run that is repeated
        for _ in range(3):
            clock.now += 0.3
            time.sleep(0.4)
            assert not other.hold() and not dead.hold()
    assert other.hold()


def test_a_job_is_abandoned_when_its_run_stops_to_renew_and_only_its_own_run_moves_it(
    outbox: Outbox, clock: Clock
) -> None:
    row, waiting = outbox.submit(submission()), outbox.submit(submission())
    outbox.start(row.id, "run-1")
    assert outbox.lease(row.id).hold()
    clock.now += RUN_LEASE_S + 1
    assert outbox.abandoned([row.id, waiting.id]) == {row.id}
    outbox.launch_again(row.id)
    assert outbox.abandoned([row.id]) == set()
    assert {one.id for one in outbox.to_dispatch(9)} == {row.id, waiting.id}
    assert outbox.start(row.id, "run-2")
    assert not outbox.advance(row.id, 0.5, run_id="run-1")
    assert not outbox.finish(row.id, "failed", run_id="run-1")
    assert outbox.finish(row.id, "success", run_id="run-2")


def test_of_many_that_want_to_lead_at_once_one_does(database: Database, clock: Clock) -> None:
    leases = [Lease(database, "l", 10, clock) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(Lease.hold, leases)) == 1


@pytest.mark.slow
def test_a_place_has_one_media_id(database: Database) -> None:
    registry = MediaRegistry(database)
    with ThreadPoolExecutor(8) as pool:
        rows = list(pool.map(lambda _: registry.register("oss://b/k", "oss://b/k"), range(16)))
    assert len({row.id for row in rows}) == 1
    registry.examined("oss://b/k", "k-0123456789", 12, {"duration": 2.5})
    found = registry.get(rows[0].id)
    assert found is not None and found == registry.at("oss://b/k")
    assert (found.key, found.size, found.info) == ("k-0123456789", 12, {"duration": 2.5})
    assert registry.get("nothing") is None
