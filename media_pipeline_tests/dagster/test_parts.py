"""Who asks for which runs when a film is worked on in parts; nobody empties the queue."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.origin import JobPythonOrigin, RepositoryPythonOrigin
from dagster._core.remote_origin import (
    InProcessCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from media_pipeline.dagster import handover
from media_pipeline.dagster.assembly import build_definitions
from media_pipeline.dagster.queues import strained
from media_pipeline.dagster.requests import CATALOGUE_JOB, KEY_TAG, PROFILE_TAG
from media_pipeline.requests.order import HANDED_OVER_TAG, JOB_TAG, PARENT_JOB_TAG
from media_pipeline.runner import PartOrder
from media_pipeline_tests.generators.split_stages import AFTER, SLOW
from media_pipeline_tests.generators.stages import SOURCE

MODULE = "media_pipeline_tests.dagster.split_definitions"
REPOSITORY = build_definitions({s.name: s for s in (SOURCE, SLOW, AFTER)}).get_repository_def()
ORDERS = [
    PartOrder(key="k", stage="slow", params={}, inputs={}, task={"number": n}) for n in range(3)
]
Status = dg.DagsterRunStatus


@pytest.fixture
def queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    coordinator = {"module": "dagster.core.run_coordinator", "class": "QueuedRunCoordinator"}
    with dg.DagsterInstance.local_temp(
        str(tmp_path), overrides={"run_coordinator": coordinator}
    ) as instance:
        yield instance


@pytest.fixture
def root(queue: dg.DagsterInstance) -> dg.DagsterRun:
    """A run that was started from the queue, and has made the source."""
    target = LoadableTargetOrigin(executable_path=sys.executable, module_name=MODULE)
    remote = RemoteRepositoryOrigin(InProcessCodeLocationOrigin(target), "__repository__")
    code = RepositoryPythonOrigin(sys.executable, ModuleCodePointer(MODULE, "defs"))
    run = queue.create_run_for_job(
        REPOSITORY.get_job(CATALOGUE_JOB),
        run_config={"ops": {"slow": {"config": {"differs": True}}}},
        tags={
            KEY_TAG: "k",
            PROFILE_TAG: "p",
            JOB_TAG: "job",
            "dagster/partition": "k",
            "dagster/priority": "3",
            "dagster/run_key": "x",
        },
        remote_job_origin=RemoteJobOrigin(remote, CATALOGUE_JOB),
        job_code_origin=JobPythonOrigin(CATALOGUE_JOB, code),
    )
    made = dg.AssetMaterialization(asset_key="source", partition="k")
    from dagster._core.events import DagsterEvent, DagsterEventType, StepMaterializationData

    queue.report_dagster_event(
        DagsterEvent(
            DagsterEventType.ASSET_MATERIALIZATION.value,
            CATALOGUE_JOB,
            event_specific_data=StepMaterializationData(made),
        ),
        run.run_id,
    )
    assert handover.may_hand_over(queue, run)
    handover.hand_over(queue, REPOSITORY, run, ORDERS)
    return fresh(queue, run)


def fresh(queue: dg.DagsterInstance, run: dg.DagsterRun) -> dg.DagsterRun:
    found = queue.get_run_by_id(run.run_id)
    assert found is not None
    return found


def parts(queue: dg.DagsterInstance, root: dg.DagsterRun) -> list[dg.DagsterRun]:
    return list(queue.get_runs(dg.RunsFilter(tags={handover.PARENT_TAG: root.run_id})))[::-1]


def becomes(queue: dg.DagsterInstance, run: dg.DagsterRun, status: Status, **tags: str) -> None:
    queue.add_run_tags(run.run_id, tags)
    queue.report_run_failed(run) if status == Status.FAILURE else queue.report_run_canceled(run)


def test_a_run_for_each_part_is_queued(queue: dg.DagsterInstance, root: dg.DagsterRun) -> None:
    assert root.tags[HANDED_OVER_TAG] == f"slow@{root.run_id}"
    assert handover.is_handed_over(queue, root)
    runs = parts(queue, root)
    assert [run.tags[handover.NUMBER_TAG] for run in runs] == ["1/3", "2/3", "3/3"]
    for run, order in zip(runs, ORDERS, strict=True):
        assert run.status == Status.QUEUED
        assert run.job_name == handover.PART_JOB
        assert run.tags[PARENT_JOB_TAG] == "job" and JOB_TAG not in run.tags
        assert run.tags[KEY_TAG] == "k" and run.tags[PROFILE_TAG] == "p"
        assert run.tags["dagster/priority"] == "3"
        assert strained(queue, run) == {"ocr"}, "as the stage, although no step has a pool"
        config = run.run_config["ops"][handover.PART_OP]["config"]
        assert PartOrder.model_validate_json(config["order"]) == order
    handover.hand_over(queue, REPOSITORY, root, ORDERS)
    assert len(parts(queue, root)) == 3


def test_the_last_part_has_the_run_go_on_once(
    queue: dg.DagsterInstance, root: dg.DagsterRun
) -> None:
    runs = parts(queue, root)
    for run in runs[:2]:
        handover.part_done(queue, REPOSITORY, run)
        assert handover.continuation(queue, root) is None
    handover.part_done(queue, REPOSITORY, runs[0])  # a repetition of one counts once
    assert handover.continuation(queue, root) is None
    handover.part_done(queue, REPOSITORY, runs[2])
    handover.part_done(queue, REPOSITORY, runs[1])
    found = handover.continuation(queue, root)
    assert found is not None and found.status == Status.QUEUED
    assert found.job_name == CATALOGUE_JOB and found.parent_run_id == root.run_id
    assert found.run_config == root.run_config
    assert found.asset_selection == {dg.AssetKey("slow"), dg.AssetKey("after")}
    assert handover.tried(found) == {"slow"} and handover.tried(root) == frozenset()
    assert found.tags[JOB_TAG] == "job" and found.tags["dagster/partition"] == "k"
    assert not {HANDED_OVER_TAG, "dagster/run_key"} & set(found.tags)
    assert queue.get_runs_count() == 5


def test_parts_whose_runs_died_for_good_are_gone_on_without(
    queue: dg.DagsterInstance, root: dg.DagsterRun
) -> None:
    runs = parts(queue, root)
    for run in runs[:2]:
        becomes(queue, run, Status.FAILURE)
        assert handover.go_on_without(queue, REPOSITORY) == []  # the third still waits
    becomes(queue, runs[2], Status.FAILURE, **{"dagster/will_retry": "true"})
    assert handover.go_on_without(queue, REPOSITORY) == []
    queue.add_run_tags(runs[2].run_id, {"dagster/will_retry": "false"})
    assert handover.go_on_without(queue, REPOSITORY) == [root.run_id]
    assert handover.go_on_without(queue, REPOSITORY) == []
    assert handover.continuation(queue, root) is not None


def test_nothing_goes_on_where_somebody_has_cancelled_a_part(
    queue: dg.DagsterInstance, root: dg.DagsterRun
) -> None:
    first, *rest = parts(queue, root)
    becomes(queue, first, Status.CANCELED)
    for run in rest:
        becomes(queue, run, Status.FAILURE)
    assert handover.go_on_without(queue, REPOSITORY) == []


def test_runs_that_were_never_queued_are(
    queue: dg.DagsterInstance, root: dg.DagsterRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handover, "_queue", lambda *_: None)  # killed before
    handover.go_on(queue, REPOSITORY, root.run_id)
    monkeypatch.undo()
    found = handover.continuation(queue, root)
    assert found is not None and found.status == Status.NOT_STARTED
    handover.queue_forgotten(queue)
    assert fresh(queue, found).status == Status.NOT_STARTED  # it may be about to be
    monkeypatch.setattr(handover, "_FORGOTTEN_S", -60.0)
    handover.queue_forgotten(queue)
    assert fresh(queue, found).status == Status.QUEUED
    handover.queue_forgotten(queue)
    assert fresh(queue, root).status == Status.NOT_STARTED  # is none of these


def test_a_repetition_hands_over_again_where_nobody_goes_on(
    queue: dg.DagsterInstance, root: dg.DagsterRun
) -> None:
    again = dg.DagsterRun(CATALOGUE_JOB, tags=root.tags)  # which has the tags of the first
    assert handover.is_handed_over(queue, again)
    first, *rest = parts(queue, root)
    for run in rest:
        becomes(queue, run, Status.FAILURE)
    assert handover.is_handed_over(queue, again)
    becomes(queue, first, Status.FAILURE)
    assert not handover.is_handed_over(queue, again)
    handover.go_on(queue, REPOSITORY, root.run_id)
    assert handover.is_handed_over(queue, again)
    queue.delete_run(first.run_id)  # as if it had never been asked for
    assert not handover.is_handed_over(queue, again)


def test_a_part_that_cannot_be_made_is_done_as_well(
    queue: dg.DagsterInstance,
    root: dg.DagsterRun,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """The run that goes on then finds out why."""
    monkeypatch.setenv("MEDIA_PIPELINE_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("MEDIA_PIPELINE_CACHE_DIR", str(tmp_path / "cache"))
    told: list[str] = []

    monkeypatch.setattr(
        handover, "note_done", lambda context: told.append(context.run.tags[handover.NUMBER_TAG])
    )
    first, *_ = parts(queue, root)
    result = REPOSITORY.get_job(handover.PART_JOB).execute_in_process(
        run_config=first.run_config, tags=first.tags, instance=queue, raise_on_error=False
    )
    assert not result.success
    (failed,) = [event for event in result.all_events if event.is_step_failure]
    assert "UnknownMedia" in str(failed.step_failure_data.user_failure_data)
    assert told == ["1/3"]


def test_only_runs_from_a_queue_hand_over(queue: dg.DagsterInstance, root: dg.DagsterRun) -> None:
    assert not handover.may_hand_over(queue, dg.DagsterRun("job"))
    with dg.DagsterInstance.ephemeral() as other:
        assert not handover.may_hand_over(other, root)
