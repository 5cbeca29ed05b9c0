"""Captions read off the picture: the stage ``ocr_cues``.

The region is decoded once at the full frame rate. Rows of text are followed as tracks
(:mod:`.follow`), read when they end (:mod:`.reading`) and put together to cues (:mod:`.layout`);
what each step does is said there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeGuard

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
from media_pipeline.stages.captions.band import SEVERAL, different_texts, find_band
from media_pipeline.stages.captions.cues import Evidence, make_cues
from media_pipeline.stages.captions.doubt import doubt_warnings, doubtful_captions
from media_pipeline.stages.captions.main_track import main_track
from media_pipeline.stages.captions.scan import Counts, Scan
from media_pipeline.stages.tables import OCR_CUES as SPEC
from media_pipeline.text.cues import Cue, cues_to_table

VERSION = "2"
BOTTOM_QUARTER = [[0.75, 1.0], [0.0, 1.0]]
"""The region that the wire reads where none is given."""
_PROGRESS_FRAMES = 16
_CUT = 0.004  # share of the picture's height by which an edge is met
_STAYS = 0.8  # share of the film that a text stays which is no caption
_SCAN = 0.2  # share of the work that looking for the band is


def checked_region(roi: object) -> object:
    """The region as it is, when it is one: a pair of pairs inside the picture, ``auto`` or None.

    Raises
    ------
    ValueError
    """
    if roi is None or roi == "auto":
        return roi
    if not _is_pair(roi) or not all(
        _is_pair(pair) and all(_is_number(edge) for edge in pair) for pair in roi
    ):
        raise ValueError("it is not a pair of pairs of numbers")
    if any(not 0.0 <= low < high <= 1.0 for low, high in roi):
        raise ValueError("its edges are reversed, equal or outside the picture")
    return roi


def _is_pair(value: object) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, list | tuple) and len(value) == 2


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


class Params(StageParams):
    """What can be asked of caption extraction."""

    fps: int = Field(
        5,
        ge=2,
        le=10,
        description="samples per second that are looked at for new text; times are exact to the "
        "frame at any rate",
    )
    roi: list[list[float]] | Literal["auto"] | None = Field(
        default=None,
        description="where captions are looked for: [[top, bottom], [left, right]] as shares of "
        "the picture; auto finds them in the whole picture; empty is the bottom quarter, and auto "
        "where that holds none",
        json_schema_extra={
            "allowed": "[[top, bottom], [left, right]], in each pair 0 <= first < second <= 1; or "
            "auto"
        },
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
        0.6,
        ge=0.0,
        le=1.0,
        description="captions that are read with less confidence are marked as doubtful; text "
        "elsewhere is left out",
    )
    engine: Literal["auto", "rapidocr", "easyocr"] = Field(
        "auto", description="which text engine reads; auto takes rapidocr"
    )

    _roi = field_validator("roi", mode="before")(checked_region)


@dataclass(frozen=True, slots=True)
class Extraction:
    """The captions of a film.

    Attributes
    ----------
    cues : in time order.
    evidence : for each cue what its text rests on.
    counts : how much was looked at.
    region : the part of the picture that was read; empty where no band of captions was found.
    warnings : what people should know.
    """

    cues: list[Cue]
    evidence: list[Evidence]
    counts: Counts
    region: Box
    warnings: tuple[str, ...] = ()


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
    if params.roi == "auto":
        return _in_band(path, info, params, engine, progress)
    roi = BOTTOM_QUARTER if params.roi is None else params.roi
    found = _read(path, info, params, engine, Box.from_roi(roi), progress)
    if params.roi is not None or _holds_the_captions(found, info.duration):
        return found
    elsewhere = _in_band(path, info, params, engine, progress)
    texts = different_texts(_texts(elsewhere))
    if texts < SEVERAL or texts < different_texts(_texts(found)):
        return found
    where = _shown(elsewhere.region)
    warning = f"the bottom quarter of the picture does not hold the captions: they are in {where}"
    return replace(elsewhere, warnings=(*elsewhere.warnings, warning))


def _holds_the_captions(found: Extraction, film: float) -> bool:
    """Whether captions stand inside the region that was read.

    They do not when there are none, when its upper edge cuts them, and when all that it holds is
    one text that stays: a disclaimer below the captions.
    """
    cut = sum(e.lines[0].y <= found.region.y + _CUT for e in found.evidence)
    stays = len(_texts(found)) == 1 and sum(c.duration for c in found.cues) >= _STAYS * film
    return bool(found.cues) and not stays and cut <= len(found.cues) / 2


def _texts(found: Extraction) -> set[str]:
    return {cue.text for cue in found.cues}


def _in_band(
    path: Path, info: MediaInfo, params: Params, engine: TextEngine, progress: Progress
) -> Extraction:
    """The captions in the band that a sparse scan of the whole picture finds."""
    assert info.video is not None  # noqa: S101 - looked at before
    band = find_band(
        path, info.video, engine, params.lang, progress=lambda share: progress(_SCAN * share)
    )
    if band is None:
        return Extraction([], [], Counts(0, 0, 0, 0, 0), Box(0.0, 0.0, 0.0, 0.0))
    return _read(
        path, info, params, engine, band, lambda share: progress(_SCAN + (1 - _SCAN) * share)
    )


def _read(
    path: Path,
    info: MediaInfo,
    params: Params,
    engine: TextEngine,
    region: Box,
    progress: Progress,
) -> Extraction:
    """The captions in a region of the picture."""
    upright = info.video is not None and info.video.height > info.video.width
    scan = Scan(engine, params.fps, params.lang, upright=upright)
    for frame in decode(path, region=region):
        scan.take(frame)
        if frame.index % _PROGRESS_FRAMES == 0:
            progress(min(1.0, frame.time / max(info.duration, 1e-3)))
    showings = scan.finish()
    sure = [s for s in showings if s.row.confidence >= params.min_confidence]
    if params.track == "main":
        sure = main_track(sure, scan.duration, scan.size[0])
    unsure = [s for s in showings if s.row.confidence < params.min_confidence]
    shown = sure + doubtful_captions(sure, unsure, scan.duration, scan.size[0])
    cues, evidence = make_cues(shown, scan.size, region, params.min_confidence)
    return Extraction(
        cues, evidence, scan.counts, region, doubt_warnings(cues, params.min_confidence)
    )


def _shown(region: Box) -> str:
    edges = [[region.y, region.bottom], [region.x, region.right]]
    return f"roi {[[round(edge, 3) for edge in pair] for pair in edges]}"


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
        where = "the whole picture" if params.roi in (None, "auto") else f"the region {params.roi}"
        raise NoCaptionsFound(
            f"{work.name} shows no captions in {where}",
            "give another roi ([[top, bottom], [left, right]]), or track all for text that is no "
            "caption",
        )
    names = [f"crop_{number:04d}.jpg" for number in range(1, len(found.cues) + 1)]
    for name, proof in zip(names, found.evidence, strict=True):
        (work.out / name).write_bytes(proof.crop)
    pq.write_table(_table(found, names), work.out / "cues.parquet")
    facts = {"cues": len(found.cues), "region": asdict(found.region), **asdict(found.counts)}
    return Outcome(facts, found.warnings)


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
