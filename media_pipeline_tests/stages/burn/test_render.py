"""Films of special kinds: light, depth, colours and transparency stay, and text looks right."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from media_pipeline.errors import InvalidParameter
from media_pipeline.media.decode import frame_at
from media_pipeline.media.encode import written_size
from media_pipeline.media.luminance import transfer_of
from media_pipeline.media.probe import probe
from media_pipeline.stages.burn import CaptionSettings, burn, draw_captions
from media_pipeline.text.cues import Cue
from media_pipeline.text.pieces import caption
from media_pipeline_tests.generators.video import ffmpeg

GREY = "color=0x404040:s=320x180:r=25:d=1"


def captioned(film: Path, target: Path, **settings: object) -> Path:
    info = probe(film)
    assert info.video is not None
    look = CaptionSettings.model_validate({"font_size": 60, "outline_width": 0, **settings})
    drawing = draw_captions([caption(Cue(0.0, 0.5, "HHH"))], *written_size(info.video), look)
    burn(film, info, target, drawing, crf=8)
    return target


def signal(path: Path, number: int = 5) -> np.ndarray:
    """The luma of a frame as a share of what can be coded."""
    with av.open(str(path)) as file:
        frame = [f for f, _ in zip(file.decode(video=0), range(number + 1), strict=False)][number]
        return frame.reformat(format="gray16le").to_ndarray() / 65535


@pytest.mark.parametrize(
    ("name", "kind", "white"), [("smpte2084", "pq", 0.58), ("arib-std-b67", "hlg", 0.75)]
)
def test_text_on_high_dynamic_range_is_as_bright_as_paper(
    tmp_path: Path, name: str, kind: str, white: float
) -> None:
    tags = f"setparams=color_primaries=bt2020:color_trc={name}:colorspace=bt2020nc:range=tv"
    hevc = ("-c:v", "libx265", "-x265-params", "log-level=error", "-tag:v", "hvc1")
    source = ("-f", "lavfi", "-i", GREY, "-vf", f"format=yuv420p10le,{tags}")
    film = tmp_path / "film.mp4"
    ffmpeg(*source, *hevc, film)
    out = captioned(film, tmp_path / "out.mp4")
    video = probe(out).video
    assert video is not None
    assert (video.codec, video.bit_depth, video.color_space) == ("hevc", 10, "bt2020nc")
    assert transfer_of(out, video.index) == kind
    assert np.percentile(signal(out), 99) == pytest.approx(white, abs=0.015)


@pytest.mark.parametrize("matrix", ["bt470bg", "smpte170m", "bt709"])
@pytest.mark.parametrize("kind", ["partly", "whole"])
def test_colour_tags_stay_and_colours_with_them(tmp_path: Path, matrix: str, kind: str) -> None:
    film = tmp_path / "film.mp4"
    tags = f"setparams=colorspace={matrix}:color_primaries={matrix}:color_trc=bt709"
    picture = "color=0xC04020:s=320x180:r=25:d=2,format=yuv420p"
    ffmpeg("-f", "lavfi", "-i", picture, "-vf", tags, "-c:v", "libx264", "-g", "25", film)
    info = probe(film)
    drawing = draw_captions([caption(Cue(1.0, 1.5, "HHH"))], 320, 180)
    done = burn(film, info, tmp_path / "out.mp4", drawing, crf=8, whole=kind == "whole")
    assert (done.share < 1) == (kind == "partly")
    video = probe(tmp_path / "out.mp4").video
    assert video is not None
    assert video.color_space == matrix
    before, after = (frame_at(path, 1.2)[:60].astype(int) for path in (film, tmp_path / "out.mp4"))
    assert np.abs(before - after).max() < 6


CLEAR: dict[str, tuple[str, ...]] = {
    "rle.mov": ("-vf", "format=argb", "-c:v", "qtrle"),
    "prores.mov": ("-vf", "format=yuva444p10le", "-c:v", "prores_ks", "-profile:v", "4444"),
    "vp9.webm": ("-vf", "format=yuva420p", "-c:v", "libvpx-vp9", "-auto-alt-ref", "0"),
    "odd.mov": ("-vf", "scale=161:91,format=argb", "-c:v", "qtrle"),
}


def alpha(path: Path, folder: Path) -> np.ndarray:
    """The alpha of the fifth frame, from 0 to 255."""
    decoder = ("-c:v", "libvpx-vp9") if path.suffix == ".webm" else ()
    pick = "select='eq(n,5)',alphaextract"
    ffmpeg(*decoder, "-i", path, "-vf", pick, "-frames:v", "1", folder / "alpha.png")
    found = cv2.imread(str(folder / "alpha.png"), cv2.IMREAD_GRAYSCALE)
    assert found is not None
    return found


@pytest.mark.parametrize("suffix", [".mov", ".webm"])
@pytest.mark.parametrize("name", CLEAR)
def test_a_transparent_picture_stays_so_under_its_text(
    tmp_path: Path, name: str, suffix: str
) -> None:
    film = tmp_path / name
    ffmpeg(
        "-f", "lavfi", "-i", "color=red@0.25:s=320x180:r=25:d=0.4,format=rgba", *CLEAR[name], film
    )
    out = captioned(film, tmp_path / f"out{suffix}", position="middle_center", font_size=40)
    found = alpha(out, tmp_path)
    assert np.median(found) == pytest.approx(64, abs=6), "the picture is as clear as before"
    assert np.percentile(found, 99.5) > 230, "the text is not"
    with av.open(str(film)) as before, av.open(str(out)) as after:
        assert len([*after.decode(video=0)]) == len([*before.decode(video=0)])


def test_webm_is_for_transparent_film_alone(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    ffmpeg("-f", "lavfi", "-i", GREY, "-c:v", "libx264", film)
    with pytest.raises(InvalidParameter, match=r"write an \.mp4"):
        captioned(film, tmp_path / "out.webm")
    assert not (tmp_path / "out.webm").exists()
    assert probe(captioned(film, tmp_path / "out.mov")).video is not None
