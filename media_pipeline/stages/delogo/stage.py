"""The asset ``delogoed``: the film without the marks of stations and platforms."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field, field_validator

from media_pipeline.errors import InvalidParameter, NoVideoStream
from media_pipeline.media.encode import Preset
from media_pipeline.media.geometry import Box
from media_pipeline.media.probe import MediaInfo
from media_pipeline.media.transparency import is_transparent
from media_pipeline.stages.base import (
    FileOutput,
    MediaOutput,
    Outcome,
    Progress,
    Stage,
    StageParams,
    Work,
    quiet,
)
from media_pipeline.stages.delogo.removal import BESIDE_S, FoundMark, remove_marks, spans_of
from media_pipeline.stages.delogo.samples import around, spread
from media_pipeline.stages.delogo.study import study
from media_pipeline.stages.detext.stage import checked_boxes
from media_pipeline.stages.pairs import PAIRS, write_pairs
from media_pipeline.stages.remake import remake

BOXES = "one or two [xmin, ymin, width, height], shares of the picture"
_MOST_BOXES = 2
_LOOKING = 0.15  # of the work
_PAIRS = 4


def checked_marks(boxes: object) -> object:
    """Boxes as they are, when there are one or two, inside the picture and not empty.

    Raises
    ------
    ValueError
    """
    checked_boxes(boxes)
    if isinstance(boxes, list | tuple) and len(boxes) > _MOST_BOXES:
        raise ValueError(f"there are {len(boxes)} boxes, and at most {_MOST_BOXES} are taken")
    return boxes


class Params(StageParams):
    """What can be asked of taking marks out."""

    boxes: list[list[float]] | None = Field(
        None, description="where the marks stand", json_schema_extra={"allowed": BOXES}
    )
    crf: int = Field(18, ge=0, le=51, description="quality of H.264: lower is better and larger")
    preset: Preset = Field("veryfast", description="effort of the encoder: slower is smaller")

    _boxes = field_validator("boxes", mode="before")(checked_marks)


def find_given(
    path: Path, info: MediaInfo, boxes: Sequence[Sequence[float]], progress: Progress = quiet
) -> list[FoundMark]:
    """The marks in boxes that people gave, as they have to be taken out.

    Parameters
    ----------
    path : the film; it is decoded once.
    info : what probing found in it.
    boxes : x, y, width and height in shares of the picture.

    Raises
    ------
    NoVideoStream
    """
    video = info.video
    if video is None:
        raise NoVideoStream(path.name)
    size = (video.width, video.height)
    places = [Box(*box) for box in boxes]
    always = ((0.0, float("inf")),)
    samples = spread(path, video.duration, [around(place, size) for place in places], progress)
    return [study(s, box, size, always) for s, box in zip(samples, places, strict=True)]


def warnings_of(work: Work, marks: Sequence[FoundMark]) -> list[str]:
    """What people should know of the film that was made."""
    found = []
    video = work.info.video
    if video is not None and is_transparent(work.media, video.index):
        found.append(f"{work.name} is transparent in parts, which MP4 cannot be: it is opaque now")
    if any(mark.whole for mark in marks):
        found.append(
            "nothing in a box could be told from the picture by standing still: all of it was "
            "filled"
        )
    return found


def described(mark: FoundMark, size: tuple[int, int]) -> dict[str, Any]:
    """A mark as it stands in the manifest."""
    rows, columns = (np.flatnonzero(mark.mask.any(axis=axis)) for axis in (1, 0))
    left, top = mark.edges[0] + int(columns[0]), mark.edges[1] + int(rows[0])
    right, bottom = mark.edges[0] + int(columns[-1]) + 1, mark.edges[1] + int(rows[-1]) + 1
    box = Box.from_pixels(left, top, right, bottom, *size)
    facts: dict[str, Any] = {"box": [round(side, 4) for side in (box.x, box.y, box.w, box.h)]}
    if mark.blend is not None:
        facts["opacity"] = round(float(np.median(mark.blend.alpha[mark.mask])), 3)
    return facts


# --- the adapter ----------------------------------------------------------------------------------


def _run(work: Work) -> Outcome:
    params: Params = work.params
    video = work.info.video
    if video is None:
        raise NoVideoStream(work.name)
    if params.boxes is None:
        raise InvalidParameter("delogoed.boxes is not given", "say where the marks stand")
    marks = find_given(
        work.media, work.info, params.boxes, lambda share: work.progress(_LOOKING * share)
    )
    target = work.out / "delogoed.mp4"
    done = remake(
        work.media,
        work.info,
        target,
        lambda canvases: remove_marks(canvases, marks),
        spans=spans_of(marks, video.duration),
        beside=BESIDE_S,
        crf=params.crf,
        preset=params.preset,
        progress=lambda share: work.progress(_LOOKING + (1 - _LOOKING) * share),
    )
    spans = spans_of(marks, video.duration)
    times = [a + (b - a) * (i + 0.5) / _PAIRS for a, b in spans for i in range(_PAIRS)]
    write_pairs(work.media, target, times, work.out)
    facts = {
        "marks": [described(mark, (video.width, video.height)) for mark in marks],
        "coded_anew": round(done.share, 4),
        "why": done.why,
        "durations": {target.name: video.duration},
    }
    return Outcome(facts, warnings_of(work, marks))


DELOGOED = Stage(
    name="delogoed",
    group="functions",
    description="The film without the marks of stations and platforms: what shines through them is "
    "brought back, and the rest taken from pictures that show it or filled in.",
    version="2",
    params=Params,
    inputs=("source",),
    outputs=(MediaOutput("delogoed.mp4"), FileOutput(PAIRS)),
    run=_run,
    kinds=("mp4",),
    pool="encode",
)
