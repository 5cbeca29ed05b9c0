"""The colours of an edge, sorted."""

from __future__ import annotations

import numpy as np

from media_pipeline.stages.matte.kinds import groups

_HAIR, _SKIN = (40.0, 128.0, 130.0), (170.0, 110.0, 150.0)


def _two_colours() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hair above skin at the left, and what is asked for right of both."""
    picture = np.zeros((60, 80, 3), np.float32)
    picture[:30], picture[30:] = _HAIR, _SKIN
    edge = np.zeros((60, 80), bool)
    edge[:, :20] = True
    pixels = np.zeros_like(edge)
    pixels[:, 20:24] = True
    return picture, edge, pixels


def test_each_colour_is_asked_for_itself() -> None:
    picture, edge, pixels = _two_colours()
    found = groups(picture, edge, pixels)
    rows = np.nonzero(pixels)[0]
    hair = [g for g in found if np.abs(g.colour - _HAIR).max() < 3]
    skin = [g for g in found if np.abs(g.colour - _SKIN).max() < 3]
    assert hair
    assert len(hair) + len(skin) == len(found)
    assert all((g.variance < 1).all() for g in found)
    assert min(g.away[rows < 25].max() for g in hair) <= min(g.away[rows < 25].max() for g in skin)


def test_the_same_picture_gives_the_same_groups() -> None:
    picture, edge, pixels = _two_colours()
    picture += np.random.default_rng(3).normal(0, 9, picture.shape).astype(np.float32)
    one, other = groups(picture, edge, pixels), groups(picture, edge, pixels)
    assert len(one) == len(other) > 1
    for a, b in zip(one, other, strict=True):
        assert (a.colour == b.colour).all()


def test_a_short_edge_has_no_groups() -> None:
    picture, edge, pixels = _two_colours()
    edge[:] = False
    edge[:4, :4] = True
    assert groups(picture, edge, pixels) == []


def test_an_edge_of_one_colour_has_it_everywhere() -> None:
    picture, edge, pixels = _two_colours()
    picture[:] = _HAIR
    assert all(np.allclose(g.colour, _HAIR, atol=0.1) for g in groups(picture, edge, pixels))
