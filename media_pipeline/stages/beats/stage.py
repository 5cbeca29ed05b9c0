"""The stage ``beats``: the function AudioBeatDetection."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field

from media_pipeline.media.audio import Samples, iter_audio
from media_pipeline.media.wav import open_wav
from media_pipeline.stages.base import (
    FUNCTIONS_GROUP,
    FileOutput,
    MediaOutput,
    Outcome,
    Resolution,
    Stage,
    StageParams,
    TableOutput,
    Work,
    raise_reason,
)
from media_pipeline.stages.beats import beat_this
from media_pipeline.stages.beats.clicks import with_clicks
from media_pipeline.stages.beats.onsets import RATE
from media_pipeline.stages.beats.tables import BEATS
from media_pipeline.stages.beats.track import Tracked, track_beats

_BLOCK_S = 10.0


class Params(StageParams):
    """What can be asked of the beats."""

    clicks: bool = Field(False, description="also write the sound with a click on each beat")
    engine: Literal["built-in", "beat-this"] = Field(
        "built-in", description="what finds them; beat-this needs its extra and weights of yours"
    )


def beats_table(found: Tracked) -> pa.Table:
    """The beats as a table of the lake."""
    return pa.table(
        [
            pa.array(found.beats, pa.float64()),
            pa.array(found.places + 1, pa.int32()),
            pa.array(found.tempo, pa.float32()),
        ],
        schema=BEATS.schema,
    )


def _resolve(work: Work) -> Resolution:
    """Another engine, or other weights of it, is another result."""
    if work.params.engine == beat_this.NAME:
        return Resolution(work.params, beat_this.identity(work.environment.model_dir))
    return Resolution(work.params)


def _run(work: Work) -> Outcome:
    audio = work.inputs["audio"]
    raise_reason(audio)
    sound = audio.path("sound.flac")
    duration = float(audio.facts["duration"])

    def blocks() -> Iterator[Samples]:
        for number, block in enumerate(iter_audio(sound, rate=RATE, block_s=_BLOCK_S)):
            work.progress(min(1.0, number * _BLOCK_S / max(duration, 1e-3)) * 0.7)
            yield block

    if work.params.engine == beat_this.NAME:
        network = beat_this.load(beat_this.find_weights(work.environment.model_dir))
        found = beat_this.track_with(network, blocks(), duration)
    else:
        found = track_beats(blocks(), work.progress)
    pq.write_table(beats_table(found), work.out / "beats.parquet")
    (work.out / "beats.json").write_text(json.dumps(found.as_json()), encoding="utf-8")
    facts: dict[str, Any] = {
        "beats": len(found.beats),
        "downbeats": len(found.downbeats),
        "bpm": round(found.bpm, 2),
        "bpm_candidates": [round(b, 2) for b in found.candidates],
        "meter": found.meter,
        "confidence": round(found.confidence, 3),
    }
    if work.params.clicks:
        with open_wav(work.out / "clicks.wav", RATE) as wav:
            for block in with_clicks(iter_audio(sound, rate=RATE), RATE, found):
                wav.write(block)
            facts["durations"] = {"clicks.wav": wav.frames / RATE}
    work.progress(1.0)
    warnings = () if len(found.beats) else ("no beat is heard",)
    return Outcome(facts, warnings)


BEATS_STAGE = Stage(
    name="beats",
    group=FUNCTIONS_GROUP,
    description="Beats, bars, tempo over time and tempi it could be tapped at as well, of music.",
    version="4",
    params=Params,
    outputs=(
        TableOutput("beats", BEATS),
        FileOutput("beats.json"),
        MediaOutput("clicks.wav"),
    ),
    run=_run,
    inputs=("audio",),
    resolve=_resolve,
    kinds=("json", "parquet"),
)
