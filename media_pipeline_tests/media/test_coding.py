"""Sizes, rates and codecs of clips: what is asked for is what the file has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from media_pipeline.media.coding import Coding
from media_pipeline.media.cut import cut
from media_pipeline.media.decode import frame_at
from media_pipeline.media.picture_size import PictureSize
from media_pipeline.media.probe import probe
from media_pipeline_tests.generators.coded import plain
from media_pipeline_tests.generators.video import ffmpeg


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plain(tmp_path_factory.mktemp("film") / "film.mp4")


@pytest.mark.parametrize(
    ("asked", "size"),
    [
        ({"width": 160}, (160, 90)),
        ({"height": 120}, (212, 120)),
        ({"width": 200, "height": 200}, (200, 200)),
        ({"width": 200, "height": 200, "fill": True}, (200, 200)),
        ({"width": 101, "height": 57}, (100, 56)),
        ({"width": 640, "height": 360}, (640, 360)),
    ],
)
def test_the_clip_has_the_size_asked_for(
    film: Path, tmp_path: Path, asked: dict[str, Any], size: tuple[int, int]
) -> None:
    cut(film, tmp_path / "clip.mp4", 0.0, 0.4, coding=Coding(size=PictureSize(**asked)))
    video = probe(tmp_path / "clip.mp4").video
    assert video is not None
    assert (video.width, video.height) == size
    assert video.sample_aspect == 1


def test_fit_has_bars_and_fill_has_none(film: Path, tmp_path: Path) -> None:
    for fill in (False, True):
        size = PictureSize(200, 200, fill)
        cut(film, tmp_path / "clip.mp4", 0.0, 0.4, coding=Coding(size=size))
        picture = frame_at(tmp_path / "clip.mp4", 0.1).astype(int)
        bar, middle = picture[:35].mean(), picture[90:110].mean()
        assert middle > 60
        assert (bar > 40) == fill


def test_pixels_that_are_not_square_become_square(film: Path, tmp_path: Path) -> None:
    ffmpeg("-i", film, "-c", "copy", "-aspect", "32:9", tmp_path / "wide.mp4")
    cut(
        tmp_path / "wide.mp4", tmp_path / "clip.mp4", 0.0, 0.4,
        coding=Coding(size=PictureSize(width=320)),
    )  # fmt: skip
    video = probe(tmp_path / "clip.mp4").video
    assert video is not None
    assert (video.width, video.height, video.sample_aspect) == (320, 90, 1)


def test_the_bit_rate_is_kept(film: Path, tmp_path: Path) -> None:
    sizes = []
    for rate in (100, 400):
        cut(film, tmp_path / "clip.mp4", 0.0, 4.0, coding=Coding(bitrate=rate))
        sizes.append((tmp_path / "clip.mp4").stat().st_size * 8 / 4000)
    assert np.array(sizes) - 96 == pytest.approx([100, 400], rel=0.35)


def test_hevc_is_hevc(film: Path, tmp_path: Path) -> None:
    cut(film, tmp_path / "clip.mp4", 0.0, 0.4, coding=Coding(codec="hevc"), copy=True)
    video = probe(tmp_path / "clip.mp4").video
    assert video is not None
    assert video.codec == "hevc"
