"""Subtitle files: what is written is read back, and anything else is refused in one line."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pysubs2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ttconv.imsc.reader import to_model
from ttconv.model import Br, P, Text

from media_pipeline.errors import EmptyMedia, InvalidCaptions, InvalidParameter, MediaNotFound
from media_pipeline.media.geometry import Box
from media_pipeline.text.cues import Cue, Word
from media_pipeline.text.formats import (
    FORMATS,
    format_cues,
    format_of,
    parse_cues,
    read_cues,
    write_cues,
)

CUES = [
    Cue(0.25, 2.5, "你好吗？\nHow are you?"),
    Cue(2.5, 4.125, "5 < 6 & 7 > 3, {really} \\o/"),
    Cue(3661.001, 3663.999, "快跑 他们来了……"),
]


def times_and_text(cues: list[Cue]) -> list[tuple[float, float, str]]:
    return [(round(c.start, 3), round(c.end, 3), c.text) for c in cues]


@pytest.mark.parametrize("format", ["srt", "vtt", "json", "ttml"])
def test_round_trip(format: str) -> None:
    assert times_and_text(parse_cues(format_cues(CUES, format))) == times_and_text(CUES)


def test_ass_keeps_times_to_the_centisecond_and_text_as_drawn() -> None:
    cues = parse_cues(format_cues(CUES, "ass"))
    assert [c.text for c in cues] == [c.text for c in CUES]
    for found, cue in zip(cues, CUES, strict=True):
        assert (found.start, found.end) == pytest.approx((cue.start, cue.end), abs=0.0051)


def test_json_keeps_how_a_caption_was_read() -> None:
    read = [Cue(0.5, 1.5, "<b>你好</b> &amp;", 0.4321, Box(0.25, 0.8, 0.5, 0.0625), True), CUES[0]]
    assert parse_cues(format_cues(read, "json")) == [CUES[0], read[0]]
    assert set(json.loads(format_cues([CUES[0]], "json"))["cues"][0]) == {"start", "end", "text"}
    with pytest.raises(InvalidCaptions):
        parse_cues('[{"start": 0, "end": 1, "text": "a", "box": [0, 1]}]', "json")


@pytest.mark.parametrize("format", ["vtt", "ass", "json"])
def test_text_that_looks_like_markup_is_text(format: str) -> None:
    cues = [Cue(1, 2, "<script>alert(1)</script> &lt; <i>")]
    if format != "vtt":
        cues.append(Cue(3, 4, "{\\an8} and \\N are no tags"))
    assert times_and_text(parse_cues(format_cues(cues, format))) == times_and_text(cues)


def test_ttml_is_xml_with_every_row() -> None:
    root = ElementTree.fromstring(format_cues(CUES, "ttml", language="zh"))
    paragraphs = list(root.iter("{http://www.w3.org/ns/ttml}p"))
    assert [p.get("begin") for p in paragraphs] == ["00:00:00.250", "00:00:02.500", "01:01:01.001"]
    assert "5 < 6 & 7 > 3" in "".join(paragraphs[1].itertext())
    assert root.get("{http://www.w3.org/XML/1998/namespace}lang") == "zh"


def test_json_gives_each_word_to_the_cue_of_its_middle() -> None:
    words = [Word(0.3, 0.5, "How", 0.9, "x"), Word(2.4, 2.7, "really", 0.8, "x")]
    cues = json.loads(format_cues(CUES, "json", words=words))["cues"]
    assert [[w["word"] for w in c["words"]] for c in cues] == [["How"], ["really"], []]


def test_no_word_is_lost_between_cues() -> None:
    words = [Word(t, t + 0.2, str(t), 0.9, "x") for t in (0.0, 2.41, 100.0, 4000.0)]
    cues = json.loads(format_cues(CUES, "json", words=words))["cues"]
    assert [[w["word"] for w in c["words"]] for c in cues] == [
        ["0.0"],
        ["2.41", "100.0"],
        ["4000.0"],
    ]


def test_the_list_that_ice_answers_with_is_read_back() -> None:
    found = json.loads(format_cues(CUES, "asr.json"))
    assert found[0] == {"content": "你好吗？How are you?", "from": 0.25, "to": 2.5}
    assert [c.start for c in parse_cues(json.dumps(found))] == [0.25, 2.5, 3661.001]


def test_words_alone() -> None:
    words = [Word(0.3, 0.5, "How", 0.9, "x")]
    assert json.loads(format_cues(CUES, "words.json", words=words)) == [words[0].as_json()]


def test_imsc_opens_in_ttconv_without_loss(tmp_path: Path) -> None:
    write_cues(CUES, tmp_path / "a.ttml", language="zh")
    document = to_model(ElementTree.parse(tmp_path / "a.ttml"))
    assert document is not None
    shown = list(document.get_body().dfs_iterator())
    paragraphs = [e for e in shown if isinstance(e, P)]
    assert [(float(p.get_begin()), float(p.get_end())) for p in paragraphs] == [
        (c.start, c.end) for c in CUES
    ]
    for paragraph, cue in zip(paragraphs, CUES, strict=True):
        parts = [
            "\n" if isinstance(e, Br) else e.get_text() if isinstance(e, Text) else ""
            for e in paragraph.dfs_iterator()
        ]
        assert "".join(parts) == cue.text


@pytest.mark.parametrize("format", ["srt", "vtt", "ass"])
def test_files_open_in_pysubs2_without_loss(tmp_path: Path, format: str) -> None:
    write_cues(CUES, tmp_path / f"a.{format}")
    events = pysubs2.load(str(tmp_path / f"a.{format}"))
    assert len(events) == len(CUES)
    for event, cue in zip(events, CUES, strict=True):
        assert event.start / 1000 == pytest.approx(cue.start, abs=0.0051)
        assert event.end / 1000 == pytest.approx(cue.end, abs=0.0051)
    assert events[2].plaintext == CUES[2].text


@pytest.mark.parametrize(
    ("name", "format"),
    [("a.srt", "srt"), ("a.words.json", "words.json"), ("A.ASR.JSON", "asr.json"),
     ("a.json", "json"), ("a.dfxp", "ttml"), ("a.mp4", "")],
)  # fmt: skip
def test_a_name_says_its_format(name: str, format: str) -> None:
    assert format_of(Path(name)) == format


def test_xml_that_is_no_ttml_is_refused() -> None:
    for text in (
        "<tt><body>",
        '<?xml version="1.0"?><!DOCTYPE tt [<!ENTITY a "aaaa">]><tt>&a;</tt>',
        '<tt xmlns="http://example.com/other"/>',
    ):
        with pytest.raises(InvalidCaptions):
            parse_cues(text, "ttml")


def test_prefix_goes_before_every_cue() -> None:
    assert format_cues(CUES, "srt", prefix="{\\an8}").count("{\\an8}") == len(CUES)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 10**7),
            st.integers(1, 10**4),
            st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_any_letters_survive_srt(rows: list[tuple[int, int, str]]) -> None:
    cues = sorted(
        (Cue(s / 1000, (s + d) / 1000, t) for s, d, t in rows), key=lambda c: (c.start, c.end)
    )
    assert times_and_text(parse_cues(format_cues(cues, "srt"))) == times_and_text(cues)


def test_markup_is_dropped() -> None:
    srt = "1\n00:00:01,000 --> 00:00:02,000\n{\\an8}<i>Hello</i> <font color=red>you</font>\n"
    assert parse_cues(srt)[0].text == "Hello you"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.srt"
    path.write_text("1\n00:00:01,000 --> 00:00:02,000\n我们走吧\n", encoding=encoding)
    assert read_cues(path)[0].text == "我们走吧"


def test_crlf_and_missing_numbers(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    path.write_bytes(
        b"00:00:01,000 --> 00:00:02,000\r\nOne\r\n\r\n00:00:03,000 --> 00:00:04,000\r\nTwo\r\n"
    )
    assert [c.text for c in read_cues(path)] == ["One", "Two"]


@pytest.mark.parametrize(
    ("text", "format"),
    [
        ("no subtitles here", None),
        ("{broken", "json"),
        ("[]", "json"),
        ("WEBVTT\n", None),
        ('{"cues": [{"start": 1}]}', None),
    ],
)
def test_what_is_no_subtitle_file_is_refused(text: str, format: str | None) -> None:
    with pytest.raises(InvalidCaptions) as caught:
        parse_cues(text, format)
    assert "\n" not in str(caught.value)


def test_missing_and_empty_files(tmp_path: Path) -> None:
    with pytest.raises(MediaNotFound):
        read_cues(tmp_path / "none.srt")
    (tmp_path / "empty.srt").write_text(" \n")
    with pytest.raises(EmptyMedia):
        read_cues(tmp_path / "empty.srt")


def test_unknown_format_names_the_known_ones() -> None:
    with pytest.raises(InvalidParameter, match="srt, vtt"):
        format_cues(CUES, "doc")


@pytest.mark.parametrize("format", FORMATS)
def test_writing_leaves_only_the_file(tmp_path: Path, format: str) -> None:
    write_cues(CUES, tmp_path / f"a.{format}")
    assert [p.name for p in tmp_path.iterdir()] == [f"a.{format}"]
