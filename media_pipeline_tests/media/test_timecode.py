"""Timecodes as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_pipeline.errors import InvalidParameter
from media_pipeline.media.timecode import format_timecode, parse_timecode


@given(st.integers(0, 359_999_999))
def test_round_trip_to_the_millisecond(milliseconds: int) -> None:
    assert round(parse_timecode(format_timecode(milliseconds / 1000)) * 1000) == milliseconds


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.9996, "00:00:01.000"),
        (59.9999, "00:01:00.000"),
        (-1.0, "00:00:00.000"),
        (36000, "10:00:00.000"),
    ],
)
def test_rounding_carries(seconds: float, text: str) -> None:
    assert format_timecode(seconds) == text


@pytest.mark.parametrize(
    "text", ["", "1", "00:60:00", "00:00:61", "nan", "inf:00:00", "-1:00:00", "1:2:3:4"]
)
def test_what_is_no_timecode_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter, match="exclude"):
        parse_timecode(text, name="exclude[0].start")


def test_short_form_and_comma() -> None:
    assert parse_timecode("01:02,5") == 62.5
