"""Beats that follow a tempo curve: dynamic programming over onset strength."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, uniform_filter1d

from media_pipeline.stages.beats.onsets import FPS
from media_pipeline.stages.beats.tempo import Floats

_TIGHT = 300.0  # cost of a beat that is e times too long
_SHORTEST, _LONGEST = 0.62, 1.6


def normalised(flux: Floats) -> Floats:
    """Onset strength above its surroundings, and as strong in quiet as in loud parts.

    Parameters
    ----------
    flux : (frames,) at ``FPS``.
    """
    above = np.maximum(flux - uniform_filter1d(flux, int(FPS)), 0)
    spread = np.sqrt(uniform_filter1d(np.square(above), int(4 * FPS)) + 1e-12)
    return np.asarray(above / (spread + 0.1 * spread.max() + 1e-9))


def follow(strength: Floats, period: Floats) -> NDArray[np.int64]:
    """The sequence of frames that meets strong onsets at nearly the given distances.

    Parameters
    ----------
    strength : (frames,) onset strength.
    period : (frames,) length of a beat in frames.

    Returns
    -------
    (beats,) frame numbers.

    References
    ----------
    Ellis (2007), "Beat tracking by dynamic programming"; here the period is local. Frames that are
    nearer to each other than the shortest beat do not depend on each other, so a block of them is
    done at once.
    """
    smooth = gaussian_filter1d(strength, float(period.mean()) / 32)
    smooth = smooth / (smooth.std() + 1e-9)
    count = len(smooth)
    score, came = smooth.copy(), np.full(count, -1)
    first = 0
    while first < count:
        length = float(period[first])
        block = max(1, int(length * _SHORTEST) - 1)
        here = np.arange(first, min(count, first + block))
        lags = np.arange(int(length * _SHORTEST), int(length * _LONGEST) + 2)
        before = here[:, np.newaxis] - lags
        cost = _TIGHT * np.square(np.log(lags / period[here][:, np.newaxis]))
        gain = np.where(before >= 0, score[np.maximum(before, 0)] - cost, -1.0)
        best = gain.argmax(axis=1)
        value = gain[np.arange(len(here)), best]
        better = value > 0
        score[here] += np.where(better, value, 0)
        came[here] = np.where(better, here - lags[best], -1)
        first += block
    last = max(0, count - int(period[-1] * 1.5))
    at = last + int(score[last:].argmax()) if count else -1
    found = []
    while at >= 0:
        found.append(at)
        at = int(came[at])
    return np.array(found[::-1], np.int64)
