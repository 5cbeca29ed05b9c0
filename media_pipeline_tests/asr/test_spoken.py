from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_pipeline.asr.spoken import spoken


@pytest.mark.parametrize(
    ("token", "ways"),
    [
        ("Hello!", ["hello"]),
        ("“don’t”", ["don't"]),
        ("Dr.", ["doctor", "drive"]),
        ("well-known", ["well known"]),
        ("R2D2", ["r. two d. two"]),
        ("AT&T", ["at and t."]),
        ("FBI", ["fbi", "f. b. i."]),
        ("U.S.", ["u. s."]),
        ("p.m.", ["p. m."]),
        ("50%", ["fifty percent"]),
        ("1984…", ["nineteen eighty four", "one thousand nine hundred eighty four",
                   "one nine eight four"]),
        ("&", ["and"]),
        ("—", []),
        ("♪", []),
        ("...", []),
    ],
)  # fmt: skip
def test_a_token_is_said_like_this(token: str, ways: list[str]) -> None:
    assert [" ".join(way) for way in spoken([token])[0]] == ways


def test_what_stands_in_brackets_is_not_said() -> None:
    said = spoken("[door slams] Who (quietly) is it?".split())  # noqa: SIM905
    assert [bool(ways) for ways in said] == [False, False, True, False, True, True]


@pytest.mark.slow
@given(st.lists(st.text(max_size=12), max_size=8))
def test_every_token_has_its_place(tokens: list[str]) -> None:
    said = spoken(tokens)
    assert len(said) == len(tokens)
    assert all(word for ways in said for way in ways for word in way)
