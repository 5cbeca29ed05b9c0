"""Films of special kinds: light, depth, colours and transparency stay, and text looks right."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

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
