"""The nightly schedule: makes what is missing, failed or stale, a bounded number of media items
each night.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date

import dagster as dg

from media_pipeline.dagster.partitions import add_keys, known_keys, remove_keys
from media_pipeline.dagster.requests import (
    CATALOGUE_JOB,
    KEY_TAG,
    catalogue_request,
    profile_tags,
    remembered_profile,
)
from media_pipeline.dagster.resources import RESOURCE, Pipeline
from media_pipeline.errors import MediaPipelineError, UnknownMedia
from media_pipeline.profiles import Profile
from media_pipeline.stages.base import Stage

WANTED_TAG = "media/wanted"
"""What a nightly run was asked to make and how, as a digest: by it repeated failures are
recognised.
"""

_PARTITION_TAG = "dagster/partition"

RUNS_PER_NIGHT = 25
SECONDS_PER_TICK = 40.0  # Dagster ends a tick after 60 s
MAX_FAILURES = 3

_ACTIVE = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def nightly_schedule(stages: Mapping[str, Stage]) -> dg.ScheduleDefinition:
    """Every night at 02:00: run what a run would make better."""

    def choose(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        pipeline: Pipeline = getattr(context.resources, RESOURCE)
        night = context.scheduled_execution_time.date()
        warn = context.log.warning
        requests = list(nightly_requests(context.instance, pipeline, stages, night, warn))
        yield from requests
        if not requests:
            yield dg.SkipReason("nothing is missing, failed or stale")

    return dg.ScheduleDefinition(
        name="nightly",
        job_name=CATALOGUE_JOB,
        cron_schedule="0 2 * * *",
        execution_fn=choose,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        required_resource_keys={RESOURCE},
        description="Makes what is missing, failed or stale (version, engine, inputs, profile).",
    )


def nightly_requests(
    instance: dg.DagsterInstance,
    pipeline: Pipeline,
    stages: Mapping[str, Stage],
    night: date,
    warn: Callable[[str], None],
    *,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[dg.RunRequest]:
    """Requests for the media items that need a run, those without any result first, at most
    ``RUNS_PER_NIGHT``.

    What is missing or stale is decided by the lake, not by Dagster's record: the lake may have been
    moved, changed by the command, or be older than this Dagster. Media that is being processed is
    left alone, and so is what has failed ``MAX_FAILURES`` times for the same stages, versions and
    parameters.
    """
    began = clock()
    keys, known = list[str](), set(known_keys(instance))
    for key in pipeline.runner.store.media.keys(known):
        keys.append(key)
        if key not in known and clock() - began > SECONDS_PER_TICK / 2:
            break  # the others are found on other nights
    add_keys(instance, set(keys) - known)
    active = {
        run.tags.get(_PARTITION_TAG) or run.tags.get(KEY_TAG)  # which is that of a part's run
        for run in instance.get_runs(dg.RunsFilter(statuses=_ACTIVE))
    }
    count = 0
    for key in in_turn(instance, stages, keys, night):
        if count >= RUNS_PER_NIGHT or clock() - began > SECONDS_PER_TICK:
            return
        if key in active:
            continue
        try:
            profile = remembered_profile(instance, pipeline, key)
            wanted = pipeline.runner.missing(key, profile)
        except UnknownMedia:
            remove_keys(instance, [key])  # removed, and perhaps added again under another name
            continue
        except MediaPipelineError as error:
            warn(f"{key}: {error}")
            continue
        digest = _digest(stages, wanted, profile)
        if wanted and not _given_up(instance, key, digest):
            count += 1
            yield catalogue_request(
                stages,
                key,
                profile,
                run_key=f"nightly:{night}:{key}",
                wanted=wanted,
                tags={**profile_tags(pipeline, profile), WANTED_TAG: digest},
            )


def in_turn(
    instance: dg.DagsterInstance, stages: Mapping[str, Stage], keys: Sequence[str], night: date
) -> list[str]:
    """Keys without any result first; all others in another order each night, so that each has its
    turn.
    """
    first = next(iter(stages))
    started = instance.get_materialized_partitions(dg.AssetKey(first))

    def place(key: str) -> tuple[bool, str]:
        return key in started, hashlib.sha256(f"{night}{key}".encode()).hexdigest()

    return sorted(keys, key=place)


def _given_up(instance: dg.DagsterInstance, key: str, digest: str) -> bool:
    failed = dg.RunsFilter(
        job_name=CATALOGUE_JOB,
        tags={KEY_TAG: key, WANTED_TAG: digest},
        statuses=[dg.DagsterRunStatus.FAILURE],
    )
    return instance.get_runs_count(failed) >= MAX_FAILURES


def _digest(stages: Mapping[str, Stage], wanted: Sequence[str], profile: Profile) -> str:
    asked = {name: [stages[name].version, profile.params.get(name)] for name in wanted}
    return hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()[:16]
