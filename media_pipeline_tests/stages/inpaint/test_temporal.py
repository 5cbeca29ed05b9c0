"""Filling what is covered, on films whose ground is known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from media_pipeline.stages.inpaint import Memory, fill, filled_and_seen
from media_pipeline.stages.inpaint.spatial import inpaint
from media_pipeline_tests.generators.grounds import texture

Picture = NDArray[np.uint8]


def film(count: int, step: int) -> list[Picture]:
    """A ground that moves to the left."""
    sheet = texture(np.random.default_rng(5), 500, 120, hard=True)
    return [np.ascontiguousarray(sheet[:, step * t : step * t + 200]) for t in range(count)]


def letters() -> NDArray[np.bool_]:
    mask = np.zeros((120, 200), np.uint8)
    cv2.putText(mask, "Hello you", (25, 70), cv2.FONT_HERSHEY_SIMPLEX, 0.9, 1, 5)
    return mask > 0


def error(a: Picture, b: Picture, mask: NDArray[np.bool_]) -> float:
    return float(np.abs(a.astype(int) - b)[mask].mean())


@pytest.mark.parametrize("step", [0, 3])
def test_what_is_seen_in_another_picture_is_put_back(step: int) -> None:
    clean = film(20, step)
    mask, nothing = letters(), np.zeros((120, 200), np.bool_)
    masks = [mask if 4 <= t < 16 else nothing for t in range(20)]
    shown = [np.where(m[..., None], np.uint8(255), p) for p, m in zip(clean, masks, strict=True)]
    filled = fill(shown, masks)
    spatial = [inpaint(p, m) for p, m in zip(shown, masks, strict=True)]
    ours = np.mean([error(filled[t], clean[t], mask) for t in range(4, 16)])
    telea = np.mean([error(spatial[t], clean[t], mask) for t in range(4, 16)])
    assert ours < 0.3 * telea
    for t in range(20):
        assert np.array_equal(filled[t][~masks[t]], shown[t][~masks[t]])


def test_the_end_of_the_stretch_before_helps() -> None:
    clean, mask = film(8, 0), letters()
    shown = [np.where(mask[..., None], np.uint8(255), p) for p in clean]
    with_it = fill(shown, [mask] * 8, Memory(clean[:1]))
    alone = fill(shown, [mask] * 8)
    assert error(with_it[-1], clean[-1], mask) < 0.3 * error(alone[-1], clean[-1], mask)


def test_a_cut_brings_nothing_over() -> None:
    mask = letters()
    one, other = np.full((120, 200, 3), 40, np.uint8), np.full((120, 200, 3), 200, np.uint8)
    masks = [np.zeros_like(mask), np.zeros_like(mask), mask, mask]
    shown = [one, one, *(np.where(mask[..., None], np.uint8(0), other),) * 2]
    for picture in fill(shown, masks)[2:]:
        assert error(picture, other, mask) < 3


def test_what_is_filled_from_the_edges_does_not_drift_away_from_them() -> None:
    colour = np.array([24, 131, 126])
    grain = np.random.default_rng(0).normal(0, 1.2, (120, 200, 3)).round()
    hole = cv2.dilate(letters().astype(np.uint8), np.ones((25, 25))) > 0
    shown = np.where(hole[..., None], 235, colour + grain).astype(np.uint8)
    drift = (inpaint(shown, hole) - colour.astype(float))[hole].mean(axis=0)
    assert np.abs(drift).max() < 0.3  # 1.6 where each step is rounded


def test_it_is_told_what_was_taken_from_other_pictures() -> None:
    mask = letters()
    shares = []
    for step in (0, 6):
        shown = [np.where(mask[..., None], np.uint8(255), p) for p in film(12, step)]
        filled, seen = filled_and_seen(shown, [mask] * 12)
        assert np.array_equal(filled, fill(shown, [mask] * 12))
        assert not any(share[~mask].any() for share in seen)
        shares.append(float(np.mean([share[mask] for share in seen])))
    standing, moving = shares
    assert 0 <= standing < 0.05
    assert 0.5 < moving <= 1
