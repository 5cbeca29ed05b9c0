"""When each word is said: forced alignment of English, the engine's own times, interpolation.

Every word of the transcript gets a time, and says where it comes from.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, Literal

import pyarrow.parquet as pq
from pydantic import Field
from rapidfuzz.distance import Levenshtein

from media_pipeline.asr.align import ALIGNED, align
from media_pipeline.asr.faster_whisper import NAME as FASTER_WHISPER
from media_pipeline.asr.fill import INTERPOLATED
from media_pipeline.asr.select import CAPTIONS
from media_pipeline.asr.sound import map_wav
from media_pipeline.stages.base import (
    Outcome,
    Resolution,
    Stage,
    StageParams,
    TableOutput,
    Work,
    raise_reason,
)
from media_pipeline.stages.speech.transcript import SCRIPT
from media_pipeline.stages.tables import WORDS as SPEC
from media_pipeline.text.cues import (
    Cue,
    Word,
    cues_from_table,
    words_from_table,
    words_to_table,
)
from media_pipeline.text.scripts import join_tokens, rows_in_script


class Params(StageParams):
    """What can be asked of the words stage."""

    realign: Literal["auto", "always", "never"] = Field(
        default="auto",
        description="align English words to the sound although the engine gives times: auto does "
        "so for faster-whisper, whose times are read off its attention",
    )


def agreement(captions: Sequence[Cue], words: Sequence[Word], language: str | None) -> float | None:
    """How far captions say what is said in their time: 1 for the same letters, 0 for none shared.

    The mean over the captions by length; None without captions in the language.
    """
    shared = total = 0.0
    for cue in captions:
        shown = _letters(rows_in_script(cue.text, language) if language else cue.text)
        if not shown:
            continue
        inside = [w.word for w in words if cue.start <= (w.start + w.end) / 2 < cue.end]
        said = _letters(join_tokens(inside))
        shared += Levenshtein.normalized_similarity(shown, said) * len(shown)
        total += len(shown)
    return shared / total if total else None


def _letters(text: str) -> str:
    return re.sub(r"\W+", "", text).lower()


def _resolve(work: Work) -> Resolution:
    engine = {"name": "alignment", "version": version(ALIGNED), "model": "en-us"}
    why = "English by forced alignment, the engine's times else, interpolation where there are none"
    return Resolution(work.params, engine, why)


def _run(work: Work) -> Outcome:
    audio, transcript = work.inputs["audio"], work.inputs["transcript"]
    raise_reason(audio)
    raise_reason(transcript)
    cues = cues_from_table(transcript.table("transcript.parquet"))
    engine, language = transcript.facts.get("engine"), transcript.facts.get("language")
    params: Params = work.params
    realign = params.realign == "always" or (params.realign == "auto" and engine == FASTER_WHISPER)
    grouped = align(
        map_wav(audio.path("speech.wav")),
        cues,
        language=language,
        known=_known(transcript.table("transcript_words.parquet"), len(cues)),
        realign=realign,
        progress=work.progress,
    )
    words = [(word, row) for row, group in enumerate(grouped) for word in group]
    words.sort(key=lambda pair: pair[0].start)
    said = [word for word, _ in words]
    table = words_to_table(said, SPEC.schema, cue=[row for _, row in words])
    pq.write_table(table, work.out / "words.parquet")
    work.progress(1.0)
    facts: dict[str, Any] = {
        "words": len(said),
        "sources": dict(Counter(w.source for w in said).most_common()),
    }
    captions = cues_from_table(work.inputs["captions"].table("captions.parquet"))
    if engine not in (CAPTIONS, SCRIPT) and captions:
        facts["agreement"] = _rounded(agreement(captions, said, language))
    return Outcome(facts, _warnings(said))


def _known(table: Any, cues: int) -> list[list[Word]]:
    known: list[list[Word]] = [[] for _ in range(cues)]
    for word, row in zip(words_from_table(table), table["cue"].to_pylist(), strict=True):
        known[row].append(word)
    return known


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


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
    version="1",
    params=Params,
    outputs=(TableOutput("words.parquet", SPEC),),
    run=_run,
    inputs=("audio", "transcript", "captions"),
    resolve=_resolve,
    kinds=("parquet",),
    pool="asr",
)
