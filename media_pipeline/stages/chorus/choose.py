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
REPEATED = ("least alike", "sound alike", "count")
"""What tells whether anything comes again."""


@functools.cache
def _weights() -> tuple[Floats, Floats]:
    stored = json.loads(FILE.read_text(encoding="utf-8"))
    return (
        np.array([stored["chorus"][name] for name in MEASURES]),
        np.array([stored["repeated"][name] for name in ("", *REPEATED)]),
    )


def choose(rows: Floats) -> tuple[int, float] | None:
    """The family that is likeliest the chorus, and the chance that it comes again at all.

    None where that is below one half.

    Parameters
    ----------
    rows : (families, MEASURES).
    """
    if not len(rows):
        return None
    chorus, repeated = _weights()
    best = int((rows @ chorus).argmax())
    columns = [MEASURES.index(name) for name in REPEATED]
    odds = float(repeated[0] + rows[best, columns] @ repeated[1:])
    chance = 1 / (1 + np.exp(-odds))
    return (best, float(chance)) if odds > 0 else None
