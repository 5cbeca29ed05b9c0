"""The asset ``cover``."""

from __future__ import annotations

from typing import Literal

import cv2
from pydantic import Field

from media_pipeline.errors import NoVideoStream
from media_pipeline.media.decode import frame_at
from media_pipeline.media.faces import FaceFinder
from media_pipeline.ocr.base import load_engine
from media_pipeline.stages.base import FileOutput, Outcome, Stage, StageParams, Work, raise_reason
from media_pipeline.stages.cover.captioned import Captioned, as_read, never, seen_by
from media_pipeline.stages.cover.choose import choose_covers
from media_pipeline.stages.cover.loop import choose_loop, write_gif
from media_pipeline.stages.cover.score import WIDTH, judge
from media_pipeline.text.cues import cues_from_table

_QUALITY = 95
_ENGINE = "rapidocr"  # comes with its model, and finds text of every script
_JUDGING = 0.9  # of the work


class Params(StageParams):
    """What can be asked of a cover."""

    form: Literal["still", "gif"] = Field(
        "still", description="still: pictures; gif: a short loop of the best motion"
    )
    count: int = Field(3, ge=1, le=5, description="how many still pictures at most")
    suffix: Literal["jpg", "png"] = Field("jpg", description="the kind of still pictures")


def _run(work: Work) -> Outcome:
    params: Params = work.params
    if work.info.video is None:
        raise NoVideoStream(work.name)
    looked_at = work.inputs["frames"]
    raise_reason(looked_at)
    frames = looked_at.table("frames.parquet")
    if params.form == "gif":
        start, end = choose_loop(frames, lambda t: frame_at(work.media, t, width=WIDTH))
        write_gif(work.media, start, end, work.out / "cover_1.gif")
        score = judge(frame_at(work.media, start, width=WIDTH), FaceFinder()).score
        found = [{"file": "cover_1.gif", "score": round(score, 2), "time": start, "end": end}]
        return Outcome({"covers": found})
    chosen = choose_covers(
        frames,
        lambda time: frame_at(work.media, time, width=WIDTH),
        params.count,
        captioned=_captioned(work),
        progress=lambda share: work.progress(_JUDGING * share),
    )
    found = []
    for number, cover in enumerate(chosen, start=1):
        name = f"cover_{number}.{params.suffix}"
        args = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY] if params.suffix == "jpg" else []
        _, data = cv2.imencode(f".{params.suffix}", frame_at(work.media, cover.time), args)
        (work.out / name).write_bytes(data.tobytes())
        found.append({"file": name, "score": round(cover.score, 2), "time": cover.time})
    return Outcome({"covers": found})


def _captioned(work: Work) -> Captioned:
    """By the captions that were read, else by text that is seen in the pictures themselves."""
    read = work.inputs.get("ocr_cues")
    if read is None:
        return seen_by(load_engine(_ENGINE, work.environment))
    if read.reason is not None:
        return never
    return as_read(cues_from_table(read.table("cues.parquet")))


COVER = Stage(
    name="cover",
    group="functions",
    description="Pictures that stand for the film: sharp, well lit, with faces where there are "
    "some, away from cuts, fades and captions; or a short loop.",
    version="5",
    params=Params,
    inputs=("source", "frames"),
    optional_inputs=("ocr_cues",),
    outputs=(FileOutput("cover_*"),),
    run=_run,
    kinds=("jpeg",),
    pool="decode",
)
