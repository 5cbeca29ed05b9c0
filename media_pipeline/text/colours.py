"""Colours as people write them: ``#RGB``, ``#RRGGBB``, ``#RRGGBBAA`` and the names of CSS."""

from __future__ import annotations

import re
from dataclasses import dataclass

from media_pipeline.errors import InvalidParameter

_HEX = re.compile(r"#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})")


@dataclass(frozen=True, slots=True)
class Colour:
    """Red, green, blue and opacity, each from 0 to 255."""

    red: int
    green: int
    blue: int
    alpha: int = 255


WHITE, BLACK = Colour(255, 255, 255), Colour(0, 0, 0)


def parse_colour(text: str, name: str = "colour") -> Colour:
    """A colour from its text, in any case, with or without ``#``.

    Raises
    ------
    InvalidParameter
        for anything else, tags of ASS included.

    >>> parse_colour("f80")
    Colour(red=255, green=136, blue=0, alpha=255)
    >>> parse_colour("RebeccaPurple").blue
    153
    """
    value = text.strip()
    match = _HEX.fullmatch(value)
    if match is None:
        from PIL.ImageColor import colormap, getrgb  # has the names of CSS Color Module Level 4

        if value.casefold() in colormap:
            return Colour(*getrgb(value.casefold())[:3])
        raise InvalidParameter(
            f"{name} is {text!r}", "write it as #RGB, #RRGGBB, #RRGGBBAA or a CSS name"
        )
    digits = match[1] if len(match[1]) > 3 else "".join(2 * d for d in match[1])
    return Colour(*bytes.fromhex(digits))
