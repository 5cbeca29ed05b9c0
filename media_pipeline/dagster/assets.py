"""Assets: one for each stage, made by a factory. An asset decides when its stage is called and
reports what came of it.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dagster as dg

from media_pipeline.dagster.checks import check_results, check_specs
from media_pipeline.dagster.config import asked, config_class
from media_pipeline.dagster.handover import handing_over
from media_pipeline.dagster.metadata import definition_metadata, result_metadata
from media_pipeline.dagster.partitions import MEDIA
from media_pipeline.dagster.requests import PROFILE_TAG, remembered_profile
from media_pipeline.dagster.resources import RESOURCE, Pipeline
from media_pipeline.errors import (
    ArtifactMissing,
    InvalidArtifact,
    MediaPipelineError,
    SourceGone,
    StoreError,
    printable,
)
from media_pipeline.report.preview import Preview, preview
from media_pipeline.runner import RunResult
from media_pipeline.stages.base import Stage
from media_pipeline.store import Store, StoredArtifact

FORCE_TAG = "media/force"
"""A run with this tag, of value ``true``, computes also what is there already."""
DATA_VERSION_TAG = "dagster/data_version"

_SETTLED = (ArtifactMissing, InvalidArtifact, SourceGone)
"""Errors of the lake that another try does not cure."""
RETRIES, _WAIT_S = 2, 5


def build_assets(stages: Mapping[str, Stage]) -> list[dg.AssetsDefinition]:
    """The assets of all stages."""
    return [build_asset(stage) for stage in stages.values()]


def build_asset(stage: Stage) -> dg.AssetsDefinition:
    """The asset of a stage: partitioned by media item, configured by the stage's parameters.

    It has no backfill policy, which means one run for each media item of a range: a failure of one
    is no failure of the others, and items run side by side.
    """

    def materialise(
        context: dg.AssetExecutionContext, config: Any
    ) -> Iterator[dg.MaterializeResult[Any]]:
        pipeline: Pipeline = getattr(context.resources, RESOURCE)
        with reported_errors(), handing_over(context):
            result = pipeline.runner.run(
                context.partition_key,
                stage,
                _params(context, config, stage, pipeline),
                inputs=inputs_of_run(context.instance, context.run, stage, context.partition_key),
                force=context.run.tags.get(FORCE_TAG) == "true",
                progress=pipeline.progress(stage.name, context.log.info),
            )
            yield _report(context, stage, pipeline.runner.store, result)

    # Dagster finds the config class by its annotation, which cannot be written for a class made at
    # run time.
    materialise.__annotations__ = {
        "context": dg.AssetExecutionContext,
        "config": config_class(stage),
    }
    spec = dg.AssetSpec(
        stage.name,
        deps=[*stage.inputs, *stage.optional_inputs],
        group_name=stage.group,
        kinds=set(stage.kinds),
        description=stage.description,
        metadata=definition_metadata(stage),
        code_version=stage.version,
        skippable=True,
    )
    return dg.multi_asset(
        name=stage.name,
        specs=[spec],
        partitions_def=MEDIA,
        can_subset=True,
        pool=stage.pool or None,
        check_specs=check_specs(stage),
        required_resource_keys={RESOURCE},
    )(materialise)


def _params(
    context: dg.AssetExecutionContext, config: dg.Config, stage: Stage, pipeline: Pipeline
) -> Mapping[str, Any]:
    """The configured parameters; where a person or a backfill gave none, those of the media item's
    profile.
    """
    ops: Any = context.run.run_config.get("ops") or {}
    given = ops.get(stage.name, {}).get("config")
    if given or PROFILE_TAG in context.run.tags:
        return asked(config, stage.params)
    profile = remembered_profile(context.instance, pipeline, context.partition_key)
    return profile.params.get(stage.name, {})


def inputs_of_run(
    instance: dg.DagsterInstance, run: dg.DagsterRun, stage: Stage, key: str
) -> dict[str, str]:
    """Fingerprints of the stage's inputs that were made in this run, or in the runs it is a retry
    of.

    Two runs with other parameters for the same media item both move what is current; each goes on
    with its own results. What a run did not make itself it takes from what is current.
    """
    names = {*stage.inputs, *stage.optional_inputs}
    found: dict[str, str] = {}
    current: dg.DagsterRun | None = run
    while current is not None and names - set(found):
        for asset, fingerprint in made_in_run(instance, current.run_id, key).items():
            if asset in names:
                found.setdefault(asset, fingerprint)
        parent = current.parent_run_id
        current = instance.get_run_by_id(parent) if parent else None
    return found


def made_in_run(instance: dg.DagsterInstance, run_id: str, key: str) -> dict[str, str]:
    """Fingerprints of the artifacts that a run has materialised for a media item, by asset."""
    records = instance.get_records_for_run(
        run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION
    ).records
    found = {}
    for record in records:
        event = record.event_log_entry.asset_materialization
        version = (event.tags or {}).get(DATA_VERSION_TAG) if event else None
        if event and version and event.partition == key:
            found[event.asset_key.to_user_string()] = version
    return found


@contextmanager
def reported_errors() -> Iterator[None]:
    """Turn errors into what Dagster shows in one line, and ask for another try only where that may
    help.

    A step that fails for a typed error of input or parameters fails at once. Faults of storage are
    tried again; a retry policy would do so for every error, even for a run that is being cancelled.
    """
    try:
        yield
    except (StoreError, OSError) as error:
        if isinstance(error, _SETTLED):
            raise failure(error) from error
        final = failure(error)
        final.__cause__ = error
        raise dg.RetryRequested(RETRIES, _WAIT_S) from final
    except MediaPipelineError as error:
        raise failure(error) from error


def failure(error: Exception) -> dg.Failure:
    """An error as Dagster shows it: one line, and its parts for
    :func:`media_pipeline.errors.rebuild`.
    """
    typed = isinstance(error, MediaPipelineError)
    metadata = {
        "error": error.code if isinstance(error, MediaPipelineError) else StoreError.__name__,
        "message": error.message if isinstance(error, MediaPipelineError) else printable(error),
        "remedy": error.remedy if isinstance(error, MediaPipelineError) else "",
    }
    text = str(error) if typed else f"{type(error).__name__}: {printable(error)}"
    return dg.Failure(text, metadata=metadata, allow_retries=False)


def media_seconds(store: Store, key: str) -> float | None:
    """How long a media item lasts, where its source asset has been made."""
    source = store.current("source", key)
    duration = (source.facts.get("media") or {}).get("duration") if source else None
    return float(duration) if duration is not None else None


def _report(
    context: dg.AssetExecutionContext, stage: Stage, store: Store, result: RunResult
) -> dg.MaterializeResult[Any]:
    artifact = result.artifact
    duration = media_seconds(store, artifact.media_key)
    checks = list(check_results(stage, artifact, duration))
    sound = all(check.passed or check.severity == dg.AssetCheckSeverity.WARN for check in checks)
    seen = _preview(context, artifact, store) if sound else Preview()
    # Not with the result: Dagster would keep it twice, and its pictures are most of the event log.
    context.add_asset_metadata(
        result_metadata(stage, artifact, reused=result.reused, preview=seen), asset_key=stage.name
    )
    return dg.MaterializeResult(
        data_version=dg.DataVersion(artifact.fingerprint), check_results=checks
    )


def _preview(context: dg.AssetExecutionContext, artifact: StoredArtifact, store: Store) -> Preview:
    try:
        return preview(artifact, store)
    except Exception:
        # Pictures are for the eye: a result without them is still a result, and the log says what
        # went wrong.
        context.log.warning(f"no preview of {artifact.asset}:\n{traceback.format_exc()}")
        return Preview()
