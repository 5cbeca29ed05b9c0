"""Which pixels belong to a caption."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from media_pipeline.stages.detext.masks import Picture, Showing, text_mask, whole_row

DASH, OTHERS = (60, 84), (90, 262)  # columns of a letter that is one stroke, and of those after it
TOP, BOTTOM = 40, 66


def caption(dash: tuple[int, int, int] = (235, 128, 128)) -> Picture:
    """A row of strokes with an outline on grey, in Y'CbCr, the first letter a mere dash."""
    picture = np.full((110, 340, 3), (90, 128, 128), np.uint8)
    for left in range(OTHERS[0], OTHERS[1] - 20, 30):
        for x in (left, left + 9, left + 18):
            cv2.rectangle(picture, (x - 2, TOP - 2), (x + 5, BOTTOM + 1), (16, 128, 128), -1)
            cv2.rectangle(picture, (x, TOP), (x + 3, BOTTOM - 1), (235, 128, 128), -1)
    middle = (TOP + BOTTOM) // 2
    cv2.rectangle(picture, (DASH[0] - 2, middle - 4), (DASH[1] + 1, middle + 3), (16, 128, 128), -1)
    cv2.rectangle(picture, (DASH[0], middle - 2), (DASH[1] - 1, middle + 1), dash, -1)
    return picture


@pytest.mark.parametrize("flipped", [False, True])
def test_a_dash_at_the_end_of_a_row_that_was_not_read_with_it_is_covered(flipped: bool) -> None:
    picture, row = caption(), (OTHERS[0], TOP, OTHERS[1], BOTTOM)
    inked = np.flatnonzero((picture[..., 0] == 235)[(TOP + BOTTOM) // 2])
    if flipped:
        picture = np.ascontiguousarray(picture[:, ::-1])
        row = (340 - OTHERS[1], TOP, 340 - OTHERS[0], BOTTOM)
        inked = 339 - inked
    mask = text_mask(Showing([picture]), [row])
    assert mask[(TOP + BOTTOM) // 2, inked].all()


def test_what_lies_beside_a_row_in_another_colour_is_no_letter_of_it() -> None:
    row = (OTHERS[0], TOP, OTHERS[1], BOTTOM)
    assert whole_row(caption((235, 60, 200)), row) == row


def test_a_row_takes_in_no_more_than_a_letter_or_so() -> None:
    row = (OTHERS[0] + 120, TOP, OTHERS[1], BOTTOM)
    left = whole_row(caption(), row)[0]
    assert row[0] - 1.3 * (BOTTOM - TOP) <= left < row[0]
