"""How noisy a sound is, and what is done about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from media_pipeline.media.audio import Samples
from media_pipeline.stages.audio_quality.spectrum import SpectrumMeter

_NOISY_DB, _CLEAN_DB = 35.0, 41.0
"""Speech is wholly worked on when it is less than this above its pauses, and let through when it
is more; clean speech of several people and voices is 42 and more above them, by its blind SNR,
which takes the weak moments of long sentences for noise, 24 to 45."""
_TRUST_SNR_DB, _TRUST = (12.0, 18.0, 22.0), (0.5, 0.38, 0.1)
_LEFT_DB = 50.0
"""By which noise in pauses is below the speech, and no more: where it were taken out wholly, each
word would come out of a hole."""


class Heard(NamedTuple):
    """How noisy a sound is, by its worst channel."""

    snr_db: float
    """Blind signal-to-noise ratio."""
    over_pauses_db: float
    """How far it is above the faintest that is heard around it."""


@dataclass(frozen=True)
class Plan:
    """What is done with a sound."""

    snr_db: float
    """Blind signal-to-noise ratio."""
    trust: float
    """Weight of RNNoise in the mean of the gains; log-MMSE has the rest."""
    untouched: float
    """Share of the sound as it is."""

    @property
    def least_gain(self) -> float:
        """What is left of every bin at least."""
        return float(10 ** (min(0.0, self.snr_db - _LEFT_DB) / 20))

    @property
    def words(self) -> str:
        """The plan for people."""
        if self.untouched == 1.0:
            return "let through: it is clean"
        said = f"RNNoise and log-MMSE, weights {self.trust:.2f} and {1 - self.trust:.2f}"
        return f"{said}, with {self.untouched:.0%} as it is" if self.untouched else said


def plan_for(heard: Heard) -> Plan:
    """What to do with a sound that is as noisy as this."""
    trust = float(np.interp(heard.snr_db, _TRUST_SNR_DB, _TRUST))
    untouched = float(np.interp(heard.over_pauses_db, (_NOISY_DB, _CLEAN_DB), (0.0, 1.0)))
    return Plan(heard.snr_db, trust, untouched)


def listen(blocks: Iterable[Samples], rate: int) -> Heard:
    """How noisy sound is that comes in blocks, (n, channels); 0 dB where nothing is heard."""
    meters: list[SpectrumMeter] = []
    for block in blocks:
        meters = meters or [SpectrumMeter(rate) for _ in range(block.shape[1])]
        for meter, column in zip(meters, block.T, strict=True):
            meter.push(column.astype(np.float64))
    sounding = [m for m in meters if m.active().any()]
    return Heard(
        min((m.snr_db() for m in sounding), default=0.0),
        min((m.over_pauses_db() for m in sounding), default=0.0),
    )
