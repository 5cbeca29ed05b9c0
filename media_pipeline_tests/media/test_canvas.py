from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from media_pipeline.media.canvas import to_ycc
from media_pipeline.media.decode import decode
from media_pipeline.media.orientation import Orientation
from media_pipeline_tests.generators.coded import coded


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv420p10le"])
def test_only_what_is_marked_changes(tmp_path: Path, pixels: str) -> None:
    film = coded(tmp_path / "film.mp4", "-pix_fmt", pixels, sound=False)
    first = next(decode(film).canvases())
    second = next(decode(film).canvases())
    part = (20, 10, 60, 40)
    mask = np.zeros((30, 40), np.bool_)
    mask[8:16, 10:20] = True
    picture = second.read(part)
    picture[mask] = (77, 90, 160)
    second.write(part, picture, mask)
    assert second.depth == (10 if pixels.endswith("10le") else 8)
    assert (second.read(part)[9:15, 11:19] == (77, 90, 160)).all()
    for one, other in zip(first.planes, second.planes, strict=True):
        scale = first.size[0] // one.shape[1]
        left, top = (20 + 10) // scale, (10 + 8) // scale
        changed = np.argwhere(one != other)
        assert changed.min(axis=0).tolist() >= [top, left]
        assert (changed.max(axis=0) < [top + 8 // scale, left + 10 // scale]).all()


def test_colours_go_there_and_back(tmp_path: Path) -> None:
    canvas = next(decode(coded(tmp_path / "film.mp4", sound=False)).canvases())
    colour = np.full((8, 8, 3), (40, 120, 200), np.uint8)
    part = (16, 16, 24, 24)
    canvas.write_bgr(part, colour)
    assert np.abs(canvas.bgr(part).astype(int) - colour).max() <= 3
    assert to_ycc(colour, canvas.matrix)[0, 0, 2] > 128  # red lies above grey in Cr


def test_a_turned_canvas_is_changed_where_it_is_shown(tmp_path: Path) -> None:
    film = coded(tmp_path / "film.mp4", sound=False)
    turned = next(decode(film).canvases(Orientation(90)))
    assert turned.size == (180, 320)
    turned.planes[0][:10, :10] = 1
    plane = np.frombuffer(turned.frame.planes[0], np.uint8).reshape(180, -1)[:, :320]
    assert (plane[-10:, :10] == 1).all()  # a quarter clockwise: lower left comes to upper left
