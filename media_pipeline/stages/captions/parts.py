"""A long film in parts: some of its stretches each, put together to the same captions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from media_pipeline.errors import NoCaptionsFound, NoVideoStream
from media_pipeline.media.decode import decode
from media_pipeline.media.geometry import Box
from media_pipeline.ocr.base import TextEngine, load_engine
from media_pipeline.stages.base import Artifact, Outcome, Split, TableOutput, Work
from media_pipeline.stages.captions.band import find_band
from media_pipeline.stages.captions.extract import (
    Extraction,
    asked_region,
    captions_of,
    engine_name,
    found_or_elsewhere,
    reporting,
    scanning,
)
from media_pipeline.stages.captions.reading import Row
from media_pipeline.stages.captions.rows import PixelBox
from media_pipeline.stages.captions.scan import Counts
from media_pipeline.stages.captions.stretches import Stretch, around, read_stretches, spans
from media_pipeline.stages.tables import OCR_CUES as SPEC
from media_pipeline.stages.tables import TableSpec, column
from media_pipeline.text.cues import cues_to_table

_STRETCH = column("stretch", pa.int32(), "which of the part's stretches")
_EDGES = ("left", "top", "right", "bottom")
ROWS = TableSpec(
    "rows",
    "rows of text that were read in a part",
    pa.schema(
        [
            _STRETCH,
            column("start", pa.int64(), "number of the first frame that shows it"),
            column("end", pa.int64(), "number of the last"),
            column("text", pa.string(), "what it says"),
            column("confidence", pa.float64(), "of the reading, 0 to 1"),
            column("weights", pa.list_(pa.float64()), "confidence of each character"),
            column(
                "box", pa.list_(pa.int32(), 4), "where the text stands: left, top, right, bottom"
            ),
            column("place", pa.list_(pa.int32(), 4), "the place that was compared"),
            column("look", pa.binary(), "the mean high-passed picture of the place, int8"),
            column("crop", pa.binary(), "the picture that was read, as a JPEG file"),
            column("votes", pa.int32(), "readings that the text was made from"),
            column("of_shot", pa.bool_(), "it comes and goes with a shot"),
        ]
    ),
)
SEEN = TableSpec(
    "seen",
    "the frames of a part",
    pa.schema(
        [
            _STRETCH,
            column("time", pa.float64(), "presentation time, seconds"),
            column("check", pa.uint32(), "differs where the picture does"),
        ]
    ),
)


def cut(work: Work, longest: float) -> list[dict[str, Any]]:
    """The stretches that each part reads, and the region in which captions are read."""
    duration = work.info.duration
    stretches = len(spans(duration))
    number = min(stretches, math.ceil(duration / longest))
    if work.info.video is None or number < 2:
        return []
    region: Box | None = asked_region(work.params)
    if work.params.roi == "auto":
        region = find_band(
            work.media, work.info.video, _engine(work), work.params.lang, progress=work.progress
        )
    if region is None:
        return []
    edges = [round(k * stretches / number) for k in range(number + 1)]
    return [
        {"first": first, "last": last, "region": asdict(region)} for first, last in pairwise(edges)
    ]


def part(work: Work, task: Mapping[str, Any]) -> Outcome:
    """Read the stretches of one part."""
    if work.info.video is None:
        raise NoVideoStream(work.name)
    wanted = spans(work.info.duration)[task["first"] : task["last"]]
    start, end = around(wanted[0])[0], around(wanted[-1])[1]
    frames = decode(
        work.media,
        region=Box(**task["region"]),
        start=start,
        end=None if math.isinf(end) else end,
    )
    seconds = min(end, work.info.duration) - start
    read = read_stretches(
        reporting(frames, start, seconds, work.progress),
        wanted,
        scanning(work.info, work.params, _engine(work)),
    )
    pq.write_table(rows_table(read), work.out / "rows.parquet")
    pq.write_table(seen_table(read), work.out / "seen.parquet")
    return Outcome(
        {
            "stretches": [
                {"start": one.span[0], "size": list(one.size), "counts": asdict(one.counts)}
                for one in read
            ],
            "region": dict(task["region"]),
        }
    )


def join(work: Work, parts: Sequence[Artifact]) -> Outcome:
    """The captions of a film from all its parts."""
    known = {span[0]: span for span in spans(work.info.duration)}
    stretches = [one for artifact in parts for one in _stretches(artifact, known)]
    found = captions_of(stretches, work.params, Box(**parts[0].facts["region"]))
    if work.params.roi is None:
        found = found_or_elsewhere(
            found, work.media, work.info, work.params, _engine(work), work.progress
        )
    return write_captions(work, found)


def write_captions(work: Work, found: Extraction) -> Outcome:
    """Write captions beside their crops, and say how they were found.

    Raises
    ------
    NoCaptionsFound
        when there are none.
    """
    params = work.params
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


def rows_table(stretches: Sequence[Stretch]) -> pa.Table:
    """All rows of some stretches, of the schema ``ROWS``."""
    rows = [
        {
            **{name: getattr(row, name) for name in ("start", "end", "text", "votes", "of_shot")},
            "stretch": number,
            "confidence": row.confidence,
            "weights": list(row.weights),
            "box": [getattr(row.box, edge) for edge in _EDGES],
            "place": [getattr(row.place, edge) for edge in _EDGES],
            "look": row.look.tobytes(),
            "crop": row.crop,
        }
        for number, stretch in enumerate(stretches)
        for row in stretch.rows
    ]
    return pa.Table.from_pylist(rows, schema=ROWS.schema)


def seen_table(stretches: Sequence[Stretch]) -> pa.Table:
    """All frames of some stretches, of the schema ``SEEN``."""
    numbers = [np.full(len(one.times), number, np.int32) for number, one in enumerate(stretches)]
    columns = {
        "stretch": np.concatenate([*numbers, np.zeros(0, np.int32)]),
        "time": np.concatenate([*(one.times for one in stretches), np.zeros(0)]),
        "check": np.concatenate([*(one.checks for one in stretches), np.zeros(0, np.uint32)]),
    }
    return pa.table(columns, schema=SEEN.schema)


def _stretches(artifact: Artifact, known: Mapping[float, tuple[float, float]]) -> Iterator[Stretch]:
    rows = artifact.table("rows.parquet").to_pylist()
    seen = artifact.table("seen.parquet")
    which = seen["stretch"].to_numpy()
    times, checks = seen["time"].to_numpy(), seen["check"].to_numpy()
    for number, told in enumerate(artifact.facts["stretches"]):
        yield Stretch(
            known[told["start"]],
            times[which == number],
            checks[which == number],
            [_row(row) for row in rows if row["stretch"] == number],
            Counts(**told["counts"]),
            (told["size"][0], told["size"][1]),
        )


def _row(values: dict[str, Any]) -> Row:
    place = PixelBox(*values["place"])
    look = np.frombuffer(values["look"], np.int8).reshape(place.height, place.width)
    rest = {
        name: values[name]
        for name in ("start", "end", "text", "confidence", "crop", "votes", "of_shot")
    }
    box = PixelBox(*values["box"])
    return Row(**rest, weights=tuple(values["weights"]), box=box, place=place, look=look)


def _engine(work: Work) -> TextEngine:
    return load_engine(engine_name(work.params), work.environment)


SPLIT = Split(
    cut=cut,
    part=part,
    join=join,
    outputs=(TableOutput("rows.parquet", ROWS), TableOutput("seen.parquet", SEEN)),
)
