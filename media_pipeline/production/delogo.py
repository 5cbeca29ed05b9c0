"""VideoDelogo: the film without the marks of stations and platforms."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import Field, field_validator

from media_pipeline.errors import NothingToDo
from media_pipeline.production.base import Function, Job, JobParams, Result, Task, checked
from media_pipeline.production.films import MP4, hand_over, unchanged
from media_pipeline.stages.delogo import DELOGOED
from media_pipeline.stages.delogo.stage import BOXES, Kind, checked_marks


class DelogoParams(JobParams):
    """JobParams of VideoDelogo."""

    Boxes: list[list[float]] | None = Field(
        None,
        description="where the marks stand; by default they are looked for",
        json_schema_extra={"allowed": BOXES},
    )
    LogoModel: list[Kind] | None = Field(
        None,
        description="which marks are looked for: tv stays in one place, internet comes and goes or "
        "changes its place; by default both",
        json_schema_extra={"allowed": "tv, internet or tv,internet"},
    )

    @field_validator("Boxes", mode="before")
    @classmethod
    def _boxes(cls, value: object) -> object:
        return checked_marks(_listed(value))

    @field_validator("LogoModel", mode="before")
    @classmethod
    def _kinds(cls, value: object) -> object:
        if isinstance(value, str):
            return [part.strip() for part in value.split(",")] if value.strip() else None
        return value or None


def _listed(value: object) -> object:
    """Boxes that were written as text, or one box that stands alone, as a list of boxes."""
    if isinstance(value, str):
        if not value.strip():
            return None
        try:
            value = json.loads(value)
        except ValueError:
            raise ValueError("it is no list of boxes") from None
    single = isinstance(value, list) and value and not isinstance(value[0], list)
    return [value] if single else value


def prepare(values: Mapping[str, Any]) -> Task:
    """Check the parameters, and say what they ask for.

    A film in which no mark is found comes back as it is, with a note.
    """
    params = checked(DelogoParams, values)
    own: dict[str, Any] = {"boxes": params.Boxes}
    if params.LogoModel:
        own["kinds"] = sorted(set(params.LogoModel), reverse=True)

    def work(job: Job) -> Result:
        try:
            made = job.runner.request(
                job.key, DELOGOED, {DELOGOED.name: own}, progress=job.progress
            )
        except NothingToDo as error:
            unchanged(job, str(error))
        else:
            hand_over(job, made, "delogoed.mp4")
        return {}

    return Task(work, MP4)


VIDEO_DELOGO = Function(prepare, pool="encode")
