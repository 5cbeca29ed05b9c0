"""What can be asked of captions: one model for the stage, the command and the API."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field, ValidationError, field_validator, model_validator

from media_pipeline.errors import InvalidParameter
from media_pipeline.stages.base import StageParams
from media_pipeline.text.colours import parse_colour

Style = Literal["classic", "karaoke", "highlight", "underline", "word_by_word", "pop", "box"]
Position = Literal[
    "bottom_left", "bottom_center", "bottom_right",
    "middle_left", "middle_center", "middle_right",
    "top_left", "top_center", "top_right",
]  # fmt: skip
Alignment = Literal["left", "center", "right"]

COLOURS = ("line_color", "word_color", "outline_color")
UNTIMED_STYLES = ("classic", "box")
"""Styles that can be drawn without a time for each word."""

_COLOUR = "#RGB, #RRGGBB, #RRGGBBAA, with or without #, or a CSS name"
_FARTHEST = 16384  # pixels; libass and H.264 go no farther


class CaptionSettings(StageParams):
    """How captions look. Lengths are pixels of the picture as displayed."""

    model_config = ConfigDict(strict=True)

    style: Style = Field(
        "classic",
        description="classic: the whole caption; karaoke: words keep word_color once spoken; "
        "highlight: the current word in word_color; underline: the current word underlined; "
        "word_by_word: one word at a time; pop: the current word grows; box: on a filled ground",
    )
    position: Position = Field(
        "bottom_center", description="cell of a 3 × 3 grid over the picture that captions stand in"
    )
    alignment: Alignment = Field(
        "center", description="the edge of the cell that rows begin at, or its middle"
    )
    x: int | None = Field(
        None, ge=-_FARTHEST, le=_FARTHEST, description="with y: the point that replaces position"
    )
    y: int | None = Field(
        None, ge=-_FARTHEST, le=_FARTHEST, description="with x: the point that replaces position"
    )
    font_family: str = Field(
        "Arial",
        min_length=1,
        max_length=100,
        description="an installed family; another is taken for scripts that it lacks",
    )
    font_size: int | None = Field(
        None, ge=1, le=2000, description="pixels per em; 5 % of the picture's height when not given"
    )
    line_color: str = Field("#FFFFFF", description=f"colour of the text: {_COLOUR}")
    word_color: str = Field("#FFFF00", description=f"colour of the current word: {_COLOUR}")
    outline_color: str = Field(
        "#000000", description=f"colour of the outline, or of the ground of style box: {_COLOUR}"
    )
    outline_width: int = Field(2, ge=0, le=200, description="outline around the letters")
    shadow_offset: int = Field(0, ge=0, le=200, description="shadow to the lower right")
    spacing: int = Field(0, ge=-100, le=1000, description="extra space between letters")
    angle: int = Field(0, ge=-3600, le=3600, description="degrees, anticlockwise")
    bold: bool = Field(False, description="bold letters")
    italic: bool = Field(False, description="slanted letters")
    underline: bool = Field(False, description="all text underlined")
    strikeout: bool = Field(False, description="all text struck out")
    all_caps: bool = Field(False, description="capital letters only")
    max_words_per_line: int = Field(
        0, ge=0, le=1000, description="most words of a row; 0: as many as fit"
    )
    estimate_word_times: bool = Field(
        False,
        description="share out a caption's time among its words where no word times are known",
    )

    @field_validator(*COLOURS)
    @classmethod
    def _is_colour(cls, value: str) -> str:
        return checked_colour(value)

    @model_validator(mode="after")
    def _is_point(self) -> CaptionSettings:
        if (self.x is None) != (self.y is None):
            raise ValueError("x and y must be given together")
        return self

    @property
    def point(self) -> tuple[int, int] | None:
        """Where captions stand instead of in a cell."""
        return None if self.x is None or self.y is None else (self.x, self.y)


def checked_colour(value: str) -> str:
    """The value, for models: raises ValueError when it is no colour."""
    try:
        parse_colour(value)
    except InvalidParameter as error:
        raise ValueError(str(error)) from error
    return value


def caption_settings(given: Any) -> CaptionSettings:
    """Settings from their JSON.

    Raises
    ------
    InvalidParameter
        naming the setting and what is allowed.
    """
    if not isinstance(given, dict):
        raise InvalidParameter("settings is no object", 'give one such as {"style": "karaoke"}')
    try:
        return CaptionSettings.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            known = ", ".join(CaptionSettings.model_fields)
            raise InvalidParameter(f"settings has no {name!r}", f"choose from {known}") from None
        what = first["msg"].removeprefix("Value error, ")
        raise InvalidParameter(f"settings{'.' if name else ''}{name}: {what}") from None
