"""The production functions behind ``run``.

Each takes its JobParams, checks them, and gives the work, which returns the Result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from media_pipeline._cli.outputs import new_file
from media_pipeline.errors import InvalidParameter, NoVideoStream
from media_pipeline.media.probe import MediaInfo
from media_pipeline.media.verify import verify_media
from media_pipeline.profiles import checked_params
from media_pipeline.runner import Runner
from media_pipeline.stages.base import Progress
from media_pipeline.stages.captions import OCR_CUES
from media_pipeline.stages.highlights import HIGHLIGHT_CANDIDATES
from media_pipeline.stages.summary import choose_spans, join_spans, usual_target
from media_pipeline.text.cues import Cue, cues_from_table
from media_pipeline.text.formats import format_cues
from media_pipeline.text.scripts import rows_in_script


@dataclass(frozen=True)
class Job:
    """One call of a function: the film, and where the result goes."""

    runner: Runner
    key: str
    output: Path
    progress: Progress


Result = dict[str, Any]
Work = Callable[[Job], Result]


class _JobParams(BaseModel):
    model_config = ConfigDict(extra="forbid")


_Model = TypeVar("_Model", bound=_JobParams)


def _checked(model: type[_Model], values: dict[str, Any]) -> _Model:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(["JobParams", *map(str, first["loc"])])
        raise InvalidParameter(
            f"'{name}' is invalid, input: {first['input']!r}: {first['msg']}",
            f"parameters are {', '.join(model.model_fields)}",
        ) from None


# --- CaptionExtraction ----------------------------------------------------------------------------


class _CaptionParams(_JobParams):
    """What CaptionExtraction adds to the caption stage, or names in another way."""

    fps: int | None = None
    roi: list[list[float]] | None = None
    lang: str | None = None
    track: Literal["main"] | None = None
    sep: bool = False
    formatter: str = ""


def _caption_extraction(values: dict[str, Any]) -> Work:
    params = _checked(_CaptionParams, values)
    given = {"fps": params.fps, "roi": params.roi, "lang": params.lang}
    stage = {name: value for name, value in given.items() if value is not None}
    stage["track"] = params.track or "all"
    try:
        checked_params(OCR_CUES, stage)
    except InvalidParameter as error:
        message = error.message.replace(f"{OCR_CUES.name}.", "JobParams.", 1)
        raise InvalidParameter(message, error.remedy) from None

    def work(job: Job) -> Result:
        found = job.runner.request(job.key, OCR_CUES, {OCR_CUES.name: stage}, progress=job.progress)
        cues = cues_from_table(found.table("cues"))
        write_captions(cues, job.output, separate=params.sep, prefix=params.formatter)
        return {}

    return work


def write_captions(cues: Sequence[Cue], output: Path, *, separate: bool, prefix: str) -> None:
    """Write the captions as one SRT file, or as one for the Chinese and one for the English rows.

    ``{resultType}`` in the file's name becomes ``zh`` and ``en``; without it that is put before the
    suffix.
    """
    texts: dict[Path, Sequence[Cue]] = {output: cues}
    if separate:
        texts = {}
        for language in ("zh", "en"):
            rows = [replace(c, text=rows_in_script(c.text, language)) for c in cues]
            texts[_part(output, language)] = [c for c in rows if c.text.strip()]
    for path, part in texts.items():
        with new_file(path) as target:
            target.write_text(
                format_cues(part, "srt", prefix=prefix), encoding="utf-8", newline="\n"
            )


def _part(output: Path, language: str) -> Path:
    if "{resultType}" in output.name:
        return output.with_name(output.name.replace("{resultType}", language))
    return output.with_name(f"{output.stem}_{language}{output.suffix}")


# --- VideoClip ------------------------------------------------------------------------------------


class _ClipParams(_JobParams):
    duration: float | None = Field(None, ge=1.0, allow_inf_nan=False)


def _video_clip(values: dict[str, Any]) -> Work:
    params = _checked(_ClipParams, values)

    def work(job: Job) -> Result:
        item = job.runner.store.media.get(job.key)
        source = job.runner.request(job.key, "source")
        info = MediaInfo.model_validate(source.facts["media"])
        if info.video is None:
            raise NoVideoStream(item.name)
        target = params.duration or usual_target(info.duration)
        if target >= info.duration:
            raise InvalidParameter(
                f"'JobParams.duration' is invalid, input: {target:g}",
                f"the film lasts {info.duration:.2f} s: ask for less",
            )
        found = job.runner.request(
            job.key,
            HIGHLIGHT_CANDIDATES,
            {HIGHLIGHT_CANDIDATES.name: _short_moments(target)},
            progress=lambda share: job.progress(share * 0.8),
        )
        rows = found.table("highlights").to_pylist()
        spans = choose_spans([(r["start"], r["end"], r["score"]) for r in rows], target)
        media = job.runner.originals.path(item)
        with new_file(job.output) as temporary:
            seconds = join_spans(
                media, info, spans, temporary, lambda share: job.progress(0.8 + share * 0.2)
            )
            # Sound comes in packets of 21 ms, so each piece may last one longer than its picture.
            verify_media(temporary, duration=seconds, tolerance=0.05 * (len(spans) + 1))
        return {
            "VideoSummaryList": [{"StartTime": f"{s:.2f}", "EndTime": f"{e:.2f}"} for s, e in spans]
        }

    return work


def _short_moments(target: float) -> dict[str, Any]:
    """Parameters of the highlight stage for moments of which several fit into the target."""
    return {"count": 10, "clip_duration": min(max(target / 4, 3.0), 15.0), "min_score": 0.0}


@dataclass(frozen=True)
class Function:
    """A production function as ``run`` knows it."""

    suffix: str
    """Of the file it writes."""
    prepare: Callable[[dict[str, Any]], Work]
    """Check the JobParams, and give the work."""


FUNCTIONS: dict[str, Function] = {
    "CaptionExtraction": Function(".srt", _caption_extraction),
    "VideoClip": Function(".mp4", _video_clip),
}
