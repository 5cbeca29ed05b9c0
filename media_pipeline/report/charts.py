"""Charts over time: cues, words, sound, scores and highlights of one film. PNG bytes under 200 KB.

matplotlib draws without a display and without its global state, so charts can be made in any
thread.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from media_pipeline.report.lettering import chart_font
from media_pipeline.report.pictures import MAX_BYTES, as_jpeg, spread
from media_pipeline.text.cues import Cue, Word
from media_pipeline.text.scripts import join_tokens, tokens

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DOUBTFUL = "#b8741a"
_CUE, _WORD, _SCORE, _HIGHLIGHT, _SOUND, FAINT = (
    "#3a7ca5",
    "#6a994e",
    "#33415c",
    "#f2a65a",
    "#8d99ae",
    "#6b7280",
)
_WIDE_IN = 12.0
"""At 96 dots an inch: Dagster shows 1160 of them, and hides the end of what is wider."""
_MAX_BARS = 1500  # more would be thinner than a pixel
_MAX_TEXTS = 150


@dataclass(frozen=True, slots=True)
class Shot:
    """A shot and its thumbnail."""

    start: float
    end: float
    thumbnail: Path | None


@dataclass(frozen=True, slots=True)
class Highlight:
    """A highlight as charts and the report show it."""

    start: float
    end: float
    score: float
    tags: tuple[str, ...] = ()
    signals: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Curve:
    """The highlight score on its grid of times (seconds)."""

    times: npt.NDArray[np.float64]
    values: npt.NDArray[np.float32]


def timeline(
    duration: float,
    *,
    cues: Sequence[Cue] = (),
    words: Sequence[Word] = (),
    curve: Curve | None = None,
    highlights: Sequence[Highlight] = (),
    shots: Sequence[Shot] = (),
) -> bytes:
    """One film at a glance: shots as pictures, cues and words as bars, the score and the
    highlights.

    Lanes without anything to show are left out; times are seconds.
    """
    wanted: list[tuple[str, float]] = []
    if any(s.thumbnail for s in shots):
        wanted.append(("shots", 1.3))
    wanted += [
        (name, h) for name, given, h in (("cues", cues, 0.9), ("words", words, 0.5)) if given
    ]
    if curve is not None and len(curve.times):
        wanted.append(("score", 1.4))
    wanted = wanted or [("nothing found", 0.6)]
    figure, axes = lanes(wanted, duration)
    for (name, _), ax in zip(wanted, axes, strict=True):
        ax.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9, color=FAINT)
        for highlight in highlights if name != "shots" else ():
            ax.axvspan(highlight.start, highlight.end, color=_HIGHLIGHT, alpha=0.3, lw=0)
        if name == "shots":
            _thumbnails(ax, shots, duration)
        elif name == "cues":
            _cue_bars(ax, cues, duration)
        elif name == "words":
            _bars(ax, [(w.start, w.end) for w in words], _WORD, (0.2, 0.6))
        elif name == "score" and curve is not None:
            _score(ax, curve)
    return png(figure)


def waveform(
    samples: npt.NDArray[np.float32],
    duration: float,
    *,
    speech: Sequence[tuple[float, float]] = (),
    words: Sequence[Word] = (),
) -> bytes:
    """The sound of a film with what is spoken in it.

    Parameters
    ----------
    samples : mono sound, shape ``(n,)``, that spans ``duration`` seconds (at any rate).
    speech : spans of speech, shaded.
    words : drawn under the sound, their texts where there is room; below how fast they are said.
    """
    wanted = [("sound", 1.6)] + ([("words", 0.6), ("letters/s", 0.7)] if words else [])
    figure, axes = lanes(wanted, duration)
    low, high = envelope(samples, 1400)
    times = np.linspace(0, duration, len(low))
    axes[0].fill_between(times, low, high, color=_SOUND, lw=0)
    peak = float(max(np.abs(low).max(initial=0.0), np.abs(high).max(initial=0.0), 1e-3))
    axes[0].set_ylim(-peak * 1.05, peak * 1.05)
    for start, end in list(speech)[:_MAX_BARS]:
        axes[0].axvspan(start, end, color=_WORD, alpha=0.25, lw=0)
    if words:
        _bars(axes[1], [(w.start, w.end) for w in words], _WORD, (0.2, 0.6))
        _texts(axes[1], [(w.start, w.end, w.word) for w in words], duration, rows=1)
        times, rate = speech_rate(words, duration)
        axes[2].fill_between(times, 0, rate, color=_WORD, alpha=0.5, lw=0)
        axes[2].set_ylim(0, max(float(rate.max(initial=0.0)) * 1.1, 1.0))
        axes[2].set_yticks([round(float(rate.max(initial=0.0)))])
    for (name, _), ax in zip(wanted, axes, strict=True):
        ax.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9, color=FAINT)
    return png(figure)


def speech_rate(
    words: Sequence[Word], duration: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Letters (or Chinese characters) said per second around each instant of a grid.

    Words count over the time that they last; the mean is taken over three seconds, or a hundredth
    of a long film.
    """
    times = np.linspace(0, max(duration, 1e-3), 1400)
    edges = np.array([t for w in words for t in (w.start, w.end)])
    letters = np.cumsum([n for w in words for n in (0, sum(c.isalnum() for c in w.word))])
    half = max(1.5, duration / 200)
    order = np.argsort(edges, kind="stable")
    said = np.interp(np.stack([times - half, times + half]), edges[order], letters, left=0.0)
    width = np.minimum(times + half, duration) - np.maximum(times - half, 0)
    return times, (said[1] - said[0]) / np.maximum(width, 1e-3)


def highlight_strip(
    highlights: Sequence[Highlight],
    duration: float,
    *,
    curve: Curve | None = None,
    shots: Sequence[Shot] = (),
) -> bytes:
    """The score over the film with the highlights marked, and under it one picture and its score
    for each.
    """
    from matplotlib.figure import Figure

    shown = [highlights[i] for i in spread(len(highlights), 10)]
    figure = Figure(figsize=(_WIDE_IN, 3.6 if shown else 1.8), dpi=96, facecolor="white")
    grid = figure.add_gridspec(
        2 if shown else 1, max(len(shown), 1), hspace=0.35, wspace=0.06, **_margins()
    )
    ax = figure.add_subplot(grid[0, :])
    _style(ax, duration)
    if curve is not None and len(curve.times):
        _score(ax, curve)
    for number, highlight in enumerate(shown, start=1):
        ax.axvspan(highlight.start, highlight.end, color=_HIGHLIGHT, alpha=0.4, lw=0)
        middle = (highlight.start + highlight.end) / 2
        ax.annotate(
            str(number), (middle, 0.98), xycoords=("data", "axes fraction"), ha="center", va="top"
        )
    for number, highlight in enumerate(shown):
        below = figure.add_subplot(grid[1, number])
        below.set_axis_off()
        image = _image(_shot_in(shots, highlight))
        if image is not None:
            below.imshow(np.asarray(image), aspect="equal")
        tags = f" · {', '.join(highlight.tags)}" if highlight.tags else ""
        title, font = chart_font(
            f"{number + 1}: {highlight.start:.1f}–{highlight.end:.1f}, {highlight.score:.2f}{tags}",
            8.5,
        )
        below.set_title(title, fontproperties=font, y=-0.26)
    return png(figure)


# --- lanes ----------------------------------------------------------------------------------------


def _margins() -> dict[str, float]:
    return {"left": 0.07, "right": 0.985, "top": 0.95, "bottom": 0.12}


def lanes(
    wanted: Sequence[tuple[str, float]], duration: float, *, start: float = 0.0
) -> tuple[Figure, list[Axes]]:
    """A figure with one strip for each name and height (inches), from ``start`` to ``duration``."""
    from matplotlib.figure import Figure

    heights = [height for _, height in wanted]
    figure = Figure(figsize=(_WIDE_IN, sum(heights) + 0.6), dpi=96, facecolor="white")
    grid = figure.add_gridspec(
        len(wanted),
        1,
        height_ratios=heights,
        hspace=0.08,
        **(_margins() | {"top": 0.98, "bottom": 0.42 / (sum(heights) + 0.6)}),
    )
    axes = [figure.add_subplot(grid[i, 0]) for i in range(len(wanted))]
    for ax in axes:
        _style(ax, duration, start)
        ax.set_yticks([])
    for ax in axes[:-1]:
        ax.xaxis.set_visible(False)  # ticks are most of what a chart costs
    return figure, axes


def _style(ax: Axes, duration: float, start: float = 0.0) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    ax.set_xlim(start, max(duration, start + 1e-3))
    ax.set_facecolor("#fafafa")
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    ax.spines["bottom"].set_color("#d4d4d8")
    ax.xaxis.set_major_locator(MaxNLocator(12, steps=[1, 2, 3, 6, 10]))
    ax.xaxis.set_major_formatter(
        FuncFormatter(lambda s, _: f"{int(s) // 60}:{s % 60:04.1f}".removesuffix(".0"))
    )
    ax.tick_params(labelsize=8, colors=FAINT, length=3)


def _score(ax: Axes, curve: Curve) -> None:
    keep = slice(None, None, max(1, len(curve.times) // 4000))
    times, values = curve.times[keep], curve.values[keep]
    ax.plot(times, values, color=_SCORE, lw=1)
    ax.fill_between(times, np.minimum(values, 0), values, color=_SCORE, alpha=0.15, lw=0)
    low, high = float(values.min(initial=0.0)), float(values.max(initial=0.0))
    ax.set_ylim(min(low, -0.05), max(high * 1.15, 0.2))
    ax.set_yticks([])


def _bars(
    ax: Axes, spans: Sequence[tuple[float, float]], color: str, band: tuple[float, float]
) -> None:
    kept = [spans[i] for i in spread(len(spans), _MAX_BARS)]
    ax.broken_barh(
        [(s, e - s) for s, e in kept], band, facecolors=color, alpha=0.75, lw=0.4, edgecolor="white"
    )
    ax.set_ylim(0, 1)


def _cue_bars(ax: Axes, cues: Sequence[Cue], duration: float) -> None:
    sure = [(c.start, c.end) for c in cues if not c.doubtful]
    _bars(ax, sure, _CUE, (0.12, 0.76))
    _bars(ax, [(c.start, c.end) for c in cues if c.doubtful], _DOUBTFUL, (0.12, 0.76))
    _texts(ax, [(c.start, c.end, c.text) for c in cues], duration, color="white")


def _texts(
    ax: Axes,
    items: Sequence[tuple[float, float, str]],
    duration: float,
    color: str = "#1c1e22",
    rows: int = 4,
) -> None:
    """Write texts into their bars where they fit, in several rows if need be."""
    if len(items) > _MAX_TEXTS:
        return
    points = _WIDE_IN * 72 * 0.9
    for start, end, text in items:
        room = (end - start) / max(duration, 1e-3) * points - 2
        fitted = _fit(text, room, rows)
        if fitted is not None:
            label, font = chart_font(*fitted)
            middle = (start + end) / 2
            ax.text(
                *(middle, 0.5, label),
                fontproperties=font,
                color=color,
                ha="center",
                va="center",
                linespacing=1.1,
                clip_on=True,
            )


def _fit(text: str, room: float, rows: int) -> tuple[str, float] | None:
    """The text broken into rows, and the largest size (points) at which it fits a width in points.

    A Latin letter is taken to be half as wide as it is high, an East Asian one as wide.
    """
    for size in (8.0, 7.0, 6.0, 5.0):
        lines: list[str] = []
        for paragraph in text.split("\n"):
            line: list[str] = []
            for token in tokens(paragraph):
                if line and _ems(join_tokens([*line, token])) * size > room:
                    lines.append(join_tokens(line))
                    line = []
                line.append(token)
            lines.append(join_tokens(line))
        if len(lines) <= rows and all(_ems(line) * size <= room for line in lines):
            return "\n".join(lines), size
    return None


def _ems(text: str) -> float:
    return sum(1.0 if ord(char) > 0x2E80 else 0.54 for char in text)


def _thumbnails(ax: Axes, shots: Sequence[Shot], duration: float) -> None:
    """Pictures side by side, each over the time it shows; the shot in the middle of each place is
    taken.
    """
    places = 12
    for number in range(places):
        start, end = duration * number / places, duration * (number + 1) / places
        image = _image(_shot_at(shots, (start + end) / 2))
        if image is not None:
            ax.imshow(
                np.asarray(image),
                extent=(start, end, 0, 1),
                aspect="auto",
                interpolation="bilinear",
            )
    ax.set_xlim(0, duration)
    ax.set_ylim(0, 1)


def _shot_at(shots: Sequence[Shot], time: float) -> Shot | None:
    return next((s for s in shots if s.start <= time < s.end), None)


def _shot_in(shots: Sequence[Shot], highlight: Highlight) -> Shot | None:
    """The shot in the middle of the highlight."""
    return _shot_at(shots, (highlight.start + highlight.end) / 2)


def _image(shot: Shot | None) -> Image.Image | None:
    if shot is None or shot.thumbnail is None:
        return None
    try:
        with Image.open(shot.thumbnail) as opened:
            image: Image.Image = opened.convert("RGB")
    except OSError:
        return None
    return image


def envelope(samples: npt.NDArray[np.float32], points: int) -> tuple[Any, Any]:
    """The lowest and the highest sample in each of ``points`` equal parts."""
    if len(samples) < points:
        return samples, samples
    parts = samples[: len(samples) // points * points].reshape(points, -1)
    return parts.min(axis=1), parts.max(axis=1)


def png(figure: Figure) -> bytes:
    """The figure as PNG; as JPEG when photographs in it make the PNG too large."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    image = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue() if out.tell() <= MAX_BYTES else as_jpeg(image)
