"""Long films in parts, as runs: one for each part, and one that goes on when they are done.

No run waits for another. The run that finds that parts are wanted hands the film over: it asks for
a run for each part, and ends. The run of the part that is done last asks for the run that goes on:
the same job, for what the first has not made. It finds the parts in the lake and joins them; where
one could not be made it works on the whole film.

The first run and the one that goes on carry the tags of their job. Runs of parts have the tag
``media/parent_job`` instead.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
from dagster._core.errors import DagsterRunAlreadyExists
from dagster._core.origin import JobPythonOrigin
from dagster._core.remote_origin import RemoteJobOrigin
from dagster._core.run_coordinator import QueuedRunCoordinator, SubmitRunContext

from media_pipeline.dagster.liveness import WORKER_TAG
from media_pipeline.dagster.queues import POOL_TAG
from media_pipeline.dagster.requests import KEY_TAG, OWN_PROFILE_TAG, PROFILE_TAG
from media_pipeline.requests.order import HANDED_OVER_TAG, JOB_TAG, PARENT_JOB_TAG
from media_pipeline.runner import PartOrder, PartsWanted

PART_JOB = "part_of_film"
PART_OP = "make_part"

TRIED_TAG = "media/parts_tried"
"""On a run that goes on: the stages whose parts were asked for, separated by commas."""
PARENT_TAG = "media/parent_run"
"""On the run of a part: the run that asked for it."""
NUMBER_TAG = "media/part"
"""On the run of a part: which of how many, as ``2/4``."""
DONE_TAG = "media/part_done"
"""On the run of a part: that it has made its part, or found that it cannot be made."""

_OF_THE_JOB = (KEY_TAG, PROFILE_TAG, OWN_PROFILE_TAG, "dagster/priority")
_OF_ONE_RUN = (
    WORKER_TAG,
    HANDED_OVER_TAG,
    "dagster/will_retry",
    "dagster/auto_retry_run_id",
    "dagster/retry_number",
    "dagster/run_key",
    ".dagster/grpc_info",
)
_LOOK_BACK = 200  # runs
_FORGOTTEN_S = 120.0
_GONE = (dg.DagsterRunStatus.CANCELED, dg.DagsterRunStatus.CANCELING)


def may_hand_over(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether runs that this run asks for are started: by a daemon, from a queue.

    Runs that the command carries out in its own process have nobody who would.
    """
    queued = isinstance(instance.run_coordinator, QueuedRunCoordinator)
    return queued and run.remote_job_origin is not None


def tried(run: dg.DagsterRun) -> frozenset[str]:
    """The stages whose parts were asked for before this run."""
    return frozenset(filter(None, run.tags.get(TRIED_TAG, "").split(",")))


@contextmanager
def handing_over(context: dg.OpExecutionContext | dg.AssetExecutionContext) -> Iterator[None]:
    """Hand the film over where the block finds that parts are wanted; the block then ends without
    an error, and what follows upon its result is skipped.
    """
    try:
        yield
    except PartsWanted as wanted:
        context.log.info(f"{wanted}: the run goes on in others")
        run = context.instance.get_run_by_id(context.run.run_id) or context.run
        if not is_handed_over(context.instance, run):  # else other stages have their turn later
            hand_over(context.instance, context.repository_def, run, wanted.orders)


def is_handed_over(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether others go on where a run stops: it has handed over itself, or it is the repetition of
    one that has, and that was all but done.
    """
    by = run.tags.get(HANDED_OVER_TAG, "").partition("@")[2]
    if by in ("", run.run_id):
        return bool(by)
    runs = list(_parts(instance, by))
    if not runs or len({one.tags[NUMBER_TAG] for one in runs}) < _count(runs[0]):
        return False  # it died while it asked for them
    further = instance.get_run_by_id(_name(by, "goes on"))
    runs += [further] if further is not None else []
    return any(not one.is_finished or _is_repeated(one) for one in runs)


def hand_over(
    instance: dg.DagsterInstance,
    repository: dg.RepositoryDefinition,
    run: dg.DagsterRun,
    orders: Sequence[PartOrder],
) -> None:
    """Ask for a run for each part. Nothing else is to be made of the film by this run."""
    stage = orders[0].stage
    instance.add_run_tags(run.run_id, {HANDED_OVER_TAG: f"{stage}@{run.run_id}"})
    tags = {
        **{name: run.tags[name] for name in _OF_THE_JOB if name in run.tags},
        PARENT_JOB_TAG: run.tags.get(JOB_TAG, run.run_id),
        PARENT_TAG: run.run_id,
        "dagster/retry_strategy": "ALL_STEPS",
        **_strains(repository, stage),
    }
    for number, order in enumerate(orders, start=1):
        _submit(
            instance,
            repository,
            run,
            job=PART_JOB,
            run_id=_name(run.run_id, f"{stage} {number}"),
            config={"ops": {PART_OP: {"config": {"order": order.model_dump_json()}}}},
            tags={**tags, NUMBER_TAG: f"{number}/{len(orders)}"},
        )


def _strains(repository: dg.RepositoryDefinition, stage: str) -> dict[str, str]:
    """What the parts of a stage strain. They have no pool, being there to be made side by side."""
    asset = repository.assets_defs_by_key.get(dg.AssetKey(stage))
    return {POOL_TAG: asset.op.pool} if asset is not None and asset.op.pool else {}


def note_done(context: dg.OpExecutionContext) -> None:
    """What the run of a part does last, whatever has become of its part."""
    part_done(context.instance, context.repository_def, context.run)


def part_done(
    instance: dg.DagsterInstance, repository: dg.RepositoryDefinition, run: dg.DagsterRun
) -> None:
    """Note that the run of a part is done, and ask for the run that goes on if it was the last.

    Of two that end at the same moment at least one sees both done, and if both do, the name of the
    run that goes on is taken by one of them only.
    """
    instance.add_run_tags(run.run_id, {DONE_TAG: "true"})
    done = {
        part.tags[NUMBER_TAG]
        for part in _parts(instance, run.tags[PARENT_TAG])
        if DONE_TAG in part.tags
    }
    if len(done) == _count(run):
        go_on(instance, repository, run.tags[PARENT_TAG])


def go_on(
    instance: dg.DagsterInstance, repository: dg.RepositoryDefinition, parent_id: str
) -> None:
    """Ask for the run that goes on where a run has handed over, unless that was done before."""
    parent = instance.get_run_by_id(parent_id)
    if parent is None or continuation(instance, parent) is not None:
        return
    stage = parent.tags.get(HANDED_OVER_TAG, "").partition("@")[0]
    done_before = {*tried(parent), stage} - {""}
    kept = {name: value for name, value in parent.tags.items() if name not in _OF_ONE_RUN}
    _submit(
        instance,
        repository,
        parent,
        job=parent.job_name,
        run_id=_name(parent.run_id, "goes on"),
        config=parent.run_config,
        tags={**kept, TRIED_TAG: ",".join(sorted(done_before))},
        assets=_not_made(instance, repository, parent),
        parent_id=parent.run_id,
    )


def go_on_without(instance: dg.DagsterInstance, repository: dg.RepositoryDefinition) -> list[str]:
    """Go on where the last part was never done because its runs died; the runs that had handed
    over.

    A part whose run somebody has cancelled is no reason to go on.
    """
    failed = dg.RunsFilter(job_name=PART_JOB, statuses=[dg.DagsterRunStatus.FAILURE])
    parents = {run.tags.get(PARENT_TAG, "") for run in instance.get_runs(failed, limit=_LOOK_BACK)}
    gone_on = []
    for parent_id in sorted(parents - {""}):
        parent = instance.get_run_by_id(parent_id)
        if parent is None or continuation(instance, parent) is not None:
            continue
        newest: dict[str, dg.DagsterRun] = {}
        for run in _parts(instance, parent_id):
            newest.setdefault(run.tags[NUMBER_TAG], run)
        runs = list(newest.values())
        if len(runs) == _count(runs[0]) and all(map(_is_over, runs)):
            go_on(instance, repository, parent_id)
            gone_on.append(parent_id)
    return gone_on


def queue_forgotten(instance: dg.DagsterInstance) -> None:
    """Queue the runs that were made by a process that died before it queued them."""
    before = datetime.now(UTC) - timedelta(seconds=_FORGOTTEN_S)
    unqueued = dg.RunsFilter(statuses=[dg.DagsterRunStatus.NOT_STARTED], created_before=before)
    for run in instance.get_runs(unqueued, limit=_LOOK_BACK):
        if PARENT_TAG in run.tags or TRIED_TAG in run.tags:
            _queue(instance, run)


def continuation(instance: dg.DagsterInstance, parent: dg.DagsterRun) -> dg.DagsterRun | None:
    """The run that goes on where another has handed over."""
    return instance.get_run_by_id(_name(parent.run_id, "goes on"))


def _parts(instance: dg.DagsterInstance, parent_id: str) -> Sequence[dg.DagsterRun]:
    """The runs of all parts that a run has asked for, with their repetitions; the newest first."""
    return instance.get_runs(dg.RunsFilter(tags={PARENT_TAG: parent_id}))


def _count(part: dg.DagsterRun) -> int:
    return int(part.tags[NUMBER_TAG].partition("/")[2])


def _is_over(run: dg.DagsterRun) -> bool:
    return run.is_finished and not _is_repeated(run) and run.status not in _GONE


def _is_repeated(run: dg.DagsterRun) -> bool:
    return run.tags.get("dagster/will_retry") == "true"


def _name(run_id: str, what: str) -> str:
    """The id of a run that another asks for: the same whenever it asks, so that there is one."""
    return str(uuid.uuid5(uuid.UUID(run_id), what))


def _not_made(
    instance: dg.DagsterInstance, repository: dg.RepositoryDefinition, parent: dg.DagsterRun
) -> set[dg.AssetKey] | None:
    """The assets that a catalogue run was to make and has not; None for other runs."""
    job = repository.get_job(parent.job_name)
    wanted = set(parent.asset_selection or job.asset_layer.executable_asset_keys)
    if not wanted:
        return None
    records = instance.get_records_for_run(
        parent.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION
    ).records
    made = [record.event_log_entry.asset_materialization for record in records]
    return wanted - {event.asset_key for event in made if event is not None}


def _submit(
    instance: dg.DagsterInstance,
    repository: dg.RepositoryDefinition,
    asking: dg.DagsterRun,
    *,
    job: str,
    run_id: str,
    config: Mapping[str, Any],
    tags: Mapping[str, str],
    assets: set[dg.AssetKey] | None = None,
    parent_id: str | None = None,
) -> None:
    """Put a run into the queue, in the code location of the run that asks for it."""
    remote, code = asking.remote_job_origin, asking.job_code_origin
    if remote is None or code is None:
        raise dg.Failure(f"run {asking.run_id} was not started from a queue")
    try:
        run = instance.create_run_for_job(
            repository.get_job(job),
            run_id=run_id,
            run_config=config,
            tags=tags,
            asset_selection=assets,
            parent_run_id=parent_id,
            root_run_id=parent_id and (asking.root_run_id or asking.run_id),
            remote_job_origin=RemoteJobOrigin(remote.repository_origin, job),
            job_code_origin=JobPythonOrigin(job, code.repository_origin),
        )
    except DagsterRunAlreadyExists:
        return  # whoever made it puts it into the queue
    _queue(instance, run)


def _queue(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    # A queue needs no workspace: only who takes a run from it has to find its code.
    instance.run_coordinator.submit_run(SubmitRunContext(run, workspace=None))  # type: ignore[arg-type]
