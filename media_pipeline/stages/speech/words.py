"""When each word is said: forced alignment of English, the engine's own times, interpolation.

Every word of the transcript gets a time, and says where it comes from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field

from media_pipeline.asr.align import ALIGNED, align
from media_pipeline.asr.faster_whisper import NAME as FASTER_WHISPER
from media_pipeline.asr.fill import INTERPOLATED
from media_pipeline.asr.vad import speech_spans
from media_pipeline.stages.base import (
    Outcome,
    Resolution,
    Stage,
    StageParams,
    TableOutput,
    Work,
    raise_reason,
)
from media_pipeline.stages.speech.audio import listen
from media_pipeline.stages.tables import SEGMENTS
from media_pipeline.stages.tables import WORDS as SPEC
from media_pipeline.text.cues import (
    Word,
    cues_from_table,
    words_from_table,
    words_to_table,
)


class Params(StageParams):
    """What can be asked of the words stage."""

    realign: Literal["auto", "always", "never"] = Field(
        default="auto",
        description="align English words to the sound although the engine gives times: auto does "
        "so for faster-whisper, whose times are read off its attention",
    )


def spoken_segments(segments: pa.Table, words: Sequence[Sequence[Word]]) -> pa.Table:
    """The segments of a transcript at the times of their words; those without words left out.

    Parameters
    ----------
    segments : rows of the transcript.
    words : of each row.
    """
    rows = [row for row, own in enumerate(words) if own]
    kept = segments.take(rows)
    for name, times in (
        ("start", [min(w.start for w in words[row]) for row in rows]),
        ("end", [max(w.end for w in words[row]) for row in rows]),
    ):
        place = kept.schema.get_field_index(name)
        kept = kept.set_column(place, kept.schema.field(place), pa.array(times, pa.float64()))
    return kept


def _resolve(work: Work) -> Resolution:
    engine = {"name": "alignment", "version": version(ALIGNED), "model": "en-us"}
    why = "English by forced alignment, the engine's times else, interpolation where there are none"
    return Resolution(work.params, engine, why)


def _run(work: Work) -> Outcome:
    samples, window = listen(work.inputs["audio"])
    transcript = work.inputs["transcript"]
    raise_reason(transcript)
    segments = transcript.table("transcript.parquet")
    cues = cues_from_table(segments)
    engine, language = transcript.facts.get("engine"), transcript.facts.get("language")
    params: Params = work.params
    realign = params.realign == "always" or (params.realign == "auto" and engine == FASTER_WHISPER)
    grouped = align(
        samples,
        cues,
        language=language,
        known=_known(transcript.table("transcript_words.parquet"), len(cues)),
        realign=realign,
        speech=speech_spans(samples, window),
        progress=work.progress,
    )
    pq.write_table(spoken_segments(segments, grouped), work.out / "segments.parquet")
    spoken = [own for own in grouped if own]
    rows = [row for row, own in enumerate(spoken) for _ in own]
    said = [word for own in spoken for word in own]
    table = words_to_table(said, SPEC.schema, cue=rows)
    pq.write_table(table, work.out / "words.parquet")
    work.progress(1.0)
    facts = {
        "words": len(said),
        "sources": dict(Counter(w.source for w in said).most_common()),
    }
    return Outcome(facts, _warnings(said))


def _known(table: Any, cues: int) -> list[list[Word]]:
    known: list[list[Word]] = [[] for _ in range(cues)]
    for word, row in zip(words_from_table(table), table["cue"].to_pylist(), strict=True):
        known[row].append(word)
    return known


def _warnings(words: Sequence[Word]) -> list[str]:
    guessed = sum(w.source == INTERPOLATED for w in words)
    if not words or guessed <= len(words) / 2:
        return []
    return [f"{guessed} of {len(words)} word times are interpolated inside the speech"]


WORDS = Stage(
    name="words",
    group="speech",
    description="Every word of the transcript with its time and where the time comes from: forced "
    "alignment (English), the engine, or interpolation.",
    version="4",
    params=Params,
    outputs=(
        TableOutput("words.parquet", SPEC, within="segments.parquet"),
        TableOutput("segments.parquet", SEGMENTS),
    ),
    run=_run,
    inputs=("audio", "transcript"),
    resolve=_resolve,
    kinds=("parquet",),
    pool="asr",
)
