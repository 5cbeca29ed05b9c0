"""VideoDelogo: the film without the marks of stations and platforms."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import Field, field_validator

from media_pipeline.errors import InvalidParameter
from media_pipeline.production.base import Function, Job, JobParams, Result, Task, checked
from media_pipeline.production.films import MP4, hand_over
from media_pipeline.stages.delogo import DELOGOED
from media_pipeline.stages.delogo.stage import BOXES, checked_marks


class DelogoParams(JobParams):
    """JobParams of VideoDelogo."""

    Boxes: list[list[float]] | None = Field(
        None, description="where the marks stand", json_schema_extra={"allowed": BOXES}
    )

    @field_validator("Boxes", mode="before")
    @classmethod
    def _boxes(cls, value: object) -> object:
        return checked_marks(_listed(value))


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
    """Check the parameters, and say what they ask for."""
    params = checked(DelogoParams, values)
    if params.Boxes is None:
        raise InvalidParameter("'JobParams.Boxes' is missing", f"give {BOXES}")

    def work(job: Job) -> Result:
        own = {"boxes": params.Boxes}
        made = job.runner.request(job.key, DELOGOED, {DELOGOED.name: own}, progress=job.progress)
        hand_over(job, made, "delogoed.mp4")
        return {}

    return Task(work, MP4)


VIDEO_DELOGO = Function(prepare, pool="encode")
