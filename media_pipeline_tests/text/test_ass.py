"""ASS documents: escaping, times, colours, sizes. What libass draws is tested with burning."""

from __future__ import annotations

import re
from fractions import Fraction

import pysubs2
import pytest

from media_pipeline.errors import InvalidParameter
from media_pipeline.media.fonts import find_font
from media_pipeline.text.ass import (
    Event,
    Style,
    ass_time,
    colour,
    document,
    escape_ass,
    font_scale,
    rounded_box,
)


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(25), Fraction(30000, 1001), 60])
def test_an_event_shows_exactly_the_frames_from_its_start_to_its_end(rate: Fraction) -> None:
    def seconds(text: str) -> Fraction:
        hours, minutes, rest = text.split(":")
        return int(hours) * 3600 + int(minutes) * 60 + Fraction(rest)

    for first in range(0, 3000, 7):
        start, end = Fraction(first) / rate, Fraction(first + 5) / rate
        begin, stop = seconds(ass_time(float(start))), seconds(ass_time(float(end)))
        shown = [n for n in range(first - 3, first + 9) if begin <= Fraction(n) / rate < stop]
        assert shown == list(range(first, first + 5))


@pytest.mark.parametrize(
    ("text", "drawn"),
    [("#ff8000", "&H000080FF"), ("FFFFFF", "&H00FFFFFF"), ("#000000", "&H00000000")],
)
def test_colours(text: str, drawn: str) -> None:
    assert colour(text) == drawn


def test_opacity_is_the_opposite_of_alpha() -> None:
    assert colour("#010203", 0.0) == "&HFF030201"
    assert colour("#010203", 0.25).startswith("&HBF")


@pytest.mark.parametrize("text", ["red", "#fff", "#12345678", "&H00FF00&", r"#ffffff}{\fs99", ""])
def test_other_text_is_no_colour(text: str) -> None:
    with pytest.raises(InvalidParameter, match="write it as #RRGGBB"):
        colour(text)


@pytest.mark.parametrize("text", [r"{\fs200}big", r"a\Nb", r"\{x\}", "}{", "\\", "plain"])
def test_escaped_text_has_no_tags_left(text: str) -> None:
    escaped = escape_ass(text)
    unescaped_brace = re.search(r"(?<!\\)[{}]", escaped)
    assert unescaped_brace is None
    assert not re.search(r"\\[Nnh]", escaped)
    visible = escaped.replace("\u2060", "").replace(r"\{", "{").replace(r"\}", "}")
    assert visible == text


def test_a_document_is_read_back_by_another_library() -> None:
    font = find_font("Hello")
    style = Style("Classic", font, em=40.0, colour="#FFEE00", outline=2.5, margin_vertical=30)
    events = [
        Event(2.0, 3.5, escape_ass("second {\\b1}"), "Classic"),
        Event(0.5, 1.25, escape_ass("first\nrow"), "Classic"),
        Event(4.0, 4.004, "too short to be seen", "Classic"),
    ]
    subs = pysubs2.SSAFile.from_string(document(1280, 720, [style], events))
    assert (subs.info["PlayResX"], subs.info["PlayResY"]) == ("1280", "720")
    assert [(e.start, e.end) for e in subs] == [(500, 1250), (2000, 3500)]
    assert subs[0].text == r"first\Nrow"
    read = subs.styles["Classic"]
    assert read.fontname == font.family
    assert read.fontsize == pytest.approx(40 * font_scale(font), abs=0.01)
    assert (read.primarycolor.r, read.primarycolor.g, read.primarycolor.b) == (255, 238, 0)
    assert (read.outline, read.marginv, read.alignment) == (2.5, 30, 2)


def test_sizes_count_the_windows_ascent_and_descent() -> None:
    # Liberation Sans: 1854 + 434 of 2048 units
    font = find_font("x", "Liberation Sans")
    if font.family != "Liberation Sans":
        pytest.skip("Liberation Sans is not installed")
    assert font_scale(font) == pytest.approx((1854 + 434) / 2048, abs=0.01)


def test_a_rounded_box_stays_inside_its_sides() -> None:
    text = rounded_box(100.0, 50.0, 180.0, 80.0, radius=99.0, rgb="#FFD24A", opacity=0.5)
    assert r"\pos(100.0,50.0)" in text
    assert r"\1c&H4AD2FF&" in text
    assert r"\1a&H80" in text
    path = re.search(r"\}(m .*)\{", text)
    assert path is not None
    points = [float(p) for p in re.findall(r"-?\d+\.?\d*", path[1])]
    xs, ys = points[0::2], points[1::2]
    assert (min(xs), max(xs), min(ys), max(ys)) == (0.0, 80.0, 0.0, 30.0)
