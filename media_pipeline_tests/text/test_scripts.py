"""Scripts, tokens and joining."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_pipeline.text.scripts import guess_language, join_tokens, rows_in_script, tokens

SENTENCES = [
    ("你好，世界！", ["你", "好，", "世", "界！"], "zh"),
    ("今天3点 到12点半。", ["今", "天", "3", "点", "到", "12", "点", "半。"], "zh"),
    ("他说：“你好！”", ["他", "说：", "“你", "好！”"], "zh"),
    ("「はい」です", ["「は", "い」", "で", "す"], "ja"),
    ("안녕 하세요", ["안녕", "하세요"], "ko"),
    ('Hello, "world" it\'s 3.5%', ["Hello,", '"world"', "it's", "3.5%"], "en"),
    ("A股和iPhone手机", ["A", "股", "和", "iPhone", "手", "机"], "zh"),
    ("Привет, мир", ["Привет,", "мир"], "ru"),
    ("12:30 — 14", ["12:30", "—", "14"], None),
]


@pytest.mark.parametrize(("text", "words", "language"), SENTENCES)
def test_tokens_and_language(text: str, words: list[str], language: str | None) -> None:
    assert tokens(text) == words
    assert guess_language(text) == language


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=60))
def test_no_character_is_lost(text: str) -> None:
    assert "".join(tokens(text)) == "".join(text.split())
    assert "".join(join_tokens(tokens(text)).split()) == "".join(text.split())


def test_joining_spaces_latin_only() -> None:
    assert join_tokens(["你", "好，", "OK", "吗？", "Well,", "done."]) == "你好，OK吗？Well, done."
    assert join_tokens(["안녕", "하세요"]) == "안녕 하세요"
    assert join_tokens([]) == ""


def test_rows_of_a_bilingual_cue() -> None:
    text = "你要去哪里？\nWhere are you going?"
    assert rows_in_script(text, "zh") == "你要去哪里？"
    assert rows_in_script(text, "en") == "Where are you going?"
    assert rows_in_script(text, "ru") == ""
