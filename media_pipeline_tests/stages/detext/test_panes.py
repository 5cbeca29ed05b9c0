"""Translucent boxes behind captions, before grounds that are known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from media_pipeline.media.canvas import Edges
from media_pipeline.stages.detext.masks import Showing
from media_pipeline.stages.detext.panes import Pane, find_panes, like
from media_pipeline_tests.generators.grounds import texture

Picture = NDArray[np.uint8]

BOX: Edges = (76, 90, 246, 126)
ROW: Edges = (84, 96, 238, 120)


def ground(x: int = 0, seed: int = 2) -> Picture:
    """A part of a wide picture in Y'CbCr: the camera pans to the right with ``x``."""
    sheet = texture(np.random.default_rng(seed), 480, 180, hard=True)
    part = cv2.cvtColor(np.ascontiguousarray(sheet[:, x : x + 320]), cv2.COLOR_BGR2YCrCb)
    part = part[..., [0, 2, 1]]
    luma = 16 + part[..., 0].astype(np.float32) * 219 / 255
    part[..., 0] = luma.astype(np.uint8)
    return np.ascontiguousarray(part)


def captioned(
    picture: Picture, opacity: float, box: Edges = BOX, row: Edges = ROW
) -> tuple[Picture, NDArray[np.bool_]]:
    """With a black box and white letters, and where the letters are."""
    shown = picture.astype(np.float32)
    left, top, right, bottom = box
    black = np.array([16, 128, 128], np.float32)
    shown[top:bottom, left:right] += opacity * (black - shown[top:bottom, left:right])
    ink = np.zeros(picture.shape[:2], np.uint8)
    size = (row[3] - row[1]) / 24
    cv2.putText(ink, "Hello you", (row[0], row[3] - 2), cv2.FONT_HERSHEY_SIMPLEX, size, 1, 2)
    shown[ink > 0] = (235, 128, 128)
    return np.rint(shown).astype(np.uint8), ink > 0


def film(opacity: float, step: int = 2, count: int = 10) -> Showing:
    shown = [captioned(ground(step * (i + 1)), opacity)[0] for i in range(count)]
    return Showing(shown, ground(0), ground(step * (count + 1)))


@pytest.mark.parametrize("opacity", [0.3, 0.6, 0.8])
@pytest.mark.parametrize("step", [0, 2])
def test_a_box_is_found_and_taken_off(opacity: float, step: int) -> None:
    showing = film(opacity, step)
    (pane,) = find_panes(showing, [ROW])
    assert pane is not None
    assert pane.keep == pytest.approx(1 - opacity, abs=0.04)
    assert pane.edges == pytest.approx(BOX, abs=2)
    clean = ground(step)
    _, ink = captioned(clean, opacity)
    left, top, right, bottom = BOX
    known = ~cv2.dilate(ink.astype(np.uint8), np.ones((3, 3))).astype(bool)
    inside = np.zeros_like(known)
    inside[top + 3 : bottom - 3, left + 3 : right - 3] = True
    away = np.abs(pane.undone(showing.shown[0]).astype(int) - clean)[known & inside]
    assert away.mean() < 6
    assert np.abs(showing.shown[0].astype(int) - clean)[known & inside].mean() > 12
    assert np.array_equal(pane.undone(clean)[:top], clean[:top])
    assert pane.stands_in(showing.shown[0])
    assert not pane.stands_in(clean)


@pytest.mark.parametrize("opacity", [0.0, 0.97])
def test_letters_alone_and_an_opaque_box_are_none(opacity: float) -> None:
    assert find_panes(film(opacity), [ROW]) == [None]


def test_nothing_beside_the_caption_tells_nothing() -> None:
    assert find_panes(Showing(film(0.6).shown), [ROW]) == [None]


def test_times_that_are_off_by_a_picture_do_no_harm() -> None:
    showing = film(0.6)
    early = Showing(showing.shown, captioned(ground(0), 0.6)[0], showing.after)
    (pane,) = find_panes(early, [ROW])
    assert pane is not None
    assert pane.keep == pytest.approx(0.4, abs=0.04)


def test_a_box_is_found_by_another_one() -> None:
    (pane,) = find_panes(film(0.6), [ROW])
    assert pane is not None
    row, box = (104, 96, 258, 120), (96, 90, 266, 126)
    pictures = [captioned(ground(3 * i, seed=5), 0.6, box, row)[0] for i in range(6)]
    found = like(pane, ROW, row, pictures)
    assert found is not None
    assert found.edges == pytest.approx(box, abs=2)
    assert like(pane, ROW, row, [ground(3 * i, seed=5) for i in range(6)]) is None


def test_two_rows_share_a_box_half_way() -> None:
    box, rows = (76, 60, 246, 126), [(84, 66, 238, 90), (84, 96, 238, 120)]

    def shown(x: int) -> Picture:
        both, _ = captioned(ground(x), 0.6, box, rows[0])
        letters = captioned(ground(x), 0.6, box, rows[1])[1]
        both[letters] = (235, 128, 128)
        return both

    showing = Showing([shown(2 * i + 2) for i in range(8)], ground(0), ground(18))
    upper, lower = find_panes(showing, rows)
    assert upper is not None
    assert lower is not None
    assert upper.edges == pytest.approx((76, 60, 246, 93), abs=2)
    assert lower.edges == pytest.approx((76, 93, 246, 126), abs=2)
    assert upper.edges[3] <= lower.edges[1], "no pixel is cleared twice"


def test_what_cannot_be_below_a_box_is_text() -> None:
    pane = Pane(BOX, 0.4, (9.6, 76.8, 76.8))
    picture, ink = captioned(ground(), 0.6)
    found = pane.impossible(picture)
    assert found[ink].mean() > 0.95
    assert found[~ink].mean() < 0.01
