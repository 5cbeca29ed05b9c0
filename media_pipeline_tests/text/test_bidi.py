"""The order of words on screen, against that of a full implementation of the algorithm."""

from __future__ import annotations

import pytest

from media_pipeline.text.bidi import visual_order


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("one two three", [0, 1, 2]),
        ("واحد اثنان ثلاثة", [2, 1, 0]),
        ("קנה 25 ספרים", [2, 1, 0]),
        ("he said שלום עולם today", [0, 1, 3, 2, 4]),
        ("قال John Smith نعم", [3, 1, 2, 0]),
        ("- one", [0, 1]),
        ("— قال نعم", [2, 1, 0]),
        ("a — b", [0, 1, 2]),
        ("", []),
    ],
)
def test_words_are_ordered(text: str, order: list[int]) -> None:
    assert visual_order(text.split()) == order
