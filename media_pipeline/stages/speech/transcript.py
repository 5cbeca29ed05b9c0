"""The stage ``transcript`` as the runner knows it.

The engine is chosen before anything is computed (:mod:`media_pipeline.asr.select`).
"""

from __future__ import annotations

from collections.abc import Sequence

from media_pipeline.asr.select import CAPTIONS, Choice, choose
from media_pipeline.stages.base import Outcome, Resolution, Stage, TableOutput, Work, raise_reason
from media_pipeline.stages.speech.parts import SCRIPT, SPLIT, engine_of, sound_of
from media_pipeline.stages.speech.recognition import (
    Params,
    transcribe,
    transcript_of_captions,
    transcript_of_script,
)
from media_pipeline.stages.speech.writing import write_transcript
from media_pipeline.stages.tables import TRANSCRIPT as SPEC
from media_pipeline.stages.tables import TRANSCRIPT_WORDS
from media_pipeline.text.cues import Cue, cues_from_table
from media_pipeline.text.scripts import rows_in_script


def _captions(work: Work) -> list[Cue]:
    captions = work.inputs.get("captions")
    return cues_from_table(captions.table("captions.parquet")) if captions else []


def _can_serve(captions: Sequence[Cue], language: str | None) -> bool:
    """Whether the captions are, as far as one knows, what is said."""
    if language is None:
        return bool(captions)
    return any(rows_in_script(cue.text, language) for cue in captions)


def _resolve(work: Work) -> Resolution:
    audio = work.inputs["audio"]
    raise_reason(audio)
    params: Params = work.params
    if params.script is not None:
        choice = Choice(SCRIPT, {"name": SCRIPT}, "a script is given")
        return Resolution(params, choice.identity, choice.why)
    language = work.inputs["language"].facts.get("language")
    captions = _captions(work)
    choice = choose(
        params.engine,
        language,
        _can_serve(captions, language),
        work.environment,
        model=params.model,
    )
    resolved = params.model_copy(update={"engine": choice.name, "model": choice.model})
    return Resolution(resolved, choice.identity, choice.why)


def _run(work: Work) -> Outcome:
    samples, window = sound_of(work)
    language = work.inputs["language"].facts.get("language")
    params: Params = work.params
    if params.script is not None:
        name = SCRIPT
        found = transcript_of_script(
            samples, params.script, language, window=window, progress=work.progress
        )
    elif params.engine == CAPTIONS:
        name = CAPTIONS
        found = transcript_of_captions(samples, _captions(work), language, window=window)
    else:
        name = params.engine
        engine = engine_of(work)
        found = transcribe(samples, engine, language, window=window, progress=work.progress)
    return write_transcript(work, found, name, language)


TRANSCRIPT = Stage(
    name="transcript",
    group="speech",
    description="What is said, by segment: recognised by whisperX, faster-whisper or pocketsphinx, "
    "or taken from the captions that are shown while somebody speaks.",
    version="3",
    params=Params,
    outputs=(
        TableOutput("transcript.parquet", SPEC),
        TableOutput("transcript_words.parquet", TRANSCRIPT_WORDS),
    ),
    run=_run,
    inputs=("audio", "language", "captions"),
    dispensable=("captions",),
    resolve=_resolve,
    kinds=("parquet",),
    pool="asr",
    split=SPLIT,
)
