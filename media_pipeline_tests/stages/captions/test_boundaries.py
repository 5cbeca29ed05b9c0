"""The buffer of recent frames, and walking along them."""

from __future__ import annotations

import numpy as np
import pytest

from media_pipeline.stages.captions.boundaries import FrameBuffer, furthest


def test_frames_keep_their_numbers_when_old_ones_leave() -> None:
    buffer = FrameBuffer()
    for index in range(100):
        buffer.append(index / 8, np.full((2, 2), index, np.uint8))
    assert (buffer.first, buffer.last) == (67, 99)
    assert buffer.luma(80)[0, 0] == 80


def test_the_buffer_is_bounded_in_bytes() -> None:
    buffer = FrameBuffer()
    for index in range(100):
        buffer.append(index / 100, np.zeros((1024, 1024), np.uint8))
    assert buffer.last - buffer.first + 1 == 64


def test_a_few_frames_stay_however_old_they_are() -> None:
    buffer = FrameBuffer()
    for index in range(20):
        buffer.append(10.0 * index, np.full((1, 1), index, np.uint8))
    assert (buffer.first, buffer.last, buffer.time) == (8, 19, 190.0)


def test_the_frame_some_time_ago_is_found_by_its_time() -> None:
    buffer = FrameBuffer()
    for index, time in enumerate((0.0, 0.5, 0.6, 0.65)):
        buffer.append(time, np.full((1, 1), index, np.uint8))
    assert buffer.before(0.1)[0, 0] == 1
    assert buffer.before(9.0)[0, 0] == 0


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ("11110000", 3),
        ("00000000", None),
        ("11011000", 4),  # a bad frame
        ("11001100", 5),  # two
        ("11000110", 1),  # three are an end
        ("11010000", 1),  # a single frame after a gap is chance
        ("01111000", 4),  # the first may be a bad one, too
    ],
)
def test_walking_passes_over_short_gaps(shown: str, expected: int | None) -> None:
    assert furthest(range(8), lambda i: shown[i] == "1") == expected
