from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from media_pipeline.errors import InvalidParameter
from media_pipeline.production.captions import write_captions
from media_pipeline.production.functions import FUNCTIONS
from media_pipeline.stages.captions import OCR_CUES
from media_pipeline.text.cues import Cue

FPS = OCR_CUES.params.model_json_schema()["properties"]["fps"]


@pytest.mark.parametrize(
    ("function", "params", "line"),
    [
        (
            "CaptionExtraction",
            {"fps": 30},
            f"'JobParams.fps' is invalid, input: 30, "
            f"value range: {FPS['minimum']}-{FPS['maximum']}",
        ),
        ("CaptionExtraction", {"lang": "fr"}, "'JobParams.lang' is invalid, input: \"fr\""),
        ("CaptionExtraction", {"track": "all"}, "value range: main"),
        ("CaptionExtraction", {"roi": [[1, 0], [0, 1]]}, "'JobParams.roi' is invalid"),
        ("CaptionExtraction", {"roi": "bottom"}, "'JobParams.roi' is invalid"),
        ("CaptionExtraction", {"Speed": 1}, "'JobParams.Speed' is invalid"),
        ("VideoDetext", {"LimitRegion": [[0, 0, 2, 1]]}, "'JobParams.LimitRegion' is invalid"),
        ("VideoH2V", {"ratio": 0}, "'JobParams.ratio' is invalid, input: 0"),
        ("Cover", {"Model": "png"}, "'JobParams.Model' is invalid, input: \"png\""),
        ("VideoDelogo", {"LogoModel": "tv,film"}, "value range: tv | internet"),
        ("VideoDelogo", {"Boxes": [[0, 0, 2, 1]]}, "'JobParams.Boxes' is invalid"),
        ("VideoDelogo", {"Boxes": "left"}, "'JobParams.Boxes' is invalid, input: \"left\""),
        ("VideoDelogo", {"Boxes": [[0, 0, 0.1, 0.1]] * 3}, "value range: one or two [xmin"),
        ("VideoDetext", {"LimitRegion": "bottom"}, "'JobParams.LimitRegion' is invalid"),
        ("VideoDetext", {"Time": [20, 5]}, "'JobParams.Time' is invalid"),
        ("FaceBeauty", {"beauty_params": "glow=3"}, "'JobParams.beauty_params.glow' is invalid"),
        (
            "FaceBeauty",
            {"beauty_params": "whiten=101"},
            "'JobParams.beauty_params.whiten' is invalid, input: \"101\", value range: 0-100",
        ),
        (
            "FaceBeauty",
            {"beauty_params": "smooth=a"},
            "'JobParams.beauty_params.smooth' is invalid",
        ),
        ("FaceBeauty", {"beauty_params": "eye_size=20"}, "beauty_params.eye_size' is invalid"),
        ("FaceBeauty", {"beauty_params": "smile=-1"}, "beauty_params.smile' is invalid"),
        ("FaceBeauty", {"beauty_params": "whiten"}, "'JobParams.beauty_params' is invalid"),
        ("FaceBeauty", {"beauty_params": "smooth=1,smooth=2"}, "'JobParams.beauty_params'"),
        ("FaceBeauty", {"beauty_params": 5}, "'JobParams.beauty_params"),
        ("FaceBeauty", {"strength": 5}, "'JobParams.strength' is invalid"),
        ("VideoGreenScreenMatting", {"bgimage": 7}, "'JobParams.bgimage' is invalid, input: 7"),
        ("VideoGreenScreenMatting", {"fit": "zoom"}, "value range: fill | fit"),
        ("VideoGreenScreenMatting", {"colour": "red"}, "'JobParams.colour' is invalid"),
        ("VideoClip", {"duration": 0}, "'JobParams.duration' is invalid, input: 0"),
        ("VideoClip", {"duration": float("nan")}, "'JobParams.duration' is invalid"),
    ],
)
def test_wrong_parameters_are_named_with_their_range(
    function: str, params: dict[str, Any], line: str
) -> None:
    with pytest.raises(InvalidParameter) as caught:
        FUNCTIONS[function].prepare(params)
    assert line in str(caught.value)


def test_right_parameters_are_taken() -> None:
    FUNCTIONS["CaptionExtraction"].prepare({"fps": 10, "sep": False, "roi": [[0.5, 1], [0, 1]]})
    FUNCTIONS["CaptionExtraction"].prepare({"track": None, "formatter": "{\\an8}"})
    FUNCTIONS["CaptionExtraction"].prepare(
        dict.fromkeys(("fps", "roi", "lang", "track", "formatter"))
    )
    FUNCTIONS["VideoClip"].prepare({})
    for text in (None, "", "whiten=20,smooth=50", " Whiten = 0 , smile=0,", {"smooth": 5}):
        FUNCTIONS["FaceBeauty"].prepare({"beauty_params": text})
    assert FUNCTIONS["VideoGreenScreenMatting"].prepare({"bgimage": ""}).suffixes == (".webm",)
    composed = FUNCTIONS["VideoGreenScreenMatting"].prepare({"BGImage": "s3://b/a.png"})
    assert (composed.suffixes, composed.files) == ((".mp4",), {"bgimage": "s3://b/a.png"})
    for boxes in ([0, 0, 0.2, 0.1], [[0, 0, 0.2, 0.1]], "[[0, 0, 0.2, 0.1], [0.8, 0, 0.2, 0.1]]"):
        FUNCTIONS["VideoDelogo"].prepare({"boxes": boxes})
    FUNCTIONS["VideoDetext"].prepare({"LimitRegion": [0, 0.5, 1, 0.5], "Time": [5, 20]})
    FUNCTIONS["VideoDetext"].prepare({"limitregion": [[0, 0.5, 1, 0.5]], "time": [[1, 2], [4, 5]]})


@pytest.mark.parametrize(
    ("name", "files"),
    [("a.srt", ["a_en.srt", "a_zh.srt"]), ("{resultType}-a.srt", ["en-a.srt", "zh-a.srt"])],
)
def test_separated_captions_are_one_file_per_language(
    tmp_path: Path, name: str, files: list[str]
) -> None:
    cues = [Cue(0.0, 1.0, "你好\nHello"), Cue(1.0, 2.0, "Bye")]
    write_captions(cues, tmp_path / name, separate=True, prefix="{\\an8}")
    assert sorted(path.name for path in tmp_path.iterdir()) == files
    english, chinese = ((tmp_path / file).read_text(encoding="utf-8") for file in files)
    assert "{\\an8}Hello" in english
    assert "Bye" in english
    assert "你好" in chinese
    assert "Hello" not in chinese
