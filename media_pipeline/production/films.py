"""What the functions have in common that write a film anew: an artifact becomes the output."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from media_pipeline.errors import NoCaptionsFound, NothingToDo
from media_pipeline.media.files import atomic_path
from media_pipeline.media.probe import MediaInfo
from media_pipeline.production.base import Job
from media_pipeline.stages.base import Stage
from media_pipeline.stages.remake import remake
from media_pipeline.store import StoredArtifact

MP4 = (".mp4",)


def film_of(
    job: Job, stage: Stage, params: Mapping[str, Mapping[str, Any]], name: str
) -> dict[str, Any]:
    """The film as a stage makes it; as it is, with a note, where the stage finds nothing to do.

    Parameters
    ----------
    params : by stage.
    name : of the stage's file.

    Returns
    -------
    dict
        the Result, which is empty.
    """
    try:
        found = job.runner.request(job.key, stage, params, progress=job.progress)
    except (NothingToDo, NoCaptionsFound) as error:
        unchanged(job, str(error))
    else:
        hand_over(job, found, name)
    return {}


def listed(value: object) -> object:
    """One box or span as a list of one; anything else as it is."""
    single = isinstance(value, list) and value and not isinstance(value[0], list | tuple)
    return [value] if single else value


def hand_over(job: Job, artifact: StoredArtifact, name: str) -> None:
    """Put a file of an artifact where the output goes, and tell of its warnings."""
    copied(artifact.path(name), job.folder / job.name)
    for warning in artifact.manifest.warnings:
        job.note(f"warning: {warning}")


def copied(source: Path, target: Path) -> None:
    """Copy a file, whole or not at all."""
    with atomic_path(target) as temporary:
        shutil.copyfile(source, temporary)


def unchanged(job: Job, why: str) -> None:
    """Write the film as it is, its pictures copied where MP4 can carry them, and say why."""
    item = job.runner.store.media.get(job.key)
    info = MediaInfo.model_validate(job.runner.request(job.key, "source").facts["media"])
    media = job.runner.originals.path(item)
    remake(media, info, job.folder / job.name, iter, spans=(), progress=job.progress)
    job.note(f"the film is unchanged: {why}")
