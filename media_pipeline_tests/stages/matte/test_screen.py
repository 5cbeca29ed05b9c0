"""Which screen there is, and how it looks where it is covered."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from media_pipeline.stages.matte.planes import Planes
from media_pipeline.stages.matte.screen import Key, Plate, screen_of
from media_pipeline_tests.generators.grounds import pictures
from media_pipeline_tests.generators.screens import SCENES, Screened, make_screened
from media_pipeline_tests.stages.matte.test_planes import BT601


@pytest.fixture(scope="module")
def truth() -> Screened:
    return make_screened(replace(SCENES[1], count=3))


def _learned(truth: Screened) -> Plate:
    plate = Plate(Key("green", BT601))
    for picture in truth.film:
        plate.learn(Planes.of_bgr(picture, BT601))
    return plate


def test_the_difference_depends_on_colour_alone() -> None:
    by = Key("green", BT601)
    picture = np.full((4, 4, 3), (60, 180, 90), np.uint8)
    chroma = Planes.of_bgr(picture, BT601).chroma
    assert by.difference(chroma) == pytest.approx(90, abs=3)
    assert Key("blue", BT601).difference(chroma) == pytest.approx(-120, abs=3)
    assert by.difference(Planes.of_bgr(picture + 40, BT601).chroma) == pytest.approx(90, abs=3)


def test_the_plate_is_the_screen_even_where_it_is_covered(truth: Screened) -> None:
    full = _learned(truth).full(*truth.scene.size).bgr(BT601).astype(int)
    bare = truth.alpha[0] < 0.01
    assert np.abs(full - truth.film[0])[bare].mean() < 4
    assert (full[..., 1] > 1.3 * full[..., [0, 2]].max(axis=2)).mean() > 0.99


def test_a_plate_that_has_seen_nothing_says_so() -> None:
    plate = Plate(Key("green", BT601))
    assert plate.fits(Planes(np.zeros((8, 8), np.float32), np.zeros((4, 4, 2), np.float32)))
    with pytest.raises(ValueError, match="nothing has been learned"):
        plate.full(4, 4)


def test_a_plate_fits_its_shot_and_no_other(truth: Screened) -> None:
    plate, film = _learned(truth), truth.film[2]
    assert plate.fits(Planes.of_bgr(film, BT601))
    brighter = np.clip(film.astype(int) + 25, 0, 255).astype(np.uint8)
    for other in (brighter, film[..., [1, 0, 2]], np.full_like(film, 128)):
        assert not plate.fits(Planes.of_bgr(np.ascontiguousarray(other), BT601))


@pytest.mark.parametrize("ground", ["drift", "busy", "flat"])
def test_what_is_many_colours_is_no_screen(ground: str) -> None:
    picture = next(pictures(ground, (320, 180), 24, seed=4))
    assert screen_of(Planes.of_bgr(picture, BT601), BT601) is None


def test_grey_is_no_screen() -> None:
    for picture in (np.full((90, 160, 3), 120, np.uint8), np.zeros((2, 2, 3), np.uint8)):
        assert screen_of(Planes.of_bgr(picture, BT601), BT601) is None
