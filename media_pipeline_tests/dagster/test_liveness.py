from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import dagster as dg

from media_pipeline.dagster.liveness import (
    WORKER_TAG,
    end_dead_runs,
    is_gone,
    sign_on,
    worker,
)


def test_this_process_is_alive_and_a_later_one_of_its_number_is_another() -> None:
    assert not is_gone(worker())
    host, number, started = worker().split(":")
    assert started.isdecimal()
    assert is_gone(f"{host}:{number}:{int(started) - 1}")


def test_a_process_that_has_ended_is_gone() -> None:
    code = (
        "from media_pipeline.dagster.liveness import worker; print(worker(), flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        name = child.stdout.readline().strip()
        assert not is_gone(name)
        child.kill()
        child.wait()
    assert is_gone(name)


def test_processes_elsewhere_and_strange_tags_count_as_alive() -> None:
    for name in ("", "x", "elsewhere:1:1", ":::", "a:b:c", worker().replace(":", ";")):
        assert not is_gone(name)


def signed(worker: str, status: dg.DagsterRunStatus) -> dg.DagsterRun:
    run = dg.DagsterRun("job", status=status)
    return run.with_tags({WORKER_TAG: f"{worker}:{run.run_id}"})


def test_a_repetition_is_not_taken_for_the_run_that_died() -> None:
    """It has the tags of that run until its own process signs on."""
    with dg.DagsterInstance.ephemeral() as instance:
        dead = worker().rpartition(":")[0] + ":1"
        first = signed(dead, dg.DagsterRunStatus.FAILURE)
        again = dg.DagsterRun("job", status=dg.DagsterRunStatus.STARTED, tags=first.tags)
        instance.add_run(again)
        assert end_dead_runs(instance) == []
        sign_on(instance, again)
        assert end_dead_runs(instance) == []


def test_dead_runs_end_and_free_their_places() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        dead = worker().rpartition(":")[0] + ":1"
        runs = [
            signed(dead, status)
            for status in (dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING)
        ]
        unsigned = dg.DagsterRun("job", status=dg.DagsterRunStatus.STARTED)
        for run in (*runs, unsigned):
            instance.add_run(run)
        pool = instance.event_log_storage
        pool.set_concurrency_slots("ocr", 1)
        assert pool.claim_concurrency_slot("ocr", runs[0].run_id, "step").is_claimed
        assert not pool.claim_concurrency_slot("ocr", unsigned.run_id, "step").is_claimed
        assert sorted(end_dead_runs(instance)) == sorted(run.run_id for run in runs)
        found = [instance.get_run_by_id(run.run_id) for run in (*runs, unsigned)]
        assert [run.status for run in found if run] == [
            dg.DagsterRunStatus.FAILURE,
            dg.DagsterRunStatus.CANCELED,
            dg.DagsterRunStatus.STARTED,
        ]
        assert pool.claim_concurrency_slot("ocr", unsigned.run_id, "step").is_claimed
        assert end_dead_runs(instance) == []


def test_a_run_signs_on_once() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        run = dg.DagsterRun("job", status=dg.DagsterRunStatus.STARTED)
        instance.add_run(run)
        sign_on(instance, run)
        found = instance.get_run_by_id(run.run_id)
        assert found is not None
        assert found.tags == {WORKER_TAG: f"{worker()}:{run.run_id}"}


def test_a_run_that_never_signed_on_is_ended_where_nothing_launches_runs(tmp_path: Path) -> None:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        starting = dg.DagsterRun("job", status=dg.DagsterRunStatus.STARTING)
        alive = signed(worker(), dg.DagsterRunStatus.STARTING)
        for run in (starting, alive):
            instance.add_run(run)
        assert end_dead_runs(instance) == []
        assert end_dead_runs(instance, unsigned=True) == [starting.run_id]
        ended = instance.get_run_by_id(starting.run_id)
        assert ended is not None and ended.status == dg.DagsterRunStatus.FAILURE
