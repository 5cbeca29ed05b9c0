"""Reading tracks: how often, what wins, what a row looks like in the end."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from media_pipeline.ocr.base import Picture, Reading, TextBox
from media_pipeline.stages.captions.crops import cut_out
from media_pipeline.stages.captions.reading import Reader, tidy, vote, whole
from media_pipeline.stages.captions.rows import PixelBox
from media_pipeline.stages.captions.tracks import Track
from media_pipeline_tests.generators.captions import draw_text
from media_pipeline_tests.stages.captions.strips import TEXT, strip


class Script:
    """An engine that reads what it is told to, in order."""

    name = "script"

    def __init__(self, *readings: Reading) -> None:
        self.readings = list(readings)

    def detect(self, picture: Picture) -> list[TextBox]:
        raise AssertionError("reading does not detect")

    def recognise(self, pictures: Sequence[Picture]) -> list[Reading]:
        return [self.readings.pop(0) for _ in pictures]


def track(text: str = "他今天会来", *, samples: int = 2, seed: int = 1) -> Track:
    made = Track(TEXT, 0, strip(text, seed=seed))
    for index in range(samples):
        made.take(index, strip(text, seed=seed), np.full((30, 140, 3), 9, np.uint8))
        made.end = index
    made.commit()
    return made


def test_a_sure_reading_is_enough() -> None:
    reader = Reader(Script(Reading("他今天会来", 0.99)), "ch")
    row = reader.read(track())
    assert row is not None
    assert (row.text, row.start, row.end) == ("他今天会来", 0, 1)
    assert row.crop[:2] == b"\xff\xd8"
    assert (reader.lines, reader.samples) == (1, 1)


def test_an_unsure_one_is_confirmed_by_a_second() -> None:
    reader = Reader(Script(Reading("他今天会来", 0.8), Reading("他今天会来", 0.9)), "ch")
    row = reader.read(track())
    assert row is not None
    assert (row.text, row.confidence) == ("他今天会来", 0.9)
    assert (reader.lines, reader.samples) == (2, 1)


def test_of_three_that_differ_each_character_is_voted_on() -> None:
    readings = [
        Reading("他今天会米", 0.9, (0.9, 0.9, 0.9, 0.9, 0.9)),
        Reading("他令天会来", 0.85, (0.85,) * 5),
        Reading("地今天会来", 0.85, (0.85,) * 5),
    ]
    row = Reader(Script(*readings), "ch").read(track())
    assert row is not None
    assert row.text == "他今天会来"


def test_latin_rows_are_always_read_twice() -> None:
    reader = Reader(Script(Reading("Hello", 0.99), Reading("Hello", 0.99)), "ch")
    assert reader.read(track()) is not None
    assert reader.lines == 2


def test_a_mark_that_comes_back_is_not_read_for_ever() -> None:
    reader = Reader(Script(*[Reading("光影放映室", 0.99)] * 3), "ch")
    rows = [reader.read(track("光影放映室")) for _ in range(5)]
    assert [row.text if row else None for row in rows] == ["光影放映室"] * 5
    assert reader.lines == 3


def test_a_caption_that_looks_almost_the_same_is_read() -> None:
    reader = Reader(Script(Reading("往左边跑", 0.99), Reading("往右边跑", 0.99)), "ch")
    rows = [reader.read(track(text)) for text in ("往左边跑", "往右边跑")]
    assert [row.text if row else None for row in rows] == ["往左边跑", "往右边跑"]


def test_nothing_read_is_no_row() -> None:
    assert Reader(Script(*[Reading("", 0.0)] * 2), "ch").read(track()) is None


def test_a_vote_of_one_is_that_one() -> None:
    assert vote([Reading("好", 0.3)]) == Reading("好", 0.3)


def test_a_majority_wins_whatever_its_confidence() -> None:
    readings = [Reading("没有", 0.99), Reading("没有！", 0.7), Reading("没有！", 0.6)]
    assert vote(readings) == Reading("没有！", 0.7)


def test_a_missing_character_is_voted_in() -> None:
    readings = [Reading("I'l tell", 0.97), Reading("I'll tel", 0.9), Reading("I'll tell!", 0.9)]
    assert vote(readings).text == "I'll tell"


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("  好吧 ，\u3000我说 ", "ch", "好吧 ， 我说"),
        ("不要...不要走", "ch", "不要……不要走"),
        ("不要…不要走", "ch", "不要……不要走"),
        ("Really？ Yes，really．", "ch", "Really? Yes,really."),
        ("好吗？", "ch", "好吗？"),
        ("好吗？", "en", ""),
        ("OK！", "en", "OK!"),
        ("12：30", "en", "12:30"),
        ("Really？", "ch_ml", "Really？"),
        ("cafe\u0301", "ch", "caf\u00e9"),
        ("。", "ch", "。"),
    ],
)
def test_rows_are_tidied(text: str, language: str, expected: str) -> None:
    assert tidy(text, language) == expected


ROW = PixelBox(100, 30, 340, 62)
"""Where rows of 24 pixels are drawn."""


@pytest.mark.parametrize(
    ("text", "left_out", "read", "wider"),
    [
        ("一个还是两个呢", (20, 0), "一个还是两个呢", (True, False)),
        ("一个还是两个呢", (32, 0), "一个还是两个呢", (True, False)),
        ("两个之中选其一", (0, 14), "两个之中选其一", (False, True)),
        ("我个还是两个呢", (20, 0), "我个还是两个呢", (False, False)),
        ("一个还是两个呢", (32, 0), "个还是两个呢", (False, False)),
    ],
)
def test_a_thin_character_that_the_detector_left_out_is_in_the_box(
    text: str, left_out: tuple[int, int], read: str, wider: tuple[bool, bool]
) -> None:
    picture = np.full((90, 480, 3), 70, np.uint8)
    draw_text(picture, text, ROW.left + 6, ROW.top - 2, 24)
    ink = np.flatnonzero((picture > 200).all(axis=2).any(axis=0))
    seen = PixelBox(
        int(ink[0]) - 2 + left_out[0], ROW.top, int(ink[-1]) + 3 - left_out[1], ROW.bottom
    )
    found = whole(seen, read, cut_out(picture, seen, 1, 1), 480)
    assert (found.left < seen.left, found.right > seen.right) == wider
    if any(wider):
        assert found.left <= ink[0]
        assert ink[-1] < found.right
        assert found.width <= ink[-1] - ink[0] + 16


def test_the_box_of_a_row_stays_in_the_strip() -> None:
    picture = np.full((90, 200, 3), 70, np.uint8)
    draw_text(picture, "还是两个一", 76, ROW.top - 2, 24)
    seen = PixelBox(76, ROW.top, 190, ROW.bottom)
    assert whole(seen, "还是两个一", cut_out(picture, seen, 1, 1), 200).right <= 200
