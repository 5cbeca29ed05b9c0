"""The stage ``chorus``: the function MusicSegmentDetect."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from media_pipeline.media.audio import Samples, iter_audio
from media_pipeline.stages.base import (
    FUNCTIONS_GROUP,
    Artifact,
    FileOutput,
    Outcome,
    Stage,
    StageParams,
    TableOutput,
    Work,
    raise_reason,
)
from media_pipeline.stages.beats import Tracked
from media_pipeline.stages.chorus.find import Segments, find_choruses
from media_pipeline.stages.chorus.listen import RATE, listen
from media_pipeline.stages.chorus.tables import CHORUSES

_BLOCK_S = 10.0
_HEARD = 0.7
"""Share of the work that listening is."""


class Params(StageParams):
    """Choruses are where they are: there is nothing to ask for."""


def choruses_table(found: Segments) -> pa.Table:
    """The choruses as a table of the lake."""
    rows = found.choruses
    return pa.table(
        [
            pa.array([one.start for one in rows], pa.float64()),
            pa.array([one.end for one in rows], pa.float64()),
            pa.array([one.key for one in rows], pa.int32()),
            pa.array([one.likeness for one in rows], pa.float32()),
        ],
        schema=CHORUSES.schema,
    )


def tracked(artifact: Artifact) -> Tracked:
    """The beats of an artifact of the stage ``beats``."""
    table = artifact.table("beats")
    return Tracked(
        table["time"].to_numpy(),
        table["place"].to_numpy().astype(np.int64) - 1,
        int(artifact.facts["meter"]),
    )


def _run(work: Work) -> Outcome:
    audio, beats = work.inputs["audio"], work.inputs["beats"]
    raise_reason(audio)
    duration = max(float(audio.facts["duration"]), 1e-3)

    def blocks() -> Iterator[Samples]:
        sound = audio.path("sound.flac")
        for number, block in enumerate(iter_audio(sound, rate=RATE, block_s=_BLOCK_S)):
            work.progress(min(1.0, number * _BLOCK_S / duration) * _HEARD)
            yield block

    found = find_choruses(tracked(beats), listen(blocks()))
    pq.write_table(choruses_table(found), work.out / "choruses.parquet")
    (work.out / "chorus.json").write_text(json.dumps(found.as_json()), encoding="utf-8")
    np.savez_compressed(work.out / "similarity.npz", times=found.times, similarity=found.similarity)
    facts: dict[str, Any] = {
        "choruses": found.as_json(),
        "keys": [one.key for one in found.choruses],
        "confidence": round(found.confidence, 3),
    }
    work.progress(1.0)
    warnings = () if found.choruses else ("nothing comes again as a chorus does",)
    return Outcome(facts, warnings)


CHORUS = Stage(
    name="chorus",
    group=FUNCTIONS_GROUP,
    description="Where the chorus of a song is, each time it comes, softly or in another key too.",
    version="3",
    params=Params,
    outputs=(
        TableOutput("choruses", CHORUSES),
        FileOutput("chorus.json"),
        FileOutput("similarity.npz"),
    ),
    run=_run,
    inputs=("audio", "beats"),
    kinds=("json", "parquet"),
)
