"""Pictures spread over a film, of which only the parts around marks are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from media_pipeline.media.canvas import Edges
from media_pipeline.media.decode import decode
from media_pipeline.media.geometry import Box
from media_pipeline.media.threads import ahead
from media_pipeline.stages.base import Progress, quiet

Stack = NDArray[np.uint8]
"""(n, h, w, 3), Y'CbCr."""

_MOST = 120  # pictures of one part
_LEAST = 12
_MOST_BYTES = 96 * 1024**2  # of one part in all pictures
_MARGIN = 24  # pixels around a box that are looked at


@dataclass(frozen=True)
class Sample:
    """A part of some pictures of a film."""

    edges: Edges
    times: NDArray[np.float64]
    stack: Stack


def around(box: Box, size: tuple[int, int]) -> Edges:
    """The part of the picture that holds a box, what lies around it, and as much again above or
    below it where there is room: what removal does is tried there. Canvases have even sides.
    """
    width, height = size[0] + size[0] % 2, size[1] + size[1] % 2
    left, top, right, bottom = box.pixels(*size)
    high = bottom - top + _MARGIN
    above = top >= height - bottom
    top, bottom = (top - high, bottom + _MARGIN) if above else (top - _MARGIN, bottom + high)
    left, top = max(0, left - _MARGIN) // 2 * 2, max(0, top) // 2 * 2
    right, bottom = min(width, right + _MARGIN), min(height, bottom)
    return left, top, min(width, (right + 1) // 2 * 2), min(height, (bottom + 1) // 2 * 2)


def spread(
    path: Path, seconds: float, parts: Sequence[Edges], progress: Progress = quiet
) -> list[Sample]:
    """Parts of pictures spread evenly over a film; it is decoded once.

    Parameters
    ----------
    path : the film.
    seconds : how long its picture lasts.
    parts : which ones, in pixels as displayed.

    Returns
    -------
    list of Sample
        one for each part, of up to 120 pictures, fewer where the part is large.
    """
    counts = []
    for left, top, right, bottom in parts:
        size = 3 * (right - left) * (bottom - top)
        counts.append(max(_LEAST, min(_MOST, _MOST_BYTES // size)))
    kept: list[list[NDArray[np.uint8]]] = [[] for _ in parts]
    times: list[list[float]] = [[] for _ in parts]
    for canvas in ahead(decode(path).canvases()):
        for number, edges in enumerate(parts):
            if canvas.time >= len(kept[number]) * seconds / counts[number] - 1e-6:
                kept[number].append(canvas.read(edges))
                times[number].append(canvas.time)
        progress(min(1.0, canvas.time / max(seconds, 1e-3)))
    return [
        Sample(edges, np.array(when), np.stack(pictures))
        for edges, when, pictures in zip(parts, times, kept, strict=True)
    ]
