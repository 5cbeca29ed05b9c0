"""VideoDelogo: the film without the marks of stations and platforms."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import Field, field_validator

from media_pipeline.production.base import Function, Job, JobParams, Result, Task, checked
from media_pipeline.production.films import MP4, film_of, listed
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
        return checked_marks(listed(_read(value)))

    @field_validator("LogoModel", mode="before")
    @classmethod
    def _kinds(cls, value: object) -> object:
        if isinstance(value, str):
            return [part.strip() for part in value.split(",")] if value.strip() else None
        return value or None


def _read(value: object) -> object:
    """Boxes that were written as text, as values."""
    if not isinstance(value, str):
        return value
    if not value.strip():
        return None
    try:
        return json.loads(value)
    except ValueError:
        raise ValueError("it is no list of boxes") from None


def prepare(values: Mapping[str, Any]) -> Task:
    """Check the parameters, and say what they ask for.

    A film in which no mark is found comes back as it is, with a note.
    """
    params = checked(DelogoParams, values)
    own: dict[str, Any] = {"boxes": params.Boxes}
    if params.LogoModel:
        own["kinds"] = sorted(set(params.LogoModel), reverse=True)

    def work(job: Job) -> Result:
        return film_of(job, DELOGOED, {DELOGOED.name: own}, "delogoed.mp4")

    return Task(work, MP4)


VIDEO_DELOGO = Function(prepare, pool="encode")
