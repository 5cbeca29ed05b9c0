"""What of a media item is missing, stale or worth another try."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from media_pipeline.errors import MediaPipelineError
from media_pipeline.runner.preparation import Prepared
from media_pipeline.stages.base import Stage
from media_pipeline.store import StoredArtifact

RETRY_REASONS = frozenset({"NoEngineForLanguage"})
"""Reasons that lie in the machine and not in the media: tomorrow may be another day."""


class State(StrEnum):
    """How an asset of a media item stands."""

    DONE = "done"
    """Current, and what the profile would give."""
    MISSING = "missing"
    """Never made, or lost."""
    STALE = "stale"
    """Made by another version, with other parameters, another engine or other inputs."""
    RETRY = "retry"
    """Empty for a reason that lies in the machine."""
    BLOCKED = "blocked"
    """Cannot be resolved as the profile asks; the detail says why."""


@dataclass(frozen=True, slots=True)
class Status:
    """An asset's state and why."""

    state: State
    detail: str = ""

    @property
    def wanted(self) -> bool:
        """Whether a run would make it better."""
        return self.state in {State.MISSING, State.STALE, State.RETRY}


def survey(
    stages: Sequence[Stage],
    current: Callable[[str], StoredArtifact | None],
    prepared: Callable[[Stage], Prepared],
) -> dict[str, Status]:
    """The status of each stage, which are given in the order in which data flows.

    Parameters
    ----------
    current : the canonical artifact of an asset.
    prepared : what a stage's run would be with the current inputs.
    """
    found: dict[str, Status] = {}
    for stage in stages:
        found[stage.name] = _one(stage, current(stage.name), found, prepared)
    return found


def _one(
    stage: Stage,
    artifact: StoredArtifact | None,
    found: Mapping[str, Status],
    prepared: Callable[[Stage], Prepared],
) -> Status:
    if artifact is not None and artifact.human:
        return Status(State.DONE, "a person's correction")
    upstream = {name: found[name] for name in stage.inputs if name in found}
    blocked = [name for name, status in upstream.items() if status.state == State.BLOCKED]
    moved = [name for name, status in upstream.items() if status.wanted]
    if blocked:
        return Status(State.BLOCKED, f"waits for {blocked[0]}")
    if artifact is None:
        return Status(State.MISSING)
    if moved:
        return Status(State.STALE, f"{', '.join(moved)} will change")
    return _against(artifact, stage, prepared)


def _against(
    artifact: StoredArtifact, stage: Stage, prepared: Callable[[Stage], Prepared]
) -> Status:
    """What is there against what a run would give."""
    try:
        wanted = prepared(stage)
    except MediaPipelineError as error:
        return Status(State.BLOCKED, str(error))
    reason = artifact.reason
    if wanted.fingerprint != artifact.fingerprint:
        return Status(State.STALE, _difference(wanted, artifact))
    if reason is not None and reason.code in RETRY_REASONS and wanted.refusal is None:
        return Status(State.RETRY, reason.message)
    return Status(State.DONE, reason.message if reason else "")


def _difference(wanted: Prepared, artifact: StoredArtifact) -> str:
    """Which part of the fingerprint differs, the most telling one first."""
    old = artifact.manifest
    if old.version != wanted.stage.version:
        return f"version {old.version} of the stage is now {wanted.stage.version}"
    params = wanted.params
    changed = sorted(n for n in params if old.params.get(n) != params[n])
    if changed:
        name = changed[0]
        return f"{name} was {old.params.get(name)!r} and is now {params[name]!r}"
    engine = dict(wanted.resolution.engine) if wanted.resolution.engine is not None else None
    if old.engine != engine:
        return "another engine is now chosen"
    inputs = {n: a.fingerprint for n, a in wanted.inputs.items()}
    other = sorted(n for n in {*inputs, *old.inputs} if old.inputs.get(n) != inputs.get(n))
    return f"made from another {', '.join(other)}" if other else "other parameters"
