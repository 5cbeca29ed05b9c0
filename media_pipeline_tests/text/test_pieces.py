"""Captions as words: split, timed by what was spoken, estimated, and put together again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_pipeline.text.cues import Cue, Word
from media_pipeline.text.pieces import caption, estimated, joined, split, unbroken, with_words


def said(*words: tuple[float, float, str]) -> list[Word]:
    return [Word(a, b, w, 1.0, "t") for a, b, w in words]


@given(st.text("ab, .\n中文ع'", max_size=40))
def test_pieces_hold_all_of_the_text(text: str) -> None:
    rows = [" ".join(row.split()) for row in text.split("\n")]
    assert joined(split(text, 0, 1)) == "\n".join(row for row in rows if row)


def test_spoken_words_give_their_times_in_spite_of_punctuation_and_case() -> None:
    found = with_words(
        caption(Cue(1.0, 4.0, "Well — hello,\nWORLD!")),
        said((1.1, 1.4, "well"), (1.6, 2.0, "Hello"), (2.5, 3.0, "world")),
    )
    assert found.timed
    assert [(p.text, p.start, p.end) for p in found.pieces if p.text != "—"] == [
        ("Well", 1.1, 1.4),
        ("hello,", 1.6, 2.0),
        ("WORLD!", 2.5, 3.0),
    ]


def test_times_are_inside_the_caption_and_in_order() -> None:
    found = with_words(
        caption(Cue(1.0, 2.0, "a b c")), said((0.5, 1.6, "a"), (1.2, 1.4, "b"), (1.3, 9.0, "c"))
    )
    assert [(p.start, p.end) for p in found.pieces] == [(1.0, 1.2), (1.2, 1.3), (1.3, 2.0)]


def test_words_of_another_text_give_no_times() -> None:
    given_caption = caption(Cue(0.0, 1.0, "one two three"))
    assert with_words(given_caption, said((0.1, 0.2, "zzz"))) is given_caption
    assert not with_words(given_caption, []).timed


def test_estimated_times_follow_the_lengths_of_words() -> None:
    found = estimated(caption(Cue(0.0, 6.0, "a bbb")))
    assert [(p.start, p.end) for p in found.pieces] == [
        (0.0, pytest.approx(2.0)),
        (pytest.approx(2.0), 6.0),
    ]
    assert found.timed


def test_rows_are_joined_as_the_script_writes_them() -> None:
    assert joined(unbroken(split("one\ntwo", 0, 1))) == "one two"
    assert joined(unbroken(split("我们\n没有 时间", 0, 1))) == "我们没有 时间"
