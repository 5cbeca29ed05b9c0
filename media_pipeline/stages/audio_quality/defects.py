"""Defects that stand in the samples themselves: clipping, dropouts, an offset."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_PLATEAU = 0.999
"""Share of a block's extreme that samples of a clipped peak reach."""
_SHORTEST = 3
_CORNER = 0.01
"""By which a clipped peak falls off beside its plateau, as a share of the extreme; the round tops
of low tones fall off far less."""
_LEAST_EXTREME = 0.02
_DROPOUT_S, _LONGEST_DROPOUT_S = 0.004, 1.0
_SOUNDING = 0.004
_BESIDE_S = 0.004


class DefectMeter:
    """Looks at a channel of sound that comes in blocks of some seconds."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._sum = 0.0
        self._tail = np.zeros(0)
        self.count = 0
        self.clipped = 0
        self.dropouts = 0
        self.peak = 0.0

    def push(self, samples: Floats) -> None:
        """Look at the next samples, (n,)."""
        if not len(samples):
            return
        self._sum += float(samples.sum())
        self.count += len(samples)
        self.peak = max(self.peak, float(np.abs(samples).max()))
        self.clipped += clipped_samples(samples) + clipped_samples(-samples)
        joined = np.concatenate([self._tail, samples])
        found, kept = self._dropouts(joined)
        self.dropouts += found
        self._tail = joined[kept:]

    @property
    def offset(self) -> float:
        """Mean of all samples."""
        return self._sum / self.count if self.count else 0.0

    def _dropouts(self, samples: Floats) -> tuple[int, int]:
        """How many stretches of nothing break off sound, and from where to look again."""
        beside = max(1, round(_BESIDE_S * self._rate))
        starts, ends = _runs(samples == 0)
        found, kept = 0, max(0, len(samples) - beside)
        for start, end in zip(starts, ends, strict=True):
            if end == len(samples):
                if (end - start) / self._rate < _LONGEST_DROPOUT_S:
                    kept = max(0, start - beside)
                break
            if not _DROPOUT_S <= (end - start) / self._rate <= _LONGEST_DROPOUT_S:
                continue
            before = np.abs(samples[max(0, start - beside) : start]).max(initial=0.0)
            after = np.abs(samples[end : end + beside]).max(initial=0.0)
            found += bool(before > _SOUNDING and after > _SOUNDING)
        return found, kept


def clipped_samples(samples: Floats) -> int:
    """Samples of flattened positive peaks: three or more at the extreme, with corners beside."""
    extreme = float(samples.max(initial=0.0))
    if extreme < _LEAST_EXTREME:
        return 0
    starts, ends = _runs(samples >= extreme * _PLATEAU)
    long = ends - starts >= _SHORTEST
    starts, ends = starts[long], ends[long]
    last = len(samples) - 1
    fall = np.maximum(
        extreme - samples[np.maximum(starts - 1, 0)], extreme - samples[np.minimum(ends, last)]
    )
    return int((ends - starts)[fall > _CORNER * extreme].sum())


def _runs(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    edges = np.diff(np.concatenate([[0], mask.astype(np.int8), [0]]))
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
