"""Sensors: files that appear in the inbox, media that was added, and runs whose process is gone."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext

import dagster as dg

from media_pipeline.dagster import handover
from media_pipeline.dagster.inbox import Cursor, Upload, look
from media_pipeline.dagster.jobs import INGEST_JOB, INGEST_OP
from media_pipeline.dagster.liveness import end_dead_runs
from media_pipeline.dagster.partitions import known_keys
from media_pipeline.dagster.requests import (
    CATALOGUE_JOB,
    KEY_TAG,
    PROFILE_TAG,
    catalogue_request,
)
from media_pipeline.dagster.resources import RESOURCE, Pipeline
from media_pipeline.errors import MediaPipelineError, StoreError
from media_pipeline.profiles import DEFAULT
from media_pipeline.settings import uri_scheme
from media_pipeline.stages.base import Stage
from media_pipeline.store.places import local_path, remote_errors

FILES_PER_TICK = 25
SUCCESSES_PER_TICK = 50
SECONDS_PER_TICK = 20.0  # Dagster ends a tick after 60 s
_RUNNING = dg.DefaultSensorStatus.RUNNING


def inbox_sensor() -> dg.SensorDefinition:
    """One ingest run for each version of each file that is completely written."""

    def watch(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        pipeline: Pipeline = getattr(context.resources, RESOURCE)
        before = Cursor.read(context.cursor)
        inbox = pipeline.settings.inbox
        try:
            with nullcontext() if local_path(inbox) else remote_errors(inbox):
                filesystem, root = pipeline.inbox()
                uploads, after = look(
                    filesystem, root, before, limit=FILES_PER_TICK, seconds=SECONDS_PER_TICK
                )
        except (StoreError, OSError) as error:
            return dg.SkipReason(f"{inbox} cannot be looked into: {error}")
        requests = [_ingest_request(upload, inbox) for upload in uploads]
        if not requests and (after.pending, after.done) == (before.pending, before.done):
            return dg.SkipReason(f"nothing new in {inbox}")
        return dg.SensorResult(run_requests=requests, cursor=after.write())

    return dg.SensorDefinition(
        name="inbox",
        evaluation_fn=watch,
        job_name=INGEST_JOB,
        minimum_interval_seconds=10,
        default_status=_RUNNING,
        required_resource_keys={RESOURCE},
        description="Adds files that appear in the inbox, once they are completely written.",
    )


def _ingest_request(upload: Upload, inbox: str) -> dg.RunRequest:
    scheme = uri_scheme(inbox)
    # A run key is used once, so a file that cannot be added is not tried again until it changes.
    place = upload.path if scheme in (None, "file") else f"{scheme}://{upload.path.lstrip('/')}"
    config = {"uri": place, "profile": upload.profile}
    return dg.RunRequest(
        run_key=f"inbox:{upload.version}",
        run_config={"ops": {INGEST_OP: {"config": config}}},
        tags={PROFILE_TAG: upload.profile},
    )


def ingested_sensor(stages: Mapping[str, Stage]) -> dg.SensorDefinition:
    """One catalogue run for each successful ingest run, whoever started it.

    The cursor is the place of the last success in the event log and the run key is the ingest run's
    id: a crash between adding a media item and asking for its run, or between asking and moving the
    cursor, neither loses nor doubles it.
    """

    def follow(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        pipeline: Pipeline = getattr(context.resources, RESOURCE)
        changes = context.instance.fetch_run_status_changes(
            dg.RunStatusChangeRecordsFilter(
                dg.DagsterEventType.RUN_SUCCESS,
                after_storage_id=int(context.cursor or 0),
            ),
            limit=SUCCESSES_PER_TICK,
            ascending=True,
        ).records
        if not changes:
            return dg.SkipReason("no media was added")
        known = set(known_keys(context.instance))
        requests = []
        for change in changes:
            run = context.instance.get_run_by_id(change.run_id)
            # No filter by job: some storages refuse it, others take it and do not heed it.
            key = run.tags.get(KEY_TAG) if run and run.job_name == INGEST_JOB else None
            if run is None or key not in known:
                continue
            name = run.tags.get(PROFILE_TAG, DEFAULT)
            try:
                profile = pipeline.profile(name)
            except MediaPipelineError as error:
                context.log.warning(f"{key} is left to the nightly run: {error}")
                continue
            request = catalogue_request(
                stages, key, profile, run_key=f"ingest:{run.run_id}", tags={PROFILE_TAG: name}
            )
            requests.append(request)
        return dg.SensorResult(run_requests=requests, cursor=str(changes[-1].storage_id))

    return dg.SensorDefinition(
        name="ingested",
        evaluation_fn=follow,
        job_name=CATALOGUE_JOB,
        minimum_interval_seconds=5,
        default_status=_RUNNING,
        required_resource_keys={RESOURCE},
        description="Asks for all assets of media that was added.",
    )


def dead_runs_sensor() -> dg.SensorDefinition:
    """Fails runs whose process was killed, so that they are retried and give their places in pools
    back; where the runs of a part have died for good, what asked for it goes on without it.
    """

    def reap(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        ended = end_dead_runs(context.instance)
        handover.queue_forgotten(context.instance)
        if context.repository_def is not None:
            handover.go_on_without(context.instance, context.repository_def)
        return dg.SkipReason(
            f"ended {', '.join(ended)}" if ended else "no run has lost its process"
        )

    return dg.SensorDefinition(
        name="dead_runs",
        evaluation_fn=reap,
        minimum_interval_seconds=30,
        default_status=_RUNNING,
        description="Fails runs whose process was killed; run retries start them again.",
    )
