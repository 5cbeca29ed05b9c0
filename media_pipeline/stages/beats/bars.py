"""Which beats begin a bar, and how many make one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from media_pipeline.stages.beats.onsets import CHROMA_FPS, FPS, Onsets
from media_pipeline.stages.beats.tempo import Floats
from media_pipeline.stages.beats.weights import METERS, bar_weights, meter_weights

MARKS = 9
"""Signals of a beat: those of :func:`~hypotheses.signals`, and two changes of harmony."""
_BEATS = 16
"""So many beats say as much as the fit took a whole song to say."""
_SLIP = 6.0
"""Log odds against a bar that is a beat longer or shorter."""
_LAGS = (2, 3, 4, 6, 8)


def marks(onsets: Onsets, found: Floats, beats: NDArray[np.int64]) -> Floats:
    """What happens at each beat, (beats, MARKS), each column with mean 0 and deviation 1.

    Parameters
    ----------
    onsets : what was heard.
    found : (frames, signals) as :func:`~hypotheses.signals` gives them.
    beats : (beats,) frames.
    """
    chroma = _by_beat(onsets, beats)
    one, two = _change(chroma, 1), _change(chroma, 2)
    rows = np.column_stack([found[np.minimum(beats, len(found) - 1)], one, two])
    rows = np.minimum(rows, rows.mean(axis=0) + 3 * rows.std(axis=0))
    return np.asarray((rows - rows.mean(axis=0)) / (rows.std(axis=0) + 1e-6))


def _by_beat(onsets: Onsets, beats: NDArray[np.int64]) -> Floats:
    """Mean chroma from each beat to the next, of length 1."""
    chroma = onsets.chroma.astype(np.float64)
    total = np.vstack([np.zeros(12), np.cumsum(chroma, axis=0)])
    # a window of the chroma sees as much before as after its time
    at = np.minimum(np.round(beats / FPS * CHROMA_FPS).astype(int) + 1, len(chroma))
    last = np.minimum(at[-1:] + int(np.median(np.diff(at))), len(chroma))
    ends = np.concatenate([at[1:], last])
    sums = total[np.maximum(ends, at)] - total[at]
    return np.asarray(sums / (np.linalg.norm(sums, axis=1, keepdims=True) + 1e-6))


def _change(chroma: Floats, span: int) -> Floats:
    total = np.vstack([np.zeros(12), np.cumsum(chroma, axis=0)])
    at = np.arange(len(chroma))
    before = total[at] - total[np.maximum(at - span, 0)]
    after = total[np.minimum(at + span, len(chroma))] - total[at]
    norms = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1) + 1e-6
    change = 1 - (before * after).sum(axis=1) / norms
    change[0] = change[1:].mean() if len(change) > 1 else 0.0
    return np.asarray(change)


def periodicity(rows: Floats) -> Floats:
    """How alike beats are that lie some beats apart, for the lags that tell meters."""
    return np.array(
        [float((rows[n:] * rows[:-n]).mean()) if len(rows) > n + 2 else 0.0 for n in _LAGS]
    )


def find_bars(rows: Floats) -> tuple[int, NDArray[np.int64]]:
    """The meter, and for each beat its place in the bar, 0 being the first.

    One meter holds for the whole sound; a bar may now and then be a beat longer or shorter.

    Parameters
    ----------
    rows : (beats, MARKS) as :func:`marks` gives them.
    """
    again = periodicity(rows)
    best: tuple[float, int, NDArray[np.int64]] | None = None
    for meter in METERS:
        gain = rows @ bar_weights(meter).T * (meter / _BEATS)
        score, places = _viterbi(gain, meter)
        constant, *likeness = meter_weights(meter)
        total = score / len(rows) * _BEATS + float(again @ likeness) + constant
        if best is None or total > best[0]:
            best = total, meter, places
    assert best is not None  # noqa: S101 - there are meters
    return best[1], best[2]


def _viterbi(gain: Floats, meter: int) -> tuple[float, NDArray[np.int64]]:
    """The best places of all beats in their bars: each follows the one before, or slips."""
    score = gain[0].copy()
    came = np.zeros((len(gain), meter), np.int64)
    for i in range(1, len(gain)):
        straight = np.roll(score, 1)
        jump = int(score.argmax())
        slips = score[jump] - _SLIP > straight
        came[i] = np.where(slips, jump, (np.arange(meter) - 1) % meter)
        score = np.where(slips, score[jump] - _SLIP, straight) + gain[i]
    places = [int(score.argmax())]
    for i in range(len(gain) - 1, 0, -1):
        places.append(int(came[i, places[-1]]))
    return float(score.max()), np.array(places[::-1], np.int64)
