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
_INK = 0.35  # of the strongest strokes
_WIDEST_USUAL = 0.2  # heights: wider usual gaps mean that the ground hides the ink
_NARROWEST = 0.14  # heights
_WIDER = 1.8  # times the widest gap that is none
# The same where the step from one character to the next is longer, too.
_NARROWEST_STEP, _WIDER_STEP = 0.18, 1.5
_LONGER = 1.15  # times the usual step
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
    steps = {i: reading.places[i + 1] - reading.places[i] for i in pairs}
    for i in sorted(_outstanding(gaps, steps), reverse=True):
        reading = _insert(reading, i + 1)
    return reading


def _ink(picture: Picture) -> NDArray[np.int64]:
    """Pixels of ink in each column: strokes brighter than their surroundings, or darker ones."""
    height = picture.shape[0]
    bright = picture.max(axis=2).astype(np.float32)
    core = bright[int(height * _CORE) : max(int(height * (1 - _CORE)), 1)]
    size = max(3, int(height * _BLUR)) | 1
    detail = core - cv2.blur(core, (size, size))
    low, high = -np.percentile(detail, 3), np.percentile(detail, 97)
    strokes = detail > _INK * high if high >= low else detail < -_INK * low
    return np.asarray(strokes.sum(axis=0), dtype=np.int64)


def _longest(flags: NDArray[np.bool_]) -> int:
    """The length of the longest run of True."""
    longest = run = 0
    for flag in flags:
        run = run + 1 if flag else 0
        longest = max(longest, run)
    return longest


def _outstanding(gaps: dict[int, float], steps: dict[int, float]) -> list[int]:
    """The gaps that are clearly wider than all narrower ones, if they are few.

    Parameters
    ----------
    gaps : heights of blank between each character of a pair and the next, by the pair's number.
    steps : how far the pair's characters stand apart, by its number.
    """
    order = sorted(gaps, key=lambda i: gaps[i])
    longer = _LONGER * float(np.median(list(steps.values())))
    most = max(1, int(_MOST * len(order)))
    for rank in range(len(order) - most, len(order)):
        widest, gap = gaps[order[rank - 1]], gaps[order[rank]]
        if widest > _WIDEST_USUAL:
            return []
        stepped = gap >= _NARROWEST_STEP and all(steps[i] >= longer for i in order[rank:])
        if gap >= max(_NARROWEST, (_WIDER_STEP if stepped else _WIDER) * widest):
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
