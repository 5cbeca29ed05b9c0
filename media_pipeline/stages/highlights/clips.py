"""The asset ``rendered_clips``: every highlight as a file of its own, exact to the frame."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field, field_validator

from media_pipeline.errors import NothingToDo
from media_pipeline.media.coding import Coding
from media_pipeline.media.cut import cut
from media_pipeline.media.encode import Preset
from media_pipeline.media.picture_size import PictureSize
from media_pipeline.media.probe import MediaInfo
from media_pipeline.stages.base import (
    MediaOutput,
    Outcome,
    Progress,
    Stage,
    StageParams,
    TableOutput,
    Work,
    quiet,
    raise_reason,
)
from media_pipeline.stages.tables import CLIPS

_CRF = 20

CODECS = {
    "h264": "h264", "h.264": "h264", "avc": "h264", "libx264": "h264",
    "h265": "hevc", "h.265": "hevc", "hevc": "hevc", "libx265": "hevc",
}  # fmt: skip
"""Names of codecs, in lower case, as callers write them."""


class Params(StageParams):
    """How clips are encoded.

    Where nothing is asked for, pictures are copied as they are and only the edges coded anew.
    """

    crf: int | None = Field(
        None, ge=0, le=51, description="quality: lower is better and larger; coded anew with it"
    )
    preset: Preset = Field("veryfast", description="effort of the encoder: slower is smaller")
    max_height: int | None = Field(
        None, ge=16, le=8192, description="pixels; a taller picture is made that tall"
    )
    width: int | None = Field(None, ge=16, le=8192, description="of the picture, pixels")
    height: int | None = Field(None, ge=16, le=8192, description="of the picture, pixels")
    fit: Literal["fit", "fill"] = Field(
        "fit", description="keep the aspect with bars, or by cutting off what stands out"
    )
    bitrate: int | None = Field(None, ge=50, le=100_000, description="kbit/s of the picture")
    codec: str = Field(
        "h264", description="h264 or h265", json_schema_extra={"allowed": "h264 | h265"}
    )

    @field_validator("codec")
    @classmethod
    def _known_codec(cls, codec: str) -> str:
        if codec.strip().lower() not in CODECS:
            raise ValueError(f"no codec {codec!r}; there are h264 and h265")
        return CODECS[codec.strip().lower()]

    @property
    def coding(self) -> Coding:
        """The same for the cutter."""
        sized = self.width or self.height
        return Coding(
            crf=_CRF if self.crf is None else self.crf,
            preset=self.preset,
            max_height=self.max_height,
            size=PictureSize(self.width, self.height, self.fit == "fill") if sized else None,
            bitrate=self.bitrate,
            codec="hevc" if self.codec == "hevc" else "h264",
        )


def render_clips(
    path: Path,
    info: MediaInfo,
    spans: list[tuple[float, float]],
    folder: Path,
    params: Params | None = None,
    *,
    progress: Progress = quiet,
) -> list[tuple[str, float]]:
    """Cut spans out of a film into ``clip_01.mp4``, ``clip_02.mp4``, …, or ``.m4a`` for sound.

    Parameters
    ----------
    path : the film.
    info : what probing found in it.
    spans : ``(start, end)`` in seconds.
    folder : where the files go.
    progress : called with the share that is done.

    Returns
    -------
    list of tuple
        file name and seconds of each clip, within a frame of the span's length.
    """
    params = params or Params()
    suffix = ".mp4" if info.video is not None else ".m4a"
    total = sum(end - start for start, end in spans)
    done = 0.0
    clips: list[tuple[str, float]] = []
    for number, (start, end) in enumerate(spans, start=1):
        name = f"clip_{number:02d}{suffix}"
        before, length = done, end - start

        def told(share: float, before: float = before, length: float = length) -> None:
            progress((before + share * length) / total)

        seconds = cut(
            path,
            folder / name,
            start,
            end,
            info=info,
            coding=params.coding,
            copy=params.crf is None,
            progress=told,
        )
        clips.append((name, seconds))
        done += length
    return clips


# --- the adapter ----------------------------------------------------------------------------------


def _run(work: Work) -> Outcome:
    candidates = work.inputs["highlight_candidates"]
    raise_reason(candidates)
    rows = candidates.table("highlights.parquet").to_pylist()
    if not rows:
        raise NothingToDo(
            f"no moment of {work.name} stands out, so there is no clip to cut",
            "its sound and picture are much the same throughout",
        )
    spans = [(row["start"], row["end"]) for row in rows]
    # the source says which sound track was chosen
    info = MediaInfo.model_validate(work.inputs["source"].facts["media"])
    clips = render_clips(work.media, info, spans, work.out, work.params, progress=work.progress)
    table: dict[str, list[Any]] = {
        "start": [start for start, _ in spans],
        "end": [end for _, end in spans],
        "file": [name for name, _ in clips],
        "duration": [seconds for _, seconds in clips],
        "score": [row["score"] for row in rows],
    }
    pq.write_table(pa.table(table, schema=CLIPS.schema), work.out / "clips.parquet")
    return Outcome({"clips": len(clips), "durations": dict(clips)})


RENDERED_CLIPS = Stage(
    name="rendered_clips",
    group="highlights",
    description="Every highlight as an MP4 file of its own (M4A where there is only sound).",
    version="4",
    params=Params,
    inputs=("source", "highlight_candidates"),
    outputs=(TableOutput("clips.parquet", CLIPS), MediaOutput("clip_*.m[p4][4a]")),
    run=_run,
    kinds=("mp4", "parquet"),
    pool="encode",
)
