"""A long film in parts: cut at key frames, measured part by part, joined to one look.

Neighbouring parts share the frame at which the film was cut. The part before has measured how far
that frame moved from the one before it; the part after starts with it, and what both say of it must
be the same. Shots are found when all parts are there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from media_pipeline.errors import PartsDiffer
from media_pipeline.media.sparse import key_times
from media_pipeline.stages.base import Artifact, Outcome, Split, TableOutput, Work
from media_pipeline.stages.frames.look import look_of, write_look
from media_pipeline.stages.frames.measure import TINY, FrameMeasures, Thumbnails, measure
from media_pipeline.stages.tables import TableSpec, column

_WITH_IT = 2e-6  # seconds after the shared frame at which a part ends: decoding leaves the end out

MEASURES = TableSpec(
    "measures",
    "the frames of a part in numbers",
    pa.schema(
        [
            column("time", pa.float64(), "presentation time, seconds"),
            column("luma", pa.float32(), "mean luma, 0-255"),
            column("sharpness", pa.float32(), "variance of the Laplacian"),
            column("motion", pa.float32(), "mean absolute luma difference to the frame before"),
            column("signature", pa.uint64(), "64-bit difference hash of the picture"),
            column("tiny", pa.binary(TINY[0] * TINY[1]), "the picture in 24 x 16 luma pixels"),
        ]
    ),
)
THUMBNAILS = TableSpec(
    "thumbnails",
    "pictures that may stand for a shot",
    pa.schema(
        [
            column("time", pa.float64(), "presentation time, seconds"),
            column("jpeg", pa.binary(), "the picture as a JPEG file"),
        ]
    ),
)


def cut(work: Work, longest: float) -> list[dict[str, Any]]:
    """The seconds between which each part lies, both ends on key frames."""
    if work.info.video is None or work.info.duration <= longest:
        return []
    number = math.ceil(work.info.duration / longest)
    wanted = [work.info.duration * k / number for k in range(1, number)]
    starts = [0.0, *(time for time in key_times(work.media, wanted) if time > 0)]
    ends: list[float | None] = [*starts[1:], None]
    return [{"start": a, "end": b} for a, b in zip(starts, ends, strict=True)]


def part(work: Work, task: Mapping[str, Any]) -> Outcome:
    """Measure the frames of one part, those at both its ends with it."""
    end = None if task["end"] is None else task["end"] + _WITH_IT
    with Thumbnails() as thumbnails:
        found = measure(
            work.media,
            work.info,
            thumbnails,
            start=task["start"],
            end=end,
            progress=work.progress,
        )
        kept = list(thumbnails)
    pictures = found.tiny.reshape(len(found), -1)
    columns = {
        "time": found.time,
        "luma": found.luma,
        "sharpness": found.sharpness,
        "motion": found.motion,
        "signature": found.signature,
        "tiny": [row.tobytes() for row in pictures],
    }
    pq.write_table(pa.table(columns, schema=MEASURES.schema), work.out / "measures.parquet")
    thumbs = {"time": [time for time, _ in kept], "jpeg": [jpeg for _, jpeg in kept]}
    pq.write_table(pa.table(thumbs, schema=THUMBNAILS.schema), work.out / "thumbnails.parquet")
    return Outcome({"skipped": found.skipped})


def join(work: Work, parts: Sequence[Artifact]) -> Outcome:
    """One look at the film from all its parts."""
    measures = joined([_measures(one) for one in parts])
    with Thumbnails() as thumbnails:
        shared = -math.inf  # the part before has it, and knows whether it is kept
        for one in parts:
            for kept in one.table("thumbnails.parquet").to_pylist():
                if kept["time"] > shared:
                    thumbnails.add(kept["time"], kept["jpeg"])
            shared = one.table("measures.parquet")["time"][-1].as_py()
        found = look_of(measures, thumbnails, work.info, thumbs=work.out, params=work.params)
    work.progress(1.0)
    return write_look(work, found)


def joined(parts: Sequence[FrameMeasures]) -> FrameMeasures:
    """The measures of a film from those of its parts.

    Raises
    ------
    PartsDiffer
        when neighbours do not share a frame and say the same of it, or when damage was met: what a
        decoder makes of it depends on where it has begun.
    """
    for before, after in pairwise(parts):
        if not _share_a_frame(before, after):
            raise PartsDiffer("the frames of neighbouring parts do not fit each other")
    if any(one.skipped for one in parts):
        raise PartsDiffer("there are damaged packets")
    rest = [(one, 0 if number == 0 else 1) for number, one in enumerate(parts)]

    def whole(name: str) -> Any:
        return np.concatenate([getattr(one, name)[first:] for one, first in rest])

    names = ("time", "luma", "sharpness", "motion", "signature", "tiny")
    return FrameMeasures(**{name: whole(name) for name in names}, skipped=0)


def _share_a_frame(before: FrameMeasures, after: FrameMeasures) -> bool:
    if not len(before) or not len(after):
        return False
    return all(
        np.array_equal(getattr(before, name)[-1], getattr(after, name)[0])
        for name in ("time", "luma", "sharpness", "signature", "tiny")
    )


def _measures(artifact: Artifact) -> FrameMeasures:
    table = artifact.table("measures.parquet")
    pictures = np.frombuffer(b"".join(table["tiny"].to_pylist()), np.uint8)
    columns = {
        name: table[name].to_numpy()
        for name in ("time", "luma", "sharpness", "motion", "signature")
    }
    return FrameMeasures(
        **columns,
        tiny=pictures.reshape(-1, TINY[1], TINY[0]),
        skipped=int(artifact.facts["skipped"]),
    )


SPLIT = Split(
    cut=cut,
    part=part,
    join=join,
    outputs=(
        TableOutput("measures.parquet", MEASURES),
        TableOutput("thumbnails.parquet", THUMBNAILS),
    ),
)
