"""Where captions stand, found in the whole picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from media_pipeline.errors import NoCaptionsFound
from media_pipeline.media.decode import decode
from media_pipeline.media.probe import probe
from media_pipeline.ocr.base import load_engine
from media_pipeline.stages.base import Environment
from media_pipeline.stages.captions import OCR_CUES, Params, band, extract_captions
from media_pipeline.stages.captions.band import band_of, find_band
from media_pipeline.stages.captions.layout import Showing
from media_pipeline.stages.captions.reading import Row
from media_pipeline.stages.captions.rows import PixelBox
from media_pipeline.text.cues import Cue
from media_pipeline_tests.generators.artifacts import run_stage
from media_pipeline_tests.generators.captions import CaptionClip, Film, Mark, Style, make_clip
from media_pipeline_tests.generators.video import ffmpeg
from media_pipeline_tests.scoring import score_cues
from media_pipeline_tests.stages.captions.showings import look

CUES = [
    Cue(0.4, 1.8, "他今天会来"),
    Cue(2.0, 3.4, "我在公司加班"),
    Cue(3.6, 5.0, "快走，他们追上来了"),
]


@pytest.fixture(scope="module")
def high(tmp_path_factory: pytest.TempPathFactory) -> CaptionClip:
    """Captions in the middle of an upright picture, below a mark."""
    path = tmp_path_factory.mktemp("high") / "high.mp4"
    style = Style(size=0.035, bottom=0.42)
    marks = (Mark("光影放映室", 0.1, 0.06, 0.03),)
    return make_clip(path, Film(CUES, 5.4, size=(360, 640), style=style, marks=marks))


@pytest.mark.slow
def test_the_band_of_the_captions_is_found(high: CaptionClip) -> None:
    video = probe(high.path).video
    assert video is not None
    shares: list[float] = []
    engine = load_engine("rapidocr", Environment())
    found = find_band(high.path, video, engine, "ch", progress=shares.append)
    assert found is not None
    assert 0.44 < found.y < 0.545  # the text stands from .545 to .58
    assert 0.58 < found.bottom < 0.67
    assert (found.x, found.w) == (0.0, 1.0)
    assert shares[-1] == 1.0


@pytest.mark.slow
def test_the_catalogue_finds_captions_above_the_bottom_quarter_and_says_so(
    high: CaptionClip,
) -> None:
    found = extract_captions(high.path)
    assert [cue.text for cue in found.cues] == [cue.text for cue in CUES]
    assert score_cues(high.cues, found.cues).boundary(100) < 0.0401
    assert 0.44 < found.region.y < found.region.bottom < 0.67
    (warning,) = found.warnings
    assert warning.startswith("the bottom quarter of the picture does not hold the captions: ")
    assert f"roi [[{round(found.region.y, 3)}, " in warning


@pytest.mark.slow
@pytest.mark.parametrize(
    ("bottom", "marks"),
    [(0.21, ()), (0.3, (Mark("本故事纯属虚构", 0.3, 0.94, 0.03),))],
    ids=["cut by the edge", "above a disclaimer"],
)
def test_captions_that_only_reach_into_the_bottom_quarter_are_looked_for(
    tmp_path: Path, bottom: float, marks: Sequence[Mark]
) -> None:
    style = Style(size=0.045, bottom=bottom)
    film = Film(CUES, 5.4, size=(360, 640), style=style, marks=marks)
    found = extract_captions(make_clip(tmp_path / "clip.mp4", film).path)
    assert [cue.text for cue in found.cues] == [cue.text for cue in CUES]
    assert found.region.y < 0.7
    assert len(found.warnings) == 1


@pytest.mark.slow
def test_long_films_are_looked_at_by_their_key_frames(
    high: CaptionClip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "keys.mp4"
    ffmpeg("-i", high.path, "-c:v", "libx264", "-preset", "ultrafast", "-g", "12", path)
    video = probe(path).video
    assert video is not None
    monkeypatch.setattr(band, "_SHORT_S", 1.0)
    monkeypatch.setattr(band, "decode", lambda _: pytest.fail("decoded from end to end"))
    found = find_band(path, video, load_engine("rapidocr", Environment()), "ch")
    assert found is not None
    assert 0.44 < found.y < found.bottom < 0.67
    monkeypatch.setattr(band, "decode", decode)
    few = probe(high.path).video  # has one key frame
    assert few is not None
    assert find_band(high.path, few, load_engine("rapidocr", Environment()), "ch") is not None


def test_a_region_that_is_given_is_the_only_one_that_is_read(high: CaptionClip) -> None:
    assert extract_captions(high.path, Params(roi=[[0.75, 1.0], [0.0, 1.0]])).cues == []


def test_nothing_is_found_where_nothing_is_written(clip: Path, tmp_path: Path) -> None:
    assert extract_captions(clip, Params(roi="auto")).cues == []
    with pytest.raises(NoCaptionsFound, match="no captions in the whole picture"):
        run_stage(OCR_CUES, clip, tmp_path / "out")


# --- from rows to a band --------------------------------------------------------------------------

LINE = PixelBox(200, 240, 440, 264)


def rows(*texts: str, box: PixelBox = LINE, first: int = 0) -> list[Showing]:
    return [
        Showing(at, at + 1.0, Row(at, at, text, 0.99, (), box, box, look(text[:5]), b""))
        for at, text in enumerate(texts, start=first)
        if text
    ]


def test_text_that_changes_at_one_place_is_captions() -> None:
    found = band_of(rows("他今天会来", "", "我在公司加班", "快走"), 8, (640, 360))
    assert found is not None
    assert found.y == pytest.approx(216 / 360)
    assert found.bottom == pytest.approx(288 / 360)


def test_a_second_row_belongs_to_the_band() -> None:
    lower = PixelBox(180, 268, 460, 288)
    two = rows("他今天会来", "我在公司加班") + rows("He comes", "I work", box=lower)
    found = band_of(two, 8, (640, 360))
    assert found is not None
    assert found.bottom > 288 / 360


@pytest.mark.parametrize(
    "found",
    [
        [],
        rows("大减价"),
        rows("Init", "Initiate", "Initiate Sear", "Initiate Search Program"),
        rows(*["光影放映室"] * 8),
        rows("出口") + rows("入口", box=PixelBox(20, 30, 80, 50), first=3),
        [
            one
            for place in range(14)
            for one in rows(
                f"导演{place}号",
                f"演员{place}号",
                box=PixelBox(200, 20 + 24 * place, 400, 40 + 24 * place),
            )
        ],
    ],
    ids=[
        "nothing",
        "one sign",
        "typed letter by letter",
        "a mark",
        "two signs",
        "a page of credits",
    ],
)
def test_other_text_is_no_band(found: list[Showing]) -> None:
    assert band_of(found, 8, (640, 360)) is None
