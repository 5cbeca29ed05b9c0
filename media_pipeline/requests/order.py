"""What a run is told to do: checked, resolved, and the same for every contract."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

JOB_TAG = "media/job_id"
"""The tag by which the runs of a job are known; a repeated run hands it on."""
PARENT_JOB_TAG = "media/parent_job"
"""The same for runs that make a part of a film for a job: the job is not done when they are."""

HANDED_OVER_TAG = "media/handed_over"
"""On a run that has asked for runs of parts, and ends before its job does: ``stage@run``."""


class Medium(BaseModel):
    """An input."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    """As the caller named it: a URL or a media id."""
    uri: str
    """Where it is."""


class Order(BaseModel):
    """One job."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    function: str
    media: list[Medium]
    params: dict[str, Any] = {}
    files: dict[str, Medium] = {}
    """Further files that the function needs, by the name of the parameter that gave them."""
    output: str | None = None
    """URI of what is to be written, with placeholders left that only the function can fill."""
    as_media: bool = False
    """Whether what is written becomes media assets."""


def job_name(function: str) -> str:
    """The Dagster job that carries out a function."""
    return f"request_{function}"
