"""Subtitle files of captions."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from media_pipeline.errors import NoCaptionsFound
from media_pipeline.stages.captions import CAPTION_FILES, write_caption_files
from media_pipeline.stages.captions.files import Params, in_language
from media_pipeline.stages.tables import CAPTIONS
from media_pipeline.text.cues import Cue
from media_pipeline.text.formats import read_cues
from media_pipeline_tests.generators.artifacts import captions, empty, run_stage

CUES = [Cue(0.2, 0.8, "你好\nHello"), Cue(0.8, 1.2, "2016"), Cue(1.2, 1.9, "只有中文")]


def test_the_default_formats_hold_the_same_cues(tmp_path: Path) -> None:
    files = write_caption_files(CUES, tmp_path)
    assert [file.name for file in files] == ["captions.srt", "captions.vtt", "captions.ass"]
    for file in files:
        found = read_cues(file)
        assert [cue.text for cue in found] == [cue.text for cue in CUES]
        assert [(c.start, c.end) for c in found] == [(c.start, c.end) for c in CUES]


def test_languages_go_to_files_of_their_own(tmp_path: Path) -> None:
    files = write_caption_files(CUES, tmp_path, Params(sep=True, formats=["srt"]))
    assert [file.name for file in files] == ["captions.zh.srt", "captions.en.srt"]
    chinese, english = (read_cues(file) for file in files)
    assert [cue.text for cue in chinese] == ["你好", "2016", "只有中文"]
    assert [cue.text for cue in english] == ["Hello", "2016"]


def test_the_prefix_stands_before_each_cue(tmp_path: Path) -> None:
    (file,) = write_caption_files(CUES, tmp_path, Params(formatter=r"{\an8}", formats=["srt"]))
    assert file.read_text(encoding="utf-8").count(r"{\an8}") == len(CUES)


def test_a_format_named_twice_is_written_once(tmp_path: Path) -> None:
    assert len(write_caption_files(CUES, tmp_path, Params(formats=["vtt", "vtt"]))) == 1


@pytest.mark.parametrize(
    "wrong", [{"formats": []}, {"formats": ["doc"]}, {"formatter": "a\nb"}, {"formatter": "x" * 65}]
)
def test_wrong_parameters_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Params.model_validate(wrong)


def test_rows_of_no_language_belong_to_every_one() -> None:
    assert in_language([Cue(0, 1, "7:30"), Cue(1, 2, "七点半")], "en") == [Cue(0, 1, "7:30")]


def test_the_stage_warns_of_a_language_without_captions(clip: Path, tmp_path: Path) -> None:
    given = captions(tmp_path / "c", [CUES[2]])
    made = run_stage(
        CAPTION_FILES,
        clip,
        tmp_path / "out",
        {"captions": given},
        Params(sep=True, formats=["srt"]),
    )
    assert made.facts["files"] == ["captions.zh.srt"]


def test_no_captions_are_no_files_and_the_reason_says_why(clip: Path, tmp_path: Path) -> None:
    none = empty(tmp_path / "c", NoCaptionsFound("nothing was found"), captions=CAPTIONS)
    with pytest.raises(NoCaptionsFound, match="nothing was found"):
        run_stage(CAPTION_FILES, clip, tmp_path / "out", {"captions": none})
    russian = captions(tmp_path / "f", [Cue(0, 1, "Где ты?")])
    with pytest.raises(NoCaptionsFound, match="no captions in Chinese or English"):
        run_stage(CAPTION_FILES, clip, tmp_path / "out2", {"captions": russian}, Params(sep=True))
