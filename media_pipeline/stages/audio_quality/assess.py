"""How good a recording sounds, channel by channel, without anything to compare it with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from media_pipeline.media.audio import Samples
from media_pipeline.stages.audio_quality.defects import DefectMeter
from media_pipeline.stages.audio_quality.index import Indexes, indexes
from media_pipeline.stages.audio_quality.loudness import SILENT_LUFS, LoudnessMeter
from media_pipeline.stages.audio_quality.spectrum import SpectrumMeter

SHORTEST_S = 2.0
_LEAST_SPEECH_S = 1.0
_MUTE_PEAK = 10 ** (-60 / 20)

VALID, SHORT, MUTE, NO_VOICE = "Valid", "File too Short", "Mute", "Voice too Short"


@dataclass(frozen=True)
class Channel:
    """What was measured of a channel; None where there is nothing to measure it on."""

    tag: str
    indexes: Indexes | None
    lufs: float
    true_peak_db: float
    speech_ratio: float
    saturated: float
    """Share of the samples, 0 to 1."""
    snr_db: float
    bandwidth_hz: float
    decay_s: float
    dropouts: int
    hum_db: float | None
    offset: float
    duration: float
    over_time: NDArray[np.float64]
    """Loudness of the last three seconds at each second, LUFS."""

    def as_json(self) -> dict[str, Any]:
        """The object of AudioQualityAssessment's Result, with what was measured under ``Facts``."""
        named = self.indexes
        values = (
            (named.mos, named.discontinuity, named.coloration, named.noisiness, named.loudness)
            if named
            else (0.0,) * 5
        )
        names = ("MOS", "Discontinuity", "Coloration", "Noisiness", "Loudness")
        return {
            "Tag": self.tag,
            **{f"{n}(0-5)": round(v, 2) for n, v in zip(names, values, strict=True)},
            "Loudness(dB)": round(self.lufs, 2),
            "Speech Ratio": round(self.speech_ratio, 3),
            "Saturated Ratio(%)": round(100 * self.saturated, 3),
            "Facts": {
                "SNR(dB)": round(self.snr_db, 1),
                "Bandwidth(Hz)": round(self.bandwidth_hz),
                "Decay(s)": round(self.decay_s, 2),
                "Dropouts": self.dropouts,
                "Hum(dBFS)": None if self.hum_db is None else round(self.hum_db, 1),
                "DC": round(self.offset, 5),
                "TruePeak(dBTP)": round(self.true_peak_db, 2),
                "Duration(s)": round(self.duration, 3),
            },
        }


class _Meters:
    def __init__(self, rate: int) -> None:
        self.spectrum, self.defects = SpectrumMeter(rate), DefectMeter(rate)
        self.loudness = LoudnessMeter(rate)

    def push(self, samples: NDArray[np.float64]) -> None:
        self.spectrum.push(samples)
        self.defects.push(samples)
        self.loudness.push(samples)


def assess(
    blocks: Iterable[Samples], rate: int, speech: Sequence[tuple[float, float]] = ()
) -> list[Channel]:
    """Measure every channel of a recording.

    Parameters
    ----------
    blocks : (n, channels) sound in blocks of some seconds, in order.
    rate : samples per second.
    speech : spans where somebody speaks in any channel, in seconds.

    Returns
    -------
    list of Channel
        in the order of the channels; empty when there is no block.
    """
    meters: list[_Meters] = []
    for block in blocks:
        samples = block[:, np.newaxis] if block.ndim == 1 else block
        meters = meters or [_Meters(rate) for _ in range(samples.shape[1])]
        for meter, column in zip(meters, samples.T, strict=True):
            meter.push(np.nan_to_num(column.astype(np.float64), posinf=1.0, neginf=-1.0))
    return [_judged(meter, rate, speech) for meter in meters]


def _judged(meter: _Meters, rate: int, speech: Sequence[tuple[float, float]]) -> Channel:
    defects, spectrum = meter.defects, meter.spectrum
    duration = defects.count / rate
    seconds = _spoken(spectrum, speech)
    mute = defects.peak <= _MUTE_PEAK
    lufs = SILENT_LUFS if mute else meter.loudness.integrated()
    saturated = defects.clipped / max(1, defects.count)
    snr, bandwidth, decay = spectrum.snr_db(), spectrum.bandwidth_hz(), spectrum.decay_s()
    tag = VALID
    if duration < SHORTEST_S:
        tag = SHORT
    elif mute:
        tag = MUTE
    elif seconds < _LEAST_SPEECH_S:
        tag = NO_VOICE
    return Channel(
        tag,
        None
        if tag in (SHORT, MUTE)
        else indexes(
            snr_db=snr,
            saturated=saturated,
            bandwidth_hz=bandwidth,
            decay_s=decay,
            dropouts_per_s=defects.dropouts / duration,
            lufs=lufs,
        ),
        lufs,
        meter.loudness.true_peak_db,
        min(1.0, seconds / max(duration, 1e-3)),
        saturated,
        0.0 if mute else snr,
        0.0 if mute else bandwidth,
        0.0 if mute else decay,
        defects.dropouts,
        spectrum.hum_db(),
        defects.offset,
        duration,
        meter.loudness.over_time(),
    )


def _spoken(spectrum: SpectrumMeter, speech: Sequence[tuple[float, float]]) -> float:
    """Seconds within the spans of speech in which this channel sounds, pauses in words included."""
    active = spectrum.active()
    step = spectrum.step_s
    total = 0.0
    for start, end in speech:
        part = active[int(start / step) : max(int(start / step) + 1, round(end / step))]
        if part.mean() > 0.2 if len(part) else False:
            total += end - start
    return total
