"""The asset ``detexted``: the film without its captions.

``burn`` can draw new captions on what this stage writes: it is a film like any other, whose
pictures have the times of the first one's. From Python, a translation is::

    cues = cues_from_table(ocr_cues.table("cues"))
    shown = [Shown.of(cue) for cue in cues]
    remake(film, info, clean, lambda c: remove_captions(c, shown), spans=spans(shown))
    burn(clean, probe(clean), target, draw_captions(translated, *size, CaptionSettings()))
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field, field_validator

from media_pipeline.errors import InvalidParameter, NoCaptionsFound, NoVideoStream
from media_pipeline.media.encode import Preset
from media_pipeline.media.geometry import Box
from media_pipeline.stages.base import (
    FileOutput,
    MediaOutput,
    Outcome,
    Stage,
    StageParams,
    Work,
    raise_reason,
)
from media_pipeline.stages.detext.removal import BESIDE_S, Shown, remove_captions, spans
from media_pipeline.stages.pairs import PAIRS
from media_pipeline.stages.remake import finished, remake

_INSIDE = 0.5  # share of a row that lies in the region for it to be taken out

BOXES = "one or more [xmin, ymin, width, height], shares of the picture"


def checked_boxes(boxes: object) -> object:
    """Boxes as they are, when they lie inside the picture and are not empty.

    Raises
    ------
    ValueError
    """
    if boxes is None:
        return boxes
    if not isinstance(boxes, list | tuple) or not boxes:
        raise ValueError("it is not a list of boxes")
    for box in boxes:
        numbers = isinstance(box, list | tuple) and all(
            isinstance(n, int | float) and not isinstance(n, bool) for n in box
        )
        if not numbers or len(box) != 4:
            raise ValueError("a box is [xmin, ymin, width, height]")
        x, y, w, h = box
        if not (0 <= x < 1 and 0 <= y < 1 and 0 < w <= 1 - x + 1e-6 and 0 < h <= 1 - y + 1e-6):
            raise ValueError("a box is empty or lies outside the picture, 0 to 1")
    return boxes


def checked_times(times: list[list[float]] | None) -> list[list[float]] | None:
    """Pairs of seconds as they are, when each is a start before an end.

    Raises
    ------
    ValueError
    """
    for span in times or ():
        if len(span) != 2 or not 0 <= span[0] < span[1]:
            raise ValueError("a pair is [start, end] with 0 <= start < end")
    return times


class Params(StageParams):
    """What can be asked of taking captions out."""

    limit_region: list[list[float]] | None = Field(
        None,
        description="only rows inside these boxes are taken out; empty: all captions that were "
        "read",
        json_schema_extra={"allowed": BOXES},
    )
    time: list[list[float]] | None = Field(
        None,
        description="seconds, [start, end] pairs; only what is shown then is taken out",
        json_schema_extra={"allowed": "pairs [start, end], 0 <= start < end"},
    )
    crf: int = Field(18, ge=0, le=51, description="quality of H.264: lower is better and larger")
    preset: Preset = Field("veryfast", description="effort of the encoder: slower is smaller")

    _boxes = field_validator("limit_region", mode="before")(checked_boxes)

    _times = field_validator("time")(checked_times)


def chosen(
    rows: Sequence[dict[str, Any]],
    regions: Sequence[Sequence[float]] | None,
    times: Sequence[Sequence[float]] | None,
) -> list[Shown]:
    """The captions to take out, in time order.

    Parameters
    ----------
    rows : of the table ``ocr_cues``.
    regions : boxes that hold at least half of a row for it to be taken out; None: anywhere.
    times : seconds; None: always.
    """
    found = []
    for cue in rows:
        boxes = [Box(**line) for line in cue["lines"]] or [Box(*(cue[n] for n in "xywh"))]
        if regions is not None:
            wanted = [Box(*r) for r in regions]
            boxes = [b for b in boxes if any(b.intersection(r) >= _INSIDE * b.area for r in wanted)]
        for start, end in times if times is not None else [(0.0, float("inf"))]:
            begin, stop = max(cue["start"], start), min(cue["end"], end)
            if boxes and begin < stop:
                found.append(Shown(begin, stop, tuple(boxes)))
    return sorted(found, key=lambda shown: shown.start)


def _run(work: Work) -> Outcome:
    params: Params = work.params
    video = work.info.video
    if video is None:
        raise NoVideoStream(work.name)
    for _, end in params.time or ():
        if end > work.info.duration + 1 / video.fps:
            raise InvalidParameter(
                f"detexted.time ends at {end:g} s, and {work.name} at {work.info.duration:.2f} s",
                "give times inside the film",
            )
    read = work.inputs["ocr_cues"]
    raise_reason(read)
    rows = read.table("cues.parquet").to_pylist()
    shown = chosen(rows, params.limit_region, params.time)
    if not shown:
        raise NoCaptionsFound(
            f"{work.name} shows no captions in the region and time asked for",
            "give another LimitRegion or Time",
        )
    target = work.out / "detexted.mp4"
    done = remake(
        work.media,
        work.info,
        target,
        lambda canvases: remove_captions(canvases, shown),
        spans=spans(shown),
        beside=BESIDE_S,
        crf=params.crf,
        preset=params.preset,
        progress=work.progress,
    )
    facts = {
        "captions": len(shown),
        "shown": [[round(s.start, 3), round(s.end, 3)] for s in shown],
        "coded_anew": round(done.share, 4),
        "why": done.why,
    }
    return finished(work, target, [(s.start + s.end) / 2 for s in shown], facts)


DETEXTED = Stage(
    name="detexted",
    group="functions",
    description="The film without the captions in its picture: what is below them is taken from "
    "pictures that show it, and filled in where none does.",
    version="5",
    params=Params,
    inputs=("source", "ocr_cues"),
    outputs=(MediaOutput("detexted.mp4"), FileOutput(PAIRS)),
    run=_run,
    kinds=("mp4",),
    pool="encode",
)
