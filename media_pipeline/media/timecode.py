"""Times as text: float seconds to and from the timecodes of subtitle files, ffmpeg and the wire."""

from __future__ import annotations

import re

from media_pipeline.errors import InvalidParameter

_TIMECODE = re.compile(r"^(?:(\d+):)?([0-5]?\d):([0-5]?\d(?:[.,]\d+)?)$")


def format_timecode(seconds: float, *, separator: str = ".", decimals: int = 3) -> str:
    """Seconds as ``HH:MM:SS.mmm``, rounded to the nearest unit; negative times become zero.

    >>> format_timecode(3661.0005)
    '01:01:01.000'
    >>> format_timecode(1.5, separator=",")
    '00:00:01,500'
    """
    scale = 10**decimals
    units = max(0, round(seconds * scale))
    whole, fraction = divmod(units, scale)
    text = f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
    return f"{text}{separator}{fraction:0{decimals}d}" if decimals else text


def parse_timecode(text: str, *, name: str = "time") -> float:
    """``HH:MM:SS[.mmm]`` or ``MM:SS[.mmm]`` as seconds.

    Raises
    ------
    InvalidParameter
        when the text is no timecode, or minutes or seconds are 60 or more.
    """
    match = _TIMECODE.match(text.strip())
    if match is None:
        raise InvalidParameter(f"{name} is {text!r}", "write it as HH:MM:SS.mmm")
    hours, minutes, seconds = match.groups()
    return int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds.replace(",", "."))
