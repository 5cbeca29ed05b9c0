"""FaceBeauty: the film with its faces retouched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, field_validator

from media_pipeline.errors import InvalidParameter
from media_pipeline.production.base import (
    Function,
    Job,
    JobParams,
    Result,
    Task,
    checked,
    stage_fields,
)
from media_pipeline.production.films import MP4, film_of
from media_pipeline.stages.beauty import BEAUTIFIED, SHAPES, reshaping

_PLACE = "JobParams.beauty_params"


class BeautyParams(JobParams):
    """JobParams of FaceBeauty."""

    beauty_params: str | dict[str, Any] = Field(
        "",
        description="what to do how strongly",
        json_schema_extra={"allowed": "name=value,... such as whiten=20,smooth=50"},
    )

    @field_validator("beauty_params", mode="before")
    @classmethod
    def _none(cls, value: object) -> object:
        return "" if value is None else value


Effects = stage_fields(BEAUTIFIED, "whiten", "smooth", "detail", *SHAPES)
"""What ``beauty_params`` names."""


def _pairs(text: str | Mapping[str, Any]) -> dict[str, Any]:
    """``name=value,name=value`` as an object; values stay text where they are no number."""
    if not isinstance(text, str):
        return dict(text)
    found: dict[str, Any] = {}
    for part in text.replace("，", ",").split(","):
        if not part.strip():
            continue
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not (equals and name) or name in found:
            raise InvalidParameter(
                f"'{_PLACE}' is invalid, input: {text}",
                "write each name once, as in whiten=20,smooth=50",
            )
        found[name] = value
    return found


def prepare(values: Mapping[str, Any]) -> Task:
    """Check the parameters, and say what they ask for.

    A film in which no face is found comes back as it is, with a note.
    """
    params = checked(BeautyParams, values)
    effects = checked(Effects, _pairs(params.beauty_params), _PLACE).model_dump()
    reshaping(effects, _PLACE)  # refused now where no engine does it
    own = {name: value for name, value in effects.items() if value or name not in SHAPES}

    def work(job: Job) -> Result:
        return film_of(job, BEAUTIFIED, {BEAUTIFIED.name: own}, "beautified.mp4")

    return Task(work, MP4)


FACE_BEAUTY = Function(prepare, pool="encode")
