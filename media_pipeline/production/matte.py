"""VideoGreenScreenMatting: people without the screen behind them, or before another picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from pydantic import Field

from media_pipeline.media.probe import MediaInfo
from media_pipeline.production.base import Function, Job, JobParams, Result, Task, checked
from media_pipeline.production.films import MP4, hand_over
from media_pipeline.stages.matte import MATTE, put_before
from media_pipeline.stages.matte.ground import Fit

_WEBM = (".webm",)


class MatteParams(JobParams):
    """JobParams of VideoGreenScreenMatting."""

    bgimage: str | None = Field(
        None, min_length=1, max_length=4096, description="address of the picture to put behind"
    )
    fit: Fit = Field("fill", description="how that picture fills the film")


def prepare(values: Mapping[str, Any]) -> Task:
    """Check the parameters, and say what they ask for: a WebM with transparency, or an MP4 with a
    picture behind.
    """
    params = checked(MatteParams, {k: None if v == "" else v for k, v in values.items()})
    if params.bgimage is None:
        return Task(_cut_out, _WEBM)
    picture_name = PurePosixPath(params.bgimage.partition("?")[0]).name

    def work(job: Job) -> Result:
        item = job.runner.store.media.get(job.key)
        info = MediaInfo.model_validate(job.runner.request(job.key, "source").facts["media"])
        seen = put_before(
            job.runner.originals.path(item),
            info,
            job.folder / job.name,
            job.files["bgimage"],
            fit=params.fit,
            name=item.name,
            picture_name=f"bgimage {picture_name}",
            progress=job.progress,
        )
        if info.video is not None:
            for warning in seen.warnings(info.video):
                job.note(f"warning: {warning}")
        return {}

    return Task(work, MP4, files={"bgimage": params.bgimage})


def _cut_out(job: Job) -> Result:
    hand_over(job, job.runner.request(job.key, MATTE, progress=job.progress), "matte.webm")
    return {}


VIDEO_GREEN_SCREEN_MATTING = Function(prepare, pool="encode")
