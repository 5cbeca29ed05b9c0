"""Which of all families is the chorus, if any is."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import numpy as np

from media_pipeline.stages.chorus.families import MEASURES
from media_pipeline.stages.chorus.form import Floats

FILE = Path(__file__).with_name("weights.json")
SIGNS = {
    **dict.fromkeys(MEASURES, 1),
    **dict.fromkeys(("fresh inside", "rest", "share", "length", "other keys"), -1),
    **dict.fromkeys(("alike before", "alike after", "rise inside"), -1),
}
"""Which way each measure may count: what speaks for a chorus does in all music."""
REPEATED = ("least alike", "sound alike", "count", "apart", "fresh start", "fresh end")
"""What tells whether a family does come again, as a part of its own."""


@functools.cache
def _weights() -> tuple[Floats, Floats]:
    stored = json.loads(FILE.read_text(encoding="utf-8"))
    return (
        np.array([stored["chorus"][name] for name in MEASURES]),
        np.array([stored["repeated"][name] for name in ("", *REPEATED)]),
    )


def choose(rows: Floats) -> tuple[int, float] | None:
    """The family that is likeliest the chorus, and the chance that it comes again at all.

    None where that is below one half for all families.

    Parameters
    ----------
    rows : (families, MEASURES).
    """
    if not len(rows):
        return None
    chorus, repeated = _weights()
    best, odds = best_of(rows, chorus, repeated)
    return (best, float(1 / (1 + np.exp(-odds)))) if odds > 0 else None


def best_of(rows: Floats, chorus: Floats, repeated: Floats) -> tuple[int, float]:
    """The likeliest chorus of the families that do come again, and the log odds that it does.

    Where none does, the one that is nearest to it. ``chorus`` has a weight for each of MEASURES,
    ``repeated`` a constant and one for each of REPEATED.
    """
    odds = repeated[0] + rows[:, [MEASURES.index(name) for name in REPEATED]] @ repeated[1:]
    again = odds > 0
    best = int((np.where(again, rows @ chorus, -np.inf) if again.any() else odds).argmax())
    return best, float(odds[best])
