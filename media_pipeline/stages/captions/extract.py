"""Captions read off the picture.

The region is decoded once at the full frame rate. Rows of text are followed as tracks
(:mod:`.follow`), read when they end (:mod:`.reading`), put together from stretches of the film
(:mod:`.stretches`) and to cues (:mod:`.layout`); what each step does is said there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeGuard

from pydantic import Field, field_validator

from media_pipeline.errors import NoVideoStream
from media_pipeline.media.decode import Frame, decode
from media_pipeline.media.geometry import Box
from media_pipeline.media.probe import MediaInfo, probe
from media_pipeline.ocr.base import TextEngine, load_engine
from media_pipeline.stages.base import Environment, Progress, StageParams, quiet
from media_pipeline.stages.captions.band import SEVERAL, different_texts, find_band
from media_pipeline.stages.captions.cues import Evidence, make_cues
from media_pipeline.stages.captions.doubt import doubt_warnings, doubtful_captions
from media_pipeline.stages.captions.main_track import main_track
from media_pipeline.stages.captions.scan import Counts, Scan
from media_pipeline.stages.captions.stretches import Stretch, put_together, read_stretches, spans
from media_pipeline.text.cues import Cue

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
    track: Literal["main", "all", "auto"] = Field(
        "main",
        description="main: captions only, without watermarks, tickers and signs; all: all text "
        "that stands still; auto: main, and all where nothing looks like captions",
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
    engine = engine or load_engine(engine_name(params), Environment())
    return extract(path, probe(path), params, engine, progress)


def extract(
    path: Path, info: MediaInfo, params: Params, engine: TextEngine, progress: Progress
) -> Extraction:
    """As :func:`extract_captions`, with what probing found and a loaded engine."""
    if info.video is None:
        raise NoVideoStream(path.name)
    if params.roi == "auto":
        return _in_band(path, info, params, engine, progress)
    found = _read(path, info, params, engine, asked_region(params), progress)
    return found_or_elsewhere(found, path, info, params, engine, progress)


def asked_region(params: Params) -> Box:
    """The part of the picture that is looked at first, where it is not looked for."""
    return Box.from_roi(BOTTOM_QUARTER if isinstance(params.roi, str | None) else params.roi)


def found_or_elsewhere(
    found: Extraction,
    path: Path,
    info: MediaInfo,
    params: Params,
    engine: TextEngine,
    progress: Progress,
) -> Extraction:
    """What was found, or where nobody said where to look and it is not all: what is elsewhere.

    Parameters
    ----------
    found : in the region that was asked for, or in the bottom quarter.
    """
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
        return nothing_found()
    return _read(
        path, info, params, engine, band, lambda share: progress(_SCAN + (1 - _SCAN) * share)
    )


def nothing_found() -> Extraction:
    """What there is where no band of captions was found."""
    return Extraction([], [], Counts(0, 0, 0, 0, 0), Box(0.0, 0.0, 0.0, 0.0))


def _read(
    path: Path,
    info: MediaInfo,
    params: Params,
    engine: TextEngine,
    region: Box,
    progress: Progress,
) -> Extraction:
    """The captions in a region of the picture."""
    frames = decode(path, region=region)
    reported = reporting(frames, 0.0, info.duration, progress)
    stretches = read_stretches(reported, spans(info.duration), scanning(info, params, engine))
    return captions_of(stretches, params, region)


def scanning(info: MediaInfo, params: Params, engine: TextEngine) -> Callable[[], Scan]:
    """Makes the scans that read a film."""
    upright = info.video is not None and info.video.height > info.video.width
    return lambda: Scan(engine, params.fps, params.lang, upright=upright)


def reporting(
    frames: Iterable[Frame], start: float, seconds: float, progress: Progress
) -> Iterator[Frame]:
    """The frames of so many seconds from ``start``, with the share of them that is done."""
    for frame in frames:
        yield frame
        if frame.index % _PROGRESS_FRAMES == 0:
            progress(min(1.0, max(0.0, (frame.time - start) / max(seconds, 1e-3))))


def captions_of(stretches: Sequence[Stretch], params: Params, region: Box) -> Extraction:
    """The captions of a film whose stretches were read; what needs all of it happens here.

    Raises
    ------
    PartsDiffer
        when the stretches do not fit each other.
    """
    found = put_together(stretches, params.fps)
    sure = [s for s in found.showings if s.row.confidence >= params.min_confidence]
    if params.track != "all":
        main = main_track(sure, found.duration, found.size[0])
        sure = main or (sure if params.track == "auto" else [])
    unsure = [s for s in found.showings if s.row.confidence < params.min_confidence]
    shown = sure + doubtful_captions(sure, unsure, found.duration, found.size[0])
    cues, evidence = make_cues(shown, found.size, region, params.min_confidence)
    return Extraction(
        cues, evidence, found.counts, region, doubt_warnings(cues, params.min_confidence)
    )


def _shown(region: Box) -> str:
    edges = [[region.y, region.bottom], [region.x, region.right]]
    return f"roi {[[round(edge, 3) for edge in pair] for pair in edges]}"


def engine_name(params: Params) -> str:
    """The engine that reads."""
    return "rapidocr" if params.engine == "auto" else params.engine
