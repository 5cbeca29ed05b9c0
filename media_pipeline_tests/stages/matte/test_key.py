"""People drawn before screens, keyed picture by picture."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from media_pipeline.stages.matte.key import Keyed, key
from media_pipeline.stages.matte.planes import Planes
from media_pipeline.stages.matte.screen import Key, Plate, screen_of
from media_pipeline_tests.generators.screens import (
    SCENES,
    Scene,
    Screened,
    make_screened,
    matte_scores,
)
from media_pipeline_tests.stages.matte.test_planes import BT601

_PEOPLE = [replace(scene, count=2) for scene in SCENES]


def _keyed(truth: Screened) -> list[Keyed]:
    """With the colour of film: a quarter of the samples."""
    film = [Planes.of_bgr(p, BT601) for p in truth.film]
    found = screen_of(film[0], BT601)
    assert found is not None
    assert found.kind == ("blue" if np.argmax(truth.scene.screen) == 0 else "green")
    plate = Plate(found)
    for picture in film:
        plate.learn(picture)
    full = plate.full(*truth.scene.size)
    return [key(picture, full, found) for picture in film]


@pytest.mark.parametrize("scene", _PEOPLE, ids=lambda s: str(s.seed))
def test_people_are_cut_out(scene: Scene) -> None:
    truth = make_screened(scene)
    found = _keyed(truth)
    alpha = np.stack([f.alpha for f in found])
    colour = np.stack([f.colour.bgr(BT601) for f in found]).astype(np.float32)
    scores = matte_scores(truth, alpha, colour)
    assert scores["mad"] < 3.5
    assert scores["mse"] < 0.5
    assert scores["edge"] < 80
    assert scores["psnr"] > 33
    assert alpha[truth.alpha == 0].mean() < 0.0005


def _bare(noise: float) -> np.ndarray:
    rng = np.random.default_rng(1)
    screen = np.asarray((62, 178, 56)) + rng.normal(0, noise, (180, 320, 3))
    return np.clip(screen, 0, 255).astype(np.uint8)


def _plate_of(picture: Planes) -> Plate:
    plate = Plate(Key("green", BT601))
    plate.learn(picture)
    return plate


@pytest.mark.parametrize("noise", [0.0, 3.0, 10.0])
def test_a_bare_screen_has_nothing_before_it(noise: float) -> None:
    bare = Planes.of_bgr(_bare(noise), BT601)
    made = key(bare, _plate_of(bare).full(320, 180), Key("green", BT601))
    assert made.alpha.mean() < 0.0005


def test_a_screen_that_is_wholly_covered_is_kept_whole() -> None:
    plate = _plate_of(Planes.of_bgr(_bare(2), BT601)).full(320, 180)
    wall = np.random.default_rng(2).integers(90, 130, (45, 80, 1)).astype(np.uint8)
    grey = cv2.cvtColor(cv2.resize(wall, (320, 180)), cv2.COLOR_GRAY2BGR)
    made = key(Planes.of_bgr(grey, BT601), plate, Key("green", BT601))
    assert made.alpha.min() == 1
    assert np.abs(made.colour.bgr(BT601).astype(int) - grey).max() <= 2


def test_smoke_that_is_nowhere_thick_is_half_transparent() -> None:
    bare = _bare(1)
    plate = _plate_of(Planes.of_bgr(bare, BT601)).full(320, 180)
    share = np.zeros((180, 320), np.float32)
    share[60:120, 100:220] = 0.5
    share = cv2.GaussianBlur(share, (0, 0), 8)[..., None]
    smoke = (bare * (1 - share) + 200 * share).astype(np.uint8)
    made = key(Planes.of_bgr(smoke, BT601), plate, Key("green", BT601))
    assert np.abs(made.alpha - share[..., 0]).mean() < 0.02


def test_a_greenish_spot_deep_inside_is_no_hole() -> None:
    bare = _bare(1)
    plate = _plate_of(Planes.of_bgr(bare, BT601)).full(320, 180)
    body = bare.copy()
    cv2.circle(body, (160, 90), 70, (120, 110, 130), -1, cv2.LINE_AA)
    spot = np.array((120, 140, 110))  # a quarter of the screen's difference
    cv2.circle(body, (160, 90), 8, spot.tolist(), -1, cv2.LINE_AA)
    made = key(Planes.of_bgr(body, BT601), plate, Key("green", BT601))
    assert made.alpha[80:100, 150:170].min() > 0.95


def test_hairs_before_a_cheek_of_another_colour_are_covered_by_hair() -> None:
    """The nearest colour would be wrong: skin is far on the screen's other side."""
    bare = _bare(1)
    plate = _plate_of(Planes.of_bgr(bare, BT601)).full(320, 180)
    layer = np.zeros((180, 320), np.float32)
    for row in range(70, 110, 6):
        cv2.line(layer, (150, row), (190, row + 4), 1.0, 1, cv2.LINE_AA)
    share = cv2.GaussianBlur(layer, (0, 0), 0.6)[..., None]
    seen = bare * (1 - share) + np.array((25, 30, 36)) * share
    seen[:70, :160], seen[110:, :160] = (25, 30, 36), (25, 30, 36)  # hair
    seen[70:110, :150] = (140, 170, 222)  # skin
    made = key(Planes.of_bgr(seen.astype(np.uint8), BT601), plate, Key("green", BT601))
    part = (slice(75, 105), slice(160, 195))
    assert abs(float((made.alpha - share[..., 0])[part].mean())) < 0.03


def test_the_screens_light_is_taken_off_edges() -> None:
    bare = _bare(0)
    plate = _plate_of(Planes.of_bgr(bare, BT601)).full(320, 180)
    body = bare.copy()
    cv2.circle(body, (160, 90), 60, (120, 150, 120), -1, cv2.LINE_AA)
    made = key(Planes.of_bgr(body, BT601), plate, Key("green", BT601))
    b, g, r = made.colour.bgr(BT601)[90, 105].astype(int)
    assert g <= max(b, r) + 6


@pytest.mark.parametrize("rows", [180, 720])
def test_wide_blur_is_as_wide_as_it_is(rows: int) -> None:
    bare = np.repeat(np.repeat(_bare(1), rows // 180, axis=0), rows // 180, axis=1)
    share = np.zeros(bare.shape[:2], np.float32)
    cv2.circle(share, (bare.shape[1] // 2, rows // 2), rows // 3, 1.0, -1)
    share = cv2.GaussianBlur(share, (0, 0), rows / 60)[..., None]
    seen = (bare * (1 - share) + np.array((70, 60, 90)) * share).astype(np.uint8)
    plate = _plate_of(Planes.of_bgr(bare, BT601)).full(bare.shape[1], rows)
    made = key(Planes.of_bgr(seen, BT601), plate, Key("green", BT601))
    soft = (share[..., 0] > 0.03) & (share[..., 0] < 0.97)
    assert np.abs(made.alpha - share[..., 0])[soft].mean() < 0.06
