"""The signals behind the highlights, one lane each, and moving previews of clips."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from media_pipeline.report.charts import Highlight
from media_pipeline.report.stills import stills

MAX_GIF_BYTES = 60_000
_WIDTHS = (200, 160, 120, 88)
_PICTURES, _EACH_MS = 8, 350
_POINTS = 3000
_LANE, _BEST = "#33415c", "#f2a65a"


def signal_lanes(
    times: npt.NDArray[np.float64],
    signals: Mapping[str, npt.NDArray[np.float32]],
    highlights: Sequence[Highlight] = (),
) -> bytes:
    """A plot of each normalised signal over the film, the highlights marked, as PNG.

    Parameters
    ----------
    times : (k,) seconds.
    signals : by name, (k,) each, -1 to 4. A signal that is zero throughout is named and flat.
    highlights : drawn behind the curves.
    """
    from matplotlib.figure import Figure

    count = max(1, len(signals))
    figure = Figure(figsize=(12, 0.62 * count + 0.5), dpi=80)
    keep = slice(None, None, max(1, len(times) // _POINTS))
    end = max(float(times[-1]) if len(times) else 0.0, 0.1)
    for number, (name, values) in enumerate(signals.items(), start=1):
        ax = figure.add_subplot(count, 1, number)
        for one in highlights:
            ax.axvspan(one.start, one.end, color=_BEST, alpha=0.3, lw=0)
        ax.fill_between(times[keep], 0, values[keep], color=_LANE, alpha=0.2, lw=0)
        ax.plot(times[keep], values[keep], color=_LANE, lw=0.9)
        ax.set_xlim(0, end)
        ax.set_ylim(-1.1, 4.1)
        ax.set_yticks([0, 4])
        ax.tick_params(labelsize=7)
        ax.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
        ax.spines[["top", "right"]].set_visible(False)
        if number < count:
            ax.set_xticks([])
    figure.subplots_adjust(left=0.08, right=0.99, top=0.98, bottom=0.09, hspace=0.15)
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()


def clip_gif(path: Path) -> bytes | None:
    """A clip as an animated GIF of a few of its pictures, at most 60 KB; None without a picture."""
    pictures = [image.convert("RGB") for image, _ in stills(path, _PICTURES)]
    if not pictures:
        return None
    for width in _WIDTHS:
        data = _gif(pictures, width)
        if len(data) <= MAX_GIF_BYTES:
            return data
    return _gif(pictures[:: max(1, len(pictures) // 3)], _WIDTHS[-1])


def _gif(pictures: Sequence[Image.Image], width: int) -> bytes:
    frames = []
    for picture in pictures:
        height = max(2, round(picture.height * width / picture.width))
        frames.append(picture.resize((width, height)).quantize(64))
    out = io.BytesIO()
    frames[0].save(
        out,
        "GIF",
        save_all=True,
        append_images=frames[1:],
        duration=_EACH_MS,
        loop=0,
        optimize=True,
    )
    return out.getvalue()
