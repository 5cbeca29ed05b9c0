"""The asset ``delogoed``: the film without the marks of stations and platforms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field, field_validator

from media_pipeline.errors import NothingToDo, NoVideoStream
from media_pipeline.media.encode import Preset
from media_pipeline.media.geometry import Box
from media_pipeline.media.probe import VideoStream
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
from media_pipeline.stages.delogo.find import Sighting, find_marks
from media_pipeline.stages.delogo.removal import BESIDE_S, FoundMark, remove_marks, spans_of
from media_pipeline.stages.delogo.samples import around, spread
from media_pipeline.stages.delogo.study import ALWAYS, study
from media_pipeline.stages.detext.stage import checked_boxes
from media_pipeline.stages.pairs import PAIRS
from media_pipeline.stages.remake import finished, remake

Kind = Literal["tv", "internet"]
BOXES = "one or two [xmin, ymin, width, height], shares of the picture"
_MOST_BOXES = 2
_FINDING, _LOOKING = 0.1, 0.2  # of the work that is done by then
_STAYS = 0.5  # of the film that a mark in one place is shown
_PAIRS = 4
_FILLED = "nothing in a box could be told from the picture by standing still: all of it was filled"


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
        None,
        description="where the marks stand; empty: they are looked for",
        json_schema_extra={"allowed": BOXES},
    )
    kinds: list[Kind] = Field(
        ["tv", "internet"],
        min_length=1,
        description="which marks are looked for: tv stays in one place for most of the film, "
        "internet comes and goes or changes its place",
    )
    crf: int = Field(18, ge=0, le=51, description="quality of H.264: lower is better and larger")
    preset: Preset = Field("veryfast", description="effort of the encoder: slower is smaller")

    _boxes = field_validator("boxes", mode="before")(checked_marks)


def of_kinds(
    sightings: Sequence[Sighting], kinds: Sequence[Kind], seconds: float
) -> list[Sighting]:
    """Those marks of a film of that length that are wanted: see :class:`Params`."""
    found = []
    for sighting in sightings:
        shown = sum(min(end, seconds) - start for start, end in sighting.spans or ALWAYS)
        kind: Kind = "tv" if shown >= _STAYS * seconds else "internet"
        if kind in kinds:
            found.append(sighting)
    return found


def study_all(
    path: Path, video: VideoStream, sightings: Sequence[Sighting], progress: Progress = quiet
) -> list[FoundMark]:
    """The marks of a film as they have to be taken out; it is decoded once.

    Parameters
    ----------
    path : the film.
    video : what probing found in its picture.
    sightings : where the marks stand, and when.
    """
    size = (video.width, video.height)
    parts = [around(sighting.box, size) for sighting in sightings]
    samples = spread(path, video.duration, parts, progress)
    return [
        study(sample, sighting.box, size, sighting.spans)
        for sample, sighting in zip(samples, sightings, strict=True)
    ]


def described(mark: FoundMark, size: tuple[int, int], seconds: float) -> dict[str, Any]:
    """A mark as it stands in the manifest."""
    rows, columns = (np.flatnonzero(mark.mask.any(axis=axis)) for axis in (1, 0))
    left, top = mark.edges[0] + int(columns[0]), mark.edges[1] + int(rows[0])
    right, bottom = mark.edges[0] + int(columns[-1]) + 1, mark.edges[1] + int(rows[-1]) + 1
    box = Box.from_pixels(left, top, right, bottom, *size)
    facts: dict[str, Any] = {
        "box": [round(side, 4) for side in (box.x, box.y, box.w, box.h)],
        "shown": [[round(a, 3), round(min(b, seconds), 3)] for a, b in mark.spans],
    }
    if mark.blend is not None:
        facts["opacity"] = round(float(np.median(mark.blend.alpha[mark.mask])), 3)
    return facts


# --- the adapter ----------------------------------------------------------------------------------


def _run(work: Work) -> Outcome:
    params: Params = work.params
    video = work.info.video
    if video is None:
        raise NoVideoStream(work.name)
    if params.boxes is not None:
        sightings = [Sighting(Box(*box)) for box in params.boxes]
    else:
        found = find_marks(work.media, video.duration, lambda s: work.progress(_FINDING * s))
        sightings = of_kinds(found, params.kinds, video.duration)
    if not sightings:
        raise NothingToDo(
            f"no mark was found in {work.name} that stays while the picture changes",
            "say in which boxes it stands",
        )
    marks = study_all(
        work.media,
        video,
        sightings,
        lambda share: work.progress(_FINDING + (_LOOKING - _FINDING) * share),
    )
    target = work.out / "delogoed.mp4"
    spans = spans_of(marks, video.duration)
    done = remake(
        work.media,
        work.info,
        target,
        lambda canvases: remove_marks(canvases, marks),
        spans=spans,
        beside=BESIDE_S,
        crf=params.crf,
        preset=params.preset,
        progress=lambda share: work.progress(_LOOKING + (1 - _LOOKING) * share),
    )
    times = [a + (b - a) * (i + 0.5) / _PAIRS for a, b in spans for i in range(_PAIRS)]
    facts = {
        "marks": [described(m, (video.width, video.height), video.duration) for m in marks],
        "coded_anew": round(done.share, 4),
        "why": done.why,
    }
    outcome = finished(work, target, times, facts)
    if not any(mark.whole for mark in marks):
        return outcome
    return replace(outcome, warnings=[*outcome.warnings, _FILLED])


DELOGOED = Stage(
    name="delogoed",
    group="functions",
    description="The film without the marks of stations and platforms: what shines through them is "
    "brought back, and the rest taken from pictures that show it or filled in.",
    version="8",
    params=Params,
    inputs=("source",),
    outputs=(MediaOutput("delogoed.mp4"), FileOutput(PAIRS)),
    run=_run,
    kinds=("mp4",),
    pool="encode",
)
