from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_pipeline.text.phrases import phrased_tokens
from media_pipeline.text.scripts import tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("你好吗 我很好", ["你", "好", "吗 ", "我", "很", "好"]),
        ("你好吗？ 我很好", ["你", "好", "吗？", "我", "很", "好"]),
        ("说\n好", ["说 ", "好"]),
        ("说 OK 吧", ["说", "OK", "吧"]),
        ("Well, done.", ["Well,", "done."]),
        ("  ", []),
    ],
)
def test_spaces_end_chinese_phrases(text: str, expected: list[str]) -> None:
    assert phrased_tokens(text) == expected


@given(st.text(alphabet="你好，。 ab1「」ー、に\n한", max_size=30))
def test_without_the_spaces_they_are_the_tokens(text: str) -> None:
    assert [token.rstrip() for token in phrased_tokens(text)] == tokens(text)
