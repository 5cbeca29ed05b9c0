"""All definitions together, from any set of stages."""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg

from media_pipeline.dagster.assets import build_assets
from media_pipeline.dagster.jobs import (
    catalogue_job,
    ingest_job,
    media_job,
    part_job,
    retention_job,
)
from media_pipeline.dagster.productions import request_jobs
from media_pipeline.dagster.requests import CATALOGUE_JOB
from media_pipeline.dagster.resources import RESOURCE, Pipeline, pipeline_resource
from media_pipeline.dagster.schedules import nightly_schedule
from media_pipeline.dagster.sensors import dead_runs_sensor, inbox_sensor, ingested_sensor
from media_pipeline.stages.base import Stage


def build_catalogue(pipeline: Pipeline) -> dg.JobDefinition:
    """The catalogue job alone, to be executed in this process with that very resource."""
    definitions = dg.Definitions(
        assets=build_assets(pipeline.stages),
        jobs=[catalogue_job()],
        resources={RESOURCE: pipeline},
        executor=dg.in_process_executor,
    )
    return definitions.resolve_job_def(CATALOGUE_JOB)


def build_definitions(stages: Mapping[str, Stage]) -> dg.Definitions:
    """Assets, jobs, sensors, schedule and resource for the stages, given in the order in which data
    flows.
    """
    return dg.Definitions(
        assets=build_assets(stages),
        jobs=[
            media_job(),
            catalogue_job(),
            ingest_job,
            part_job,
            retention_job,
            *request_jobs(),
        ],
        sensors=[inbox_sensor(), ingested_sensor(stages), dead_runs_sensor()],
        schedules=[nightly_schedule(stages)],
        resources={RESOURCE: pipeline_resource(stages)},
        executor=dg.in_process_executor,
    )
