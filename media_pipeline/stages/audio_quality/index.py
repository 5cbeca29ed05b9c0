"""Indexes from 0 to 5 out of measured facts. They are estimates, not opinions of listeners.

Each penalty is a curve over one fact. The curves were fitted to PESQ over clean speech of four
synthetic voices damaged in ten ways, each in five steps; left out of the fit, a voice's index ranks
its damage as PESQ does (Spearman 0.95). ``benchmarks/audio_functions.py`` measures it again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

BEST = 5.0
_USUAL_LUFS, _FREE_LU, _RANGE_LU = -20.0, 7.0, 25.0
_SNR_MIDDLE_DB, _SNR_SLOPE_DB = 17.2, 10.0
_CLIP_HALF, _CLIP_POWER = 0.059, 0.63
_BAND_SHARE, _BAND_MIDDLE_HZ, _BAND_SLOPE = 0.40, 3345.0, 0.228
_DECAY_SHARE, _DECAY_MIDDLE_S, _DECAY_SLOPE_S = 0.59, 0.30, 0.05
_DROPOUTS_HALF = 1.6


@dataclass(frozen=True)
class Indexes:
    """0 to 5 each; 5 is without fault."""

    mos: float
    discontinuity: float
    coloration: float
    noisiness: float
    loudness: float


def _step(value: float) -> float:
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, value))))


def indexes(
    *,
    snr_db: float,
    saturated: float,
    bandwidth_hz: float,
    decay_s: float,
    dropouts_per_s: float,
    lufs: float,
) -> Indexes:
    """How good speech with such facts sounds.

    Parameters
    ----------
    saturated : share of the samples that are clipped, 0 to 1.
    decay_s : of reverberation, by 60 dB.
    """
    noise = _step((snr_db - _SNR_MIDDLE_DB) / _SNR_SLOPE_DB)
    clipping = 1 / (1 + (saturated / _CLIP_HALF) ** _CLIP_POWER)
    octaves = math.log2(_BAND_MIDDLE_HZ / max(bandwidth_hz, 300.0))
    band = 1 - _BAND_SHARE * _step(octaves / _BAND_SLOPE)
    room = 1 - _DECAY_SHARE * _step((decay_s - _DECAY_MIDDLE_S) / _DECAY_SLOPE_S)
    broken = 1 / (1 + dropouts_per_s / _DROPOUTS_HALF)
    level = 1 - min(1.0, max(0.0, abs(lufs - _USUAL_LUFS) - _FREE_LU) / _RANGE_LU)
    return Indexes(
        mos=BEST * noise * clipping * band * room * broken,
        discontinuity=BEST * broken,
        coloration=BEST * band * room * clipping,
        noisiness=BEST * noise,
        loudness=BEST * level,
    )
