"""AudioBeatDetection, MusicSegmentDetect and AudioQualityAssessment: what is heard, as JSON."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from media_pipeline.media.files import atomic_path
from media_pipeline.production.base import (
    Function,
    Job,
    JobParams,
    Result,
    Task,
    checked,
    stage_fields,
)
from media_pipeline.stages.audio_quality import AUDIO_QUALITY
from media_pipeline.stages.base import Stage
from media_pipeline.stages.beats import BEATS_STAGE
from media_pipeline.stages.chorus import CHORUS
from media_pipeline.store import StoredArtifact


class BeatParams(stage_fields(BEATS_STAGE, "clicks", "engine")):  # type: ignore[misc]
    """JobParams of AudioBeatDetection."""


def beats(values: Mapping[str, Any]) -> Task:
    """Check the parameters of AudioBeatDetection, and say what they ask for.

    With ``clicks`` there is a second file, whose name ends in ``_clicks.wav``.
    """
    params = checked(BeatParams, values)

    def work(job: Job) -> Result:
        found = job.runner.request(
            job.key, BEATS_STAGE, {BEATS_STAGE.name: params.model_dump()}, progress=job.progress
        )
        copy_out(found, "beats.json", job.folder / job.name)
        if params.clicks:
            copy_out(found, "clicks.wav", job.folder / clicks_name(job.name))
        return noted(job, found, {})

    return Task(work, (".json",))


def chorus(values: Mapping[str, Any]) -> Task:
    """Check the parameters of MusicSegmentDetect, which has none; an output is not needed.

    The Result is the list of choruses, empty where nothing comes again.
    """
    checked(JobParams, values)

    return _listing(CHORUS, "chorus.json", "choruses")


def quality(values: Mapping[str, Any]) -> Task:
    """Check the parameters of AudioQualityAssessment, which has none; an output is not needed."""
    checked(JobParams, values)

    return _listing(AUDIO_QUALITY, "quality.json", "channels")


def _listing(stage: Stage, file: str, fact: str) -> Task:
    """What gives a list that a stage has found, and its file where an output is asked for."""

    def work(job: Job) -> Result:
        found = job.runner.request(job.key, stage, progress=job.progress)
        if job.name:
            copy_out(found, file, job.folder / job.name)
        for text in warnings_of(job, found):  # the Result is that list, and no more
            job.note(text)
        return list(found.facts[fact])

    return Task(work, (".json",), needs_output=False)


def clicks_name(name: str) -> str:
    """The name of the sound with clicks beside a file of beats."""
    return f"{Path(name).stem}_clicks.wav"


def copy_out(found: StoredArtifact, name: str, target: Path) -> None:
    """A file of an artifact under the name that was asked for."""
    with atomic_path(target) as temporary:
        shutil.copyfile(found.path(name), temporary)


def noted(job: Job, found: StoredArtifact, result: dict[str, Any]) -> Result:
    """The Result with what people should know."""
    warnings = warnings_of(job, found)
    return {**result, "Notes": warnings} if warnings else result


def warnings_of(job: Job, found: StoredArtifact) -> list[str]:
    """What people should know of an artifact, and of the sound that it was made from."""
    audio = job.runner.store.get("audio", job.key, found.manifest.inputs["audio"])
    heard = audio.manifest.warnings if audio is not None else ()
    return [*heard, *found.manifest.warnings]


AUDIO_BEAT_DETECTION = Function(beats, pool="")
MUSIC_SEGMENT_DETECT = Function(chorus, pool="")
AUDIO_QUALITY_ASSESSMENT = Function(quality, pool="")
