"""What is said: recognised by the best engine that is here, or taken from captions or a script.

The engine is chosen before anything is computed (:mod:`media_pipeline.asr.select`). Captions become
the transcript where they are shown while somebody speaks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field

from media_pipeline.asr.align import align_script
from media_pipeline.asr.base import Progress, Recogniser, Segment, Span, quiet
from media_pipeline.asr.pocketsphinx import NAME as POCKETSPHINX
from media_pipeline.asr.select import CAPTIONS, Choice, EngineName, choose, recogniser
from media_pipeline.asr.sound import Samples, map_wav, seconds
from media_pipeline.asr.vad import chunks, overlap, speech_spans
from media_pipeline.errors import NoSpeech, NothingToDo
from media_pipeline.stages.base import (
    Artifact,
    Outcome,
    Resolution,
    Stage,
    StageParams,
    TableOutput,
    Work,
    raise_reason,
)
from media_pipeline.stages.tables import TRANSCRIPT as SPEC
from media_pipeline.stages.tables import TRANSCRIPT_WORDS
from media_pipeline.text.cues import Cue, Word, cues_from_table, words_to_table
from media_pipeline.text.languages import language_code
from media_pipeline.text.scripts import guess_language, rows_in_script

SCRIPT = "script"

_SPOKEN_S = 0.2  # a caption with less speech in its time is not what is said
_SPHINX_CHUNK_S = 15.0  # it does better on shorter stretches


class Params(StageParams):
    """What can be asked of the transcript stage."""

    engine: EngineName = Field(
        default="auto",
        description="auto takes the first that can serve: whisperx, faster-whisper, captions "
        "(what is shown, aligned to the sound), pocketsphinx (English only, rough)",
    )
    model: str = Field(
        default="auto",
        min_length=1,
        description="Whisper model: auto for the largest that is here, a name such as small, "
        "or the path of a CTranslate2 model folder",
    )
    script: str | None = Field(
        default=None,
        description="the text that is said, one line per segment: it is aligned to the sound and "
        "nothing is recognised",
    )


@dataclass(frozen=True)
class Transcript:
    """What is said, with the language of each segment and what people should know about it."""

    segments: Sequence[Segment]
    languages: Sequence[str]
    """ISO 639-1 per segment; ``und`` where it is unknown."""
    speech: Sequence[Span]
    warnings: Sequence[str] = ()


def transcribe(
    samples: Samples,
    engine: Recogniser,
    language: str | None = None,
    *,
    progress: Progress = quiet,
) -> Transcript:
    """Recognise what is said in a sound track.

    Parameters
    ----------
    samples : 16 kHz mono sound.
    engine : such as :class:`~media_pipeline.asr.pocketsphinx.PocketSphinx`.
    language : ISO 639-1, or None to let the engine tell.

    Raises
    ------
    NoSpeech
        when the sound holds none.
    """
    speech = _speech(samples)
    longest = _SPHINX_CHUNK_S if engine.name == POCKETSPHINX else 30.0
    windows = chunks(samples, speech, longest=longest)
    warnings: list[str] = []
    segments = engine.transcribe(
        samples, language, windows, progress=progress, warn=warnings.append
    )
    if engine.name == POCKETSPHINX:
        warnings.append("pocketsphinx's transcript is rough: about one word in four is wrong")
    return Transcript(segments, [_tag(language)] * len(segments), speech, warnings)


def transcript_of_captions(
    samples: Samples, captions: Sequence[Cue], language: str | None = None
) -> Transcript:
    """Take what is said from captions: those in whose time somebody speaks.

    Of bilingual cues the rows in the language count. A cue without such rows stays as it is, with
    its own language, such as an English line in a Chinese film.

    Raises
    ------
    NoSpeech
        when the sound holds none, or none while captions are shown.
    """
    speech = _speech(samples)
    found = []
    for cue in captions:
        text = (rows_in_script(cue.text, language) if language else "") or cue.text
        end = min(cue.end, seconds(samples))
        needed = min(_SPOKEN_S, 0.25 * cue.duration)
        if end > cue.start and overlap(speech, cue.start, end) >= needed:
            found.append((Segment(cue.start, end, text, cue.confidence), _spoken_in(cue, language)))
    if not found:
        raise NoSpeech("nobody speaks while captions are shown", "choose another engine")
    return Transcript([s for s, _ in found], [code for _, code in found], speech)


def transcript_of_script(
    samples: Samples, script: str, language: str | None = None, *, progress: Progress = quiet
) -> Transcript:
    """Find the lines of a known text in the sound.

    Raises
    ------
    NoSpeech
        when the sound holds none.
    NothingToDo
        when the script holds no words.
    """
    speech = _speech(samples)
    lines = align_script(samples, script, language=language, speech=speech, progress=progress)
    if not lines:
        raise NothingToDo("the script holds no words", "give the text that is said")
    segments = [Segment(c.start, c.end, c.text, c.confidence, tuple(words)) for c, words in lines]
    tag = _tag(language or guess_language(script))
    return Transcript(segments, [tag] * len(segments), speech)


def _speech(samples: Samples) -> list[Span]:
    spans = speech_spans(samples)
    if not spans:
        raise NoSpeech("no speech was detected in the sound", "check that the right track is used")
    return spans


def _tag(language: str | None) -> str:
    return language or "und"


def _spoken_in(cue: Cue, language: str | None) -> str:
    if language and rows_in_script(cue.text, language):
        return language
    return _tag(guess_language(cue.text))


def _captions(artifact: Artifact) -> list[Cue]:
    return cues_from_table(artifact.table("captions.parquet"))


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
    captions = _captions(work.inputs["captions"])
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
    raise_reason(work.inputs["audio"])
    language = work.inputs["language"].facts.get("language")
    samples = map_wav(work.inputs["audio"].path("speech.wav"))
    params: Params = work.params
    if params.script is not None:
        name = SCRIPT
        found = transcript_of_script(samples, params.script, language, progress=work.progress)
    elif params.engine == CAPTIONS:
        name = CAPTIONS
        found = transcript_of_captions(samples, _captions(work.inputs["captions"]), language)
    else:
        name = params.engine
        choice = Choice(name, work.engine or {}, "", params.model)
        engine = recogniser(choice, language, work.environment)
        found = transcribe(samples, engine, language, progress=work.progress)
    if not found.segments:
        raise NoSpeech("no words were recognised in the sound", "try another engine or model")
    _write(work, found)
    spoken = sum(b - a for a, b in found.speech)
    facts: dict[str, Any] = {
        "segments": len(found.segments),
        "language": language or language_code(found.languages[0]),
        "engine": name,
        "speech_seconds": round(spoken, 2),
        "confidence": round(sum(s.confidence for s in found.segments) / len(found.segments), 3),
    }
    work.progress(1.0)
    return Outcome(facts, _warnings(found, name, language))


def _warnings(found: Transcript, name: str, language: str | None) -> list[str]:
    warnings = list(found.warnings)
    if name == CAPTIONS and language is None:
        warnings.append("the spoken language is unknown: the captions are taken for what is said")
    return warnings


def _write(work: Work, found: Transcript) -> None:
    order = sorted(range(len(found.segments)), key=lambda i: found.segments[i].start)
    segments = [found.segments[i] for i in order]
    columns = {
        "start": [s.start for s in segments],
        "end": [s.end for s in segments],
        "text": [s.text for s in segments],
        "confidence": [s.confidence for s in segments],
        "language": [found.languages[i] for i in order],
    }
    pq.write_table(pa.table(columns, schema=SPEC.schema), work.out / "transcript.parquet")
    words: list[Word] = []
    rows: list[int] = []
    for row, segment in enumerate(segments):
        words.extend(replace(w, score=min(1.0, max(0.0, w.score))) for w in segment.words)
        rows.extend([row] * len(segment.words))
    table = words_to_table(words, TRANSCRIPT_WORDS.schema, cue=rows)
    pq.write_table(table, work.out / "transcript_words.parquet")


TRANSCRIPT = Stage(
    name="transcript",
    group="speech",
    description="What is said, by segment: recognised by whisperX, faster-whisper or pocketsphinx, "
    "or taken from the captions that are shown while somebody speaks.",
    version="1",
    params=Params,
    outputs=(
        TableOutput("transcript.parquet", SPEC),
        TableOutput("transcript_words.parquet", TRANSCRIPT_WORDS),
    ),
    run=_run,
    inputs=("audio", "language", "captions"),
    resolve=_resolve,
    kinds=("parquet",),
    pool="asr",
)
