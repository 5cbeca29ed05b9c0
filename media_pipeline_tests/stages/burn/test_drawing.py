"""Captions as they are given become pictures: own styling kept, words replaced, right to left."""

from __future__ import annotations

import numpy as np
import pytest

from media_pipeline.media.fonts import fonts
from media_pipeline.stages.burn import CaptionSettings, draw_captions, draw_given
from media_pipeline.text.cues import Cue
from media_pipeline.text.exclusion import TimeRange
from media_pipeline.text.given import parse_given
from media_pipeline.text.pieces import caption
from media_pipeline.text.replacing import Replacement
from media_pipeline_tests.generators.drawn import Picture, box, drawn_frame, ink, of_colour

WIDTH, HEIGHT = 640, 360
ASS = r"""[Script Info]
PlayResX: 640
PlayResY: 360

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, \
Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, \
Alignment, MarginL, MarginR, MarginV, Encoding
Style: Sign,{font},40,&H000000FF,&H0,&H0,&H0,0,0,0,0,100,100,0,0,1,0,0,8,0,0,10,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:00.00,0:00:02.00,Sign,,0,0,0,,Hello {{\1c&HFF0000&}}there
"""


def given_ass(font: str = "Liberation Sans") -> str:
    return ASS.replace("\\\n", "").format(font=font)


def picture_of(drawing: object, time: float = 1.0) -> Picture:
    return drawn_frame(drawing, WIDTH, HEIGHT, time)  # type: ignore[arg-type]


def test_an_ass_document_keeps_its_own_styling() -> None:
    given = parse_given(given_ass(), 2.0)
    picture = picture_of(draw_given(given, WIDTH, HEIGHT, CaptionSettings(line_color="#00FF00")))
    red, blue = of_colour(picture, (255, 0, 0)), of_colour(picture, (0, 0, 255))
    assert box(red)[3] < HEIGHT / 4, "at the top"
    assert box(red)[2] <= box(blue)[0] + 2, "the second word has the colour of its tag"
    assert not of_colour(picture, (0, 255, 0)).any(), "settings are for all other captions"


def test_columns_of_an_ass_document_stand_in_any_order() -> None:
    shuffled = """[Script Info]
PlayResX: 640
PlayResY: 360

[V4+ Styles]
Format: Name, Alignment, PrimaryColour, Fontname, Fontsize, Outline
Style: Sign,8,&H000000FF,Liberation Sans,40,0

[Events]
Format: Start, End, Style, Text
Dialogue: 0:00:00.00,0:00:02.00,Sign,Hello, there
"""
    given = parse_given(shuffled, 2.0)
    assert given.captions[0].text == "Hello, there"
    red = of_colour(picture_of(draw_given(given, WIDTH, HEIGHT)), (255, 0, 0))
    assert box(red)[3] < HEIGHT / 4


def test_words_of_an_ass_document_are_replaced_and_times_left_out() -> None:
    given = parse_given(given_ass(), 2.0)
    drawing = draw_given(
        given,
        WIDTH,
        HEIGHT,
        replace_by=[Replacement("hello", "")],
        exclude=[TimeRange(0.5, 0.8)],
    )
    assert not of_colour(picture_of(drawing), (255, 0, 0)).any()
    assert of_colour(picture_of(drawing), (0, 0, 255)).any()
    assert not ink(picture_of(drawing, 0.6)).any()
    assert drawing.spans == ((0.0, 0.5), (0.8, 2.0))


def test_fonts_that_an_ass_document_names_in_vain_are_said() -> None:
    drawing = draw_given(parse_given(given_ass("Nonesuch Sans"), 2.0), WIDTH, HEIGHT)
    assert drawing.warnings == ("the captions name fonts that are not installed: Nonesuch Sans",)


@pytest.mark.parametrize(("text", "mark"), [("كل صباح", "."), ("שלום עולם", "!")])
def test_rows_of_scripts_from_right_to_left_end_on_the_left(text: str, mark: str) -> None:
    look = CaptionSettings(font_size=40, outline_width=0, alignment="right", x=600, y=180)

    def drawn(words: str) -> Picture:
        drawing = draw_captions([caption(Cue(0.0, 2.0, words))], WIDTH, HEIGHT, look)
        return ink(picture_of(drawing))

    bare, ended = drawn(text), drawn(text + mark)
    assert box(ended)[0] < box(bare)[0] - 3, "the mark is at the left end"
    left = box(bare)[0] + 2
    assert (bare[:, left:] == ended[:, left:]).mean() > 0.999, "and nothing else has moved"


def test_numbers_inside_arabic_read_from_left_to_right() -> None:
    look = CaptionSettings(font_size=40, outline_width=0, x=320, y=180)

    def drawn(words: str) -> Picture:
        drawing = draw_captions([caption(Cue(0.0, 2.0, words))], WIDTH, HEIGHT, look)
        return ink(picture_of(drawing))

    row = drawn("عام 2014 سلام")

    def found(number: str) -> float:
        """How much of the number, as it stands by itself, is in the row at the best place."""
        alone = drawn(number)
        left, top, right, bottom = box(alone)
        part = alone[top:bottom, left:right]
        return max(
            float((row[y : y + part.shape[0], x : x + part.shape[1]] == part).mean())
            for y in range(top - 8, top + 8)
            for x in range(100, WIDTH - part.shape[1] - 100)
        )

    assert found("2014") > 0.93
    assert found("4102") < 0.88


@pytest.mark.skipif("Noto Sans Devanagari" not in fonts(), reason="no font of Devanagari")
def test_conjuncts_are_shaped() -> None:
    look = CaptionSettings(font_size=60, outline_width=0)

    def width(words: str) -> int:
        drawing = draw_captions([caption(Cue(0.0, 2.0, words))], WIDTH, HEIGHT, look)
        left, _, right, _ = box(ink(picture_of(drawing)))
        return right - left

    parted = width("क") + width("ष")
    assert width("क्ष") < 0.8 * parted, "one sign, not two letters with a virama"


def test_letters_of_arabic_join() -> None:
    look = CaptionSettings(font_size=60, outline_width=0)

    def runs(words: str) -> int:
        drawing = draw_captions([caption(Cue(0.0, 2.0, words))], WIDTH, HEIGHT, look)
        columns = ink(picture_of(drawing)).any(axis=0).astype(int)
        return int((np.diff(columns) == 1).sum())

    assert runs("سلم") == 1
    assert runs("س ل م") == 3
