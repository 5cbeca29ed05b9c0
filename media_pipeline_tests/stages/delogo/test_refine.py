"""Blends made finer, and what shines through weighed against what was filled, with known truth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from media_pipeline.stages.delogo.blend import Blend
from media_pipeline.stages.delogo.refine import Evidence, mixed, refined
from media_pipeline_tests.stages.delogo.test_blend import bars, drawn, grounds

TRUE = bars(0.6)
MASK = TRUE.alpha > 0
ROUGH = Blend(TRUE.alpha * 0.8, TRUE.shade * 0.7)


def noisy(pictures: NDArray[np.uint8], size: float) -> NDArray[np.uint8]:
    noise = np.random.default_rng(4).normal(0, size, pictures.shape)
    return np.clip(np.rint(pictures + noise), 0, 255).astype(np.uint8)


def error(pictures: list[NDArray[np.uint8]], clean: NDArray[np.uint8]) -> NDArray[np.floating]:
    """Of each picture, at the mark's pixels, grey levels."""
    away = (np.stack(pictures).astype(float) - clean)[:, MASK]
    return np.asarray(np.sqrt((away**2).mean(axis=(1, 2))))


def told(
    shown: NDArray[np.uint8], filled: NDArray[np.uint8], share: float, times: int = 3
) -> Evidence:
    """What pictures say of the mark's blend, that many times over."""
    evidence = Evidence()
    for _ in range(times):
        seen = [(share * MASK).astype(np.float32)] * len(shown)
        evidence.add(list(shown), list(filled), seen, MASK)
    return evidence


def test_a_blend_gets_finer_where_other_pictures_show_the_ground() -> None:
    clean = grounds(60)
    shown, filled = drawn(clean, TRUE), noisy(clean, 4)
    filled[::5] = 128  # of some pictures the ground was misjudged
    found = refined(ROUGH, told(shown, filled, 1.0), list(shown), MASK)
    assert np.abs(found.alpha - TRUE.alpha)[MASK].mean() < 0.03
    assert np.abs(found.shade - TRUE.shade)[MASK].mean() < 4
    assert not found.alpha[~MASK].any()
    assert not found.shade[~MASK].any()


def test_too_few_pictures_change_no_blend_and_the_last_ones_count() -> None:
    clean = grounds(60)
    shown, filled = drawn(clean, TRUE), noisy(clean, 4)
    assert refined(ROUGH, told(shown, filled, 1.0, times=1), list(shown), MASK) is ROUGH
    evidence = told(shown, filled, 1.0, times=9)
    assert len(evidence.shown) == len(evidence.ground) == len(evidence.trust) == 60
    assert np.array_equal(evidence.shown[-1], shown[57][MASK])


def test_what_was_filled_from_the_edges_is_relied_on_only_if_the_outlines_fade() -> None:
    clean = grounds(60)
    shown = drawn(clean, TRUE)
    found = refined(ROUGH, told(shown, noisy(clean, 4), 0.0), list(shown), MASK)
    assert np.abs(found.alpha - TRUE.alpha)[MASK].mean() < 0.03
    wrong = told(shown, np.roll(clean, 1, axis=0), 0.0)
    assert refined(TRUE, wrong, list(shown), MASK) is TRUE


def test_an_opacity_stays_where_the_ground_never_changes() -> None:
    still = grounds(1).repeat(60, axis=0)
    shown = drawn(still, TRUE)
    found = refined(ROUGH, told(shown, still, 1.0), list(shown), MASK)
    assert np.abs(found.alpha - ROUGH.alpha)[MASK].max() < 0.01
    # what is seen there is explained all the same
    assert np.abs(found.over(still[0]) - shown[0])[MASK].mean() < 3


def test_what_shines_through_is_believed_where_what_was_filled_is_wrong() -> None:
    clean = grounds()
    shown, filled = noisy(drawn(clean, TRUE), 4), noisy(clean, 4)
    filled[::5] = 128
    seen, beside = [MASK.astype(np.float32)] * len(clean), np.zeros(MASK.shape, np.float32)
    done = mixed(TRUE, list(shown), list(filled), seen, MASK, beside)
    lifted = error([np.rint(TRUE.lifted(part)).astype(np.uint8) for part in shown], clean)
    mix, fill = error(done, clean), error(list(filled), clean)
    wrong = np.arange(len(clean)) % 5 == 0
    assert mix[wrong].mean() < 1.1 * lifted[wrong].mean() < 0.4 * fill[wrong].mean()
    assert mix[~wrong].mean() < 0.6 * lifted[~wrong].mean()
    for one, other in zip(done, shown, strict=True):
        assert np.array_equal(one[~MASK], other[~MASK])


def test_what_was_measured_beside_decides_where_the_ground_was_not_seen() -> None:
    clean = grounds(12)
    shown, filled = list(drawn(clean, TRUE)), [np.full_like(clean[0], 128)] * 12
    unseen = [np.zeros(MASK.shape, np.float32)] * 12
    for share, least, most in ((0.0, 20, 255), (1.0, 0, 3)):
        beside = np.full(MASK.shape, share, np.float32)
        away = error(mixed(TRUE, shown, filled, unseen, MASK, beside), clean).mean()
        assert least < away < most
