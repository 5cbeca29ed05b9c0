"""What the picture does, on the grid: motion without cuts, and cuts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import percentile_filter

from media_pipeline.stages.highlights.sound import STEP, Array

_FLASH_LUMA, _FLASH_SHARE = 6.0, 0.5
_FAR_BITS, _NEAR_BITS = 16, 6  # of 64
_FLASH_LAG = 12  # frames in which a flash is over


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
    *,
    luma: NDArray[np.float32] | None = None,
    signature: NDArray[np.uint64] | None = None,
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
    luma : mean luma of each frame, 0-255; with it a flashing light is told from motion.
    signature : difference hash of each frame; with it so is a picture that flips to and fro.

    Returns
    -------
    Picture or None
        None where there are fewer than two frames.
    """
    if len(time) < 2:
        return None
    # at a cut or flash the difference says nothing about motion: the usual of the frames around
    # that are neither stands in
    apart = cut | flashes(motion, luma, signature)
    size = min(21, len(motion) // 2 * 2 + 1)
    plain = np.where(apart, np.inf, motion)
    usual = percentile_filter(plain, 25, size=size, mode="nearest")
    usual = np.where(np.isfinite(usual), usual, 0.0)
    steady = np.where(apart, np.minimum(motion, usual), motion).astype(np.float64)
    steady[0] = 0.0
    edges = np.arange(cells + 1) * STEP
    travelled = np.interp(edges, time, np.cumsum(steady))
    return Picture(np.diff(travelled).astype(np.float32), time[cut & (time > 0)])


def flashes(
    motion: NDArray[np.float32],
    luma: NDArray[np.float32] | None,
    signature: NDArray[np.uint64] | None,
) -> NDArray[np.bool_]:
    """Frames whose difference to the one before is light, not motion, (k,).

    Either most of the difference is a change of the whole picture's brightness, or the picture
    jumps to one that was there a few frames before.
    """
    found = np.zeros(len(motion), bool)
    if luma is not None:
        jump = np.abs(np.diff(luma, prepend=luma[:1]))
        found |= (jump > _FLASH_LUMA) & (jump > _FLASH_SHARE * motion)
    if signature is not None:
        far = _distances(signature, 1) > _FAR_BITS
        back = np.zeros_like(far)
        for lag in range(2, min(_FLASH_LAG, len(signature) - 1) + 1):
            back |= _distances(signature, lag) <= _NEAR_BITS
        found |= far & back
    return found


def _distances(signature: NDArray[np.uint64], lag: int) -> NDArray[np.uint8]:
    """Bits in which each signature differs from the one ``lag`` frames before; 64 where none is."""
    apart = np.full(len(signature), 64, np.uint8)
    if lag < len(signature):
        apart[lag:] = np.bitwise_count(signature[lag:] ^ signature[:-lag])
    return apart


def cut_rate(cuts: NDArray[np.float64], cells: int, seconds: float) -> Array:
    """Cuts per second around each cell beyond the one that any shot ends with, (cells,).

    Parameters
    ----------
    cuts : seconds.
    cells : how many cells of 0.1 s the result has.
    seconds : over which they are counted. A single cut in them is film as usual and no rate, and
        so is what lies before the first of several or after the last.
    """
    middles = (np.arange(cells) + 0.5) * STEP
    at = np.searchsorted(cuts, middles)
    before = at - np.searchsorted(cuts, middles - seconds / 2)
    after = np.searchsorted(cuts, middles + seconds / 2) - at
    among = (before > 0) & (after > 0)
    rate: Array = (np.where(among, before + after - 1, 0) / seconds).astype(np.float32)
    return rate
