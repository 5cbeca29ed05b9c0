"""VideoDetext: the film without its captions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field, field_validator

from media_pipeline.production.base import Function, Job, JobParams, Result, Task, checked
from media_pipeline.production.films import MP4, film_of, listed
from media_pipeline.stages.captions import OCR_CUES
from media_pipeline.stages.detext import DETEXTED
from media_pipeline.stages.detext.stage import BOXES, checked_boxes, checked_times

_FILM = "detexted.mp4"
_BOTTOM = [[0.0, 0.7, 1.0, 0.3]]


class DetextParams(JobParams):
    """JobParams of VideoDetext."""

    LimitRegion: list[list[float]] | None = Field(
        None,
        description="all text in these boxes; by default the captions of the bottom 30 %",
        json_schema_extra={"allowed": BOXES},
    )
    Time: list[list[float]] | None = Field(
        None,
        description="seconds [start, end], or a list of those; by default all the time",
        json_schema_extra={"allowed": "[start, end] or a list of those, 0 <= start < end"},
    )

    @field_validator("LimitRegion", mode="before")
    @classmethod
    def _boxes(cls, value: object) -> object:
        return checked_boxes(listed(value))

    @field_validator("Time", mode="before")
    @classmethod
    def _spans(cls, value: object) -> object:
        return listed(value)

    @field_validator("Time")
    @classmethod
    def _in_order(cls, value: list[list[float]] | None) -> list[list[float]] | None:
        return checked_times(value)


def prepare(values: Mapping[str, Any]) -> Task:
    """Check the parameters, and say what they ask for.

    Where boxes are given, all text in them that stands still is taken out. Else it is the captions:
    marks, signs and what only looks like a letter stay, unless nothing in the film looks like
    captions. A film without text comes back as it is, with a note.
    """
    params = checked(DetextParams, values)
    regions = params.LimitRegion or _BOTTOM
    asked: dict[str, dict[str, Any]] = {
        OCR_CUES.name: {
            "roi": _around(regions),
            "track": "auto" if params.LimitRegion is None else "all",
        },
        DETEXTED.name: {"limit_region": regions, "time": params.Time},
    }

    def work(job: Job) -> Result:
        return film_of(job, DETEXTED, asked, _FILM)

    return Task(work, MP4)


def _around(regions: Sequence[Sequence[float]]) -> list[list[float]]:
    """The region that holds all boxes, as the caption stage has it."""
    return [
        [min(y for _, y, _, _ in regions), min(1.0, max(y + h for _, y, _, h in regions))],
        [min(x for x, _, _, _ in regions), min(1.0, max(x + w for x, _, w, _ in regions))],
    ]


VIDEO_DETEXT = Function(prepare, pool="encode")
