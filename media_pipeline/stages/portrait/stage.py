"""The asset ``portrait``."""

from __future__ import annotations

from dataclasses import replace

from pydantic import Field

from media_pipeline.errors import NoCaptionsFound, NothingToDo, NoVideoStream
from media_pipeline.media.encode import Preset
from media_pipeline.media.probe import MediaInfo
from media_pipeline.stages.base import (
    FileOutput,
    MediaOutput,
    Outcome,
    Stage,
    StageParams,
    Work,
    raise_reason,
)
from media_pipeline.stages.pairs import PAIRS
from media_pipeline.stages.portrait.crop import (
    NARROW,
    Course,
    follow_subject,
    plan_course,
    shot_starts,
)
from media_pipeline.stages.remake import finished, remake
from media_pipeline.text.cues import Cue, cues_from_table

_LOOKING = 0.4  # of the work


class Params(StageParams):
    """What can be asked of an upright film."""

    ratio: float = Field(
        0.5625, ge=0.2, le=4.0, description="width of the picture over its height; 0.5625 is 9:16"
    )
    crf: int = Field(18, ge=0, le=51, description="quality of H.264: lower is better and larger")
    preset: Preset = Field("veryfast", description="effort of the encoder: slower is smaller")


def window_share(info: MediaInfo, name: str, ratio: float) -> float:
    """How wide the window is of the picture's width.

    Parameters
    ----------
    name : what to call the film towards people.
    ratio : of the upright picture's width to its height.

    Raises
    ------
    NoVideoStream
    NothingToDo
        when the film is that narrow already.
    """
    video = info.video
    if video is None:
        raise NoVideoStream(name)
    share = ratio * video.height / (video.width * video.sample_aspect)
    if share > NARROW:
        raise NothingToDo(
            f"{name} is {video.width} x {video.height}, which is as narrow as asked for",
            "give a wider film or a smaller ratio",
        )
    return share


def _run(work: Work) -> Outcome:
    params: Params = work.params
    share = window_share(work.info, work.name, params.ratio)
    found = work.inputs["frames"]
    raise_reason(found)
    starts = shot_starts(found.table("shots.parquet")["start"].to_pylist())
    seconds = max(work.info.duration, 1e-3)
    captions, warnings = _captions(work)
    course = plan_course(
        work.media,
        starts,
        share,
        captions,
        progress=lambda time: work.progress(_LOOKING * min(1.0, time / seconds)),
    )
    target = work.out / "portrait.mp4"
    remake(
        work.media,
        work.info,
        target,
        lambda canvases: follow_subject(canvases, course),
        crf=params.crf,
        preset=params.preset,
        upright=True,
        progress=lambda done: work.progress(_LOOKING + (1 - _LOOKING) * done),
    )
    facts = {
        "share": round(share, 4),
        "shots": len(course.starts),
        "fitted": sum(not m for m in course.middles),
        "moving": sum(len(set(m)) > 1 for m in course.middles),
        "captions": len(captions),
        "bands": [[round(band.start, 3), round(band.end, 3)] for band in course.bands],
    }
    outcome = finished(work, target, shot_middles(course, seconds), facts)
    return replace(outcome, warnings=(*warnings, *outcome.warnings))


def shot_middles(course: Course, seconds: float) -> list[float]:
    """Seconds in the middle of each shot, those that are fitted in whole as well.

    Parameters
    ----------
    seconds : how long the film is.
    """
    ends = (*course.starts[1:], seconds)
    shots = zip(course.times, course.starts, ends, strict=True)
    return [(t[0] + t[-1]) / 2 if t else (start + end) / 2 for t, start, end in shots]


def _captions(work: Work) -> tuple[list[Cue], tuple[str, ...]]:
    """The captions in the picture, and a warning where they could not be looked for."""
    read = work.inputs.get("ocr_cues")
    if read is None:
        return [], ("captions were not looked for: the window may cut them",)
    if read.reason is None:
        return cues_from_table(read.table("cues.parquet")), ()
    if read.reason.code == NoCaptionsFound.__name__:
        return [], ()
    return [], (f"captions may be cut by the window: {read.reason.message}",)


PORTRAIT = Stage(
    name="portrait",
    group="functions",
    description="The film as an upright one: a window that follows its subject, at rest where it "
    "can be; shots whose faces do not fit are shown whole between blurred sides, and captions that "
    "the window would cut are laid over it, smaller.",
    version="5",
    params=Params,
    inputs=("source", "frames", "ocr_cues"),
    dispensable=("ocr_cues",),
    outputs=(MediaOutput("portrait.mp4"), FileOutput(PAIRS)),
    run=_run,
    kinds=("mp4",),
    pool="encode",
)
