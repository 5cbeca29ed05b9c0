"""A caption of two rows in a film whose captions mostly have one."""

from __future__ import annotations

import numpy as np
import pytest

from media_pipeline.stages.captions.layout import Showing, group_rows
from media_pipeline.stages.captions.main_track import main_track
from media_pipeline.stages.captions.reading import Row
from media_pipeline.stages.captions.rows import PixelBox


def showing(start: float, end: float, text: str, top: int, left: int = 200) -> Showing:
    box = PixelBox(left, top, left + 240, top + 30)
    look = np.zeros((30, 10), np.int8)
    row = Row(int(start * 25), int(end * 25), text, 0.99, (), box, box, look, b"")
    return Showing(start, end, row)


TEXTS = [
    "morning everyone",
    "where is he",
    "take this",
    "never again",
    "the door",
    "wait for me",
    "why not",
    "soon",
]
SINGLE = [showing(i * 4.0, i * 4.0 + 2.5, text, 130) for i, text in enumerate(TEXTS)]


def test_the_row_above_a_caption_comes_with_it() -> None:
    both = [showing(50, 52, "我们没有时间了", 90, 210), showing(50, 52, "We have no time.", 130)]
    kept = main_track([*SINGLE, *both], 60.0, 640)
    assert len(kept) == len(SINGLE) + 2
    assert group_rows(kept)[-1].text == "我们没有时间了\nWe have no time."


@pytest.mark.parametrize(
    "other",
    [
        showing(50, 52.9, "a sign in the picture", 90),
        showing(50, 52, "a sign at the top", 10),
        showing(50, 52, "a sign at the side", 90, 0),
    ],
    ids=["other time", "far above", "elsewhere"],
)
def test_other_text_does_not(other: Showing) -> None:
    kept = main_track([*SINGLE, showing(50, 52, "We have no time.", 130), other], 60.0, 640)
    assert not any(s is other for s in kept)
    assert len(kept) == len(SINGLE) + 1
