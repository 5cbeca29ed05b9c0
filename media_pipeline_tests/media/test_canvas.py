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


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv420p10le"])
def test_what_is_added_leaves_the_bits_below(tmp_path: Path, pixels: str) -> None:
    film = coded(tmp_path / "film.mp4", "-pix_fmt", pixels, sound=False)
    first = next(decode(film).canvases())
    second = next(decode(film).canvases())
    step = 1 << (first.depth - 8)
    for canvas in (first, second):
        canvas.planes[0][10:40, 20:60] = 100 * step + step // 2
        canvas.planes[0][38:40, 20:60] = 254 * step
    change = np.zeros((30, 40, 3), np.int16)
    change[8:16, 10:20] = (7, -3, 5)
    change[28:] = (9, 0, 0)
    second.add((20, 10, 60, 40), change)
    apart = [b.astype(int) - a for a, b in zip(first.planes, second.planes, strict=True)]
    assert (apart[0][18:26, 30:40] == 7 * step).all()
    assert (apart[1][9:13, 15:20] == -3 * step).all()
    assert (apart[2][9:13, 15:20] == 5 * step).all()
    assert (second.planes[0][38:40, 20:60] == 256 * step - 1).all()  # and not round again
    assert np.count_nonzero(apart[0]) == 80 + 80
    assert np.count_nonzero(apart[1]) == np.count_nonzero(apart[2]) == 20


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
