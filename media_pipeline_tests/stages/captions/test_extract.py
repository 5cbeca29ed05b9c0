"""Captions read off generated films, scored against what was burned in."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from media_pipeline.errors import (
    InvalidParameter,
    NoCaptionsFound,
    NoVideoStream,
    PictureTooSmall,
)
from media_pipeline.profiles import checked_params
from media_pipeline.stages.base import Environment, Work
from media_pipeline.stages.captions import OCR_CUES, Extraction, Params, extract_captions
from media_pipeline.stages.tables import OCR_CUES as SPEC
from media_pipeline.stages.tables import check_table
from media_pipeline.text.cues import Cue, cues_from_table
from media_pipeline_tests.generators.artifacts import run_stage
from media_pipeline_tests.generators.captions import (
    WRONG_REGIONS,
    CaptionClip,
    Film,
    Mark,
    Style,
    burn_subtitles,
    make_clip,
)
from media_pipeline_tests.generators.video import (
    ffmpeg,
    rotate_by_metadata,
    vfr_times,
    write_pixel,
    write_video,
)
from media_pipeline_tests.scoring import Score, score_cues

FRAME = 0.0401

CHINESE = [
    Cue(0.4, 1.6, "他今天会来"),
    Cue(1.6, 2.8, "他明天会来"),
    Cue(2.88, 3.48, "没有"),
    Cue(3.52, 4.2, "没有！"),
    Cue(5.0, 6.8, "我在公司加班，到十二点才走"),
    Cue(6.8, 7.2, "好"),
    Cue(7.8, 9.2, "快走，他们追上来了"),
    Cue(9.24, 10.8, "这是第10号实验室"),
]
ENGLISH = [
    Cue(0.32, 2.2, "Where have you been all night?"),
    Cue(2.28, 4.6, "I called your boss an hour ago,\nand he said you left at six."),
    Cue(4.6, 6.2, "All right, I'll tell you the truth."),
    Cue(7.0, 7.6, "Run!"),
    Cue(7.72, 9.6, "It costs $3.50, not $3.80."),
]
BILINGUAL = [
    Cue(0.4, 2.0, "你昨天晚上去了哪里？\nWhere were you last night?"),
    Cue(2.04, 3.4, "我在公司加班\nThey kept us all working."),
    Cue(3.4, 4.2, "别骗我了\nDon't lie to me."),
    Cue(5.0, 6.6, "我给你老板打过电话\nYour boss was on the phone."),
    Cue(6.7, 8.3, "都过去十年了\nTen years have passed."),
]
MARKS = (
    Mark("光影放映室", 0.8, 0.84, 0.04, 0.8),
    Mark("本台消息：今日天气晴朗，气温适宜，请注意防晒。", 1.0, 0.755, 0.05, 1.0, 0.15),
)


def score(clip: CaptionClip, params: Params | None = None) -> tuple[Score, Extraction]:
    found = extract_captions(clip.path, params)
    result = score_cues(clip.cues, found.cues)
    print(clip.path.name, result, found.counts)
    return result, found


@pytest.fixture(scope="module")
def chinese(tmp_path_factory: pytest.TempPathFactory) -> CaptionClip:
    path = tmp_path_factory.mktemp("chinese") / "-a 'strange' %name: 你好.mp4"
    return make_clip(path, Film(CHINESE, 11.2))


@pytest.fixture(scope="module")
def extracted(chinese: CaptionClip) -> Extraction:
    return extract_captions(chinese.path)


# --- what is read -------------------------------------------------------------------------------


@pytest.mark.slow
def test_chinese_captions_with_edits_short_cues_and_no_pauses(
    chinese: CaptionClip, extracted: Extraction
) -> None:
    result = score_cues(chinese.cues, extracted.cues)
    assert result.f1 == 1.0, str(result)
    assert result.cer < 0.02, result.wrong
    assert result.boundary(100) < FRAME


def test_few_samples_are_recognised_or_detected(extracted: Extraction) -> None:
    counts = extracted.counts
    assert counts.frames == 280
    assert counts.sampled == 56
    assert counts.recognised < 0.15 * counts.sampled
    assert counts.detected < 0.5 * counts.sampled
    assert len(CHINESE) <= counts.lines_read <= 2 * len(CHINESE)


@pytest.mark.slow
def test_english_captions_in_one_and_two_lines_on_a_busy_ground(tmp_path: Path) -> None:
    style = Style(size=0.055, colour=(255, 235, 60), family="Liberation Sans")
    film = Film(ENGLISH, 10.0, ground="busy", style=style)
    result, _ = score(make_clip(tmp_path / "clip.mp4", film))
    assert result.f1 == 1.0, str(result)
    assert result.cer < 0.02, result.wrong
    assert result.boundary(100) < FRAME


@pytest.mark.slow
def test_bilingual_rows_are_one_cue_and_marks_and_tickers_none(tmp_path: Path) -> None:
    clip = make_clip(
        tmp_path / "clip.mp4", Film(BILINGUAL, 12.0, size=(960, 540), ground="drift", marks=MARKS)
    )
    result, _ = score(clip)
    assert result.f1 == 1.0, str(result)
    assert result.cer < 0.02, result.wrong
    assert result.boundary(100) < FRAME
    everything = extract_captions(clip.path, Params(track="all"))
    assert any("光影放映室" in cue.text for cue in everything.cues)


def test_fades_end_and_begin_at_half_their_contrast(tmp_path: Path) -> None:
    cues = [Cue(0.4, 2.0, "都过去十年了"), Cue(2.4, 4.0, "十年了你还记得她的生日")]
    result, _ = score(make_clip(tmp_path / "clip.mp4", Film(cues, 4.4, style=Style(fade=0.24))))
    assert result.exact == 2
    assert all(0.04 <= error <= 0.2 for error in result.start_errors)
    assert all(-0.2 <= error <= -0.04 for error in result.end_errors)


def test_captions_drawn_by_libass(tmp_path: Path) -> None:
    cues = [Cue(0.4, 1.6, "一个很久以前认识的人"), Cue(2.0, 3.2, "Only one way to find out.")]
    result, _ = score(burn_subtitles(tmp_path / "clip.mp4", cues, seconds=3.6))
    assert result.exact == 2, str(result)
    assert result.boundary(100) < FRAME


@pytest.mark.slow
def test_the_sampling_rate_does_not_touch_the_times(chinese: CaptionClip) -> None:
    for fps in (3, 10):
        result, _ = score(chinese, Params(fps=fps))
        assert result.boundary(95) < FRAME, f"at {fps} samples per second"


@pytest.mark.slow
def test_nothing_outside_the_region_is_read(chinese: CaptionClip, extracted: Extraction) -> None:
    assert extract_captions(chinese.path, Params(roi=[[0.0, 0.5], [0.0, 1.0]])).cues == []
    whole = extract_captions(chinese.path, Params(roi=[[0.0, 1.0], [0.0, 1.0]]))
    assert [c.text for c in whole.cues] == [c.text for c in extracted.cues]
    for one, other in zip(whole.cues, extracted.cues, strict=True):
        assert one.box is not None
        assert other.box is not None
        assert one.box.intersection(other.box) > 0.6 * one.box.union(other.box).area


def test_only_latin_rows_with_the_language_en(tmp_path: Path) -> None:
    cues = [Cue(0.4, 2.0, "你昨天晚上去了哪里\nWhere were you last night?")]
    clip = make_clip(tmp_path / "clip.mp4", Film(cues, 2.4, size=(960, 540)))
    found = extract_captions(clip.path, Params(lang="en"))
    assert [cue.text for cue in found.cues] == ["Where were you last night?"]


# --- what stands beside the text ----------------------------------------------------------------


def test_boxes_stand_around_the_text_in_the_displayed_picture(extracted: Extraction) -> None:
    for cue in extracted.cues:
        assert cue.box is not None
        assert cue.box.x + cue.box.w / 2 == pytest.approx(0.5, abs=0.03)
        assert 0.85 < cue.box.y < cue.box.bottom <= 1.0
        # Chinese characters are as wide as their size, 6 % of a height of 360 in a width of 640.
        full = sum(1.0 if ord(c) > 0x2E80 else 0.5 for c in cue.text)
        assert cue.box.w == pytest.approx(full * 0.06 * 360 / 640, abs=0.05)


def test_there_is_a_picture_of_every_cue(extracted: Extraction) -> None:
    assert len(extracted.evidence) == len(extracted.cues)
    for crop in (proof.crop for proof in extracted.evidence):
        picture = cv2.imdecode(np.frombuffer(crop, np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None
        assert 20 < picture.shape[0] < 60
        assert picture.max() > 200


def test_each_row_has_its_place_and_each_cue_its_votes(tmp_path: Path) -> None:
    cues = [Cue(0.4, 1.6, "你昨天晚上去了哪里？\nWhere were you last night?")]
    found = extract_captions(make_clip(tmp_path / "clip.mp4", Film(cues, 2.0)).path)
    (cue,), (proof,) = found.cues, found.evidence
    assert cue.text == cues[0].text
    upper, lower = proof.lines
    assert upper.bottom <= lower.y + 0.01
    assert upper.union(lower) == cue.box
    assert found.counts.lines_read >= proof.votes >= 2  # a Latin row is never read only once


# --- files that are not as usual ----------------------------------------------------------------


def test_a_variable_frame_rate_keeps_its_times(chinese: CaptionClip, tmp_path: Path) -> None:
    from media_pipeline.media.decode import decode

    pictures = [frame.bgr() for frame in decode(chinese.path, end=4.4)]
    times = vfr_times(len(pictures))
    write_video(tmp_path / "vfr.mp4", pictures, times=times)

    def moved(time: float) -> float:
        return times[round(time * 25)]

    truth = [Cue(moved(c.start), moved(c.end), c.text) for c in chinese.cues if c.end < 4.4]
    found = extract_captions(tmp_path / "vfr.mp4").cues
    assert [cue.text for cue in found] == [cue.text for cue in truth]
    for true, cue in zip(truth, found, strict=True):
        assert cue.start == pytest.approx(true.start, abs=0.005)
        assert cue.end == pytest.approx(true.end, abs=0.005)


def test_a_film_of_few_frames_is_read_as_well(tmp_path: Path) -> None:
    cues = [Cue(2.0, 4.0, "都过去十年了"), Cue(4.0, 7.0, "十年了你还记得她的生日")]
    film = Film(cues, 9.0, rate=1, ground="still")
    result, _ = score(make_clip(tmp_path / "clip.mp4", film))
    assert result.exact == 2
    assert result.boundary(100) < FRAME


def test_a_film_turned_by_its_metadata_is_read_as_displayed(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", Film(CHINESE[:1], 2.0))
    ffmpeg("-i", clip.path, "-vf", "transpose=2", "-crf", "16", tmp_path / "lying.mp4")
    turned = tmp_path / "turned.mp4"
    rotate_by_metadata(tmp_path / "lying.mp4", turned, 270)
    (cue,) = extract_captions(turned).cues
    assert cue.text == CHINESE[0].text
    assert cue.box is not None
    assert cue.box.y > 0.8


def test_times_count_from_the_start_of_the_container(chinese: CaptionClip, tmp_path: Path) -> None:
    late = tmp_path / "late.mkv"
    ffmpeg("-i", chinese.path, "-c", "copy", "-output_ts_offset", "100", "-t", "3", late)
    assert extract_captions(late).cues[0].start == pytest.approx(0.4, abs=0.005)


def test_sound_alone_has_no_captions(tmp_path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "sine=d=1", tmp_path / "sound.wav")
    with pytest.raises(NoVideoStream):
        extract_captions(tmp_path / "sound.wav")


def test_a_picture_of_one_pixel_is_too_small(tmp_path: Path) -> None:
    with pytest.raises(PictureTooSmall, match=r"1x1 pixels: give .* at least 16"):
        extract_captions(write_pixel(tmp_path / "pixel.mp4"))


# --- the stage ----------------------------------------------------------------------------------


def test_the_stage_writes_its_table_its_crops_and_its_counts(
    chinese: CaptionClip, extracted: Extraction, tmp_path: Path
) -> None:
    shares: list[float] = []
    made = run_stage(OCR_CUES, chinese.path, tmp_path / "out", progress=shares.append)
    table = made.table("cues.parquet")
    assert all(f.passed for f in check_table(table, SPEC, chinese.seconds))
    assert [c.text for c in cues_from_table(table)] == [c.text for c in extracted.cues]
    assert table["crop"].to_pylist() == [f.name for f in made.files("crop_*.jpg")]
    assert made.facts["cues"] == len(extracted.cues)
    assert made.facts["recognised"] == extracted.counts.recognised
    assert shares == sorted(shares)
    assert 0 <= shares[0] < shares[-1] <= 1


def test_a_film_without_captions_is_said_to_have_none(clip: Path, tmp_path: Path) -> None:
    params = Params(roi=[[0.5, 1.0], [0.0, 1.0]])
    with pytest.raises(NoCaptionsFound, match=r"clip.mp4 shows no captions .*: give another roi"):
        run_stage(OCR_CUES, clip, tmp_path / "out", params=params)
    assert not list((tmp_path / "out").iterdir())


def test_auto_is_resolved_to_an_engine_and_the_reason_given(clip: Path, tmp_path: Path) -> None:
    from media_pipeline.media.probe import probe

    def resolve(params: Params) -> tuple[str, str, str]:
        work = Work(clip, probe(clip), {}, params, tmp_path, Environment())
        resolution = OCR_CUES.resolve(work)
        assert isinstance(resolution.params, Params)
        assert resolution.engine is not None
        return resolution.params.engine, resolution.engine["name"], resolution.why

    assert resolve(Params()) == (
        "rapidocr", "rapidocr", "it needs no download and reads Chinese and English with one model",
    )  # fmt: skip
    assert resolve(Params(engine="rapidocr"))[2] == "it was asked for"


_PAIRS = "[[top, bottom], [left, right]], in each pair 0 <= first < second <= 1; or auto"


@pytest.mark.parametrize(
    ("wrong", "allowed"),
    [
        *(({"fps": value}, "2 to 10") for value in (1, 11, "x", 5.5, None, True)),
        *(({"roi": value}, _PAIRS) for value in WRONG_REGIONS),
        ({"roi": "everywhere"}, _PAIRS),
        ({"lang": "fr"}, "one of ch, en, ch_ml"),
        ({"track": "side"}, "one of main, all, auto"),
        ({"min_confidence": 2}, "0.0 to 1.0"),
        ({"engine": "tesseract"}, "one of auto, rapidocr, easyocr"),
    ],
    ids=str,
)
def test_a_wrong_parameter_is_one_line_with_its_name_value_and_range(
    wrong: dict[str, object], allowed: str
) -> None:
    with pytest.raises(InvalidParameter) as caught:
        checked_params(OCR_CUES, wrong)
    ((name, value),) = wrong.items()
    text = str(caught.value)
    assert text.startswith(f"ocr_cues.{name} is {value!r}: ")
    assert f"give {allowed}: " in text
    assert "\n" not in text
