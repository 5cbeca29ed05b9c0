"""From the boxes of a detector to rows of text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from media_pipeline.ocr.base import Picture, TextBox
from media_pipeline.stages.captions.ink import ink_colour

_SAME_ROW = 0.6  # share of the lower box's height that two boxes of one row have in common
_SAME_SIZE = (
    0.55  # of the heights of two boxes of one row: a thing behind a caption is no part of it
)
_SAME_INK = 70.0  # grey levels by which a channel of two boxes of one row may differ
_LEVEL = 0.3  # of the higher box's height between their middles
_ROW_GAP = 2.5  # row heights between two boxes of one row: captions have gaps instead of commas


@dataclass(frozen=True, slots=True)
class PixelBox:
    """A rectangle in whole pixels of the working strip, right and bottom exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Pixels across."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Pixels down."""
        return self.bottom - self.top

    @property
    def middle(self) -> float:
        """The height of the middle line."""
        return (self.top + self.bottom) / 2

    @property
    def centre(self) -> float:
        """The x of the middle."""
        return (self.left + self.right) / 2

    def padded(self, across: int, down: int, width: int, height: int) -> PixelBox:
        """The box with a margin, cut at the edges of a picture of that size."""
        return PixelBox(
            max(0, self.left - across),
            max(0, self.top - down),
            min(width, self.right + across),
            min(height, self.bottom + down),
        )

    def covered(self, other: PixelBox) -> float:
        """The share of this box that the other covers."""
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(0, across) * max(0, down) / max(1, self.width * self.height)

    def same_line(self, other: PixelBox) -> bool:
        """Whether both stand on one line of text."""
        common = min(self.bottom, other.bottom) - max(self.top, other.top)
        return common > _SAME_ROW * min(self.height, other.height)


def join_rows(
    boxes: Iterable[TextBox],
    lowest: float,
    standing: Iterable[PixelBox] = (),
    picture: Picture | None = None,
) -> list[PixelBox]:
    """Boxes that stand on one line with no more than a gap between them, joined; rows below a
    height left out.

    Parameters
    ----------
    boxes : what the detector found.
    lowest : pixels; lower rows cannot be read.
    standing : rows that are known not to belong to any other; they are left out, and boxes that
        contain one end before it.
    picture : where the boxes were found, in colour: a sign beside a caption has another one.
    """
    standing = list(standing)
    rows: list[PixelBox] = []
    for box in sorted(boxes, key=lambda b: b.left):
        whole = PixelBox(int(box.left), int(box.top), round(box.right), round(box.bottom))
        piece = _without(whole, standing)
        if piece is None:
            continue
        for number, row in enumerate(rows):
            lower, higher = sorted((row.height, piece.height))
            if (
                row.same_line(piece)
                and lower >= _SAME_SIZE * higher
                and abs(row.middle - piece.middle) <= _LEVEL * higher
                and piece.left - row.right < _ROW_GAP * lower
                and (picture is None or _same_ink(picture, row, piece))
            ):
                rows[number] = _around((row, piece))
                break
        else:
            rows.append(piece)
    return [row for row in rows if row.height >= lowest]


def _without(piece: PixelBox, standing: Iterable[PixelBox]) -> PixelBox | None:
    """The part of a box beside the standing ones, or None when there is none to speak of."""
    for other in standing:
        if not piece.same_line(other) or piece.covered(other) == 0:
            continue
        before, after = other.left - piece.left, piece.right - other.right
        if max(before, after) < piece.height:
            return None
        piece = (
            replace(piece, right=other.left) if before > after else replace(piece, left=other.right)
        )
    return piece


def _same_ink(picture: Picture, row: PixelBox, piece: PixelBox) -> bool:
    one, other = (
        ink_colour(picture[max(0, b.top) : b.bottom, max(0, b.left) : b.right])
        for b in (row, piece)
    )
    return bool(np.abs(one - other).max() < _SAME_INK)


def _around(boxes: Sequence[PixelBox]) -> PixelBox:
    return PixelBox(
        min(b.left for b in boxes),
        min(b.top for b in boxes),
        max(b.right for b in boxes),
        max(b.bottom for b in boxes),
    )
