"""The ink of a row of text: how strong its strokes are, and what colour they have."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.ocr.base import Picture

_BLUR = 0.6  # of the height: wider than a stroke, narrower than a glyph
_STRONGEST = 97  # percentile: strokes cover more than the rest
_SURELY = 0.7  # of the strongest strokes


def stroke_strength(row: Picture) -> NDArray[np.float32]:
    """How much each pixel stands out of its surroundings, 1 being as much as the strongest strokes
    do; brighter pixels stand out in bright text, darker ones in dark text.

    Parameters
    ----------
    row : colour picture of a row, ``(height, width, 3)``.
    """
    bright = row.max(axis=2).astype(np.float32)
    size = max(3, int(row.shape[0] * _BLUR)) | 1
    detail = bright - cv2.blur(bright, (size, size))
    low = -float(np.percentile(detail, 100 - _STRONGEST))
    high = float(np.percentile(detail, _STRONGEST))
    strength = detail / max(high, 1.0) if high >= low else -detail / max(low, 1.0)
    return np.asarray(strength, np.float32)


def ink_colour(row: Picture, strength: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
    """The usual colour of the strongest strokes: blue, green, red.

    Parameters
    ----------
    row : colour picture of a row, ``(height, width, 3)``.
    strength : what :func:`stroke_strength` makes of it, if that is known.
    """
    if strength is None:
        strength = stroke_strength(row)
    strokes = row[strength >= _SURELY]
    colour = np.median(strokes if len(strokes) else row.reshape(-1, 3), axis=0)
    return np.asarray(colour, np.float32)
