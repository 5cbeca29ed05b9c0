"""What the sound does, measured in one pass over blocks of samples: level, change, tone and pauses.

Nothing here knows what a highlight is; the measures are in decibels and ratios, not normalised to
the film. Memory is a few numbers per 10 ms, so that hours of sound cost megabytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.ndimage import minimum_filter1d, percentile_filter, uniform_filter1d

STEP = 0.1
"""Seconds per cell of the grid on which everything about highlights is measured."""

Array = NDArray[np.float32]
Times = NDArray[np.float64]
"""Seconds, (k,), or spans in seconds, (k, 2)."""

_HOP = 0.01  # seconds between two spectra
_LOOK_BACK = 100  # spectra before a chunk that its measures look back on
_CHUNK = 2000  # spectra at a time: 2 MB of samples and 4 MB of spectra
_FLOOR_DB = (
    -70.0
)  # quieter than this is silence; keeps digital zero from counting as a great change
_BANDS = 24
_LOCAL_S = 2.0  # the time over which a sound is called stationary


@dataclass(frozen=True, slots=True)
class Sound:
    """The sound of a film on the grid; each array has one value per cell of 0.1 s.

    ``level``: dB relative to full scale, weighted roughly as the ear does.
    ``flux``: mean rise of the spectrum's bands within 20 ms, dB.
    ``movement``: standard deviation within two seconds of the level or of that of the voice band,
    whichever is less, dB; a hum has none.
    ``tonality``: how much the spectrum consists of lines that last for 0.1 s, 0-1.
    ``sameness``: how much of it are lines that last for a second, 0-1; a hum's do, a tune's do not.
    ``tilt``: level of 1-4 kHz above that of 0.2-1 kHz, dB; it rises when a voice is raised.
    ``pauses``: (k, 2) starts and ends, in seconds, of the stretches without voice or music.
    """

    level: Array
    flux: Array
    movement: Array
    tonality: Array
    sameness: Array
    tilt: Array
    pauses: Times


@dataclass(frozen=True, slots=True)
class _Bands:
    """Weights of the spectrum's bins for one sampling rate."""

    window: Array
    ear: Array
    low: NDArray[np.bool_]
    high: NDArray[np.bool_]
    voice: NDArray[np.bool_]
    edges: NDArray[np.int64]

    @classmethod
    def of(cls, rate: int) -> _Bands:
        size = _window_size(rate)
        hertz = np.fft.rfftfreq(size, 1 / rate)
        window = np.hanning(size).astype(np.float32)
        window /= np.sqrt((window**2).sum() * size / 4)  # a full-scale sine has power 1
        # a high-pass and a lift above 1.5 kHz: the shape of the K weighting of ITU-R BS.1770
        ear = np.clip((hertz - 60) / 100, 0, 1) * (1 + 0.6 * (hertz > 1500))
        top = min(7500.0, rate * 0.47)
        edges = np.unique(np.searchsorted(hertz, np.geomspace(100, top, _BANDS + 1)))
        return cls(
            window,
            ear.astype(np.float32),
            (hertz > 200) & (hertz <= 1000),
            (hertz > 1000) & (hertz < 4000),
            (hertz > 250) & (hertz < 4000),
            edges,
        )


def _window_size(rate: int) -> int:
    """Samples of a window of about 32 ms."""
    return int(2 ** round(np.log2(rate * 0.032)))


def measure_sound(blocks: Iterable[NDArray[np.float32]], rate: int, cells: int) -> Sound | None:
    """Measure mono sound given in blocks of any length.

    Parameters
    ----------
    blocks : float32 samples in [-1, 1], in order, starting with the film.
    rate : samples per second.
    cells : how many cells of 0.1 s the result has; missing sound counts as silence.

    Returns
    -------
    Sound or None
        None where there is less than a tenth of a second of sound.
    """
    bands = _Bands.of(rate)
    parts = [_measure(chunk, bands) for chunk in _frames(blocks, rate)]
    if not parts or sum(p.shape[1] for p in parts) < STEP / _HOP:
        return None
    power, voice, flux, tonality, sameness, tilt = np.concatenate(parts, axis=1)
    flux[: _window_size(rate) // round(rate * _HOP) + 2] = 0  # that a film begins is no event in it
    voice_db = _decibels(voice)
    # a voice over a hum moves its band but not the level, a beat under noise the other way round
    spread = np.minimum(_spread(voice_db), _spread(_decibels(power)))
    return Sound(
        level=_decibels(_cells(power, cells, 0.0)),
        flux=_cells(flux, cells, 0.0),
        movement=_cells(np.sqrt(spread), cells, 0.0),
        tonality=_cells(tonality, cells, 0.0),
        sameness=_cells(sameness, cells, 0.0),
        tilt=_cells(tilt, cells, 0.0),
        pauses=_pauses(voice_db, cells * STEP),
    )


def _spread(decibels: Array) -> Array:
    """Variance within two seconds: before, around or after, wherever it is least.

    So the onset of a hum, which is a great change, does not make the hum's first second move.
    """
    local = round(_LOCAL_S / _HOP)
    mean = uniform_filter1d(decibels.astype(np.float64), local)
    variance = uniform_filter1d(decibels.astype(np.float64) ** 2, local) - mean**2
    least: Array = np.maximum(minimum_filter1d(variance, local // 2), 0).astype(np.float32)
    return least


def _decibels(power: Array) -> Array:
    decibels: Array = np.maximum(10 * np.log10(power + 1e-12), _FLOOR_DB).astype(np.float32)
    return decibels


def _cells(values: Array, cells: int, missing: float) -> Array:
    """The mean of each cell of the grid over values that are 10 ms apart."""
    per_cell = round(STEP / _HOP)
    padded = np.full(cells * per_cell, missing, np.float32)
    kept = values[: len(padded)]
    padded[: len(kept)] = kept
    mean: Array = padded.reshape(cells, per_cell).mean(axis=1)
    return mean


def _frames(blocks: Iterable[NDArray[np.float32]], rate: int) -> Iterable[NDArray[np.float32]]:
    """Overlapping windows, (k, size), each centred on its 10 ms.

    The last ones are repeated at the start of the next chunk for the measures that look back.
    """
    size, hop = _window_size(rate), round(rate * _HOP)
    lead = _LOOK_BACK * hop
    rest = np.zeros((size - hop) // 2 + lead, np.float32)
    for block in blocks:
        # one copy of at most a chunk at a time, whatever the length of the blocks
        for i in range(0, len(block), _CHUNK * hop):
            rest = np.concatenate([rest, block[i : i + _CHUNK * hop]])
            count = (len(rest) - size) // hop + 1
            if count <= _LOOK_BACK:
                continue
            yield sliding_window_view(rest, size)[: (count - 1) * hop + 1 : hop]
            rest = rest[(count - _LOOK_BACK) * hop :]
    # silence after the end for the last windows, and no window beyond it
    rest = np.concatenate([rest, np.zeros((size - hop) // 2, np.float32)])
    count = (len(rest) - size) // hop + 1
    if count > _LOOK_BACK:
        yield sliding_window_view(rest, size)[: (count - 1) * hop + 1 : hop]


def _measure(frames: NDArray[np.float32], bands: _Bands) -> Array:
    """The six measures of each window but the first ``_LOOK_BACK``, (6, k).

    They are in the order in which :func:`measure_sound` takes them apart.
    """
    spectra = np.abs(np.fft.rfft(frames * bands.window, axis=1)).astype(np.float32) ** 2
    levels = 10 * np.log10(np.add.reduceat(spectra, bands.edges[:-1], axis=1) + 1e-7)
    rise = np.maximum(levels[_LOOK_BACK:] - levels[_LOOK_BACK - 2 : -2], 0).mean(axis=1)
    now = spectra[_LOOK_BACK:]
    low, high = now[:, bands.low].sum(axis=1), now[:, bands.high].sum(axis=1)
    lines = _lines(spectra, bands)
    return np.stack(
        [
            now @ bands.ear,
            now[:, bands.voice].sum(axis=1),
            rise,
            _alike(lines, 10),
            _alike(lines, _LOOK_BACK),
            10 * np.log10((high + 1e-8) / (low + 1e-8)),
        ]
    ).astype(np.float32)


def _lines(spectra: NDArray[np.float32], bands: _Bands) -> Array:
    """What stands above the spectrum smoothed over 300 Hz, each spectrum at length 1.

    Held notes keep their lines; the pitch of a voice glides, and noise has none that last.
    """
    wide = np.log(spectra[:, : bands.edges[-1]] + 1e-9)
    lines = np.maximum(wide - uniform_filter1d(wide, 9, axis=1) - 1.0, 0)
    unit: Array = lines / np.maximum(np.sqrt((lines**2).sum(axis=1, keepdims=True)), 1e-6)
    return unit


def _alike(lines: Array, back: int) -> Array:
    """Cosine of the angle to the lines so many spectra before, 0-1."""
    before = lines[_LOOK_BACK - back : len(lines) - back]
    cosine: Array = np.einsum("ij,ij->i", lines[_LOOK_BACK:], before)
    return cosine


def _pauses(voice_db: Array, duration: float, *, shortest: float = 0.2) -> Times:
    """Stretches in which the voice band is 40 dB under its peak, or near the local ground.

    The second rule serves films with noise or music under the speech, in which nothing is 40 dB
    under the peak.
    """
    smooth: Array = uniform_filter1d(voice_db, 5)
    coarse = smooth[:: round(STEP / _HOP)]
    ground = percentile_filter(coarse, 10, size=151, mode="reflect")
    level = np.repeat(ground, round(STEP / _HOP))[: len(smooth)]
    peak = float(np.percentile(voice_db, 99.5))
    quiet = smooth < np.maximum(peak - 40, np.minimum(level + 6, peak - 12))
    if len(quiet) * _HOP < duration:  # the sound ends before the picture
        quiet = np.append(quiet, np.ones(round(duration / _HOP) - len(quiet), bool))
    change = np.flatnonzero(np.diff(np.concatenate([[0], quiet.view(np.int8), [0]])))
    spans = (change.reshape(-1, 2) * _HOP).astype(np.float64)
    return spans[spans[:, 1] - spans[:, 0] >= shortest]
