from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media_pipeline.asr.fill import INTERPOLATED, fill, in_order
from media_pipeline.text.cues import Word
from media_pipeline_tests.generators.speech import tone

TEXT = ["The", "old", "man", "went", "home."]


def _word(start: float, end: float, text: str, score: float = 0.9) -> Word:
    return Word(start, end, text, score, "x")


def test_gaps_are_filled_between_what_is_placed() -> None:
    placed = [_word(1.0, 1.2, "The"), None, None, _word(2.0, 2.3, "went"), None]
    words = fill(tone(4), (1.0, 3.0), TEXT, placed, [(0, 4)])
    assert [w.word for w in words] == TEXT
    assert [w.source for w in words] == ["x", INTERPOLATED, INTERPOLATED, "x", INTERPOLATED]
    assert 1.2 <= words[1].start < words[1].end <= words[2].start < words[2].end <= 2.0
    assert words[4].start >= 2.3


def test_a_word_that_leaves_no_room_for_its_neighbour_is_given_up() -> None:
    placed = [_word(1.0, 1.2, "The"), None, _word(1.2, 1.6, "man", 0.3), _word(1.6, 1.9, "went"),
              _word(1.9, 2.4, "home.")]  # fmt: skip
    words = fill(tone(4), (1.0, 3.0), TEXT, placed, [(0, 4)])
    assert [w.source for w in words] == ["x", INTERPOLATED, INTERPOLATED, "x", "x"]
    assert words[2].end <= 1.6


def test_interpolated_words_are_not_stretched() -> None:
    words = fill(tone(20), (0.0, 20.0), list("你好"), [None, None], [(0, 20)])
    assert all(w.end - w.start <= 1.0 for w in words)


@given(
    st.lists(
        st.one_of(st.none(), st.tuples(st.floats(0, 5), st.floats(0.03, 1))), min_size=1, max_size=8
    )
)
@settings(max_examples=60, deadline=None)
def test_no_word_is_lost_and_order_is_kept(times: list[tuple[float, float] | None]) -> None:
    placed: list[Word | None] = []
    previous = 0.0
    for i, time in enumerate(times):
        if time is None:
            placed.append(None)
        else:
            start = previous + time[0] / len(times)
            previous = start + time[1] / len(times)
            placed.append(_word(start, previous, f"w{i}"))
    text = [f"w{i}" for i in range(len(times))]
    [words] = in_order([fill(tone(8), (0.0, 6.0), text, placed, [(0, 8)])], 8.0)
    assert [w.word for w in words] == text
    assert all(a.start <= b.start for a, b in pairwise(words))
    assert all(0 <= w.start < w.end <= 8.03 for w in words)


def test_order_reaches_over_groups_and_ends_with_the_sound() -> None:
    first, second = in_order([[_word(1.0, 2.0, "a")], [_word(0.5, 0.9, "b"), _word(9, 9, "c")]], 5)
    assert second[0].start == first[0].start
    assert second[0].end > second[0].start
    assert second[1].end == pytest.approx(5.0)
