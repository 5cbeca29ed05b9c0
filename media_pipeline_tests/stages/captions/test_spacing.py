"""Spaces from the ink."""

from __future__ import annotations

import numpy as np
import pytest

from media_pipeline.ocr.base import Picture, Reading
from media_pipeline.stages.captions.spacing import with_spaces
from media_pipeline_tests.generators.captions import draw_text

SIZE = 36


def written(text: str, *, dark: bool = False) -> tuple[Picture, Reading]:
    """A crop of a row and what a recogniser that drops spaces says of it."""
    picture = np.full((SIZE + 12, SIZE * (len(text) + 1), 3), 60, np.uint8)
    draw_text(picture, text, SIZE // 2, -4, SIZE)
    if dark:
        picture = 255 - picture
    x, places, letters = SIZE / 2 + 4, [], ""
    for char in text:
        advance = 0.224 * SIZE if char == " " else SIZE
        if char != " ":
            letters += char
            places.append((x + advance / 2) / picture.shape[1])
        x += advance
    return picture, Reading(letters, 0.99, (0.99,) * len(letters), tuple(places))


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(
    "text", ["快跑 他们追上来了", "好吧 我说实话", "跳下去 相信我", "你昨天晚上到底去了哪里"]
)
def test_gaps_are_spaces(text: str, dark: bool) -> None:
    picture, reading = written(text, dark=dark)
    spaced = with_spaces(reading, picture)
    assert spaced.text == text
    assert len(spaced.characters) == len(spaced.places) == len(text)


def test_the_room_of_a_full_width_comma_is_none() -> None:
    picture, reading = written("好吧，我说实话吧")
    assert with_spaces(reading, picture).text == "好吧，我说实话吧"


def test_without_places_or_with_few_characters_nothing_is_added() -> None:
    picture, reading = written("快跑 他们追上来了")
    assert with_spaces(Reading(reading.text, 0.9), picture).text == "快跑他们追上来了"
    picture, reading = written("快 跑")
    assert with_spaces(reading, picture).text == "快跑"
