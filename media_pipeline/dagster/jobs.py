"""Jobs: the catalogue run of a media item, adding a file to the lake, and retention.

Annotations are evaluated here: Dagster reads the config classes of ops from them.
"""

from typing import Any

import dagster as dg

from media_pipeline.dagster import handover
from media_pipeline.dagster.assets import RETRIES, made_in_run, reported_errors
from media_pipeline.dagster.metadata import rows_table
from media_pipeline.dagster.old_runs import old_runs, remove_runs
from media_pipeline.dagster.partitions import add_keys
from media_pipeline.dagster.requests import CATALOGUE_JOB, KEY_TAG, PROFILE_TAG
from media_pipeline.dagster.resources import RESOURCE, Pipeline
from media_pipeline.profiles import DEFAULT
from media_pipeline.runner import PartOrder
from media_pipeline.stages.base import FUNCTIONS_GROUP
from media_pipeline.store.retention import RetentionPlan, plan_retention

INGEST_JOB = "ingest"
INGEST_OP = "ingest_media"
RETENTION_JOB = "retention"

_SHOWN = 200


class IngestConfig(dg.Config):
    """What to add, and how it will be processed."""

    uri: str
    profile: str = DEFAULT


class RetentionConfig(dg.Config):
    """What may be removed; nothing is unless ``apply`` is set."""

    apply: bool = False
    days: float | None = None


def catalogue_job() -> Any:
    """Any assets of one media item. Steps run in one process, so that models are loaded once; runs
    are parallel.
    """
    return dg.define_asset_job(
        CATALOGUE_JOB,
        selection=dg.AssetSelection.all(),
        executor_def=dg.in_process_executor,
        description="The assets that a profile asks for. By hand, use process_media.",
    )


def media_job() -> Any:
    """What is usually made of one media item, for people to start by hand: a production function
    wants parameters, or a kind of film, that not every item has.
    """
    return dg.define_asset_job(
        "process_media",
        selection=dg.AssetSelection.all() - dg.AssetSelection.groups(FUNCTIONS_GROUP),
        executor_def=dg.in_process_executor,
        description="Make every asset of one media item, except those of production functions.",
    )


@dg.op(
    name=INGEST_OP,
    required_resource_keys={RESOURCE},
    description="Check, hash and register one file, and add its key to the partitions.",
)
def ingest_media(context: dg.OpExecutionContext, config: IngestConfig) -> None:
    """Add a file to the lake and to the partitions.

    The run notes the media key and the profile in its tags. Its success is what the ``ingested``
    sensor asks for a catalogue run upon, so a crash loses nothing: before the end of the run it
    leaves a failed run, which is retried and finds the file registered; after it the sensor finds
    the success whenever it runs next.
    """
    pipeline: Pipeline = getattr(context.resources, RESOURCE)
    with reported_errors():
        pipeline.profile(config.profile)  # a wrong profile is found before the work, not after it
        progress = pipeline.progress(INGEST_OP, context.log.info)
        item = pipeline.runner.ingest(config.uri, progress=progress)
    add_keys(context.instance, [item.key])
    context.instance.add_run_tags(context.run_id, {KEY_TAG: item.key, PROFILE_TAG: config.profile})
    context.add_output_metadata({"media key": item.key, "name": item.name, "bytes": item.size})


@dg.job(name=INGEST_JOB, executor_def=dg.in_process_executor)
def ingest_job() -> None:
    """Add one file to the lake; the catalogue run of it follows."""
    ingest_media()


class PartConfig(dg.Config):
    """A part of a film, as JSON."""

    order: str


@dg.op(
    name=handover.PART_OP,
    required_resource_keys={RESOURCE},
    description="Make one part of a long film; the last one has the run go on that wanted them.",
)
def make_part(context: dg.OpExecutionContext, config: PartConfig) -> None:
    """Make a part. It has no pool: parts are there to be made side by side.

    Where it cannot be made, the run that goes on finds out why, by working on the whole film.
    """
    pipeline: Pipeline = getattr(context.resources, RESOURCE)
    order = PartOrder.model_validate_json(config.order)
    try:
        with reported_errors():
            progress = pipeline.progress(order.stage, context.log.info)
            pipeline.runner.part(order, progress=progress)
    except dg.RetryRequested:
        if context.retry_number >= RETRIES:
            handover.note_done(context)
        raise
    except Exception:
        handover.note_done(context)
        raise
    handover.note_done(context)


@dg.job(name=handover.PART_JOB, executor_def=dg.in_process_executor)
def part_job() -> None:
    """Make one part of a long film."""
    make_part()


@dg.op(
    name="remove_unused",
    required_resource_keys={RESOURCE},
    description="Remove old artifacts that nothing uses and old runs of requests, or say which "
    "those are.",
)
def remove_unused(context: dg.OpExecutionContext, config: RetentionConfig) -> None:
    """Plan retention, and carry it out when asked to."""
    pipeline: Pipeline = getattr(context.resources, RESOURCE)
    days = pipeline.settings.retention_days if config.days is None else config.days
    with reported_errors():
        plan = plan_retention(pipeline.runner.store, days, keep=_in_use(context.instance))
        freed = plan.apply() if config.apply else 0
    runs = old_runs(context.instance, pipeline.settings.run_days)
    if config.apply:
        remove_runs(context.instance, runs)
    context.add_output_metadata({**_plan_metadata(plan, freed), "runs": len(runs)})


@dg.job(name=RETENTION_JOB, executor_def=dg.in_process_executor)
def retention_job() -> None:
    """Show what may be removed from the lake, and of Dagster's runs; with ``apply`` remove it."""
    remove_unused()


def _in_use(instance: dg.DagsterInstance) -> set[str]:
    """Fingerprints of what unfinished runs have made: later steps of theirs may need them."""
    unfinished = [
        dg.DagsterRunStatus.QUEUED,
        dg.DagsterRunStatus.STARTING,
        dg.DagsterRunStatus.STARTED,
    ]
    used: set[str] = set()
    for run in instance.get_runs(dg.RunsFilter(statuses=unfinished)):
        key = run.tags.get(KEY_TAG) or run.tags.get("dagster/partition")
        if key:
            used.update(made_in_run(instance, run.run_id, key).values())
    return used


def _plan_metadata(plan: RetentionPlan, freed: int) -> dict[str, Any]:
    rows = [
        {
            "asset": removal.asset,
            "media": removal.media_key,
            "fingerprint": removal.fingerprint,
            "bytes": removal.size,
            "created": removal.created,
        }
        for removal in plan.removals[:_SHOWN]
    ]
    found: dict[str, Any] = {
        "artifacts": len(plan.removals),
        "bytes": plan.size,
        "bytes freed": freed,
        "days": plan.days,
    }
    return {**found, "plan": rows_table(rows)} if rows else found
