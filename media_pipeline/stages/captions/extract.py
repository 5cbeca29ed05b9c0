"""Captions read off the picture: the stage ``ocr_cues``.

The region is decoded once at the full frame rate. Rows of text are followed as tracks
(:mod:`.follow`), read when they end (:mod:`.reading`) and put together to cues (:mod:`.layout`);
what each step does is said there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field, field_validator

from media_pipeline.errors import NoCaptionsFound, NoVideoStream
from media_pipeline.media.decode import decode
from media_pipeline.media.geometry import Box
from media_pipeline.media.probe import MediaInfo, probe
from media_pipeline.ocr.base import TextEngine, identify_engine, load_engine
from media_pipeline.stages.base import (
    Environment,
    FileOutput,
    Outcome,
    Progress,
    Resolution,
    Stage,
    StageParams,
    TableOutput,
    Work,
    quiet,
)
from media_pipeline.stages.captions.cues import Evidence, make_cues
from media_pipeline.stages.captions.main_track import main_track
from media_pipeline.stages.captions.scan import Counts, Scan
from media_pipeline.stages.tables import OCR_CUES as SPEC
from media_pipeline.text.cues import Cue, cues_to_table

VERSION = "2"
_PROGRESS_FRAMES = 16


class Params(StageParams):
    """What can be asked of caption extraction."""

    fps: int = Field(
        5,
        ge=2,
        le=10,
        description="samples per second that are looked at for new text; times are exact to the "
        "frame at any rate",
    )
    roi: list[list[float]] = Field(
        default=[[0.75, 1.0], [0.0, 1.0]],
        description="where captions are looked for: [[top, bottom], [left, right]] as shares of "
        "the picture",
    )
    lang: Literal["ch", "en", "ch_ml"] = Field(
        "ch",
        description="ch: Chinese, and English beside it; en: rows in Latin letters only; "
        "ch_ml: all scripts as read",
    )
    track: Literal["main", "all"] = Field(
        "main",
        description="main: captions only, without watermarks, tickers and signs; all: all text "
        "that stands still",
    )
    min_confidence: float = Field(
        0.6, ge=0.0, le=1.0, description="rows that are read with less confidence are left out"
    )
    engine: Literal["auto", "rapidocr", "easyocr"] = Field(
        "auto", description="which text engine reads; auto takes rapidocr"
    )

    @field_validator("roi")
    @classmethod
    def _two_ranges(cls, roi: list[list[float]]) -> list[list[float]]:
        if len(roi) != 2 or any(len(pair) != 2 for pair in roi):
            raise ValueError("write it as [[top, bottom], [left, right]]")
        if any(not 0.0 <= low < high <= 1.0 for low, high in roi):
            raise ValueError(
                "each pair must be two shares of the picture, 0 <= first < second <= 1"
            )
        return roi


@dataclass(frozen=True, slots=True)
class Extraction:
    """The captions of a film: cues in time order, and for each what its text rests on."""

    cues: list[Cue]
    evidence: list[Evidence]
    counts: Counts


def extract_captions(
    path: Path,
    params: Params | None = None,
    *,
    engine: TextEngine | None = None,
    progress: Progress = quiet,
) -> Extraction:
    """Read the captions that are burned into the picture of a film.

    Times are seconds from the start of the container, ``start`` being that of the first frame that
    shows the caption (for a fade, the first at half its contrast) and ``end`` that of the first
    frame that no longer does.

    Parameters
    ----------
    path : any file with a picture.
    params : see :class:`Params`.
    engine : what detects and recognises; loaded by ``params.engine`` when not given.
    progress : called with the share that is done.

    Raises
    ------
    NoVideoStream, NotMedia, TruncatedMedia
        when there is no picture to decode.
    PictureTooSmall
        when the region is less than 16 pixels high or wide.

    Examples
    --------
    >>> from media_pipeline.stages.captions import extract_captions
    >>> found = extract_captions(Path("film.mp4"))          # doctest: +SKIP
    >>> print(found.cues[0].start, found.cues[0].text)      # doctest: +SKIP
    """
    params = params or Params()
    engine = engine or load_engine(_engine_name(params), Environment())
    return _extract(path, probe(path), params, engine, progress)


def _extract(
    path: Path, info: MediaInfo, params: Params, engine: TextEngine, progress: Progress
) -> Extraction:
    if info.video is None:
        raise NoVideoStream(path.name)
    region = Box.from_roi(params.roi)
    scan = Scan(engine, params.fps, params.lang)
    for frame in decode(path, region=region):
        scan.take(frame)
        if frame.index % _PROGRESS_FRAMES == 0:
            progress(min(1.0, frame.time / max(info.duration, 1e-3)))
    showings = [s for s in scan.finish() if s.row.confidence >= params.min_confidence]
    if params.track == "main":
        showings = main_track(showings, scan.duration, scan.size[0])
    cues, evidence = make_cues(showings, scan.size, region)
    return Extraction(cues, evidence, scan.counts)


def _engine_name(params: Params) -> str:
    return "rapidocr" if params.engine == "auto" else params.engine


def _resolve(work: Work) -> Resolution:
    params: Params = work.params
    name = _engine_name(params)
    why = (
        "it needs no download and reads Chinese and English with one model"
        if params.engine == "auto"
        else "it was asked for"
    )
    return Resolution(
        params.model_copy(update={"engine": name}), identify_engine(name).as_dict(), why
    )


def _run(work: Work) -> Outcome:
    params: Params = work.params
    if work.info.video is None:
        raise NoVideoStream(work.name)
    engine = load_engine(_engine_name(params), work.environment)
    found = _extract(work.media, work.info, params, engine, work.progress)
    if not found.cues:
        raise NoCaptionsFound(
            f"{work.name} shows no captions in the region {params.roi}",
            "give another roi ([[top, bottom], [left, right]]), or track all for text that is no "
            "caption",
        )
    names = [f"crop_{number:04d}.jpg" for number in range(1, len(found.cues) + 1)]
    for name, proof in zip(names, found.evidence, strict=True):
        (work.out / name).write_bytes(proof.crop)
    pq.write_table(_table(found, names), work.out / "cues.parquet")
    return Outcome({"cues": len(found.cues), **asdict(found.counts)})


def _table(found: Extraction, crops: Sequence[str]) -> pa.Table:
    return cues_to_table(
        found.cues,
        SPEC.schema,
        crop=crops,
        votes=[proof.votes for proof in found.evidence],
        lines=[[asdict(line) for line in proof.lines] for proof in found.evidence],
    )


OCR_CUES = Stage(
    name="ocr_cues",
    group="captions",
    description="Captions read off the picture, with boxes and the crops that were read.",
    version=VERSION,
    params=Params,
    inputs=("source",),
    outputs=(TableOutput("cues.parquet", SPEC), FileOutput("crop_*.jpg")),
    run=_run,
    resolve=_resolve,
    kinds=("parquet", "jpeg"),
    pool="ocr",
)
