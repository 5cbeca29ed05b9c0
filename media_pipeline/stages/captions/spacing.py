"""Spaces between Chinese characters, which captions have instead of commas and recognisers drop.

The ink of a caption shows them: a gap between two characters that is clearly wider than all others.
"""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.ocr.base import Picture, Reading
from media_pipeline.text.scripts import is_cjk

_CORE = 0.12  # of the height left out above and below, where other rows and the ground are
_BLUR = 0.6  # of the height: wider than a stroke, narrower than a glyph
_SURELY_INK, _INK = 0.7, 0.2  # of the strongest strokes
_ALIKE = 48  # grey levels by which a channel of one colour may differ
_WIDEST_USUAL = 0.2  # heights: wider usual gaps mean that the ground hides the ink
_SPACE = 0.17  # character widths by which a space widens a gap, at least
_WIDER = 1.5  # times the widest gap that is none
_MOST = 0.25  # of the gaps can be spaces
_FEWEST = 3  # gaps that are needed to know what is usual


def with_spaces(reading: Reading, picture: Picture) -> Reading:
    """The reading with a space wherever the picture has a wide gap between Chinese characters.

    Parameters
    ----------
    reading : with the places of its characters; without them it is returned as it is.
    picture : the crop that was read.
    """
    pairs = [
        i
        for i, (one, two) in enumerate(pairwise(reading.text))
        if is_cjk(one) and is_cjk(two) and reading.places
    ]
    if len(pairs) < _FEWEST:
        return reading
    blank = _ink(picture) == 0
    width, height = len(blank), picture.shape[0]
    places = [int(place * width) for place in reading.places]
    gaps = {i: _longest(blank[places[i] : places[i + 1] + 1]) / height for i in pairs}
    steps = [reading.places[i + 1] - reading.places[i] for i in pairs]
    character = float(np.mean(sorted(steps)[:-1])) * width / height
    for i in sorted(_outstanding(gaps, character), reverse=True):
        reading = _insert(reading, i + 1)
    return reading


def _ink(picture: Picture) -> NDArray[np.int64]:
    """Pixels of ink in each column: strokes in the colour that the strongest ones have.

    Contrast alone would take edges of the ground for ink and see no gap.
    """
    height = picture.shape[0]
    core = picture[int(height * _CORE) : max(int(height * (1 - _CORE)), 1)].astype(np.float32)
    bright = core.max(axis=2)
    size = max(3, int(height * _BLUR)) | 1
    detail = bright - cv2.blur(bright, (size, size))
    low, high = -np.percentile(detail, 3), np.percentile(detail, 97)
    if high < low:
        detail, high = -detail, low
    colour = np.median(core[detail >= _SURELY_INK * high], axis=0)
    alike = np.abs(core - colour).max(axis=2) < _ALIKE
    return np.asarray((alike & (detail > _INK * high)).sum(axis=0), dtype=np.int64)


def _longest(flags: NDArray[np.bool_]) -> int:
    """The length of the longest run of True."""
    longest = run = 0
    for flag in flags:
        run = run + 1 if flag else 0
        longest = max(longest, run)
    return longest


def _outstanding(gaps: dict[int, float], character: float) -> list[int]:
    """The gaps that are clearly wider than all narrower ones, if they are few.

    Parameters
    ----------
    gaps : heights of blank between each character of a pair and the next, by the pair's number.
    character : the width of a character, in heights.
    """
    order = sorted(gaps, key=lambda i: gaps[i])
    space = float(np.median(list(gaps.values()))) + _SPACE * character
    most = max(1, int(_MOST * len(order)))
    for rank in range(len(order) - most, len(order)):
        widest, gap = gaps[order[rank - 1]], gaps[order[rank]]
        if widest > _WIDEST_USUAL:
            return []
        if gap >= max(space, _WIDER * widest):
            return order[rank:]
    return []


def _insert(reading: Reading, at: int) -> Reading:
    weights, places = reading.weights(), reading.places
    middle = (places[at - 1] + places[at]) / 2
    return Reading(
        f"{reading.text[:at]} {reading.text[at:]}",
        reading.confidence,
        (*weights[:at], reading.confidence, *weights[at:]),
        (*places[:at], middle, *places[at:]),
    )
