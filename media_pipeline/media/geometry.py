"""Boxes: ``x, y, w, h`` normalised to the displayed picture, origin at the top left."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle normalised to the displayed picture, each side in [0, 1]."""

    x: float
    y: float
    w: float
    h: float

    @property
    def right(self) -> float:
        """The x of the right edge."""
        return self.x + self.w

    @property
    def bottom(self) -> float:
        """The y of the lower edge."""
        return self.y + self.h

    @property
    def area(self) -> float:
        """The share of the picture that the box covers."""
        return self.w * self.h

    def intersection(self, other: Box) -> float:
        """The area that both boxes cover."""
        w = min(self.right, other.right) - max(self.x, other.x)
        h = min(self.bottom, other.bottom) - max(self.y, other.y)
        return max(0.0, w) * max(0.0, h)

    def union(self, other: Box) -> Box:
        """The smallest box around both."""
        x, y = min(self.x, other.x), min(self.y, other.y)
        return Box(x, y, max(self.right, other.right) - x, max(self.bottom, other.bottom) - y)

    def pixels(self, width: int, height: int, *, even: bool = False) -> tuple[int, int, int, int]:
        """The box as ``(left, top, right, bottom)`` in pixels of a picture of that size, right and
        bottom exclusive.

        The result is never empty and never leaves the picture. With ``even`` all edges are
        multiples of two where the picture allows it, as 4:2:0 video wants them.
        """
        left, top = int(self.x * width), int(self.y * height)
        right, bottom = round(self.right * width), round(self.bottom * height)
        if even:
            left, top, right, bottom = left // 2 * 2, top // 2 * 2, right // 2 * 2, bottom // 2 * 2
        left, top = min(max(left, 0), width - 1), min(max(top, 0), height - 1)
        right, bottom = min(max(right, left + 1), width), min(max(bottom, top + 1), height)
        return left, top, right, bottom

    @classmethod
    def from_pixels(
        cls, left: float, top: float, right: float, bottom: float, width: int, height: int
    ) -> Box:
        """A box from pixel edges (right and bottom exclusive) in a picture of that size."""
        return cls(left / width, top / height, (right - left) / width, (bottom - top) / height)

    @classmethod
    def from_roi(cls, roi: list[list[float]]) -> Box:
        """A box from a region as the ICE wire writes it: ``[[top, bottom], [left, right]]``."""
        (top, bottom), (left, right) = roi
        return cls(left, top, right - left, bottom - top)


WHOLE_PICTURE = Box(0.0, 0.0, 1.0, 1.0)
