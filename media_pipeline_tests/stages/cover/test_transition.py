"""Dissolves and fades are told from motion."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from media_pipeline.stages.cover.transition import in_transition
from media_pipeline_tests.generators.grounds import texture

Picture = NDArray[np.uint8]


def sheet(seed: int) -> Picture:
    return texture(np.random.default_rng(seed), 400, 180, hard=True)


def at(picture: Picture, x: int) -> Picture:
    return np.ascontiguousarray(picture[:, x : x + 320])


def mixed(one: Picture, other: Picture, share: float) -> Picture:
    return np.asarray(one * (1 - share) + other * share, np.uint8)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
@pytest.mark.parametrize("step", [0, 2])
def test_a_dissolve_and_a_fade_are_told(share: float, step: int) -> None:
    one, black = sheet(1), np.zeros((180, 320, 3), np.uint8)
    for other in (at(sheet(2), 0), black):
        three = (
            mixed(at(one, 20 + step * i), other, share + 0.15 * (i - 1)) for i in range(3)
        )  # the first of both pans
        assert in_transition(*three)


@pytest.mark.parametrize("step", [0, 2, 8])
def test_a_still_picture_and_a_pan_are_none(step: int) -> None:
    one = sheet(1)
    assert not in_transition(*(at(one, step * i) for i in range(3)))


def test_a_cut_beside_it_is_none() -> None:
    one, other = at(sheet(1), 0), at(sheet(2), 0)
    assert not in_transition(one, one, other)
    assert not in_transition(one, other, other)
