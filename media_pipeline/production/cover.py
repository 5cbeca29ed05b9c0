"""Cover: pictures that stand for the film, or a short loop."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from media_pipeline.errors import NothingToDo
from media_pipeline.production.base import Function, Job, JobParams, Result, Task, checked
from media_pipeline.production.films import copied
from media_pipeline.stages.cover import COVER

_SEQUENCE = "{sequenceId}"
_SEVERAL = 5


class CoverParams(JobParams):
    """JobParams of Cover."""

    Model: Literal["", "gif"] = Field("", description="gif for a short loop, else a still picture")


def prepare(values: Mapping[str, Any]) -> Task:
    """Check the parameters, and say what they ask for.

    With ``{sequenceId}`` in the name there are up to five pictures that differ, numbered from 1;
    without it there is one.
    """
    params = checked(CoverParams, values)

    def work(job: Job) -> Result:
        moving = params.Model == "gif"
        own: dict[str, Any] = {"form": "gif" if moving else "still"}
        if not moving:
            own["count"] = _SEVERAL if _SEQUENCE in job.name else 1
            own["suffix"] = "png" if Path(job.name).suffix.lower() == ".png" else "jpg"
        found = job.runner.request(job.key, COVER, {COVER.name: own}, progress=job.progress)
        covers = found.facts["covers"]
        if not covers:
            raise NothingToDo("the film has no picture to show", "give another film")
        result = []
        for number, cover in enumerate(covers, start=1):
            name = job.name.replace(_SEQUENCE, str(number))
            copied(found.path(cover["file"]), job.folder / name)
            time = f"{1000 * cover['time']:.2f}".rstrip("0").rstrip(".")
            result.append({"Score": cover["score"], "Time": time, "Url": name})
        return result

    return Task(work, (".gif",) if params.Model == "gif" else (".jpg", ".jpeg", ".png"))


COVER_FUNCTION = Function(prepare, pool="decode")
