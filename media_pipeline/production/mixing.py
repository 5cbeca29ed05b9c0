"""AudioMixing: a second sound under the first, as sound or in the film of the first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, field_validator

from media_pipeline.media import ffmpeg
from media_pipeline.media.encode import aac_args
from media_pipeline.media.files import atomic_path
from media_pipeline.media.probe import MediaInfo
from media_pipeline.production.base import (
    Function,
    Job,
    JobParams,
    Result,
    Task,
    checked,
    stage_fields,
)
from media_pipeline.production.denoise import FILMS, put_into_film
from media_pipeline.production.sound import copy_out, noted
from media_pipeline.stages.mixing import MIXED

_OF_STAGE = ("level", "duck", "loop", "loudness", "true_peak")
_FILE = "inputs.file"
_CODED = (".m4a", ".flac")


class _Second(JobParams):
    file: str = Field(min_length=1, description="where the second sound is")


class MixParams(stage_fields(MIXED, *_OF_STAGE)):  # type: ignore[misc]
    """JobParams of AudioMixing."""

    inputs: _Second = Field(description="the second sound")

    @field_validator("inputs", mode="before")
    @classmethod
    def _one(cls, value: object) -> object:
        """The service takes a list of one as well."""
        return value[0] if isinstance(value, list) and len(value) == 1 else value


def prepare(values: Mapping[str, Any]) -> Task:
    """Check the parameters, and say what they ask for."""
    params = checked(MixParams, values)

    def work(job: Job) -> Result:
        source = job.runner.request(job.key, "source")
        info = MediaInfo.model_validate(source.facts["media"])
        asked = params.model_dump(include=set(_OF_STAGE)) | {"file": str(job.files[_FILE])}
        found = job.runner.request(job.key, MIXED, {MIXED.name: asked}, progress=job.progress)
        target, sound = job.folder / job.name, found.path("mixed.wav")
        if target.suffix.lower() in FILMS:
            film = job.runner.originals.path(job.runner.store.media.get(job.key))
            put_into_film(film, sound, target, info)
        elif target.suffix.lower() in _CODED:
            coded = aac_args(2) if target.suffix.lower() == ".m4a" else ["-c:a", "flac"]
            with atomic_path(target) as temporary:
                ffmpeg.run(["-i", ffmpeg.source(sound), *coded, ffmpeg.source(temporary)])
        else:
            copy_out(found, "mixed.wav", target)
        return noted(job, found, {})

    return Task(work, (".wav", *_CODED, *FILMS), files={_FILE: params.inputs.file})


AUDIO_MIXING = Function(prepare, pool="encode")
