"""Captions on a film: which are taken, what is made for them and what not, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from media_pipeline.errors import (
    InvalidCaptions,
    InvalidParameter,
    MediaPipelineError,
    NoEngineForLanguage,
    UnknownFont,
)
from media_pipeline.media.decode import decode
from media_pipeline.media.probe import probe
from media_pipeline.production.captioning import CAPTION, captions_of, prepare, wishes, write_frame
from media_pipeline.text.cues import Cue, Word
from media_pipeline_tests.generators import artifacts
from media_pipeline_tests.generators.hands import Lake
from media_pipeline_tests.generators.video import ffmpeg

SRT = "1\n00:00:01,000 --> 00:00:02,000\nHello there\n"
OWN = [Cue(1.0, 2.0, "Hello there"), Cue(2.0, 2.5, "♪")]
WORDS = [Word(1.1, 1.4, "Hello", 1.0, "t"), Word(1.5, 1.9, "there", 1.0, "t")]


@pytest.fixture(scope="module")
def grey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("grey") / "film.mp4"
    grey = "color=gray:s=320x180:r=25:d=3"
    ffmpeg("-f", "lavfi", "-i", grey, "-c:v", "libx264", "-g", "25", "-pix_fmt", "yuv420p", path)
    return path


def canonical(folder: Path, cues: list[Cue], source: str) -> Any:
    made = artifacts.captions(folder, cues, source)
    return SimpleNamespace(
        human=source == "human", facts={"source": source}, table=made.table, reason=None
    )


def test_captions_that_are_there_need_no_words_unless_the_style_moves(
    grey: Path, tmp_path: Path
) -> None:
    nobody = NoEngineForLanguage("xx")
    lake = Lake(grey, captions=canonical(tmp_path / "c", OWN, "human"), words=nobody)
    info = probe(grey)
    for style in ("classic", "box"):
        given = captions_of(lake.job(tmp_path), info, wishes({"settings": {"style": style}}))
        assert [c.text for c in given.captions] == ["Hello there", "♪"]
    assert lake.asked == [], "neither words nor speech were made"
    with pytest.raises(NoEngineForLanguage):
        captions_of(lake.job(tmp_path), info, wishes({"settings": {"style": "pop"}}))
    estimate = wishes({"settings": {"style": "pop", "estimate_word_times": True}})
    assert len(captions_of(lake.job(tmp_path), info, estimate).captions) == 2


def test_words_that_are_said_give_their_times_to_captions(grey: Path, tmp_path: Path) -> None:
    words = artifacts.words(tmp_path / "w", WORDS)
    lake = Lake(grey, captions=canonical(tmp_path / "c", OWN, "human"), words=words)
    given = captions_of(lake.job(tmp_path), probe(grey), wishes({"settings": {"style": "pop"}}))
    spoken, sign = given.captions
    assert [(p.text, p.start, p.end) for p in spoken.pieces] == [
        ("Hello", 1.1, 1.4),
        ("there", 1.5, 1.9),
    ]
    assert sign.timed, "a caption that nobody says is shown all the same"


def test_nothing_is_transcribed_as_a_success(grey: Path, tmp_path: Path) -> None:
    lake = Lake(grey, words=NoEngineForLanguage("xx"))
    with pytest.raises(NoEngineForLanguage, match="xx"):
        prepare({}).work(lake.job(tmp_path))
    assert not list(tmp_path.iterdir())


def test_a_film_is_drawn_with_all_that_is_asked(grey: Path, tmp_path: Path) -> None:
    task = prepare(
        {
            "captions": SRT,
            "settings": {"position": "top_center", "line_color": "#FF0000"},
            "replace": [{"find": "hello", "replace": "Goodbye"}],
            "exclude_time_ranges": [{"start": "00:00:01.200", "end": "00:00:01.400"}],
            "language": None,
        }
    )
    result = task.work(Lake(grey).job(tmp_path))
    assert result["Captions"] == 1
    assert 0 < result["CodedAnew"] < 1
    for frame in decode(tmp_path / "out.mp4"):
        inked = np.abs(frame.bgr().astype(int) - 128).max(axis=(1, 2)) > 80
        time = frame.time + 1e-6
        assert inked[:90].any() == (1.0 <= time < 1.2 or 1.4 <= time < 2.0), f"at {time:.2f}"
        assert not inked[90:].any()


def test_captions_at_an_address_are_fetched_by_others(grey: Path, tmp_path: Path) -> None:
    task = prepare({"captions": " https://host/film.srt?x=1 "})
    assert task.files == {"captions": "https://host/film.srt?x=1"}
    (tmp_path / "fetched").write_text(SRT)
    out = tmp_path / "out"
    out.mkdir()
    job = replace(Lake(grey).job(out), files={"captions": tmp_path / "fetched"})
    assert task.work(job)["Captions"] == 1
    (tmp_path / "fetched").write_text("no captions at all")
    with pytest.raises(InvalidCaptions, match="not a subtitle file"):
        task.work(job)
    assert prepare({"captions": "see https://host/film.srt"}).files == {}


def test_a_transparent_film_is_not_put_on_black_unasked(tmp_path: Path) -> None:
    film = tmp_path / "film.mov"
    clear = "color=red@0.25:s=160x90:r=25:d=0.4,format=argb"
    ffmpeg("-f", "lavfi", "-i", clear, "-c:v", "qtrle", film)
    task = prepare({"captions": "Hello"})
    with pytest.raises(InvalidParameter, match=r"\.mov or \.webm"):
        task.work(Lake(film).job(tmp_path / "out"))
    job = replace(Lake(film).job(tmp_path), name="out.mov")
    assert task.work(job)["Why"] == "its picture is transparent"


def test_one_frame_needs_no_lake(grey: Path, tmp_path: Path) -> None:
    asked, info = wishes({"captions": "Hello"}), probe(grey)
    given = asked.given(info.duration)
    assert given is not None
    write_frame(grey, info, given, asked, 1.5, tmp_path / "frame.png", lambda _: None)
    picture = cv2.imread(str(tmp_path / "frame.png"))
    assert picture is not None
    assert (np.abs(picture.astype(int) - 128) > 80).any()


@pytest.mark.parametrize(
    ("values", "kind", "says"),
    [
        ({"caption": "x"}, InvalidParameter, "exclude_time_ranges"),
        ({"captions": 3}, InvalidParameter, "captions is no text"),
        ({"language": ["en"]}, InvalidParameter, "language is no text"),
        ({"captions": ""}, InvalidCaptions, "holds nothing"),
        ({"captions": "WEBVTT\n\n"}, InvalidCaptions, "no"),
        ({"captions": SRT, "settings": {"style": "pop"}}, InvalidParameter, "estimate_word_times"),
        ({"settings": {"font_family": "Nope"}}, UnknownFont, "'Nope'"),
        ({"settings": []}, InvalidParameter, "no object"),
        ({"replace": [{"find": "", "replace": ""}]}, InvalidParameter, "empty find"),
        ({"exclude_time_ranges": [{"start": "1", "end": "2"}]}, InvalidParameter, "hh:mm:ss.ms"),
    ],
)
def test_what_is_wrong_is_said_before_any_work(
    values: dict[str, Any], kind: type[MediaPipelineError], says: str
) -> None:
    with pytest.raises(kind, match=says):
        CAPTION.prepare(values)


def test_text_that_names_a_file_is_only_text() -> None:
    given = wishes({"captions": "/etc/hostname.srt"}).given(3.0)
    assert given is not None
    assert given.captions[0].text == "/etc/hostname.srt"
