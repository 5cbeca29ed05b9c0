"""Which screen there is, and how it looks where it is covered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from media_pipeline.media.decode import frame_at
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


_SKY = np.linspace((226, 168, 150), (232, 200, 196), 180)[:, None].repeat(320, axis=1)
_SUIT = np.full((180, 320, 3), (62, 42, 26), np.float64)
_WATER = np.linspace((190, 120, 40), (90, 60, 50), 180)[:, None].repeat(320, axis=1)


@pytest.mark.parametrize("picture", [_SKY, _SUIT, _WATER], ids=["sky", "suit", "water"])
def test_pale_dark_and_changing_blues_are_no_screen(picture: np.ndarray) -> None:
    assert screen_of(Planes.of_bgr(picture.astype(np.uint8), BT601), BT601) is None


@pytest.mark.parametrize(
    ("colour", "kind"),
    [
        ((120, 190, 110), "green"),  # too much light
        ((24, 66, 22), "green"),  # too little
        ((70, 200, 20), "green"),
        ((190, 100, 70), "blue"),
        ((120, 52, 30), "blue"),
    ],
)
def test_paint_is_a_screen_in_any_light(colour: tuple[int, int, int], kind: str) -> None:
    light = np.linspace(1.1, 0.8, 320)[None, :, None]
    picture = np.asarray(colour) * light * np.ones((180, 1, 1))
    picture[60:, 80:240] = 110
    picture += np.random.default_rng(2).normal(0, 4, picture.shape)
    found = screen_of(Planes.of_bgr(picture.clip(0, 255).astype(np.uint8), BT601), BT601)
    assert found is not None
    assert found.kind == kind


_CLIPS = Path(__file__).parents[4] / "shared/media"
_PALE = {
    "captions/cn_bold_logo.mp4": 1.0,  # a suit at night
    "video/bbb30.webm": 20.0,  # a sky
    "video/goldeneye-vfr-drop3.mp4": 2.0,  # a display
    "video/bikes.mp4": 3.0,
}


@pytest.mark.skipif(not _CLIPS.is_dir(), reason="the shared clips are not here")
@pytest.mark.parametrize(("clip", "time"), _PALE.items())
def test_real_pictures_without_a_screen_have_none(clip: str, time: float) -> None:
    picture = frame_at(_CLIPS / clip, time)
    height, width = (side // 2 * 2 for side in picture.shape[:2])
    even = np.ascontiguousarray(picture[:height, :width])
    assert screen_of(Planes.of_bgr(even, BT601), BT601) is None
