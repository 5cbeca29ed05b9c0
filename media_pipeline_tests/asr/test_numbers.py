from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_pipeline.asr.numbers import cardinal, ordinal, readings


@pytest.mark.parametrize(
    ("token", "said"),
    [
        ("0", "zero"),
        ("7", "seven"),
        ("23", "twenty three"),
        ("100", "one hundred"),
        ("105", "one hundred and five"),
        ("1984", "nineteen eighty four"),
        ("1984", "one thousand nine hundred eighty four"),
        ("1905", "nineteen oh five"),
        ("1900", "nineteen hundred"),
        ("2005", "two thousand five"),
        ("911", "nine one one"),
        ("1,250,000", "one million two hundred fifty thousand"),
        ("3.14", "three point one four"),
        ("-4", "minus four"),
        ("50%", "fifty percent"),
        ("1st", "first"),
        ("42nd", "forty second"),
        ("20th", "twentieth"),
        ("1990s", "nineteen nineties"),
        ("80s", "eighties"),
        ("$5", "five dollars"),
        ("$1", "one dollar"),
        ("$2.50", "two dollars and fifty cents"),
        ("£3", "three pounds"),
        ("3:00", "three o'clock"),
        ("7:05", "seven oh five"),
        ("12:45", "twelve forty five"),
        ("12345678901234567", "one two three four five six seven eight nine zero one two three"
         " four five six seven"),
    ],
)  # fmt: skip
def test_a_number_is_said_like_this(token: str, said: str) -> None:
    assert said in [" ".join(way) for way in readings(token)]


@pytest.mark.parametrize("token", ["hello", "", "R2D2", "1.2.3", "4x4", "-", "$", "１０a"])
def test_what_is_no_number_has_no_reading(token: str) -> None:
    assert readings(token) == []


@given(st.integers(0, 10**15 - 1))
def test_every_cardinal_is_read_and_none_like_another(value: int) -> None:
    words = cardinal(value)
    assert all(word.isalpha() for word in words)
    assert words != cardinal(value + 1)
    assert readings(str(value))


@given(st.integers(1, 10**6))
def test_ordinals_end_as_ordinals_do(value: int) -> None:
    assert ordinal(value)[-1].endswith(("st", "nd", "rd", "th"))
