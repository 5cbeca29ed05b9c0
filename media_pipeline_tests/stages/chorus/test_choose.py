"""Which family is taken for the chorus."""

from __future__ import annotations

import numpy as np
import pytest

from media_pipeline.stages.chorus.choose import REPEATED, SIGNS, best_of, choose
from media_pipeline.stages.chorus.families import MEASURES
from media_pipeline.stages.chorus.form import Floats

LIKE_A_CHORUS = np.array([SIGNS[name] for name in MEASURES], float)
LEAST = np.append(-0.5, [float(name == "least alike") for name in REPEATED])
"""What comes again has a least likeness above a half."""


def row(least: float, rest: float) -> Floats:
    """A family of a least likeness that has ``rest`` of what speaks for choruses."""
    values = LIKE_A_CHORUS * rest
    values[MEASURES.index("least alike")] = least
    return np.asarray(values)


def test_what_does_not_come_again_is_not_chosen_however_much_it_is_like_a_chorus() -> None:
    rows = np.array([row(0.3, 5.0), row(0.7, 1.0), row(0.8, 2.0), row(0.9, 0.0)])
    best, odds = best_of(rows, LIKE_A_CHORUS, LEAST)
    assert best == 2
    assert odds == pytest.approx(0.3)


def test_where_nothing_comes_again_the_nearest_to_it_says_so() -> None:
    rows = np.array([row(0.3, 5.0), row(0.4, 1.0)])
    best, odds = best_of(rows, LIKE_A_CHORUS, LEAST)
    assert best == 1
    assert odds == pytest.approx(-0.1)


def test_without_families_there_is_no_chorus() -> None:
    assert choose(np.zeros((0, len(MEASURES)))) is None
    assert choose(np.zeros((3, len(MEASURES)))) is None
