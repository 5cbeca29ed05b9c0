"""The stage ``audio_quality``: the function AudioQualityAssessment."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from media_pipeline.asr.sound import map_wav
from media_pipeline.asr.vad import speech_spans
from media_pipeline.media.audio import Samples, iter_audio
from media_pipeline.stages.audio_quality.assess import Channel, assess
from media_pipeline.stages.audio_quality.tables import LOUDNESS
from media_pipeline.stages.base import (
    FUNCTIONS_GROUP,
    FileOutput,
    Outcome,
    Stage,
    StageParams,
    TableOutput,
    Work,
    raise_reason,
)

_BLOCK_S = 10.0
_LISTENED = 0.4
"""Share of the work that finding speech is."""


class Params(StageParams):
    """Quality is measured as it is: there is nothing to ask for."""


def loudness_table(channels: Sequence[Channel]) -> pa.Table:
    """Loudness over time of all channels, as a table of the lake."""
    times = [np.arange(1, len(c.over_time) + 1, dtype=float) for c in channels]
    numbers = [np.full(len(c.over_time), n) for n, c in enumerate(channels)]
    levels = [c.over_time for c in channels]
    empty = [np.zeros(0)]
    return pa.table(
        [
            pa.array(np.concatenate(times or empty), pa.float64()),
            pa.array(np.concatenate(numbers or empty).astype(int), pa.int32()),
            pa.array(np.concatenate(levels or empty), pa.float32()),
        ],
        schema=LOUDNESS.schema,
    )


def _run(work: Work) -> Outcome:
    audio = work.inputs["audio"]
    raise_reason(audio)
    duration = max(float(audio.facts["duration"]), 1e-3)
    speech = speech_spans(
        map_wav(audio.path("speech.wav")), progress=lambda s: work.progress(s * _LISTENED)
    )
    rate = int(audio.facts["sample_rate"])

    def blocks() -> Iterator[Samples]:
        sound = audio.path("sound.flac")
        for n, block in enumerate(iter_audio(sound, rate=rate, mono=False, block_s=_BLOCK_S)):
            done = min(1.0, n * _BLOCK_S / duration)
            work.progress(_LISTENED + (1 - _LISTENED) * done)
            yield block

    channels = assess(blocks(), rate, speech)
    found = [channel.as_json() for channel in channels]
    (work.out / "quality.json").write_text(json.dumps(found), encoding="utf-8")
    pq.write_table(loudness_table(channels), work.out / "loudness.parquet")
    work.progress(1.0)
    return Outcome({"channels": found})


AUDIO_QUALITY = Stage(
    name="audio_quality",
    group=FUNCTIONS_GROUP,
    description="What is right and wrong with each channel: noise, clipping, bandwidth, "
    "reverberation, dropouts, hum, loudness, with indexes that are estimates.",
    version="1",
    params=Params,
    outputs=(TableOutput("loudness", LOUDNESS), FileOutput("quality.json")),
    run=_run,
    inputs=("audio",),
    kinds=("json", "parquet"),
)
