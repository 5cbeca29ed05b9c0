"""Ranges of time without captions."""

from __future__ import annotations

import pytest

from media_pipeline.errors import InvalidParameter
from media_pipeline.text.exclusion import TimeRange, outside, time_ranges


def test_ranges_are_read_from_timecodes() -> None:
    given = [
        {"start": "00:00:10.000", "end": "00:00:20.5"},
        {"end": "100:01:01.25", "start": "02:00:00.0"},
    ]
    assert time_ranges(given) == [TimeRange(10.0, 20.5), TimeRange(7200.0, 360061.25)]


@pytest.mark.parametrize(
    "time",
    [
        "10",
        "10.0",
        "00:10.000",
        "00:00:10",
        "0:00:10.000",
        "00:60:00.000",
        "00:00:60.000",
        "00:00:10,000",
        "nan",
        "inf",
        "-00:00:10.000",
        "00:00:10.000 ",
        "٠٠:٠٠:١٠.٠٠٠",
        10,
        None,
        "00:00:10.0000",
    ],
)
def test_any_other_way_to_write_a_time_is_refused(time: object) -> None:
    with pytest.raises(InvalidParameter, match=r"start of time range 1 .*hh:mm:ss\.ms"):
        time_ranges([{"start": time, "end": "00:01:00.000"}])


@pytest.mark.parametrize("end", ["00:00:10.000", "00:00:09.999"])
def test_a_range_ends_after_its_start(end: str) -> None:
    with pytest.raises(InvalidParameter, match=r"time range 2 .*not after"):
        time_ranges(
            [
                {"start": "00:00:00.000", "end": "00:00:01.000"},
                {"start": "00:00:10.000", "end": end},
            ]
        )


@pytest.mark.parametrize(
    "wrong",
    [
        "x",
        {},
        [1],
        [{"start": "00:00:00.000"}],
        [{"start": "00:00:00.000", "end": "00:00:01.000", "x": 1}],
    ],
)
def test_what_is_no_list_of_ranges_is_refused(wrong: object) -> None:
    with pytest.raises(InvalidParameter):
        time_ranges(wrong)


@pytest.mark.parametrize(
    ("ranges", "left"),
    [
        ([], [(1.0, 5.0)]),
        ([(2.0, 3.0)], [(1.0, 2.0), (3.0, 5.0)]),
        ([(0.0, 2.0), (4.0, 9.0)], [(2.0, 4.0)]),
        ([(0.0, 9.0)], []),
        ([(2.0, 3.0), (2.5, 4.0)], [(1.0, 2.0), (4.0, 5.0)]),
        ([(5.0, 6.0), (0.0, 1.0)], [(1.0, 5.0)]),
    ],
)
def test_captions_are_clipped_and_not_dropped(
    ranges: list[tuple[float, float]], left: list[tuple[float, float]]
) -> None:
    assert outside(1.0, 5.0, [TimeRange(*r) for r in ranges]) == left
