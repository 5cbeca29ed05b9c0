"""Pictures in brightness and colour."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from media_pipeline.media.decode import decode
from media_pipeline.stages.matte.planes import Planes, doubled, halved, rounded, write
from media_pipeline_tests.generators.video import write_video

BT601 = np.array(
    [[1.1644, 2.0172, 0, -276.836], [1.1644, -0.3918, -0.8130, 135.576],
     [1.1644, 0, 1.5960, -222.922]]
)  # fmt: skip
"""Y'CbCr to blue, green, red of films of standard definition (ITU-R BT.601)."""


def _soft(seed: int = 1) -> np.ndarray:
    small = np.random.default_rng(seed).integers(70, 190, (3, 4, 3)).astype(np.uint8)
    return cv2.resize(small, (64, 36), interpolation=cv2.INTER_CUBIC)


def test_colour_comes_back() -> None:
    picture = _soft()
    planes = Planes.of_bgr(picture, BT601)
    assert planes.size == (64, 36)
    assert planes.chroma.shape == (18, 32, 2)
    assert planes.coarse().shape == (18, 32, 3)
    assert planes.smaller(4).shape == (9, 16, 3)
    assert np.abs(planes.bgr(BT601).astype(int) - picture).mean() < 3


def test_halves_are_means_and_doubles_keep_them() -> None:
    picture = np.arange(64, dtype=np.float32).reshape(8, 8)
    assert halved(picture)[0, 0] == picture[:2, :2].mean()
    assert doubled(halved(picture)).shape == (8, 8)
    assert np.allclose(doubled(halved(picture))[2:6, 2:6], picture[2:6, 2:6])


def test_numbers_are_rounded_and_cut() -> None:
    given = np.array([-3, 0.4, 0.6, 254.6, 300], np.float32)
    assert rounded(given).tolist() == [0, 0, 1, 255, 255]
    assert rounded(given * 4, 1023).tolist() == [0, 2, 2, 1018, 1023]


def test_ten_bits_go_through_whole(tmp_path: Path) -> None:
    write_video(tmp_path / "deep.mp4", [_soft(), _soft()], pixels="yuv420p10le")
    canvas = next(iter(decode(tmp_path / "deep.mp4").canvases()))
    assert canvas.depth == 10
    before = [plane.copy() for plane in canvas.planes]
    picture = Planes.of(canvas)
    assert picture.luma.max() < 256
    for plane in canvas.planes:
        plane[:] = 0
    write(canvas, picture)
    for plane, was in zip(canvas.planes, before, strict=True):
        assert (plane == was).all()
