from __future__ import annotations

import pyarrow as pa

from media_pipeline.stages.speech import WORDS
from media_pipeline.stages.speech.words import spoken_segments
from media_pipeline.stages.tables import TRANSCRIPT
from media_pipeline.text.cues import Word


def test_segments_reach_from_their_first_word_to_the_end_of_their_last() -> None:
    rows = {"start": [0.0, 4.0, 6.0], "end": [3.0, 5.0, 9.0], "text": ["one two", "…", "three"],
            "confidence": [1.0, 1.0, 0.5], "language": ["en", "en", "en"]}  # fmt: skip
    words = [
        [Word(0.4, 1.0, "one", 1, "x"), Word(0.9, 1.6, "two", 1, "x")],
        [],
        [Word(5.8, 6.4, "three", 1, "x")],
    ]
    found = spoken_segments(pa.table(rows, schema=TRANSCRIPT.schema), words)
    assert found.schema.equals(TRANSCRIPT.schema)
    kept = [(r["start"], r["end"], r["text"], r["confidence"]) for r in found.to_pylist()]
    assert kept == [(0.4, 1.6, "one two", 1.0), (5.8, 6.4, "three", 0.5)]


def test_the_alignment_is_part_of_the_identity() -> None:
    assert WORDS.params().model_dump() == {"realign": "auto"}
    assert WORDS.inputs == ("audio", "transcript")
