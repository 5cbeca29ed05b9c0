from __future__ import annotations

import pytest

from media_pipeline.asr.accept import UNPLACED, accepted, plausible
from media_pipeline.text.cues import Word


@pytest.mark.parametrize(
    ("start", "end", "previous", "believed"),
    [
        (1.0, 1.4, 0.9, True),
        (0.85, 1.2, 0.8, True),  # reaches out of the stretch by less than 0.2 s
        (0.75, 1.2, 0.7, False),
        (2.9, 3.19, 2.0, True),
        (2.9, 3.25, 2.0, False),
        (1.0, 1.02, 0.9, False),  # shorter than anybody speaks
        (1.0, 3.1, 0.9, False),  # stretched over a pause
        (1.0, 1.4, 1.1, False),  # before the word before has ended
    ],
)
def test_the_rule(start: float, end: float, previous: float, believed: bool) -> None:
    assert plausible(start, end, (1.0, 3.0), previous) is believed


def test_words_without_a_believable_time_stay_as_unplaced() -> None:
    words = [Word(0, 0.4, "Well,", 0.9, "x"), Word(0.4, 3.0, "he", 0.8, "x"),
             Word(0.5, 0.9, "went", 0.7, "x")]  # fmt: skip
    found = accepted(words, (0.0, 3.0))
    assert [w.word for w in found] == ["Well,", "he", "went"]
    assert [w.source for w in found] == ["x", UNPLACED, "x"]


def test_words_become_tokens() -> None:
    words = [Word(0, 0.6, "今天，", 0.9, "x"), Word(0.6, 0.9, "好", 0.8, "x"),
             Word(0.9, 1.0, "。", 0.8, "x")]  # fmt: skip
    found = accepted(words, (0.0, 1.0))
    assert [w.word for w in found] == ["今", "天，", "好。"]
    assert [w.start for w in found] == pytest.approx([0.0, 0.3, 0.6])
