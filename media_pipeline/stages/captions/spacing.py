"""Spaces that recognisers drop: between Chinese characters, which captions have instead of commas,
and between words of small Latin letters.

The ink of a caption shows them: a gap between two characters that is clearly wider than others.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from media_pipeline.ocr.base import Picture, Reading
from media_pipeline.stages.captions.ink import ink_colour, stroke_strength
from media_pipeline.text.scripts import is_cjk

_CORE = 0.12  # of the height left out above and below, where other rows and the ground are
_INK = 0.2  # of the strongest strokes
_ALIKE = 48  # grey levels by which a channel of one colour may differ
_WIDEST_USUAL = 0.2  # heights: wider usual gaps mean that the ground hides the ink
_SPACE = 0.167  # character widths by which a space widens a gap, at least
_WIDER = 1.5  # times the widest gap that is none
_NARROWEST_LETTERS = 0.03  # heights: narrower usual gaps mean that the ground hides the ink
_NARROWEST_WORDS, _WORDS = 0.14, 2.1  # heights, and times the usual gap between letters
_LIKE_SPACES = 0.75  # of the spaces of the row
_MOST = 0.25  # of the gaps can be spaces
_FEWEST = 3  # gaps that are needed to know what is usual


def with_spaces(reading: Reading, picture: Picture) -> Reading:
    """The reading with a space wherever the picture has a wide gap between two Chinese characters,
    or two Latin letters.

    Parameters
    ----------
    reading : with the places of its characters; without them it is returned as it is.
    picture : the crop that was read.
    """
    if not reading.places:
        return reading
    neighbours = list(enumerate(pairwise(reading.text)))
    chinese = [i for i, (one, two) in neighbours if is_cjk(one) and is_cjk(two)]
    # Letters are placed to a few pixels only: beside a space a gap may be that of the space.
    latin = [
        i
        for i, _ in neighbours[1:-1]
        if all(_is_letter(char) for char in reading.text[i - 1 : i + 3])
    ]
    if max(len(chinese), len(latin)) < _FEWEST:
        return reading
    gaps = _gaps(reading, picture, (*chinese, *latin))
    spaces: list[int] = []
    if len(chinese) >= _FEWEST:
        steps = [reading.places[i + 1] - reading.places[i] for i in chinese]
        character = float(np.mean(sorted(steps)[:-1])) * picture.shape[1] / picture.shape[0]
        spaces += _outstanding({i: gaps[i] for i in chinese}, character)
    if len(latin) >= _FEWEST:
        spaces += _between_words({i: gaps[i] for i in latin}, _space(reading, picture))
    for i in sorted(spaces, reverse=True):
        reading = _insert(reading, i + 1)
    return reading


def _is_letter(char: str) -> bool:
    return char.isascii() and char.isalnum()


def _space(reading: Reading, picture: Picture) -> float:
    """Heights of blank at the spaces that were read, as a rule; 0 where none was."""
    blank = _ink(picture) == 0
    places = [int(place * len(blank)) for place in reading.places]
    read = [i for i, char in enumerate(reading.text) if char == " " and 0 < i < len(places) - 1]
    widths = [_longest(blank[places[i - 1] : places[i + 1] + 1]) for i in read]
    return float(np.median(widths)) / picture.shape[0] if widths else 0.0


def _between_words(gaps: dict[int, float], space: float) -> list[int]:
    """The gaps that are wider than gaps between letters are, and like the spaces that were read."""
    usual = float(np.median(list(gaps.values())))
    if usual < _NARROWEST_LETTERS:
        return []
    least = max(_NARROWEST_WORDS, _WORDS * usual, _LIKE_SPACES * space)
    wide = {i for i, gap in gaps.items() if gap >= least}
    # A narrow letter that is placed badly seems to have a gap on both sides.
    return [i for i in wide if not wide & {i - 1, i + 1}]


def _ink(picture: Picture) -> NDArray[np.int64]:
    """Pixels of ink in each column: strokes in the colour that the strongest ones have.

    Contrast alone would take edges of the ground for ink and see no gap.
    """
    height = picture.shape[0]
    core = picture[int(height * _CORE) : max(int(height * (1 - _CORE)), 1)]
    strength = stroke_strength(core)
    colour = ink_colour(core, strength)
    alike = np.abs(core.astype(np.float32) - colour).max(axis=2) < _ALIKE
    return np.asarray((alike & (strength > _INK)).sum(axis=0), dtype=np.int64)


def _gaps(reading: Reading, picture: Picture, pairs: Iterable[int]) -> dict[int, float]:
    """Heights of blank between each character of a pair and the next, by the pair's number."""
    blank = _ink(picture) == 0
    places = [int(place * len(blank)) for place in reading.places]
    return {i: _longest(blank[places[i] : places[i + 1] + 1]) / picture.shape[0] for i in pairs}


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
