"""ASS documents as users give them: kept as styled, harmless, replaced in and clipped."""

from __future__ import annotations

import pysubs2
import pytest

from media_pipeline.text.ass_given import in_usual_order, own_styling, replace_in_event
from media_pipeline.text.exclusion import TimeRange
from media_pipeline.text.replacing import Replacement

HEAD = """[Script Info]
ScriptType: v4.00+
PlayResX: 640
PlayResY: 360

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, Outline
Style: Own,Lato,44,&H0000FF00,3

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


def document(*events: str) -> str:
    return HEAD + "\n".join(f"Dialogue: 0,{e}" for e in events) + "\n"


@pytest.mark.parametrize(
    ("text", "rules", "expected"),
    [
        (r"{\b1}Hello{\b0} you", [("hello", "Bye")], r"{\b1}Bye{\b0} you"),
        (r"New\NYork now", [("new york", "Paris")], "Paris now"),
        (r"so {\i1}um{\i0} yes", [("um", "")], r"so {\i1}{\i0}yes"),
        (r"um yes", [("um", "")], "yes"),
        (r"yes um", [("um", "")], "yes"),
        (r"a\hb", [("b", "{x}")], r"a\h\{x\}"),
        (r"{\fnfn}fn", [("fn", "x")], r"{\fnfn}x"),
    ],
)
def test_replacing_leaves_tags_alone(
    text: str, rules: list[tuple[str, str]], expected: str
) -> None:
    assert replace_in_event(text, [Replacement(*r) for r in rules]) == expected


def test_styling_is_kept_and_times_are_clipped() -> None:
    given = document(r"0:00:01.00,0:00:05.00,Own,,0,0,0,,{\pos(10,20)\c&HFF&}Hello")
    found = own_styling(given, exclude=[TimeRange(2.0, 3.0)])
    subs = pysubs2.SSAFile.from_string(found.text)
    assert [(e.start, e.end) for e in subs] == [(1000, 2000), (3000, 5000)]
    assert {e.text for e in subs} == {r"{\pos(10,20)\c&HFF&}Hello"}
    assert subs.styles["Own"].fontsize == 44
    assert found.spans == ((1.0, 2.0), (3.0, 5.0))
    assert "Lato" in found.families


def test_what_could_harm_is_taken_out() -> None:
    event = r"0:00:01.00,0:00:02.00,Own,,0,0,0,,{\fs999999\blur99999\bord1e9\fscx99999}Hello"
    given = document(event).replace("44,", "4400000,") + "\n[Fonts]\nfontname: x.ttf\n!!!!\n"
    found = own_styling(given)
    assert "[Fonts]" not in found.text
    subs = pysubs2.SSAFile.from_string(found.text)
    assert subs.styles["Own"].fontsize <= 4 * 360
    assert subs[0].text.startswith(r"{\fs1440\blur20")
    assert "99999" not in subs[0].text


def test_comments_and_events_that_lose_all_text_are_left_out() -> None:
    given = (
        document(
            "0:00:01.00,0:00:02.00,Own,,0,0,0,,um",
            "0:00:03.00,0:00:03.00,Own,,0,0,0,,short",
            "0:00:04.00,0:00:05.00,Own,,0,0,0,,stays",
        )
        + "Comment: 0,0:00:06.00,0:00:07.00,Own,,0,0,0,,note\n"
    )
    found = own_styling(given, [Replacement("um", "")])
    assert found.spans == ((4.0, 5.0),)


def test_a_document_in_the_usual_order_stays_as_it_is() -> None:
    text = str(
        pysubs2.SSAFile.from_string("1\n00:00:01,000 --> 00:00:02,000\na, b").to_string("ass")
    )
    assert in_usual_order(text).replace(" ", "") == text.replace(" ", "")
