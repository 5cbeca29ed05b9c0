"""Toy stages and toy media: what the runner and the store do with them is all that is of interest.

Every call of a stage is counted in a file, so that calls in other processes are counted as well.
"""

from __future__ import annotations

import json
import os
import signal
import time
import wave
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field

from media_pipeline.errors import NoAudioStream, NoEngineForLanguage
from media_pipeline.stages.base import (
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
from media_pipeline.stages.tables import CAPTIONS, SPEECH_CUES, TRANSCRIPT, TableSpec

Fault = Literal[
    "none",
    "raise",
    "kill",
    "extra_file",
    "subfolder",
    "missing_table",
    "late_row",
    "backwards",
    "empty_file",
    "broken_json",
    "broken_media",
    "wrong_duration",
    "unplain_facts",
    "unavailable",
]


class SourceParams(StageParams):
    label: str = Field("", description="any text")


class CueParams(StageParams):
    count: int = Field(2, ge=0, le=100, description="number of cues")
    language: str | None = Field(None, description="language of the captions")
    roi: list[list[float]] = Field([[0.5, 1.0], [0.0, 1.0]], description="where captions stand")
    engine: Literal["auto", "fast", "good"] = Field("auto", description="the engine")
    fault: Fault = Field("none", description="what goes wrong")


class WordParams(StageParams):
    language: str | None = Field(None, description="spoken language")
    suffix: str = Field("", description="appended to every word")
    pause_s: float = Field(0.0, ge=0.0, description="seconds the stage takes")


class ClipParams(StageParams):
    seconds: float = Field(0.5, gt=0, description="length of the clip")
    fault: Fault = Field("none", description="what goes wrong")


def write_tone(path: Path, seconds: float = 2.0, pitch: float = 440.0) -> Path:
    """A sine as a 16-bit mono WAV at 16 kHz; another pitch is another content."""
    times = np.arange(int(seconds * 16000)) / 16000
    samples = (8000 * np.sin(2 * np.pi * pitch * times)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(samples.tobytes())
    return path


def calls(log: Path) -> Counter[str]:
    """How often each stage was called."""
    try:
        return Counter((log / "calls").read_text().split())
    except FileNotFoundError:
        return Counter()


def _count(work: Work, name: str) -> None:
    if work.environment.model_dir is not None:
        with (work.environment.model_dir / "calls").open("a") as file:
            file.write(f"{name}\n")


def _rows(spec: TableSpec, count: int, **columns: object) -> pa.Table:
    filler = {
        "start": [i * 0.2 for i in range(count)],
        "end": [i * 0.2 + 0.1 for i in range(count)],
    }
    data = {
        f.name: columns.get(f.name) or filler.get(f.name) or [None] * count for f in spec.schema
    }
    return pa.table(data, schema=spec.schema)


def _source(work: Work) -> Outcome:
    _count(work, "source")
    assert work.media.is_file()
    (work.out / "info.json").write_text(json.dumps({"label": work.params.label}))
    return Outcome({"media": work.info.model_dump(mode="json")})


def _resolve_cues(work: Work) -> Resolution:
    if work.params.engine != "auto":
        return Resolution(work.params, {"name": work.params.engine, "version": "1"}, "asked for")
    better = (
        work.environment.model_dir is not None and (work.environment.model_dir / "good").exists()
    )
    chosen = "good" if better else "fast"
    return Resolution(
        work.params.model_copy(update={"engine": chosen}),
        {"name": chosen, "version": "1"},
        "the best that is here",
    )


def _ocr_cues(work: Work) -> Outcome:
    _count(work, "ocr_cues")
    params = work.params
    table = _rows(
        TRANSCRIPT,
        params.count,
        text=[f"{params.engine} {i}" for i in range(params.count)],
        confidence=[1.0] * params.count,
        language=["en"] * params.count,
    )
    if params.fault == "late_row":
        table = pa.table({**_columns(table), "end": [99.0] * params.count}, schema=table.schema)
    if params.fault == "backwards":
        table = table.take(list(reversed(range(params.count))))
    if params.fault != "missing_table":
        pq.write_table(table, work.out / "cues.parquet")
    work.progress(0.5)
    facts = {"cues": params.count, **_misbehave(work, params.fault)}
    return Outcome(facts, ["a toy warning"])


def _columns(table: pa.Table) -> Mapping[str, object]:
    return {name: table[name] for name in table.schema.names}


def _misbehave(work: Work, fault: Fault) -> dict[str, object]:
    if fault == "raise":
        raise RuntimeError("a fault of the stage")
    if fault == "unavailable":
        raise NoEngineForLanguage("zh")
    if fault == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if fault == "extra_file":
        (work.out / "notes.txt").write_text("not declared")
    if fault == "subfolder":
        (work.out / "crop_1.jpg").mkdir()
    if fault == "empty_file":
        (work.out / "crop_1.jpg").touch()
    if fault == "broken_json":
        (work.out / "info.json").write_text("{")
    return {"score": np.float32(1.0)} if fault == "unplain_facts" else {}


def _captions(work: Work) -> Outcome:
    _count(work, "captions")
    raise_reason(work.inputs["ocr_cues"])
    cues = work.inputs["ocr_cues"].table("cues")
    texts = cues["text"].to_pylist()
    table = _rows(
        CAPTIONS,
        len(texts),
        text=texts,
        confidence=[1.0] * len(texts),
        doubtful=[False] * len(texts),
        source=["ocr"] * len(texts),
    )
    pq.write_table(table, work.out / "captions.parquet")
    return Outcome({"source": "ocr", "cues": len(texts), "stream": None})


def _words(work: Work) -> Outcome:
    _count(work, "words")
    until = time.monotonic() + work.params.pause_s
    while time.monotonic() < until:
        work.progress(0.5)
        time.sleep(0.02)
    texts = work.inputs["captions"].table("captions")["text"].to_pylist()
    table = _rows(SPEECH_CUES, len(texts), text=[t + work.params.suffix for t in texts])
    pq.write_table(table, work.out / "words.parquet")
    return Outcome({"words": len(texts)})


def _resolve_speech(work: Work) -> Resolution:
    if work.params.language == "xx":
        raise NoEngineForLanguage("xx")
    return Resolution(work.params)


def _speech(work: Work) -> Outcome:
    _count(work, "speech")
    if not work.info.audio or work.params.language == "silent":
        raise NoAudioStream(work.name)
    pq.write_table(_rows(SPEECH_CUES, 1, text=["hello"]), work.out / "speech.parquet")
    return Outcome()


def _clip(work: Work) -> Outcome:
    _count(work, "clip")
    target = write_tone(work.out / "clip.wav", work.params.seconds)
    if work.params.fault == "broken_media":
        target.write_bytes(b"RIFF is not enough" * 40)
    wrong = work.params.fault == "wrong_duration"
    return Outcome({"durations": {"clip.wav": work.params.seconds + wrong}})


SOURCE = Stage(
    name="source",
    group="ingest",
    description="the toy source",
    version="1",
    params=SourceParams,
    outputs=(FileOutput("info.json"),),
    run=_source,
)
OCR_CUES = Stage(
    name="ocr_cues",
    group="captions",
    description="toy cues",
    version="1",
    params=CueParams,
    outputs=(TableOutput("cues", TRANSCRIPT), FileOutput("crop_*.jpg"), FileOutput("info.json")),
    run=_ocr_cues,
    inputs=("source",),
    resolve=_resolve_cues,
)
CAPTIONS_STAGE = Stage(
    name="captions",
    group="captions",
    description="toy captions",
    version="1",
    params=SourceParams,
    outputs=(TableOutput("captions", CAPTIONS),),
    run=_captions,
    inputs=("source", "ocr_cues"),
)
WORDS = Stage(
    name="words",
    group="speech",
    description="toy words",
    version="1",
    params=WordParams,
    outputs=(TableOutput("words", SPEECH_CUES),),
    run=_words,
    inputs=("captions",),
    optional_inputs=("speech",),
)
SPEECH = Stage(
    name="speech",
    group="speech",
    description="toy speech",
    version="1",
    params=WordParams,
    outputs=(TableOutput("speech", SPEECH_CUES),),
    run=_speech,
    inputs=("source",),
    resolve=_resolve_speech,
)
CLIP = Stage(
    name="clip",
    group="renders",
    description="a toy clip",
    version="1",
    params=ClipParams,
    outputs=(MediaOutput("*.wav"),),
    run=_clip,
    inputs=("source", "words"),
)

STAGES: dict[str, Stage] = {
    stage.name: stage for stage in (SOURCE, OCR_CUES, CAPTIONS_STAGE, SPEECH, WORDS, CLIP)
}


def with_version(name: str, version: str) -> dict[str, Stage]:
    """The toy stages, one of them in another version."""
    return {**STAGES, name: replace(STAGES[name], version=version)}
