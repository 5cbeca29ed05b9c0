from __future__ import annotations

import time
import uuid
from pathlib import Path

import dagster as dg
import pytest

from media_pipeline.dagster import leases
from media_pipeline.requests.records import RunLeases
from media_pipeline.requests.tables import Database
from media_pipeline.settings import Settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Of several machines, as far as leases are concerned; the database is a file nevertheless."""
    monkeypatch.setattr(Settings, "shares_database", True)
    return Settings(database=f"sqlite:///{tmp_path / 'jobs.db'}", run_lease_seconds=60)


def started(instance: dg.DagsterInstance, seconds_ago: float) -> str:
    run_id = str(uuid.uuid4())
    instance.add_run(dg.DagsterRun("job", run_id=run_id, status=dg.DagsterRunStatus.STARTING))
    event = dg.DagsterEvent(dg.DagsterEventType.PIPELINE_START.value, "job")
    instance.report_dagster_event(event, run_id, timestamp=time.time() - seconds_ago)
    return run_id


def test_a_run_is_alive_while_it_works_and_while_it_notes_its_end(settings: Settings) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        run_id = started(instance, seconds_ago=1000)
        assert leases.lapsed(settings, instance, run_id), "it never took a lease"
        with leases.kept(settings, run_id):
            assert not leases.lapsed(settings, instance, run_id)
        assert not leases.lapsed(settings, instance, run_id)


def test_a_run_that_has_just_begun_may_still_take_its_lease(settings: Settings) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        assert not leases.lapsed(settings, instance, started(instance, seconds_ago=0))
        assert leases.lapsed(settings, instance, started(instance, seconds_ago=61))


def test_a_run_whose_lease_has_run_out_is_gone_and_forgotten_a_day_later(
    settings: Settings,
) -> None:
    now = time.time()
    database = Database(settings.database)
    for age, known in ((61, True), (90_000, False)):
        with dg.DagsterInstance.ephemeral() as instance:
            run_id = started(instance, seconds_ago=0)
            past = RunLeases(database, 60, clock=lambda age=age: now - age)
            assert past.of(run_id).hold()
            assert leases.lapsed(settings, instance, run_id)
        RunLeases(database, 60, clock=lambda: now).forget()
        assert (RunLeases(database, 60).until(run_id) is not None) == known
    database.close()


def test_on_one_machine_there_are_no_leases(tmp_path: Path) -> None:
    settings = Settings(database=f"sqlite:///{tmp_path / 'jobs.db'}")
    assert not settings.shares_database
    with dg.DagsterInstance.ephemeral() as instance, leases.kept(settings, "x"):
        assert not leases.lapsed(settings, instance, started(instance, seconds_ago=1e6))
    assert not (tmp_path / "jobs.db").exists()


def test_names_of_runs_fit_the_table_and_are_never_those_of_jobs(settings: Settings) -> None:
    lease = RunLeases(Database(settings.database), 60).of(str(uuid.uuid4()))
    assert len(lease._name) == 32
    assert not lease._name.isalnum(), "ids of jobs are hexadecimal"
