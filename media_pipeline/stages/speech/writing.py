"""A transcript as the lake keeps it: its tables, facts and warnings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from media_pipeline.asr.select import CAPTIONS
from media_pipeline.errors import NoSpeech
from media_pipeline.stages.base import Outcome, Work
from media_pipeline.stages.speech.recognition import Transcript
from media_pipeline.stages.tables import TRANSCRIPT as SPEC
from media_pipeline.stages.tables import TRANSCRIPT_WORDS
from media_pipeline.text.cues import Word, words_to_table
from media_pipeline.text.languages import language_code


def write_transcript(work: Work, found: Transcript, name: str, language: str | None) -> Outcome:
    """Write the tables of a transcript, and say what is in them.

    Parameters
    ----------
    name : of the engine.
    language : that is spoken, ISO 639-1, or None where nobody knows it.

    Raises
    ------
    NoSpeech
        when it is empty.
    """
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
