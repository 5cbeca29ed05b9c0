"""Blends estimated where they are known, and where they are tried out."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from media_pipeline.stages.delogo.blend import Blend, estimate, shifted
from media_pipeline.stages.delogo.shape import bearing, mark_pixels, spans_shown
from media_pipeline.stages.delogo.trial import Beside, best_blend, spatial_error
from media_pipeline.stages.inpaint.spatial import inpaint
from media_pipeline_tests.generators.grounds import texture

HEIGHT, WIDTH = 96, 120
BOX = (40, 20, 82, 44)


def grounds(count: int = 40) -> NDArray[np.uint8]:
    """Parts of a sheet that have nothing to do with each other, as after cuts."""
    rng = np.random.default_rng(2)
    sheet = texture(rng, 900, 500, hard=True)
    corners = zip(rng.integers(0, 400, count), rng.integers(0, 780, count), strict=True)
    return np.stack([sheet[y : y + HEIGHT, x : x + WIDTH] for y, x in corners])


def bars(opacity: float) -> Blend:
    """Four bright bars."""
    alpha = np.zeros((HEIGHT, WIDTH), np.float32)
    for left in range(42, 80, 10):
        alpha[22:42, left : left + 5] = opacity
    return Blend(alpha, alpha[..., None] * np.array([230, 120, 135], np.float32))


def drawn(clean: NDArray[np.uint8], mark: Blend) -> NDArray[np.uint8]:
    return np.stack([np.rint(mark.over(picture)) for picture in clean]).astype(np.uint8)


@pytest.mark.parametrize("opacity", [0.3, 0.6])
def test_opacity_and_colour_are_found(opacity: float) -> None:
    clean, mark = grounds(), bars(opacity)
    shown = drawn(clean, mark)
    mask = mark_pixels(shown, BOX)
    covered = mark.alpha > 0
    assert mask[covered].all()
    place = Beside.of(mask)
    assert place is not None
    found, error = best_blend(shown, mask, place)
    assert np.abs(found.alpha - mark.alpha)[covered].mean() < 0.06
    lifted = np.stack([found.lifted(picture) for picture in shown])
    filled = np.stack([inpaint(picture, mask) for picture in shown])
    ours = np.abs(lifted - clean)[:, mask].mean()
    assert ours < 0.5 * np.abs(filled.astype(float) - clean)[:, mask].mean()
    assert 0.4 < error[mask].mean() / ours < 3  # what is said of the error is about true
    assert np.array_equal(lifted[:, ~mask], shown[:, ~mask])


def test_what_is_opaque_is_known_to_be_lost() -> None:
    clean, mark = grounds(), bars(1.0)
    shown = drawn(clean, mark)
    mask = mark_pixels(shown, BOX)
    place = Beside.of(mask)
    assert place is not None
    found = estimate(shown, mask, spatial_error(shown, place))
    assert np.median(found.alpha[mark.alpha > 0]) > 0.9


def test_a_place_beside_is_within_the_picture() -> None:
    mask = np.zeros((40, 60), np.bool_)
    mask[2:12, 5:50] = True
    place = Beside.of(mask)
    assert place is not None
    assert (place.rows, place.columns) == (12, 0)
    assert not (place.mask & mask).any()
    assert np.array_equal(shifted(place.mask, -12, 0), mask)
    assert Beside.of(np.ones((40, 60), np.bool_)) is None


def test_pictures_that_bear_the_mark_are_told_from_others() -> None:
    rng = np.random.default_rng(1)
    mark = rng.normal(0, 10, (50, 2))
    edges = rng.normal(0, 4, (20, 50, 2))
    edges[5:15] += mark
    found = bearing(edges)
    assert found is not None
    shown, _, like = found
    assert np.flatnonzero(shown).tolist() == list(range(5, 15))
    assert like[shown].min() > like[~shown].max()
    times = [i / 2 for i in range(20)]
    assert spans_shown(shown, times) == ((2.0, 7.5),)
    assert spans_shown(np.ones(20, np.bool_), times) == ((0.0, float("inf")),)
    assert bearing(rng.normal(0, 4, (20, 50, 2))) is None
