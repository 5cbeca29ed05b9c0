"""ASS documents: escaping, times, colours, sizes. What libass draws is tested with burning."""

from __future__ import annotations

import re
from fractions import Fraction

import pysubs2
import pytest

from media_pipeline.media.fonts import find_font, font_scale
from media_pipeline.text.ass import (
    Event,
    Style,
    add_under,
    ass_alpha,
    ass_centis,
    ass_colour,
    document,
    escape_ass,
    recoloured,
    rounded_box,
)
from media_pipeline.text.colours import Colour


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(25), Fraction(30000, 1001), 60])
def test_an_event_shows_exactly_the_frames_from_its_start_to_its_end(rate: Fraction) -> None:
    for first in range(0, 3000, 7):
        start, end = Fraction(first) / rate, Fraction(first + 5) / rate
        begin, stop = (Fraction(ass_centis(float(t)), 100) for t in (start, end))
        shown = [n for n in range(first - 3, first + 9) if begin <= Fraction(n) / rate < stop]
        assert shown == list(range(first, first + 5))


def test_colours() -> None:
    assert ass_colour(Colour(255, 128, 1)) == "&H0180FF&"
    assert ass_alpha(Colour(0, 0, 0, 64)) == "&HBF&"


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
    style = Style("Classic", font, em=40.0, colour=Colour(255, 238, 0, 255), outline=2.5)
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
    assert (read.outline, read.encoding) == (2.5, -1)


def test_sizes_count_the_windows_ascent_and_descent() -> None:
    # Liberation Sans: 1854 + 434 of 2048 units
    font = find_font("x", "Liberation Sans")
    if font.family != "Liberation Sans":
        pytest.skip("Liberation Sans is not installed")
    assert font_scale(font) == pytest.approx((1854 + 434) / 2048, abs=0.01)


def test_a_rounded_box_stays_inside_its_sides() -> None:
    text = rounded_box(100.0, 50.0, 180.0, 80.0, radius=99.0, colour=Colour(255, 210, 74, 127))
    assert r"\pos(100.0,50.0)" in text
    assert r"\1c&H4AD2FF&" in text
    assert r"\1a&H80" in text
    path = re.search(r"\}(m .*)\{", text)
    assert path is not None
    points = [float(p) for p in re.findall(r"-?\d+\.?\d*", path[1])]
    xs, ys = points[0::2], points[1::2]
    assert (min(xs), max(xs), min(ys), max(ys)) == (0.0, 80.0, 0.0, 30.0)


def test_every_colour_of_a_document_is_changed_and_nothing_else() -> None:
    font = find_font("0")
    style = Style("Caption", font, 20.0, colour=Colour(255, 0, 0, 128))
    text = r"{\1c&H0000FF&\3a&H80&}red {\c&HFF&}c&HFF& {\fs20}"
    given = document(640, 360, [style], [Event(0.0, 1.0, text, "Caption")])
    halved = recoloured(given, lambda c: Colour(c.red // 2, c.green, c.blue, c.alpha))
    subs = pysubs2.SSAFile.from_string(halved)
    assert subs.styles["Caption"].primarycolor == pysubs2.Color(127, 0, 0, 127)
    assert subs[0].text == r"{\1c&H00007F&\3a&H80&}red {\c&H00007F&}c&HFF& {\fs20}"


def test_what_is_added_stands_under_what_is_there() -> None:
    style = Style("Caption", find_font("0"), 20.0)
    given = document(640, 360, [style], [Event(1.0, 2.0, "text", "Caption")])
    subs = pysubs2.SSAFile.from_string(add_under(given, [Event(0.5, 2.5, "box", "")]))
    assert [(e.text, e.layer, e.style) for e in subs] == [
        ("box", 0, "Caption"),
        ("text", 1, "Caption"),
    ]
