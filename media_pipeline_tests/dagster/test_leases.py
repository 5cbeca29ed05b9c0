from __future__ import annotations

import time
import uuid
from contextlib import closing
from pathlib import Path

import dagster as dg
import pytest

from media_pipeline.dagster import leases
from media_pipeline.requests.records import run_lease
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


def test_a_run_is_alive_while_its_lease_is_held(settings: Settings) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        run_id = started(instance, seconds_ago=1000)
        assert leases.lapsed(settings, instance, run_id), "nobody has its lease"
        with leases.taken(settings, run_id) as ours:
            assert ours
            assert not leases.lapsed(settings, instance, run_id)
            with leases.taken(settings, run_id) as also_ours:
                assert not also_ours
            assert not leases.lapsed(settings, instance, run_id)
        with leases.taken(settings, run_id) as ours:
            assert ours, "it was given back"


def test_a_run_that_has_just_begun_may_still_take_its_lease(settings: Settings) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        assert not leases.lapsed(settings, instance, started(instance, seconds_ago=0))
        assert leases.lapsed(settings, instance, started(instance, seconds_ago=61))


def test_a_run_whose_lease_has_run_out_is_gone(settings: Settings) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        run_id = started(instance, seconds_ago=0)
        with closing(Database(settings.database)) as database:
            assert run_lease(database, run_id, -1).hold()
        assert leases.lapsed(settings, instance, run_id)
        with leases.taken(settings, run_id) as ours:
            assert ours, "who held it is taken for dead"


def test_on_one_machine_there_are_no_leases(tmp_path: Path) -> None:
    settings = Settings(database=f"sqlite:///{tmp_path / 'jobs.db'}")
    assert not settings.shares_database
    with dg.DagsterInstance.ephemeral() as instance, leases.taken(settings, "x") as ours:
        assert ours
        assert not leases.lapsed(settings, instance, started(instance, seconds_ago=1e6))
    assert not (tmp_path / "jobs.db").exists()


def test_names_of_runs_fit_the_table_and_are_never_those_of_jobs(settings: Settings) -> None:
    with closing(Database(settings.database)) as database:
        lease = run_lease(database, str(uuid.uuid4()), 60)
        assert len(lease._name) == 32
        assert not lease._name.isalnum(), "ids of jobs are hexadecimal"
