"""Charts of what the sound functions found: beats, repetition, spectra, loudness. PNG bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from media_pipeline.report.charts import FAINT, envelope, lanes, png

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SOUND, _BEAT, _DOWNBEAT, _TEMPO = "#8d99ae", "#3a7ca5", "#d1495b", "#33415c"
_LINES = (_TEMPO, _DOWNBEAT, _BEAT, _SOUND)
_CLOSE_S = 20.0

Floats = npt.NDArray[np.float64]


def beats_chart(
    samples: npt.NDArray[np.float32],
    duration: float,
    beats: Floats,
    places: npt.NDArray[np.int64],
) -> bytes:
    """Twenty seconds of the sound with its beats, and the tempo of the whole.

    Parameters
    ----------
    samples : mono sound of the whole, at any rate.
    duration : seconds.
    beats, places : times, and places in the bar (1 begins it).
    """
    start = max(0.0, min(duration / 2 - _CLOSE_S / 2, duration - _CLOSE_S))
    end = min(duration, start + _CLOSE_S)
    figure, axes = lanes([("sound", 1.8)], end, start=start)
    rate = len(samples) / max(duration, 1e-3)
    part = samples[int(start * rate) : int(end * rate)]
    low, high = envelope(part, 1400)
    axes[0].fill_between(np.linspace(start, end, len(low)), low, high, color=_SOUND, lw=0)
    peak = float(max(np.abs(low).max(initial=0.0), np.abs(high).max(initial=0.0), 1e-3))
    axes[0].set_ylim(-peak * 1.15, peak * 1.15)
    _marks(axes[0], beats[(places != 1) & (beats >= start) & (beats < end)], _BEAT, 0.9)
    _marks(axes[0], beats[(places == 1) & (beats >= start) & (beats < end)], _DOWNBEAT, 1.8)
    _named(axes[0], "beats")
    return png(figure)


def tempo_chart(duration: float, beats: Floats, tempo: Floats) -> bytes:
    """The tempo over the whole sound, in beats a minute."""
    figure, axes = lanes([("bpm", 1.4)], duration)
    axes[0].plot(beats, tempo, color=_TEMPO, lw=1.1)
    if len(tempo):
        low, high = float(tempo.min()), float(tempo.max())
        axes[0].set_ylim(low - 6, high + 6)
        axes[0].set_yticks([round(low), round(high)])
    _named(axes[0], "bpm")
    return png(figure)


def loudness_chart(duration: float, channels: Sequence[tuple[Floats, Floats]]) -> bytes:
    """Loudness over time, a line for each channel.

    Parameters
    ----------
    channels : times in seconds and loudness in LUFS, each.
    """
    figure, axes = lanes([("LUFS", 1.8)], duration)
    for number, (times, lufs) in enumerate(channels):
        axes[0].plot(times, lufs, color=_LINES[number % len(_LINES)], lw=1.1)
    axes[0].set_ylim(-71, 0)
    axes[0].set_yticks([-60, -40, -23, -10])
    axes[0].tick_params(axis="y", labelsize=7)
    _named(axes[0], "LUFS")
    axes[0].yaxis.labelpad = 14
    return png(figure)


def spectrogram_chart(sounds: Sequence[tuple[str, npt.NDArray[np.float32]]], rate: int) -> bytes:
    """Spectrograms under each other, on one scale of 80 dB.

    Parameters
    ----------
    sounds : names and mono sound, each as long as the others.
    rate : samples per second.
    """
    duration = len(sounds[0][1]) / rate
    figure, axes = lanes([(name, 1.9) for name, _ in sounds], duration)
    top = max(float(_levels(sound).max()) for _, sound in sounds)
    for (name, sound), ax in zip(sounds, axes, strict=True):
        ax.imshow(
            _levels(sound).T,
            origin="lower",
            aspect="auto",
            extent=(0, duration, 0, rate / 2000),
            vmin=top - 80,
            vmax=top,
            cmap="magma",
            interpolation="bilinear",
        )
        _named(ax, f"{name}\n0-{rate // 2000} kHz")
    return png(figure)


def _levels(sound: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """(at most 1400, 257) levels in dB."""
    step = max(128, len(sound) // 1400)
    padded = np.pad(sound, (0, 512))
    views = np.lib.stride_tricks.sliding_window_view(padded, 512)[::step] * np.hanning(512)
    return np.asarray(20 * np.log10(np.abs(np.fft.rfft(views, axis=1)) + 1e-6), np.float32)


def _marks(ax: Axes, times: Sequence[float] | Floats, color: str, width: float) -> None:
    low, high = ax.get_ylim()
    ax.vlines(times, low, high, color=color, lw=width)


def _named(ax: Axes, name: str) -> Any:
    return ax.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9, color=FAINT)
