"""Boxes in normalised and in pixel coordinates."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_pipeline.media.geometry import Box

unit = st.floats(0, 1)


@given(unit, unit, unit, unit, st.integers(1, 4096), st.integers(1, 4096), st.booleans())
def test_pixels_are_never_empty_and_never_outside(
    x: float, y: float, w: float, h: float, width: int, height: int, even: bool
) -> None:
    left, top, right, bottom = Box(x, y, w, h).pixels(width, height, even=even)
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height


def test_pixels_and_back() -> None:
    box = Box.from_pixels(64, 540, 1216, 700, 1280, 720)
    assert box.pixels(1280, 720) == (64, 540, 1216, 700)


def test_roi_of_the_wire_is_top_bottom_left_right() -> None:
    box = Box.from_roi([[0.75, 1.0], [0.1, 0.9]])
    assert (box.x, box.y, box.w, box.h) == pytest.approx((0.1, 0.75, 0.8, 0.25))


def test_intersection_and_union() -> None:
    a, b = Box(0, 0, 0.5, 0.5), Box(0.25, 0.25, 0.5, 0.5)
    assert a.intersection(b) == pytest.approx(0.0625)
    assert a.intersection(Box(0.6, 0.6, 0.1, 0.1)) == 0
    union = a.union(b)
    assert (union.x, union.y, union.right, union.bottom) == pytest.approx((0, 0, 0.75, 0.75))
