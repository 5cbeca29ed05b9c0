from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_pipeline.text.phrases import phrased_tokens
from media_pipeline.text.scripts import join_tokens
from media_pipeline.text.wrap import balance, break_cost, width_in_columns, wrap

WORDS = st.sampled_from(
    ["The", "old", "man", "went", "home,", "and", "slept.", "你", "好，", "（真", "的）。", "OK",
     "extraordinarily", "a", "한국어", "にほん", "5%", "“Yes!”"]
)  # fmt: skip
TEXTS = st.lists(WORDS, max_size=40).map(" ".join)


@given(TEXTS, st.integers(8, 60))
def test_no_character_is_lost_and_every_row_fits(text: str, columns: int) -> None:
    rows = balance(text, columns, width_in_columns)
    assert "".join(rows).replace(" ", "") == text.replace(" ", "")
    assert all(row == row.strip() and row for row in rows)
    assert all(width_in_columns(row) <= columns for row in rows)


@given(TEXTS, st.integers(16, 60))
def test_no_more_rows_than_a_greedy_filling_needs(text: str, columns: int) -> None:
    greedy: list[list[str]] = []
    for token in phrased_tokens(text):
        if greedy and width_in_columns(join_tokens([*greedy[-1], token]).strip()) <= columns:
            greedy[-1].append(token)
        else:
            greedy.append([token])
    assert len(balance(text, columns, width_in_columns)) <= len(greedy)


def test_rows_are_about_equally_long() -> None:
    text = "Nobody knew at that time when the next train would finally arrive here"
    rows = balance(text, 42, len)
    assert len(rows) == 2
    assert abs(len(rows[0]) - len(rows[1])) <= 12


@pytest.mark.parametrize(
    ("text", "columns", "expected"),
    [
        ("You want some milk, or shall we go?", 20, ["You want some milk,", "or shall we go?"]),
        ("I walked home with the dog of my aunt", 24,
         ["I walked home", "with the dog of my aunt"]),
        ("今天天气很好，我们去公园吧。", 20, ["今天天气很好，", "我们去公园吧。"]),
        ("这句话当时红遍网络 被各种段子模仿", 32, ["这句话当时红遍网络", "被各种段子模仿"]),
        ("毎朝、川は山を少しずつ運んでいく。", 20, ["毎朝、川は山を", "少しずつ運んでいく。"]),
        ("東京オリンピックのチケットを手に入れた", 24,
         ["東京オリンピックの", "チケットを手に入れた"]),
        ("你好吗 我很好", 32, ["你好吗 我很好"]),
        ("one\ntwo three", 42, ["one", "two three"]),
        ("", 10, []),
        (" \n ", 10, []),
        (
            "河水都会带走一点点山石（约三公斤左右）他说好吗",
            34,
            ["河水都会带走一点点山石", "（约三公斤左右）他说好吗"],
        ),
    ],
)  # fmt: skip
def test_breaks_fall_where_a_reader_pauses(text: str, columns: int, expected: list[str]) -> None:
    assert balance(text, columns, width_in_columns) == expected


def test_chinese_rows_never_begin_with_closing_punctuation() -> None:
    text = "他说：“你好吗？”我说：“我很好，谢谢。”然后我们（真的）走了。"
    for columns in range(6, 40, 2):
        rows = balance(text, columns, width_in_columns)
        assert not any(row[0] in "，。？！：”）" for row in rows)
        assert not any(row[-1] in "“（" for row in rows)


def test_a_word_wider_than_a_row_is_broken_inside() -> None:
    assert balance("supercalifragilistic", 8, len) == ["supercal", "ifragili", "stic"]
    assert balance("x", 0.5, len) == ["x"]


def test_a_measure_in_pixels_is_used_as_it_is() -> None:
    widths = {"i": 3.0, "m": 11.0, " ": 4.0}

    def measure(text: str) -> float:
        return sum(widths[c] for c in text)

    rows = balance("iii mmm iii mmm", 60, measure)
    assert all(measure(row) <= 60 for row in rows)
    assert len(rows) == 2


def test_words_that_are_cut_already_keep_their_cuts() -> None:
    assert wrap(["今", "天", "很", "好。"], 4) == ["今天", "很好。"] or wrap(
        ["今", "天", "很", "好。"], 6
    ) == ["今天", "很好。"]
    assert wrap([], 10) == []


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (("home.", "Then"), ("home,", "then")),
        (("home,", "then"), ("home", "and")),
        (("home", "and"), ("went", "home")),
        (("went", "home"), ("and", "went")),
        (("went", "home"), ("the", "house")),
        (("went", "home"), ("John", "Smith")),
        (("went", "home"), ("Mrs.", "Jones")),
    ],
)
def test_which_break_is_better(better: tuple[str, str], worse: tuple[str, str]) -> None:
    assert break_cost(*better) < break_cost(*worse)
