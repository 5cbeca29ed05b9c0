"""Noise below a mark made less along the motion of the ground, with known truth."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from media_pipeline.stages.delogo.steady import steadied
from media_pipeline_tests.generators.grounds import texture
from media_pipeline_tests.generators.scores import flicker

COUNT, HIGH, WIDE, SPEED = 12, 80, 120, 2
MASK = np.zeros((HIGH, WIDE), np.bool_)
MASK[30:50, 40:80] = True
ALPHA = np.where(MASK, 0.6, 0).astype(np.float32)


def panned(seed: int, speed: int = SPEED) -> NDArray[np.uint8]:
    sheet = texture(np.random.default_rng(seed), WIDE + COUNT * speed, HIGH, hard=True)
    return np.stack([sheet[:, speed * i : speed * i + WIDE] for i in range(COUNT)])


def noisy(clean: NDArray[np.uint8]) -> NDArray[np.uint8]:
    noise = np.random.default_rng(1).normal(0, 8, clean.shape) * MASK[..., None]
    return np.clip(np.rint(clean + noise), 0, 255).astype(np.uint8)


def error(pictures: NDArray[np.uint8], clean: NDArray[np.uint8]) -> float:
    return float(np.sqrt(((pictures[:, MASK].astype(float) - clean[:, MASK]) ** 2).mean()))


@pytest.mark.parametrize("alpha", [ALPHA, None])
def test_noise_and_flicker_get_less_where_the_ground_moves(alpha: NDArray[np.float32]) -> None:
    clean = panned(2)
    before, masks = noisy(clean), [MASK] * COUNT
    after = np.stack(steadied(list(before), masks, alpha))
    assert error(after, clean) < 0.6 * error(before, clean)
    assert flicker(clean, after, np.stack(masks)) < 0.6 * flicker(clean, before, np.stack(masks))
    assert np.array_equal(after[:, ~MASK], before[:, ~MASK])


def test_nothing_is_taken_from_beyond_a_cut() -> None:
    """Each picture is of another scene: they have nothing in common."""
    before = np.stack([panned(seed)[0] for seed in range(4)])
    after = np.stack(steadied(list(before), [MASK] * 4, ALPHA))
    assert np.array_equal(after, before)


def test_pictures_without_the_mark_stay_as_they_are() -> None:
    clean = panned(3)
    before, masks = noisy(clean), [MASK if i % 3 else np.zeros_like(MASK) for i in range(COUNT)]
    after = steadied(list(before), masks, ALPHA)
    for i in range(COUNT):
        assert np.array_equal(after[i], before[i]) == (i % 3 == 0)
    never = steadied(list(before), [np.zeros_like(MASK)] * COUNT, ALPHA)
    assert np.array_equal(np.stack(never), before)


def test_what_moves_otherwise_counts_hardly() -> None:
    """Inside the mark another ground passes by, of which its surroundings say nothing."""
    clean = panned(4)
    inner = panned(5, speed=3)
    clean[:, 36:44, 50:70] = inner[:, :8, :20]
    after = np.stack(steadied(list(clean), [MASK] * COUNT, ALPHA))
    assert error(after, clean) < 6
