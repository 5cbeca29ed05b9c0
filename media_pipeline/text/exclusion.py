"""Ranges of time in which no caption is shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from media_pipeline.errors import InvalidParameter, shown

TIME_PATTERN = r"([0-9]{2,4}):([0-5][0-9]):([0-5][0-9]\.[0-9]{1,3})"
"""``hh:mm:ss.ms``."""
_TIME = re.compile(TIME_PATTERN)
_REMEDY = 'give objects such as {"start": "00:00:10.000", "end": "00:00:20.000"}'


@dataclass(frozen=True, slots=True)
class TimeRange:
    """From ``start`` to ``end`` seconds, the latter exclusive."""

    start: float
    end: float


def time_ranges(given: Any) -> list[TimeRange]:
    """Ranges from their JSON: a list of objects with ``start`` and ``end`` as ``hh:mm:ss.ms``.

    Raises
    ------
    InvalidParameter
        naming the range that is no such object, is not written so, or does not end after its start.
    """
    if not isinstance(given, list):
        raise InvalidParameter("exclude_time_ranges is not a list", _REMEDY)
    found = []
    for number, one in enumerate(given, start=1):
        if not isinstance(one, Mapping) or set(one) != {"start", "end"}:
            raise InvalidParameter(f"time range {number} does not have start and end", _REMEDY)
        start, end = (
            _seconds(one[key], f"{key} of time range {number}") for key in ("start", "end")
        )
        if end <= start:
            raise InvalidParameter(
                f"time range {number} ends at {one['end']}, which is not after {one['start']}",
                "give an end after the start",
            )
        found.append(TimeRange(start, end))
    return found


def outside(start: float, end: float, ranges: Iterable[TimeRange]) -> list[tuple[float, float]]:
    """What is left of the time from ``start`` to ``end`` without the ranges, in order.

    >>> outside(0.0, 10.0, [TimeRange(2.0, 3.0), TimeRange(8.0, 12.0)])
    [(0.0, 2.0), (3.0, 8.0)]
    """
    left = [(start, end)]
    for cut in ranges:
        left = [
            part
            for a, b in left
            for part in ((a, min(b, cut.start)), (max(a, cut.end), b))
            if part[1] > part[0]
        ]
    return left


def _seconds(value: Any, name: str) -> float:
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise InvalidParameter(f"{name} is {shown(value)}", "write it as hh:mm:ss.ms")
    hours, minutes, seconds = match.groups()
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
