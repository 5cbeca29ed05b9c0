"""The settings: defaults of the contract, what is allowed, and one line for what is not."""

from __future__ import annotations

import pytest

from media_pipeline.errors import InvalidParameter
from media_pipeline.stages.burn import CaptionSettings, caption_settings
from media_pipeline.stages.burn.stage import Params


def test_defaults() -> None:
    assert caption_settings({}).model_dump() == {
        "style": "classic",
        "position": "bottom_center",
        "alignment": "center",
        "x": None,
        "y": None,
        "font_family": "Arial",
        "font_size": None,
        "line_color": "#FFFFFF",
        "word_color": "#FFFF00",
        "outline_color": "#000000",
        "outline_width": 2,
        "shadow_offset": 0,
        "spacing": 0,
        "angle": 0,
        "bold": False,
        "italic": False,
        "underline": False,
        "strikeout": False,
        "all_caps": False,
        "max_words_per_line": 0,
        "estimate_word_times": False,
    }


def test_the_stage_takes_the_same_settings() -> None:
    assert set(CaptionSettings.model_fields) < set(Params.model_fields)
    assert Params(style="pop", x=1, y=2).point == (1, 2)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"styl": "pop"}, ["'styl'", "word_color"]),
        ({"style": "fancy"}, ["settings.style", "karaoke"]),
        ({"position": "center"}, ["settings.position", "bottom_left"]),
        ({"alignment": "middle"}, ["settings.alignment", "left"]),
        ({"x": 3}, ["x and y must be given together"]),
        ({"y": 3}, ["x and y must be given together"]),
        ({"font_size": "24"}, ["settings.font_size", "integer"]),
        ({"font_size": 0}, ["settings.font_size", "1"]),
        ({"font_size": 1.5}, ["settings.font_size", "integer"]),
        ({"bold": 1}, ["settings.bold", "boolean"]),
        ({"bold": "yes"}, ["settings.bold", "boolean"]),
        ({"font_family": ""}, ["settings.font_family"]),
        ({"outline_width": -1}, ["settings.outline_width", "0"]),
        ({"shadow_offset": -1}, ["settings.shadow_offset", "0"]),
        ({"max_words_per_line": -1}, ["settings.max_words_per_line", "0"]),
        ({"spacing": 1e9}, ["settings.spacing"]),
        ({"angle": "90"}, ["settings.angle"]),
        ({"line_color": r"&HFF&\b1"}, ["settings.line_color", "#RRGGBB"]),
        ({"word_color": "reddish"}, ["settings.word_color", "CSS name"]),
        ({"outline_color": ""}, ["settings.outline_color"]),
        ({"outline_color": None}, ["settings.outline_color"]),
        ([], ["no object"]),
        ("{}", ["no object"]),
        (None, ["no object"]),
    ],
)
def test_what_is_wrong_is_one_line_that_names_it(given: object, words: list[str]) -> None:
    with pytest.raises(InvalidParameter) as raised:
        caption_settings(given)
    for word in words:
        assert word in str(raised.value)
    assert "\n" not in str(raised.value)
