"""People drawn before screens, keyed picture by picture."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from media_pipeline.stages.matte.key import key
from media_pipeline.stages.matte.screen import Plate, screen_kind
from media_pipeline_tests.generators.grounds import pictures
from media_pipeline_tests.generators.screens import (
    SCENES,
    Scene,
    Screened,
    make_screened,
    matte_scores,
)


def _through_420(picture: np.ndarray) -> np.ndarray:
    """A picture with the colour of film: a quarter of the samples."""
    luma, *chroma = cv2.split(cv2.cvtColor(picture, cv2.COLOR_BGR2YCrCb))
    height, width = luma.shape
    half = [cv2.resize(c, (width // 2, height // 2), interpolation=cv2.INTER_AREA) for c in chroma]
    full = [cv2.resize(c, (width, height)) for c in half]
    return cv2.cvtColor(cv2.merge([luma, *full]), cv2.COLOR_YCrCb2BGR)


def _keyed(truth: Screened) -> dict[str, float]:
    film = [_through_420(p) for p in truth.film]
    kind = screen_kind(film[0])
    assert kind == ("blue" if np.argmax(truth.scene.screen) == 0 else "green")
    plate = Plate(kind)
    for picture in film:
        plate.learn(picture)
    full = plate.full(film[0].shape[1], film[0].shape[0])
    found = [key(picture, full, kind) for picture in film]
    alpha = np.stack([f.alpha for f in found])
    return matte_scores(truth, alpha, np.stack([f.colour for f in found]).astype(np.float32))


def _short(scene: Scene) -> Scene:
    return Scene(**{**scene.__dict__, "count": 3})


@pytest.mark.parametrize("scene", SCENES, ids=lambda s: str(s.seed))
def test_people_are_cut_out(scene: Scene) -> None:
    found = _keyed(make_screened(_short(scene)))
    worst = 9.0 if scene.veil else 6.0
    assert found["mad"] < worst
    assert found["mse"] < worst / 4
    assert found["psnr"] > 33


def test_a_bare_screen_has_nothing_before_it() -> None:
    truth = make_screened(_short(SCENES[1]))
    bare = np.clip(
        np.asarray((84, 176, 74)) + np.random.default_rng(1).normal(0, 3, truth.film[0].shape),
        0, 255,
    ).astype(np.uint8)  # fmt: skip
    plate = Plate("green")
    plate.learn(bare)
    made = key(bare, plate.full(bare.shape[1], bare.shape[0]), "green")
    assert made.alpha.mean() < 0.003


def test_the_plate_is_the_screen_even_where_it_is_covered() -> None:
    truth = make_screened(_short(SCENES[1]))
    plate = Plate("green")
    for picture in truth.film:
        plate.learn(picture)
    bare = truth.alpha[0] < 0.01
    full = plate.full(truth.film.shape[2], truth.film.shape[1])
    assert np.abs(full - truth.film[0])[bare].mean() < 4
    assert (full[..., 1] > 1.3 * full[..., [0, 2]].max(axis=2)).mean() > 0.99


def test_a_plate_that_has_seen_nothing_says_so() -> None:
    with pytest.raises(ValueError, match="nothing has been learned"):
        Plate("green").full(4, 4)


@pytest.mark.parametrize("ground", ["drift", "busy", "flat"])
def test_what_is_many_colours_is_no_screen(ground: str) -> None:
    picture = next(pictures(ground, (320, 180), 24, seed=4))
    assert screen_kind(picture) is None


def test_grey_is_no_screen() -> None:
    assert screen_kind(np.full((90, 160, 3), 120, np.uint8)) is None
    assert screen_kind(np.zeros((1, 1, 3), np.uint8)) is None
