"""What is known before anything is computed: inputs, resolved parameters, fingerprint."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from media_pipeline.errors import ArtifactMissing, InvalidParameter, StoreError, Unavailable
from media_pipeline.media.probe import MediaInfo
from media_pipeline.profiles import checked_params
from media_pipeline.runner.fingerprint import fingerprint
from media_pipeline.stages.base import Environment, Resolution, Stage, StageParams, Work
from media_pipeline.store import MediaItem, Store, StoredArtifact
from media_pipeline.store.places import local_path

SOURCE = "source"
"""The asset whose facts hold what probing found. Stages that read the original have it among their
inputs."""


@dataclass(frozen=True)
class Prepared:
    """A stage's run, decided but not started."""

    stage: Stage
    item: MediaItem
    inputs: Mapping[str, StoredArtifact]
    asked: StageParams
    resolution: Resolution
    fingerprint: str
    work: Work
    """With a path to the original that may be gone; :meth:`needs_original` says whether that
    matters."""
    refusal: Unavailable | None = None
    """Why resolving has found that there is nothing to be had."""

    @property
    def needs_original(self) -> bool:
        """Whether the stage reads the original media."""
        return not self.stage.inputs or SOURCE in self.stage.inputs

    @property
    def params(self) -> dict[str, Any]:
        """The resolved parameters as JSON values."""
        return self.resolution.params.model_dump(mode="json")


def prepare(
    store: Store,
    item: MediaItem,
    stage: Stage,
    params: StageParams,
    inputs: Mapping[str, str],
    environment: Environment,
    info: Callable[[MediaItem, Mapping[str, StoredArtifact]], MediaInfo],
) -> Prepared:
    """Gather inputs, resolve the parameters and name the result.

    Parameters
    ----------
    inputs : fingerprints of the artifacts to use, by asset; the others are the current ones.
    info : what probing found in the media.

    Raises
    ------
    ArtifactMissing
        when an input has not been made.
    MediaPipelineError
        what the stage raises when its parameters cannot be resolved (``Unavailable`` is kept as the
        refusal).
    """
    artifacts = gather(store, item.key, stage, inputs)
    work = Work(
        media=local_path(item.uris[-1]) or Path(item.name),
        info=info(item, artifacts),
        inputs=artifacts,
        params=params,
        out=Path(os.devnull),
        environment=environment,
        name=item.name,
    )
    refusal = None
    try:
        resolution = stage.resolve(work)
    except Unavailable as error:
        refusal = error
        # Part of the fingerprint: the stage is tried again as soon as resolving succeeds.
        resolution = Resolution(params, {"unavailable": error.code}, str(error))
    name = fingerprint(
        stage.name,
        stage.version,
        resolution.params.model_dump(mode="json"),
        resolution.engine,
        {asset: artifact.fingerprint for asset, artifact in artifacts.items()},
        item.sha256,
    )
    return Prepared(stage, item, artifacts, params, resolution, name, work, refusal)


def gather(
    store: Store, key: str, stage: Stage, inputs: Mapping[str, str]
) -> dict[str, StoredArtifact]:
    """The artifacts that a stage is made from: those named, else the current ones.

    Raises
    ------
    ArtifactMissing
        naming the one that has not been made.
    StoreError
        when one is named that the stage does not take.
    """
    strange = set(inputs) - {*stage.inputs, *stage.optional_inputs}
    if strange:
        raise StoreError(
            f"{stage.name} is not made from {min(strange)}",
            f"it takes {', '.join((*stage.inputs, *stage.optional_inputs)) or 'nothing'}",
        )
    found = {}
    for name in (*stage.inputs, *stage.optional_inputs):
        named = inputs.get(name)
        artifact = store.get(name, key, named) if named else store.current(name, key)
        if artifact is not None:
            found[name] = artifact
        elif named or name in set(stage.inputs) - set(stage.dispensable):
            which = f" {named}" if named else ""
            raise ArtifactMissing(
                f"{stage.name} of {key} needs {name}{which}, which has not been made",
                f"run {name} first",
            )
    return found


def recorded_info(source: StoredArtifact | None) -> MediaInfo | None:
    """What a source artifact says of the media, or None when it is of another version."""
    if source is None or "media" not in source.facts:
        return None
    try:
        return MediaInfo.model_validate(source.facts["media"])
    except ValidationError:
        return None


def still_valid(stage: Stage, asked: Mapping[str, Any]) -> StageParams | None:
    """Parameters of an older artifact, or None when this version does not take them."""
    try:
        return checked_params(stage, asked)
    except InvalidParameter:
        return None
