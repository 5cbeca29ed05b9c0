"""How much each measure counts, fitted to generated songs by ``benchmarks/fit_beats.py``."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
FILE = Path(__file__).with_name("weights.npz")
_FARTHEST = 4.0  # deviations from the mean; a measure that is stranger says no more
METERS = (4, 3)


@functools.cache
def _weights() -> dict[str, Floats]:
    with np.load(FILE) as stored:
        return {name: stored[name].astype(np.float64) for name in stored.files}


def products(measures: Floats, mean: Floats, deviation: Floats) -> Floats:
    """The measures, normalised, and the products of each two: (n, m) to (n, m + m (m + 1) / 2)."""
    normal = np.clip((measures - mean) / deviation, -_FARTHEST, _FARTHEST)
    one, other = np.triu_indices(normal.shape[1])
    return np.column_stack([normal, normal[:, one] * normal[:, other] / 4])


def beat_scores(measures: Floats) -> Floats:
    """The score of each hypothesis from its measures, (n, m); differences are log odds."""
    found = _weights()
    rows = products(measures, found["mean"], found["deviation"])
    return np.asarray(rows @ found["beats"])


def bar_weights(meter: int) -> Floats:
    """(meter, marks): how much each mark of a beat speaks for each place in the bar."""
    return _weights()[f"bars{meter}"]


def meter_weights(meter: int) -> Floats:
    """(1 + lags,): a constant, and how much likeness at each lag speaks for the meter."""
    return _weights()[f"meter{meter}"]
