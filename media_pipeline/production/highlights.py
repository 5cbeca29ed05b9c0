"""HighlightExtraction: the moments worth showing, and clips of them when asked."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from pydantic import Field

from media_pipeline.asr.sound import map_wav
from media_pipeline.asr.vad import speech_spans
from media_pipeline.errors import NoSpeech, Unavailable
from media_pipeline.media.files import atomic_path
from media_pipeline.media.probe import MediaInfo
from media_pipeline.production.base import (
    Function,
    Job,
    Result,
    Work,
    checked,
    stage_fields,
)
from media_pipeline.stages.captions import CAPTIONS
from media_pipeline.stages.highlights import HIGHLIGHT_CANDIDATES, RENDERED_CLIPS
from media_pipeline.stages.speech import AUDIO

_OF_STAGE = ("count", "clip_duration", "keywords")
_OF_CLIPS = ("crf",)
INDEX = "{index}"


class HighlightParams(
    stage_fields(HIGHLIGHT_CANDIDATES, *_OF_STAGE),  # type: ignore[misc]
    stage_fields(RENDERED_CLIPS, *_OF_CLIPS),  # type: ignore[misc]
):
    """What can be asked of highlights."""

    export: bool = Field(False, description="write a clip of each")
    width: int | None = Field(None, ge=16, le=8192, description="widest clip, pixels")
    height: int | None = Field(None, ge=16, le=8192, description="tallest clip, pixels")
    allow_non_speech: bool = Field(False, description="take films without captions and voices")


def prepare(values: Mapping[str, Any]) -> Work:
    """Check the parameters, and give the work."""
    params = checked(HighlightParams, values, "")
    given = params.model_fields_set
    stage = {HIGHLIGHT_CANDIDATES.name: params.model_dump(include=given & set(_OF_STAGE))}

    def work(job: Job) -> Result:
        if not params.allow_non_speech:
            _require_words(job)
        share = 0.6 if params.export else 1.0
        found = job.runner.request(
            job.key, HIGHLIGHT_CANDIDATES, stage, progress=lambda s: job.progress(s * share)
        )
        rows = found.table("highlights").to_pylist()
        ranges = [
            {
                "In": round(row["start"], 3),
                "Out": round(row["end"], 3),
                "Tags": list(row["tags"] or ()),
                "Score": round(row["score"], 4),
            }
            for row in rows
        ]
        if params.export and rows:
            clips = {**stage, RENDERED_CLIPS.name: _encoding(job, params)}
            made = job.runner.request(
                job.key, RENDERED_CLIPS, clips, progress=lambda s: job.progress(0.6 + s * 0.4)
            )
            for number, file in enumerate(made.table("clips")["file"].to_pylist()):
                name = job.name.replace(INDEX, str(job.index + number))
                ranges[number]["OutputURL"] = name
                with atomic_path(job.folder / name) as target:
                    shutil.copyfile(made.path(file), target)
        return ranges

    return work


def _require_words(job: Job) -> None:
    """Refuse a film in which there is neither text to read nor a voice to hear.

    Raises
    ------
    NoSpeech
    """
    with suppress(Unavailable):
        if job.runner.request(job.key, CAPTIONS).manifest.rows.get("captions"):
            return
    with suppress(Unavailable):
        if speech_spans(map_wav(job.runner.request(job.key, AUDIO).path("speech.wav"))):
            return
    name = job.runner.store.media.get(job.key).name
    raise NoSpeech(
        f"{name} has neither captions nor voices",
        "give a film with words, or set Strategy.AllowNonSpeech to true",
    )


def _encoding(job: Job, params: Any) -> dict[str, Any]:
    """Parameters of the clips: the picture keeps its shape inside the size that was asked for."""
    asked: dict[str, Any] = params.model_dump(include=params.model_fields_set & set(_OF_CLIPS))
    source = job.runner.request(job.key, "source")
    video = MediaInfo.model_validate(source.facts["media"]).video
    limits = [params.height] if params.height else []
    if params.width and video is not None:
        limits.append(max(16, round(params.width * video.height / video.width)))
    return {**asked, **({"max_height": min(limits)} if limits else {})}


HIGHLIGHT_EXTRACTION = Function(".mp4", prepare, pool="encode", max_seconds=2 * 3600.0)
