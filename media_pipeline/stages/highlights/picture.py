"""What the picture does, on the grid: motion without cuts, and cuts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from media_pipeline.stages.highlights.sound import STEP, Array


@dataclass(frozen=True, slots=True)
class Picture:
    """The picture of a film on the grid.

    ``motion``: (cells,) how far the luma moves within a cell, 0-255, without the jumps at cuts.
    ``cuts``: (k,) seconds at which a new shot starts.
    """

    motion: Array
    cuts: NDArray[np.float64]


def measure_picture(
    time: NDArray[np.float64],
    motion: NDArray[np.float32],
    cut: NDArray[np.bool_],
    cells: int,
) -> Picture | None:
    """Bring the differences between frames, (k,) each, onto the grid.

    Differences are added up over each cell, so that the result hardly depends on the frame rate and
    variable rates are counted right.

    Parameters
    ----------
    time : seconds, increasing.
    motion : mean absolute luma difference to the frame before, cuts included.
    cut : whether a new shot starts with the frame.
    cells : how many cells of 0.1 s the result has.

    Returns
    -------
    Picture or None
        None where there are fewer than two frames.
    """
    if len(time) < 2:
        return None
    # at a cut the difference says nothing about motion: the usual of the frames around stands in
    usual = median_filter(motion, size=min(21, len(motion) // 2 * 2 + 1), mode="nearest")
    steady = np.where(cut, np.minimum(motion, usual), motion).astype(np.float64)
    steady[0] = 0.0
    edges = np.arange(cells + 1) * STEP
    travelled = np.interp(edges, time, np.cumsum(steady))
    return Picture(np.diff(travelled).astype(np.float32), time[cut & (time > 0)])


def cut_rate(cuts: NDArray[np.float64], cells: int) -> Array:
    """Cuts per second in each cell, (cells,), before any smoothing."""
    index = np.minimum((cuts / STEP).astype(int), cells - 1)
    return (np.bincount(index, minlength=cells)[:cells] / STEP).astype(np.float32)
