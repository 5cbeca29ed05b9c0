"""Noise out of speech, in bounded memory.

RNNoise takes more noise away and bends speech; log-MMSE does less of both. Each says how much it
would leave of every bin of the spectrum, and what is left is a geometric mean of the two: better by
SI-SDR and by PESQ than either. How noisy the sound is says how much each counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from media_pipeline.media.audio import Samples
from media_pipeline.stages.denoise.logmmse import Windows, log_mmse_gain
from media_pipeline.stages.denoise.plan import Plan
from media_pipeline.stages.denoise.rnnoise import rnnoise

_BLOCK_S, _CONTEXT_S = 20.0, 3.0
_TINY = 1e-9
_KNEE = 0.97  # of full scale: louder is bent, so that nothing clips

Floats = NDArray[np.float64]


def denoise(blocks: Iterable[Samples], rate: int, plan: Plan) -> Iterator[Samples]:
    """Speech with less noise, each sample where it was.

    Parameters
    ----------
    blocks : (n, channels) sound in order.
    rate : samples per second.
    plan : from :func:`plan_for`.

    Yields
    ------
    (n, channels) float32
        as many samples in all as came in.

    Notes
    -----
    Blocks are worked on with three seconds before and after them, so that their joins are not
    heard and two hours need no more memory than a minute.
    """
    context, size = round(_CONTEXT_S * rate), round(_BLOCK_S * rate)
    before: Samples | None = None
    waiting: list[Samples] = []
    count = 0
    for block in blocks:
        waiting.append(block)
        count += len(block)
        while count >= size + context:
            joined = np.concatenate(waiting)
            yield _cleaned(before, joined[:size], joined[size : size + context], rate, plan)
            before = joined[size - context : size]
            waiting, count = [joined[size:]], count - size
    if count:
        joined = np.concatenate(waiting)
        yield _cleaned(before, joined, joined[:0], rate, plan)


def _cleaned(
    before: Samples | None, block: Samples, after: Samples, rate: int, plan: Plan
) -> Samples:
    if plan.untouched == 1.0:
        return block
    lead = 0 if before is None else len(before)
    whole = np.concatenate([block[:0] if before is None else before, block, after])
    columns = [_channel(column.astype(np.float64), rate, plan) for column in whole.T]
    kept = np.stack(columns, axis=1)[lead : lead + len(block)]
    return _limited(kept).astype(np.float32)


def _channel(samples: Floats, rate: int, plan: Plan) -> Floats:
    if not samples.any():
        return samples
    windows = Windows(rate)
    spectrum = windows.forth(samples)
    left = np.abs(windows.forth(rnnoise(samples, rate))) / (np.abs(spectrum) + _TINY)
    gain = np.minimum(left, 1.0) ** plan.trust
    gain *= log_mmse_gain(spectrum, windows.fps) ** (1 - plan.trust)
    clean = windows.back(spectrum * np.maximum(gain, plan.least_gain), len(samples))
    return np.asarray(plan.untouched * samples + (1 - plan.untouched) * clean)


def _limited(samples: Floats) -> Floats:
    over = np.abs(samples) - _KNEE
    bent = np.sign(samples) * (_KNEE + (1 - _KNEE) * np.tanh(np.maximum(over, 0) / (1 - _KNEE)))
    return np.where(over > 0, bent, samples)
