"""Colours as people write them."""

from __future__ import annotations

import pytest

from media_pipeline.errors import InvalidParameter
from media_pipeline.text.colours import Colour, parse_colour


@pytest.mark.parametrize(
    ("text", "colour"),
    [
        ("#FF8000", Colour(255, 128, 0)),
        ("ff8000", Colour(255, 128, 0)),
        ("#f80", Colour(255, 136, 0)),
        ("F80", Colour(255, 136, 0)),
        ("#FF800080", Colour(255, 128, 0, 128)),
        ("Red", Colour(255, 0, 0)),
        ("rebeccapurple", Colour(102, 51, 153)),
        (" white ", Colour(255, 255, 255)),
    ],
)
def test_colours_are_read(text: str, colour: Colour) -> None:
    assert parse_colour(text) == colour


@pytest.mark.parametrize(
    "text",
    [
        *"# !",
        "",
        "#12",
        "#1234",
        "#12345",
        "#1234567",
        "#GGGGGG",
        "redd",
        "&H00FF00&",
        r"white}{\fs100",
        "rgb(1,2,3)",
        "##fff",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter, match="word_color is"):
        parse_colour(text, "word_color")
