from __future__ import annotations

import pytest

from media_pipeline.stages.speech import WORDS
from media_pipeline.stages.speech.words import agreement
from media_pipeline.text.cues import Cue, Word


def _words(text: str) -> list[Word]:
    return [Word(i, i + 0.5, w, 1.0, "x") for i, w in enumerate(text.split())]


@pytest.mark.parametrize(
    ("shown", "low", "high"),
    [
        ("The old man went home.", 1.0, 1.0),
        ("THE OLD MAN WENT HOME", 1.0, 1.0),
        ("The old man goes home.", 0.7, 0.95),
        ("Something else entirely", 0.0, 0.5),
    ],
)
def test_agreement_counts_letters(shown: str, low: float, high: float) -> None:
    found = agreement([Cue(0, 5, shown)], _words("The old man went home."), "en")
    assert found is not None
    assert low <= found <= high


def test_only_rows_in_the_language_count() -> None:
    words = _words("The old man")
    assert agreement([Cue(0, 3, "老人\nThe old man")], words, "en") == 1.0
    assert agreement([Cue(0, 3, "老人")], words, "en") is None
    assert agreement([], words, "en") is None
    assert agreement([Cue(10, 12, "Nobody says this")], words, "en") == 0.0


def test_the_alignment_is_part_of_the_identity() -> None:
    assert WORDS.params().model_dump() == {"realign": "auto"}
    assert WORDS.inputs == ("audio", "transcript", "captions")
