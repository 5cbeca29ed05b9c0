"""A long film in parts: cut in silence, recognised part by part, joined to one transcript.

Where speech is, and how it is cut into the windows that an engine takes, is decided for the whole
sound, as ever; parts are whole batches of these windows, which know nothing of each other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import accumulate, pairwise
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from media_pipeline.asr.base import Heard, Recogniser, Segment, Span
from media_pipeline.asr.select import CAPTIONS, Choice, recogniser
from media_pipeline.asr.sound import Samples, seconds
from media_pipeline.asr.vad import chunks
from media_pipeline.stages.base import Artifact, Outcome, Split, TableOutput, Work
from media_pipeline.stages.speech.audio import listen
from media_pipeline.stages.speech.recognition import find_speech, recognised
from media_pipeline.stages.speech.writing import write_transcript
from media_pipeline.stages.tables import END, START, TEXT, TableSpec, column
from media_pipeline.text.cues import Word

SCRIPT = "script"
"""What stands for an engine where the text is given."""

_WORD = pa.struct(
    [
        pa.field(name, kind, nullable=False)
        for name, kind in (
            ("start", pa.float64()),
            ("end", pa.float64()),
            ("word", pa.string()),
            ("score", pa.float64()),
            ("source", pa.string()),
        )
    ]
)
SEGMENTS = TableSpec(
    "segments",
    "what an engine has heard in a part, as it said it",
    pa.schema(
        [
            START,
            END,
            TEXT,
            column("confidence", pa.float64(), "the engine's confidence, 0 to 1"),
            column("words", pa.list_(_WORD), "its words"),
        ]
    ),
)


def sound_of(work: Work) -> tuple[Samples, Span]:
    """The sound that is listened to, and the seconds of it that are asked for and were read."""
    samples, read = listen(work.inputs["audio"])
    start, end = work.params.window
    return samples, (max(start, read[0]), end)


def engine_of(work: Work) -> Recogniser:
    """The engine that was chosen, not yet loaded.

    Raises
    ------
    EngineUnavailable
    """
    choice = Choice(work.params.engine, work.engine or {}, "", work.params.model)
    return recogniser(choice, _language(work), work.environment)


def cut(work: Work, longest: float) -> list[dict[str, Any]]:
    """The windows that each part recognises, and the speech they hold.

    Where the language is unknown the whole film is needed to tell it, captions or a script are
    quickly aligned, and some engines remember what they have heard: none of these is cut.
    """
    params = work.params
    if params.script is not None or params.engine == CAPTIONS or _language(work) is None:
        return []
    samples, window = sound_of(work)
    length = min(seconds(samples), window[1]) - window[0]
    if length <= longest:
        return []
    engine = engine_of(work)
    if engine.remembers:
        return []
    speech = find_speech(samples, window)
    windows = chunks(samples, speech, longest=engine.longest)
    parts = shared_out(windows, math.ceil(length / longest), engine.batch)
    begins = [0.0, *(part[0][0] for part in parts[1:]), math.inf]
    return [
        {"windows": part, "speech": [span for span in speech if begin <= span[0] < end]}
        for part, (begin, end) in zip(parts, pairwise(begins), strict=True)
    ]


def shared_out(windows: Sequence[Span], number: int, batch: int) -> list[list[Span]]:
    """Windows in at most so many parts with about as much speech in each, cut between batches."""
    batches = [list(windows[at : at + batch]) for at in range(0, len(windows), batch)]
    heard = list(accumulate(sum(b - a for a, b in one) for one in batches))
    parts: list[list[Span]] = [[] for _ in range(number)]
    for one, until in zip(batches, heard, strict=True):
        middle = until - sum(b - a for a, b in one) / 2
        parts[min(number - 1, int(number * middle / heard[-1]))] += one
    return [part for part in parts if part]


def part(work: Work, task: Mapping[str, Any]) -> Outcome:
    """Recognise the windows of one part."""
    samples, _ = sound_of(work)
    windows = [(start, end) for start, end in task["windows"]]
    heard = engine_of(work).hear(samples, _language(work), windows, progress=work.progress)
    rows = [asdict(segment) for segment in heard.segments]
    pq.write_table(
        pa.Table.from_pylist(rows, schema=SEGMENTS.schema), work.out / "segments.parquet"
    )
    return Outcome(
        {
            **task,
            "failed": heard.failed,
            "lacking": list(heard.lacking),
            "said": list(heard.warnings),
        }
    )


def join(work: Work, parts: Sequence[Artifact]) -> Outcome:
    """One transcript from all parts."""

    def all_of(name: str) -> list[Span]:
        return [(start, end) for one in parts for start, end in one.facts[name]]

    heard = [_heard(one) for one in parts]
    language = _language(work)
    found = recognised(engine_of(work), heard, all_of("windows"), all_of("speech"), language)
    return write_transcript(work, found, work.params.engine, language)


def _heard(artifact: Artifact) -> Heard:
    rows = artifact.table("segments.parquet").to_pylist()
    segments = [Segment(**{**row, "words": tuple(Word(**w) for w in row["words"])}) for row in rows]
    facts = artifact.facts
    return Heard(segments, facts["failed"], facts["lacking"], facts["said"])


def _language(work: Work) -> str | None:
    language: str | None = work.inputs["language"].facts.get("language")
    return language


SPLIT = Split(cut=cut, part=part, join=join, outputs=(TableOutput("segments.parquet", SEGMENTS),))
