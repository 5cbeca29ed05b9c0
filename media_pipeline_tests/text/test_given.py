"""Captions as users give them: files, words with times, plain text, and what is none of these."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from media_pipeline.errors import EmptyMedia, InvalidCaptions, MediaNotFound
from media_pipeline.text.given import parse_given, read_given

SRT = """1
00:00:01,000 --> 00:00:03,000
<i>Hello</i> you, <b>dear <u>world</u></b>
{\\an8}{\\fs200}{\\p1}second row

2
00:00:04,000 --> 00:00:05,000
&lt;b&gt; <font color="red">red</font>
"""


def test_plain_text_is_one_caption_over_the_whole_film() -> None:
    (only,) = parse_given("  Hello {\\fs99}\n\n  there ", 7.5).captions
    assert (only.start, only.end, only.timed) == (0.0, 7.5, False)
    assert only.text == "Hello {\\fs99}\nthere"


@pytest.mark.parametrize("text", ["[music]", "{\\an8}hi", "12", "null", "a --> b"])
def test_brackets_and_arrows_alone_are_text(text: str) -> None:
    (only,) = parse_given(text, 1.0).captions
    assert only.text == text


def test_italics_become_style_and_hostile_tags_nothing() -> None:
    first, second = parse_given(SRT, 9.0).captions
    assert first.text == "Hello you, dear world\nsecond row"
    looks = {p.text: (p.italic, p.bold, p.underline) for p in first.pieces}
    assert looks["Hello"] == (True, False, False)
    assert looks["dear"] == (False, True, False)
    assert looks["world"] == (False, True, True)
    assert looks["you,"] == looks["second"] == (False, False, False)
    assert second.text == "<b> red"


def test_the_text_of_a_file_is_recognised_without_a_name() -> None:
    assert len(parse_given(SRT.replace("\n", "\r\n"), 9.0).captions) == 2
    vtt = "WEBVTT\n\n00:01.000 --> 00:02.000 line:0\n<v Ann><i>hey</i>\n"
    (cue,) = parse_given(vtt, 9.0).captions
    assert cue.text == "hey"
    assert cue.pieces[0].italic
    ass = (
        "[Script Info]\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, "
        "MarginV, Effect, Text\nDialogue: 0,0:00:01.00,0:00:02.00,D,,0,0,0,,hi"
    )
    assert parse_given(ass, 9.0).ass == ass


@pytest.mark.parametrize("shape", ["list", "words", "segments", "cues"])
def test_words_with_times(shape: str) -> None:
    texts = ["Well,", "hello", "there."]
    words = [{"word": w, "start": 1 + i, "end": 1.5 + i} for i, w in enumerate(texts)]
    cue = {"start": 1.0, "end": 4.0, "text": " ".join(texts), "words": words}
    data = {
        "list": words,
        "words": {"words": words},
        "segments": {"segments": [cue]},
        "cues": [cue],
    }
    (found,) = parse_given(json.dumps(data[shape]), 9.0).captions
    assert found.timed
    assert found.text == "Well, hello there."
    assert [(p.start, p.end) for p in found.pieces] == [(1.0, 1.5), (2.0, 2.5), (3.0, 3.5)]


def test_a_word_that_was_not_heard_has_the_time_between_its_neighbours() -> None:
    words = [{"word": w, "start": s, "end": s + 1} for w, s in (("one", 0.0), ("three", 2.0))]
    cue = {"start": 0.0, "end": 3.0, "text": "one two three", "words": words}
    (found,) = parse_given(json.dumps([cue]), 9.0).captions
    assert [(p.start, p.end) for p in found.pieces] == [(0.0, 1.0), (1.0, 2.0), (2.0, 3.0)]


def test_files_and_texts_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text(SRT)
    assert len(read_given(str(tmp_path / "a.srt"), 9.0).captions) == 2
    (tmp_path / "note.txt").write_text("Only text")
    (only,) = read_given(str(tmp_path / "note.txt"), 9.0).captions
    assert (only.text, only.end) == ("Only text", 9.0)
    (only,) = read_given("Watch film.srt now!", 9.0).captions
    assert only.text == "Watch film.srt now!"
    with pytest.raises(MediaNotFound, match=r"missing\.srt"):
        read_given("missing.srt", 9.0)


@pytest.mark.parametrize("text", ["", "   \n ", "WEBVTT\n\n"])
def test_captions_without_text_are_refused(text: str) -> None:
    with pytest.raises(InvalidCaptions):
        parse_given(text, 9.0)


def test_files_that_hold_nothing_are_refused(tmp_path: Path) -> None:
    for name, data, error in (
        ("empty.srt", b"", EmptyMedia),
        ("blank.srt", b"\xef\xbb\xbf \n", EmptyMedia),
        ("none.srt", b"no captions here", InvalidCaptions),
        ("film.mp4", b"\0\0\0\x18ftypmp42" * 9, InvalidCaptions),
        ("bad.json", b'[{"word": "a", "start": 2, "end": 1}]', InvalidCaptions),
        ("huge.json", b'[{"word": "a", "start": 1e999, "end": 1e999}]', InvalidCaptions),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(error, match=name.partition(".")[0]):
            read_given(str(tmp_path / name), 9.0)
