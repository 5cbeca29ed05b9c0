"""Marks of pictures: what spoils a picture costs it some, whatever else it has."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from media_pipeline.media.faces import FaceFinder
from media_pipeline.stages.cover.score import Judgement, judge, scores
from media_pipeline_tests.generators.grounds import texture

Picture = NDArray[np.uint8]


@pytest.fixture(scope="module")
def good() -> Picture:
    return texture(np.random.default_rng(4), 480, 270, hard=True)


def judged(picture: Picture) -> Judgement:
    return judge(picture, FaceFinder())


def noisy(picture: Picture) -> Picture:
    noise = np.random.default_rng(1).normal(0, 20, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def blurred(picture: Picture) -> Picture:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 4), np.uint8)


def test_noise_is_not_taken_for_sharpness(good: Picture) -> None:
    assert judged(good).clean == 1.0
    soft = judged(blurred(good))
    both = judged(noisy(blurred(good)))
    assert both.clean == 0.0
    assert both.sharpness < soft.sharpness + 0.1 < 0.5 * judged(good).sharpness
    assert both.score < 0.5 * judged(good).score


def test_glaring_light_costs_marks(good: Picture) -> None:
    glaring = np.clip(good.astype(int) * 2 + 90, 0, 255).astype(np.uint8)
    assert judged(good).glare == 0.0
    assert judged(glaring).glare > 0.9
    assert judged(glaring).score < 0.5 * judged(good).score


def test_a_soft_picture_is_worth_less_beside_a_sharp_one(good: Picture) -> None:
    soft, sharp = judged(blurred(good)), judged(good)
    alone, beside = scores([soft])[0], scores([soft, sharp])[0]
    assert alone == pytest.approx(soft.score)
    assert beside < alone - 2
    assert scores([soft, sharp])[1] == pytest.approx(sharp.score)
