"""Charts of what the sound functions found: beats, choruses, spectra, loudness. PNG bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from media_pipeline.media.audio import read_audio
from media_pipeline.report.charts import FAINT, envelope, lanes, png
from media_pipeline.report.film import Film

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SOUND, _BEAT, _DOWNBEAT, _TEMPO = "#8d99ae", "#3a7ca5", "#d1495b", "#33415c"
_LINES = (_TEMPO, _DOWNBEAT, _BEAT, _SOUND)
_CLOSE_S = 20.0

_RATE = 16000  # of the asset audio's mono sound

Floats = npt.NDArray[np.float64]


def sound_pictures(film: Film) -> dict[str, bytes]:
    """All that can be drawn of what the sound functions made of a film, by title."""
    return {title: data for draw in DRAWN.values() for title, data in draw(film).items()}


def _beats(film: Film) -> dict[str, bytes]:
    """Twenty seconds of the middle with their beats, and the tempo of the whole."""
    table, audio = film.table("beats", "beats"), film.artifacts.get("audio")
    if table is None or not table.num_rows or audio is None or not audio.files("speech.wav"):
        return {}
    times, places, tempo = (table[name].to_numpy() for name in ("time", "place", "bpm"))
    start, end = _middle(film.duration)
    part = read_audio(audio.path("speech.wav"), start=start, end=end)
    return {
        "beats": beats_chart(part, start, end, times, places),
        "tempo": tempo_chart(film.duration, times, tempo),
    }


def _loudness(film: Film) -> dict[str, bytes]:
    table = film.table("audio_quality", "loudness")
    if table is None or not table.num_rows:
        return {}
    times, channels, lufs = (table[name].to_numpy() for name in ("time", "channel", "lufs"))
    lines = [(times[channels == n], lufs[channels == n]) for n in range(channels.max() + 1)]
    return {"loudness": loudness_chart(film.duration, lines)}


def _spectrograms(film: Film) -> dict[str, bytes]:
    """Twenty seconds of the middle, before and after noise was taken out."""
    audio, denoised = (film.artifacts.get(asset) for asset in ("audio", "denoised"))
    if audio is None or denoised is None or not denoised.files("denoised.wav"):
        return {}
    start, end = _middle(film.duration)
    both = {"before": audio.path("speech.wav"), "after": denoised.path("denoised.wav")}
    parts = [(name, read_audio(path, start=start, end=end)) for name, path in both.items()]
    return {"spectrograms": spectrogram_chart(parts, _RATE, start)} if len(parts[0][1]) else {}


def _choruses(film: Film) -> dict[str, bytes]:
    table, made = film.table("chorus", "choruses"), film.artifacts.get("chorus")
    if table is None or made is None or not made.files("similarity.npz"):
        return {}
    with np.load(made.path("similarity.npz")) as stored:
        times, similarity = stored["times"], stored["similarity"]
    if not len(similarity):
        return {}
    spans = list(zip(*(table[name].to_pylist() for name in ("start", "end")), strict=True))
    return {"choruses": similarity_chart(times, similarity, spans)}


DRAWN: dict[str, Callable[[Film], dict[str, bytes]]] = {
    "beats": _beats,
    "chorus": _choruses,
    "audio_quality": _loudness,
    "denoised": _spectrograms,
}
"""What draws an asset; it gives nothing when there is nothing to draw."""


def _middle(duration: float) -> tuple[float, float]:
    start = max(0.0, (duration - _CLOSE_S) / 2)
    return start, min(duration, start + _CLOSE_S)


def beats_chart(
    samples: npt.NDArray[np.float32],
    start: float,
    end: float,
    beats: Floats,
    places: npt.NDArray[np.int64],
) -> bytes:
    """A part of the sound with its beats; those that begin bars stand out.

    Parameters
    ----------
    samples : mono sound from ``start`` to ``end`` (seconds), at any rate.
    beats, places : times in seconds, and places in the bar (1 begins it), of the whole.
    """
    figure, axes = lanes([("sound", 1.8)], end, start=start)
    low, high = envelope(samples, 1400)
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


def similarity_chart(
    times: Floats, similarity: npt.NDArray[np.float32], choruses: Sequence[tuple[float, float]]
) -> bytes:
    """How alike all parts of a piece are, dark where they are, with its choruses marked.

    Repeats are dark stripes along the diagonal; a frame stands wherever a chorus meets another.

    Parameters
    ----------
    times : (rows + 1,) seconds at which the rows begin, and the last ends.
    similarity : (rows, rows) from -1 to 1.
    choruses : start and end of each.
    """
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle
    from matplotlib.ticker import FuncFormatter

    figure = Figure(figsize=(8, 7.6), dpi=96, facecolor="white")
    ax = figure.add_axes((0.08, 0.06, 0.9, 0.92))
    ax.pcolorfast(times, times, similarity, cmap="Greys", vmin=-0.1, vmax=1.0)
    for low, high in choruses:
        for start, end in choruses:
            wide = 2.4 if start == low else 1.0
            ax.add_patch(
                Rectangle((start, low), end - start, high - low, fill=False, ec=_DOWNBEAT, lw=wide)
            )
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda s, _: f"{int(s) // 60}:{int(s) % 60:02d}"))
    ax.tick_params(labelsize=8, colors=FAINT, length=3)
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


def spectrogram_chart(
    sounds: Sequence[tuple[str, npt.NDArray[np.float32]]], rate: int, start: float = 0.0
) -> bytes:
    """Spectrograms under each other, on one scale of 80 dB.

    Parameters
    ----------
    sounds : names and mono sound, each as long as the others.
    rate : samples per second.
    start : seconds at which the sounds begin.
    """
    end = start + len(sounds[0][1]) / rate
    figure, axes = lanes([(name, 1.9) for name, _ in sounds], end, start=start)
    top = max(float(_levels(sound).max()) for _, sound in sounds)
    for (name, sound), ax in zip(sounds, axes, strict=True):
        ax.imshow(
            _levels(sound).T,
            origin="lower",
            aspect="auto",
            extent=(start, end, 0, rate / 2000),
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
