"""Where the spoken word stands in a caption: against characters whose places are known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from media_pipeline.media.geometry import Box
from media_pipeline.stages.burn import word_boxes
from media_pipeline.stages.burn.boxes import captions_of
from media_pipeline.stages.burn.rows import caption_rows
from media_pipeline.stages.burn.stage import captions_in_picture
from media_pipeline.text.cues import Cue, Word
from media_pipeline_tests.generators.burned import (
    CHINESE,
    HEIGHT,
    LATIN,
    WIDTH,
    around,
    drawn_text,
    evenly,
)
from media_pipeline_tests.generators.video import scene


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (LATIN, LATIN.split()),
        (CHINESE, list(CHINESE)),
        ("你好，OK吗？", ["你", "好，", "OK", "吗？"]),
        ("Well, well; (really)!", ["well,", "well;", "really!"]),
        ("I called him,\nand he said: no.", ["I", "called", "him", "and", "he", "said", "no"]),
    ],
)
def test_boxes_lie_over_the_words(text: str, words: list[str]) -> None:
    rows = text.split("\n")
    _, truth = drawn_text([(row, 32) for row in rows], 250)
    cue = Cue(1.0, 3.0, text, box=around(truth))
    found = word_boxes([cue], evenly(cue, words), WIDTH, HEIGHT)
    assert len(found) == len(words)
    flat = [
        char for row, line in zip(rows, truth, strict=True) for char in zip(row, line, strict=True)
    ]
    position = 0
    for box in found:
        # the next place where the characters of the word stand
        while "".join(c for c, _ in flat[position : position + len(box.word)]) != box.word:
            position += 1
        chars = [edges for _, edges in flat[position : position + len(box.word)]]
        position += len(box.word)
        size = chars[0][3] - chars[0][1]
        assert box.left == pytest.approx(chars[0][0], abs=0.45 * size)
        assert box.right == pytest.approx(chars[-1][2], abs=0.45 * size)
        middle = (box.top + box.bottom) / 2
        assert chars[0][1] - 0.2 * size < middle < chars[0][3] + 0.2 * size


def test_a_gap_between_chinese_words_is_as_wide_as_a_character() -> None:
    _, truth = drawn_text([("这些片段中\u3000有你喜欢的", 30)], 250)
    cue = Cue(0.0, 2.0, "这些片段中 有你喜欢的", box=around(truth, pad=0))
    found = word_boxes([cue], evenly(cue, list("这些片段中有你喜欢的")), WIDTH, HEIGHT)
    expected = [c for i, c in enumerate(truth[0]) if i != 5]
    for box, (left, _, right, _) in zip(found, expected, strict=True):
        assert (box.left + box.right) / 2 == pytest.approx((left + right) / 2, abs=5)


def test_rows_of_bilingual_captions_are_found_in_the_picture() -> None:
    rows = [("我在公司加班到十二点", 34), ("I was working until midnight.", 20)]
    picture, truth = drawn_text(rows, 260)
    ground = scene(4, WIDTH, HEIGHT)(0)
    mask = picture.max(axis=2, keepdims=True) > 100
    luma = cv2.cvtColor(np.where(mask, picture, ground // 2), cv2.COLOR_BGR2GRAY)
    cue = Cue(0.0, 2.0, "\n".join(t for t, _ in rows), box=around(truth))
    assert cue.box is not None
    found = caption_rows(cue, cue.box, WIDTH, HEIGHT, lambda _time: luma.astype(np.uint8))
    for row, line in zip(found, truth, strict=True):
        assert row.left == pytest.approx(line[0][0], abs=8)
        assert row.right == pytest.approx(line[-1][2], abs=8)
        assert row.top < (line[0][1] + line[0][3]) / 2 < row.bottom


def test_boxes_follow_the_speech_without_flicker_and_stay_in_their_cue() -> None:
    _, truth = drawn_text([(LATIN, 30)], 250)
    cue = Cue(1.0, 3.0, LATIN, box=around(truth))
    times = [(0.9, 1.2), (1.4, 1.6), (2.4, 2.5), (2.8, 3.2)]
    said = [Word(a, b, w, 1.0, "t") for (a, b), w in zip(times, LATIN.split(), strict=True)]
    found = word_boxes([cue], said, WIDTH, HEIGHT)
    assert [b.word for b in found] == LATIN.split()
    assert found[0].start == 1.0
    assert found[0].end == found[1].start == 1.4
    assert 1.6 < found[1].end < 1.8, "a long silence has no box"
    assert found[3].end == 3.0


def test_words_that_are_not_written_get_no_box() -> None:
    _, truth = drawn_text([(CHINESE, 30)], 250)
    cue = Cue(0.0, 2.0, CHINESE, box=around(truth))
    assert word_boxes([cue], evenly(cue, ["We", "have", "no", "time"]), WIDTH, HEIGHT) == []
    assert word_boxes([Cue(0, 2, LATIN)], evenly(cue, LATIN.split()), WIDTH, HEIGHT) == []


def test_misread_letters_do_not_lose_the_word() -> None:
    text = "All right, I'l tell you the truth."
    _, truth = drawn_text([(text, 26)], 250)
    cue = Cue(0.0, 2.0, text, box=around(truth))
    said = evenly(cue, ["All", "right,", "I'll", "tell", "you", "the", "truth."])
    assert [b.word for b in word_boxes([cue], said, WIDTH, HEIGHT)][2] == "I'l"


def test_words_go_to_the_cue_they_belong_to() -> None:
    _, truth = drawn_text([("no no", 30)], 250)
    cues = [Cue(0.0, 1.0, "no no", box=around(truth)), Cue(1.0, 2.0, "no no", box=around(truth))]
    said = [Word(t, t + 0.3, "no", 1.0, "t") for t in (0.1, 0.6, 1.05, 1.5)]
    found = word_boxes(cues, said, WIDTH, HEIGHT, cue_of=[0, 0, 1, 1])
    assert [b.start for b in found] == [0.1, 0.6, 1.05, 1.5]


def test_text_that_was_misread_once_does_not_keep_subtitles_away() -> None:
    given = [Cue(i, i + 1, "text") for i in range(10)]
    sign = Cue(3.0, 4.0, "EXIT", box=Box(0.1, 0.8, 0.2, 0.1))
    assert captions_in_picture(given, "embedded", [sign]) == []
    everywhere = [Cue(i, i + 1, "text", box=Box(0.1, 0.8, 0.2, 0.1)) for i in range(10)]
    assert captions_in_picture(given, "embedded", everywhere) == everywhere


def test_words_belong_to_captions_by_what_they_say_and_when() -> None:
    """The row of the transcript is no caption: nobody says the first, and two say the same."""
    cues = [Cue(0.0, 1.0, "Chapter one"), Cue(1.0, 2.0, "No."), Cue(2.0, 3.0, "No.")]
    words = [
        Word(1.1, 1.4, "no", 0.9, "x"),
        Word(2.1, 2.4, "No.", 0.9, "x"),
        Word(2.5, 2.8, "Never", 0.9, "x"),
    ]
    assert captions_of(words, cues) == [1, 2, None]
