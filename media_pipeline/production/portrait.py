"""VideoH2V: a wide film as an upright one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from media_pipeline.errors import NothingToDo
from media_pipeline.media.probe import MediaInfo
from media_pipeline.production.base import Function, Job, Result, Task, checked, stage_fields
from media_pipeline.production.films import MP4, film_of, unchanged
from media_pipeline.stages.portrait import PORTRAIT, window_share


class PortraitParams(stage_fields(PORTRAIT, "ratio")):  # type: ignore[misc]
    """JobParams of VideoH2V: none at the gateway's model; ``ratio`` for any other shape."""


def prepare(values: Mapping[str, Any]) -> Task:
    """Check the parameters, and say what they ask for.

    A film that is as narrow already comes back as it is, with a note.
    """
    params = checked(PortraitParams, values)

    def work(job: Job) -> Result:
        source = job.runner.request(job.key, "source")
        info = MediaInfo.model_validate(source.facts["media"])
        try:
            # before captions are read in vain
            window_share(info, job.runner.store.media.get(job.key).name, params.ratio)
        except NothingToDo as error:
            unchanged(job, str(error))
            return {}
        return film_of(job, PORTRAIT, {PORTRAIT.name: params.model_dump()}, "portrait.mp4")

    return Task(work, MP4)


VIDEO_H2V = Function(prepare, pool="encode")
