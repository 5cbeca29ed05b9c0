"""Frames and shots of a film as tables, with a thumbnail per shot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field

from media_pipeline.errors import NoVideoStream
from media_pipeline.media.probe import MediaInfo, probe
from media_pipeline.stages import tables
from media_pipeline.stages.base import Outcome, Progress, StageParams, Work, quiet
from media_pipeline.stages.frames.measure import FrameMeasures, Thumbnails, measure
from media_pipeline.stages.frames.shots import Boundary, ShotRules, find_boundaries


class Params(StageParams):
    """What can be asked of the frames stage."""

    threshold: float = Field(
        default=18.0,
        ge=1,
        le=255,
        description="least mean luma difference between two frames of a hard cut, 0-255",
    )
    ratio: float = Field(
        default=3.0,
        ge=1,
        le=100,
        description="least ratio of that difference to the usual one around it",
    )
    min_shot: float = Field(
        default=0.2, gt=0, le=60, description="seconds that a shot lasts at least"
    )
    dissolves: bool = Field(default=True, description="look for dissolves and fades as well")


@dataclass(frozen=True)
class FilmLook:
    """What :func:`analyse` found."""

    frames: pa.Table
    """Of the schema ``FRAMES``."""
    shots: pa.Table
    """Of the schema ``SHOTS``."""
    warnings: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class _Shot:
    start: float
    end: float
    kind: str
    thumbnail: str


def analyse(
    path: Path,
    *,
    thumbs: Path,
    params: Params | None = None,
    info: MediaInfo | None = None,
    progress: Progress = quiet,
) -> FilmLook:
    """Measure every frame of a film, find its shots, and write a thumbnail of each, in one pass.

    Parameters
    ----------
    path : a media file with a picture.
    thumbs : a folder, for ``thumb_0001.jpg`` and so on.
    info : what probing found in it, if that is known.

    Raises
    ------
    MediaNotFound, EmptyMedia, NotMedia, NoVideoStream, TruncatedMedia, ZeroDuration
    """
    params = params or Params()
    info = info or probe(path)
    if info.video is None:
        raise NoVideoStream(path.name)
    with Thumbnails() as thumbnails:
        measures = measure(path, info, thumbnails, progress=lambda s: progress(0.95 * s))
        found = look_of(measures, thumbnails, info, thumbs=thumbs, params=params)
    progress(1.0)
    return found


def look_of(
    measures: FrameMeasures,
    thumbnails: Thumbnails,
    info: MediaInfo,
    *,
    thumbs: Path,
    params: Params,
) -> FilmLook:
    """The tables of a film whose frames have been measured; what needs all of them happens here.

    Parameters
    ----------
    thumbnails : the pictures that were kept.
    thumbs : a folder, for one of them per shot.
    """
    rules = ShotRules(params.threshold, params.ratio, params.min_shot, params.dissolves)
    boundaries = find_boundaries(measures, rules)
    fps = info.video.fps if info.video is not None else 25.0
    end = max(info.duration, float(measures.time[-1]) + 1 / fps)
    shots = _shots(measures, boundaries, end)
    for shot in shots:
        (thumbs / shot.thumbnail).write_bytes(thumbnails.nearest(shot.start, shot.end))
    warnings = []
    if measures.skipped:
        warnings.append(f"{measures.skipped} damaged packets of the picture were left out")
    return FilmLook(
        _frames_table(measures, boundaries),
        pa.Table.from_pylist([asdict(shot) for shot in shots], schema=tables.SHOTS.schema),
        warnings,
    )


def _shots(measures: FrameMeasures, boundaries: Sequence[Boundary], end: float) -> list[_Shot]:
    starts = [0.0, *(float(measures.time[b.frame]) for b in boundaries)]
    kinds = ["start", *(b.kind for b in boundaries)]
    ends = [*starts[1:], end]
    return [
        _Shot(start, stop, kind, f"thumb_{number:04d}.jpg")
        for number, (start, stop, kind) in enumerate(zip(starts, ends, kinds, strict=True), start=1)
    ]


def _frames_table(measures: FrameMeasures, boundaries: Sequence[Boundary]) -> pa.Table:
    cut = np.zeros(len(measures), bool)
    cut[[b.frame for b in boundaries]] = True
    return pa.table(
        {
            "time": measures.time,
            "luma": measures.luma,
            "sharpness": measures.sharpness,
            "motion": measures.motion,
            "signature": measures.signature,
            "cut": cut,
        },
        schema=tables.FRAMES.schema,
    )


def write_look(work: Work, found: FilmLook) -> Outcome:
    """Write the tables of a film beside its thumbnails, and say what is in them."""
    pq.write_table(found.frames, work.out / "frames.parquet")
    pq.write_table(found.shots, work.out / "shots.parquet")
    kinds = found.shots["kind"].to_pylist()
    facts = {
        "frames": found.frames.num_rows,
        "shots": len(kinds),
        "cuts": kinds.count("cut"),
        "dissolves": kinds.count("dissolve"),
    }
    return Outcome(facts, found.warnings)
