"""Entries for the command: a catalogue run in this process, and what Dagster has to be told about
the lake.
"""

from __future__ import annotations

import gc
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from media_pipeline.dagster import liveness
from media_pipeline.dagster.assembly import build_catalogue
from media_pipeline.dagster.assets import DATA_VERSION_TAG, FORCE_TAG
from media_pipeline.dagster.config import run_config
from media_pipeline.dagster.instance import command_instance
from media_pipeline.dagster.interrupts import noticing
from media_pipeline.dagster.metadata import result_metadata
from media_pipeline.dagster.partitions import add_keys, remove_keys
from media_pipeline.dagster.requests import KEY_TAG, profile_tags
from media_pipeline.dagster.resources import AssetProgress, Pipeline
from media_pipeline.errors import InvalidParameter, MediaPipelineError, RunFailed, rebuild
from media_pipeline.profiles import Profile, default_stages, upstream
from media_pipeline.report.preview import Preview
from media_pipeline.stages.base import Stage
from media_pipeline.store import StoredArtifact

# The terminal is the command's; what Dagster logs is in the UI.
_SILENT: dict[str, Any] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
_NO_RETRIES = {"dagster/max_retries": "0"}
"""Who gave the command sees it fail and gives it again; the daemon must not."""


@dataclass(frozen=True)
class AssetOutcome:
    """What became of one asset in a run."""

    fingerprint: str | None = None
    """None when it failed, or was not made because something before it failed."""
    reused: bool = False
    seconds: float | None = None
    """What its step took in this run."""
    warnings: tuple[str, ...] = ()
    reason: str | None = None
    """Why the artifact is empty, in one line."""
    error: str | None = None
    """Why it failed, in one line."""
    exception: MediaPipelineError | None = None
    """The typed error, when it failed for one."""


@dataclass(frozen=True)
class RunSummary:
    """A catalogue run of one media item."""

    run_id: str
    success: bool
    assets: Mapping[str, AssetOutcome] = field(default_factory=dict)
    """By asset, in the order in which data flows."""

    def raise_on_failure(self) -> None:
        """Raise the first error of the run.

        Raises
        ------
        MediaPipelineError
            the typed error, or RunFailed when it failed for another reason.
        """
        for name, outcome in self.assets.items():
            if outcome.error is not None:
                raise outcome.exception or RunFailed(f"{name} failed", outcome.error)
        if not self.success:
            raise RunFailed(f"run {self.run_id} failed", "see it in Dagster's UI")


def process(
    keys: Sequence[str],
    *,
    profile: Profile | None = None,
    select: Sequence[str] | None = None,
    progress: AssetProgress | None = None,
    force: bool = False,
    pipeline: Pipeline | None = None,
    instance: dg.DagsterInstance | None = None,
) -> dict[str, RunSummary]:
    """Run the stages for media items of the lake, one after the other, in this process.

    The runs are runs like all others: the UI shows them, and pools and the inbox know of them.

    Parameters
    ----------
    keys : of media items that the lake knows.
    profile : which stages run and how; by default all with their defaults.
    select : stages instead of the profile's; what they are made from comes along.
    progress : called with an asset's name and the share that is done.
    force : compute also what is there already.
    pipeline : the stages and the lake; by default the product's, as the settings say.
    instance : by default the one in Dagster's home.

    Returns
    -------
    dict
        A summary for each key. Failures stand in it; they are not raised.

    Raises
    ------
    UnknownMedia, InvalidParameter
        before anything is run.
    KeyboardInterrupt
        when SIGINT or SIGTERM ended it; what is finished by then is in the lake.
    """
    pipeline = pipeline or Pipeline(default_stages())
    profile = profile or Profile()
    names = _selected(pipeline.stages, profile, select)
    for key in keys:
        pipeline.runner.store.media.get(key)
    config = run_config({name: pipeline.stages[name] for name in names}, profile.params)
    tags = {**profile_tags(pipeline, profile), **({FORCE_TAG: "true"} if force else {})}
    gc.freeze()  # what is loaded by now stays, and need not be looked through for garbage
    with noticing() as stopped, nullcontext(instance) if instance else command_instance() as used:
        job = build_catalogue(pipeline.listening(progress and _until(stopped, progress)))
        liveness.end_dead_runs(used)
        add_keys(used, keys)
        results = {key: _execute(job, used, key, names, config, tags) for key in keys}
        if stopped():  # between two steps it is nobody's failure
            raise KeyboardInterrupt
    return {key: _summary(result, names, pipeline, key) for key, result in results.items()}


def add_partitions(keys: Iterable[str], *, instance: dg.DagsterInstance | None = None) -> None:
    """Make media items of the lake known to Dagster."""
    with nullcontext(instance) if instance else command_instance() as used:
        add_keys(used, keys)


def remove_partitions(keys: Iterable[str], *, instance: dg.DagsterInstance | None = None) -> None:
    """Let Dagster forget media items."""
    with nullcontext(instance) if instance else command_instance() as used:
        remove_keys(used, keys)


def report_artifact(
    artifact: StoredArtifact,
    *,
    preview: Preview | None = None,
    stages: Mapping[str, Stage] | None = None,
    instance: dg.DagsterInstance | None = None,
) -> None:
    """Tell Dagster of an artifact that became current without a run, such as a person's captions.

    What is made from it shows as stale from then on.
    """
    stage = (stages or default_stages())[artifact.asset]
    event = dg.AssetMaterialization(
        asset_key=artifact.asset,
        partition=artifact.media_key,
        description=artifact.manifest.why or None,
        metadata=result_metadata(stage, artifact, reused=False, preview=preview or Preview()),
        tags={DATA_VERSION_TAG: artifact.fingerprint},
    )
    with nullcontext(instance) if instance else command_instance() as used:
        add_keys(used, [artifact.media_key])
        used.report_runless_asset_event(event)


def _until(stopped: Callable[[], bool], progress: AssetProgress) -> AssetProgress:
    """Progress that ends the run where a signal was lost on its way."""

    def show(asset: str, share: float) -> None:
        if stopped():
            raise dg.DagsterExecutionInterruptedError
        progress(asset, share)

    return show


def _selected(
    stages: Mapping[str, Stage], profile: Profile, select: Sequence[str] | None
) -> list[str]:
    if select is None:
        return profile.selected(stages)
    unknown = [name for name in select if name not in stages]
    if unknown:
        raise InvalidParameter(
            f"there is no stage {unknown[0]}", f"choose from {', '.join(stages)}"
        )
    return upstream(stages, select)


def _execute(
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    key: str,
    names: Sequence[str],
    config: Mapping[str, Any],
    tags: Mapping[str, str],
) -> dg.ExecuteInProcessResult:
    run_id = str(uuid.uuid4())
    return job.execute_in_process(
        run_id=run_id,
        partition_key=key,
        instance=instance,
        asset_selection=[dg.AssetKey(name) for name in names],
        run_config={**config, **_SILENT},
        tags={KEY_TAG: key, **tags, **_NO_RETRIES, **liveness.signature(run_id)},
        raise_on_error=False,
    )


def _summary(
    result: dg.ExecuteInProcessResult, names: Sequence[str], pipeline: Pipeline, key: str
) -> RunSummary:
    outcomes = dict.fromkeys(names, AssetOutcome())
    for event in result.all_events:
        step = event.step_key
        if step not in outcomes:
            continue
        if event.is_step_failure:
            outcomes[step] = _failed(event)
        elif event.is_step_success:
            outcomes[step] = _made(result, step, pipeline, key, event)
    return RunSummary(result.run_id, result.success, outcomes)


def _made(
    result: dg.ExecuteInProcessResult, asset: str, pipeline: Pipeline, key: str, event: Any
) -> AssetOutcome:
    (materialization,) = result.asset_materializations_for_node(asset)
    fingerprint = (materialization.tags or {})[DATA_VERSION_TAG]
    artifact = pipeline.runner.store.get(asset, key, fingerprint)
    reason = artifact.manifest.reason if artifact else None
    return AssetOutcome(
        fingerprint=fingerprint,
        reused=bool(materialization.metadata["reused"].value),
        seconds=event.step_success_data.duration_ms / 1000,
        warnings=artifact.manifest.warnings if artifact else (),
        reason=f"{reason.code}: {reason.message}" if reason else None,
    )


def _failed(event: Any) -> AssetOutcome:
    data = event.step_failure_data
    told = data.user_failure_data
    if told is None or "error" not in (told.metadata or {}):
        error = data.error.cause or data.error
        return AssetOutcome(error=" ".join(error.message.split()))
    parts = [told.metadata[name].value for name in ("error", "message", "remedy")]
    return AssetOutcome(error=told.description, exception=rebuild(*parts))
