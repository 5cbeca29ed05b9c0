"""What is skin in drawn faces: all but eyes, brows, nostrils and lips."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from media_pipeline.stages.beauty.skin import axes, skin_colour, skin_masks
from media_pipeline_tests.generators.faces import LOOKS, Look, draw

_SIDE = 160
_PLAIN = {  # rows, columns (right of the middle) of the drawing, and how much is skin at least
    "lids": (slice(269, 276), slice(285, 320), 0.2),  # four pixels of the small picture
    "between the brows": (slice(240, 300), slice(240, 260), 0.9),
    "tip of the nose": (slice(330, 362), slice(240, 252), 0.9),
    "above the lips": (slice(392, 408), slice(240, 256), 0.7),
    "below the lips": (slice(462, 490), slice(240, 270), 0.7),
    "cheek": (slice(345, 395), slice(290, 340), 0.9),
}
_FEATURES = {
    "brow": (slice(254, 262), slice(290, 330)),
    "eye": (slice(292, 308), slice(282, 318)),
    "nostril": (slice(373, 379), slice(250, 260)),
    "lips": (slice(422, 446), slice(240, 270)),
}


def _masks(look: Look) -> np.ndarray:
    """The masks of a drawn face, at the size of the drawing, both sides of the face averaged."""
    drawing = draw(look)
    scale = _SIDE / 300
    size = (round(480 * scale), round(640 * scale))
    small = cv2.resize(drawing.spotted.clip(0, 255).astype(np.uint8), size, None, 0, 0, 3)
    patch = np.ascontiguousarray(cv2.cvtColor(small, cv2.COLOR_BGR2YCrCb)[..., [0, 2, 1]])
    u, v = axes(patch.shape, (240 * scale, 330 * scale, _SIDE))
    colour = skin_colour(patch, u, v)
    assert colour is not None
    found = cv2.resize(skin_masks(patch, u, v, colour), (480, 640))
    return (found + np.roll(found[:, ::-1], 1, axis=1)) / 2


@pytest.mark.parametrize("look", [LOOKS[0], LOOKS[1], LOOKS[3]])
def test_what_is_between_the_features_is_skin_and_they_are_not(look: Look) -> None:
    lightened, smoothed = np.moveaxis(_masks(replace(look, spots=0)), 2, 0)
    for name, (rows, columns, least) in _PLAIN.items():
        assert lightened[rows, columns].mean() > least, name
    for name, (rows, columns) in _FEATURES.items():
        assert lightened[rows, columns].mean() < 0.2, name
        assert smoothed[rows, columns].mean() < 0.2, name


def test_glasses_are_no_skin() -> None:
    worn, bare = (_masks(replace(LOOKS[2], spots=0, glasses=g)) for g in (True, False))
    rim = (slice(296, 312), slice(342, 350))
    assert worn[rim].mean() < 0.3
    assert bare[rim].mean() > 0.6


def test_a_dark_ground_of_the_colour_of_skin_is_none() -> None:
    patch = np.full((266, 230, 3), (24, 120, 138), np.uint8)
    u, v = axes(patch.shape, (115.0, 128.0, 160.0))
    head = np.hypot(u, v / 1.3) < 0.8
    patch[head, 0] = 46
    colour = skin_colour(patch, u, v)
    assert colour is not None
    masks = skin_masks(patch, u, v, colour)
    far = cv2.dilate(head.astype(np.uint8), np.ones((13, 13))) == 0
    assert masks[far].max() < 0.02
    assert masks[np.hypot(u, v) < 0.5].mean() > 0.9
