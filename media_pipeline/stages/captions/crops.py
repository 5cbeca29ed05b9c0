"""The part of a picture that is read for one row: cut out with room, and narrowed to its text.

Detectors leave out a thin character at an end (一, ……), and a crop with much room makes a
recogniser read the ground. So rows are cut out with more room than is read, and the room is read
only where strokes in the colour of the text go on in it.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.ocr.base import Picture
from media_pipeline.stages.captions.ink import ink_colour, stroke_strength
from media_pipeline.stages.captions.rows import PixelBox

_ROOM, _DOWN = 1.2, 0.04  # row heights left and right, above and below
_USUAL = 0.5  # row heights that are read beside the text: tight crops lose its ends
_INK, _ALIKE = 0.35, 45  # strength, and grey levels by which a channel may differ
_PIXELS = 2  # of ink that make a column one of a stroke
_AWAY, _APART, _WIDE = 0.1, 0.5, 0.2  # row heights: first, farthest first, and fewest columns


def cut_out(picture: Picture, box: PixelBox, across: float, down: float) -> Picture:
    """The row in a box with its room, beyond the picture's edges filled with their pixels.

    Parameters
    ----------
    box : in pixels of a smaller picture.
    across, down : pixels of this picture per pixel of that one.
    """
    room = round(_ROOM * box.height * down)
    left, right = int(box.left * across) - room, round(box.right * across) + room
    top = max(0, int((box.top - _DOWN * box.height) * down))
    bottom = round((box.bottom + _DOWN * box.height) * down)
    part = picture[top:bottom, max(0, left) : right]
    wanting = max(0, -left), max(0, right - picture.shape[1])
    if not any(wanting):
        return part
    filled = cv2.copyMakeBorder(part, 0, 0, *wanting, cv2.BORDER_REPLICATE)
    return filled.astype(np.uint8, copy=False)


def text_columns(row: Picture) -> slice:
    """The columns of a row that was cut out that are to be read."""
    height, width = row.shape[0] / (1 + 2 * _DOWN), row.shape[1]
    room, usual = round(_ROOM * height), round(_USUAL * height)
    beside = _strokes_beside(row)
    if beside is None:
        return slice(0, width)
    left = 0 if _goes_on(beside[0], height) else room - usual
    right = width if _goes_on(beside[1], height) else width - room + usual
    return slice(left, right)


def text_ends(row: Picture) -> tuple[float, float]:
    """How far strokes in a text's colour go on beyond the box by which a row was cut out, to its
    left and right without a gap: row heights.
    """
    beside = _strokes_beside(row, pixels=1)
    if beside is None:
        return 0.0, 0.0
    height = row.shape[0] / (1 + 2 * _DOWN)
    left, right = (_run(strokes, _APART * height) / height for strokes in beside)
    return left, right


def _strokes_beside(
    row: Picture, pixels: int = _PIXELS
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]] | None:
    """Which columns of the room on the left and right of a row's box bear so many pixels of strokes
    in the colour of its text, outwards from it; None where it has no room.
    """
    room = round(_ROOM * row.shape[0] / (1 + 2 * _DOWN))
    if row.shape[1] <= 2 * room:
        return None
    strength = stroke_strength(row)
    colour = ink_colour(row[:, room:-room], strength[:, room:-room])
    alike = np.abs(row.astype(np.float32) - colour).max(axis=2) < _ALIKE
    strokes = (alike & (strength > _INK)).sum(axis=0) >= pixels
    return strokes[:room][::-1], strokes[-room:]


def _goes_on(strokes: NDArray[np.bool_], height: float) -> bool:
    """Whether the columns beside a text, outwards from it, hold a further character."""
    columns = np.flatnonzero(strokes)
    columns = columns[columns > _AWAY * height]
    return len(columns) >= _WIDE * height and bool(columns[0] <= _APART * height)


def _run(strokes: NDArray[np.bool_], gap: float) -> int:
    """The column, outwards, at which strokes end that are no further apart than a gap."""
    end = 0
    for column in np.flatnonzero(strokes):
        if column - end > gap:
            break
        end = int(column) + 1
    return end
