"""Pictures that can be changed in place: what is not touched stays as it was decoded.

A canvas keeps the planes of the decoder (8 or 10 bits, 4:2:0) and shows them upright. Reading gives
Y'CbCr at full resolution, so that nothing goes through another colour space on its way.
"""

from __future__ import annotations

from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.media.orientation import Orientation, orientation
from media_pipeline.media.pixels import colour_matrix

Picture = NDArray[np.uint8]
Edges = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels, right and bottom exclusive; even where not said
otherwise."""

_FULL_RANGE = 2


class Canvas:
    """One picture of a film.

    Attributes
    ----------
    time : seconds from the container's start.
    key : whether the film could be entered here.
    frame : the picture as it will be coded, with even sides: an odd one is made longer by
        repeating its last row or column.
    """

    __slots__ = ("_matrix", "_planes", "_shift", "frame", "key", "time")

    def __init__(
        self,
        frame: av.VideoFrame,
        time: float,
        *,
        key: bool = False,
        turn: Orientation | None = None,
        matrix: NDArray[np.float64] | None = None,
    ) -> None:
        self.frame, self.time, self.key = frame, time, key
        self._shift = frame.format.components[0].bits - 8
        self._matrix = matrix
        self._planes = [_upright(_plane(frame, n), turn or Orientation()) for n in range(3)]

    @classmethod
    def of(cls, picture: av.VideoFrame, time: float, turn: Orientation | None = None) -> Canvas:
        """A canvas with what a decoder gave; that is not changed by changing the canvas."""
        kind = "yuv420p10le" if picture.format.components[0].bits > 8 else "yuv420p"
        name = picture.format.name
        same = name == kind or (name == "yuvj420p" and kind == "yuv420p")
        source = picture if same else picture.reformat(format=kind)
        width, height = source.width, source.height
        frame = av.VideoFrame(width + width % 2, height + height % 2, kind)
        _copy_colours(picture, frame)
        for number in range(3):
            old, new = _plane(source, number), _plane(frame, number)
            h, w = old.shape
            new[:h, :w] = old
            new[h:, :w], new[:, w:] = new[h - 1 : h, :w], new[:, w - 1 : w]
        matrix = colour_matrix(picture)
        return cls(
            frame, time, key=picture.key_frame, turn=turn or orientation(picture), matrix=matrix
        )

    def blank(self, width: int, height: int) -> Canvas:
        """A canvas of another size (even) at the same time, upright; what it shows is not
        defined.
        """
        frame = av.VideoFrame(width, height, self.frame.format.name)
        _copy_colours(self.frame, frame)
        return Canvas(frame, self.time, key=self.key, matrix=self._matrix)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height as displayed."""
        height, width = self._planes[0].shape
        return width, height

    @property
    def planes(self) -> list[NDArray[Any]]:
        """Y', Cb and Cr as displayed; writing to them changes the picture."""
        return self._planes

    @property
    def depth(self) -> int:
        """Bits of a sample."""
        return 8 + self._shift

    def luma(self, edges: Edges | None = None) -> Picture:
        """The brightness of a part (any edges), 8 bits; a copy."""
        left, top, right, bottom = edges or (0, 0, *self.size)
        return np.ascontiguousarray(self._eight(self._planes[0][top:bottom, left:right]))

    def read(self, edges: Edges | None = None) -> Picture:
        """A part in Y'CbCr: (h, w, 3), 8 bits, the colour at the resolution of the brightness."""
        left, top, right, bottom = edges or (0, 0, *self.size)
        luma = self.luma((left, top, right, bottom))
        half = [
            self._eight(p[top // 2 : bottom // 2, left // 2 : right // 2]) for p in self._planes[1:]
        ]
        size = (right - left, bottom - top)
        chroma = [cv2.resize(np.ascontiguousarray(h), size) for h in half]
        return cv2.merge([luma, *chroma])  # type: ignore[return-value]

    def write(self, edges: Edges, picture: Picture, mask: NDArray[np.bool_] | None = None) -> None:
        """Put a part in Y'CbCr (h, w, 3) back, or what of it ``mask`` (h, w) marks.

        A sample of colour belongs to four pixels; it changes where one of them is marked.
        """
        left, top, right, bottom = edges
        if mask is None:
            mask = np.ones(picture.shape[:2], np.bool_)
        luma = self._planes[0][top:bottom, left:right]
        luma[mask] = self._deep(picture[..., 0][mask])
        rows, columns = mask.shape[0] // 2, mask.shape[1] // 2
        touched = mask.reshape(rows, 2, columns, 2).any(axis=(1, 3))
        for number in (1, 2):
            plane = self._planes[number][top // 2 : bottom // 2, left // 2 : right // 2]
            small: Any = cv2.resize(
                np.ascontiguousarray(picture[..., number]),
                (columns, rows),
                interpolation=cv2.INTER_AREA,
            )
            plane[touched] = self._deep(small[touched])

    def add(self, edges: Edges, change: NDArray[Any]) -> None:
        """Add to a part in Y'CbCr, in grey levels of 8 bits: what is not changed keeps all of its
        bits, and what is keeps those below.

        Parameters
        ----------
        change : (h, w, 3), signed.
        """
        left, top, right, bottom = edges
        rows, columns = (bottom - top) // 2, (right - left) // 2
        most = (256 << self._shift) - 1
        for number, plane in enumerate(self._planes):
            by: Any = np.ascontiguousarray(change[..., number], np.float32)
            at = (slice(top, bottom), slice(left, right))
            if number:
                by = cv2.resize(by, (columns, rows), interpolation=cv2.INTER_AREA)
                at = (slice(top // 2, bottom // 2), slice(left // 2, right // 2))
            steps = np.rint(by * (1 << self._shift)).astype(np.int32)
            plane[at] = np.clip(plane[at] + steps, 0, most)

    def bgr(self, edges: Edges | None = None) -> Picture:
        """A part in colour: (h, w, 3) uint8, blue first."""
        return cv2.transform(self.read(edges), self.matrix).astype(np.uint8, copy=False)

    def write_bgr(
        self, edges: Edges, picture: Picture, mask: NDArray[np.bool_] | None = None
    ) -> None:
        """Put a part in colour back, as :meth:`write` does."""
        self.write(edges, to_ycc(picture, self.matrix), mask)

    @property
    def matrix(self) -> NDArray[np.float64]:
        """Y'CbCr to blue, green, red as a 3 x 4 matrix."""
        if self._matrix is None:
            self._matrix = colour_matrix(self.frame)
        return self._matrix

    def _eight(self, plane: NDArray[Any]) -> Picture:
        if not self._shift:
            return plane
        small = (plane + (1 << self._shift >> 1)) >> self._shift
        return np.asarray(np.minimum(small, 255), np.uint8)

    def _deep(self, samples: NDArray[np.uint8]) -> NDArray[Any]:
        return samples.astype(np.uint16) << self._shift if self._shift else samples


def to_ycc(picture: Picture, matrix: NDArray[np.float64]) -> Picture:
    """Blue, green, red to Y'CbCr: the inverse of a 3 x 4 matrix that goes the other way."""
    back = np.linalg.inv(matrix[:, :3])
    full = np.column_stack([back, -back @ matrix[:, 3]])
    return cv2.transform(picture, full).astype(np.uint8, copy=False)


def _copy_colours(one: av.VideoFrame, other: av.VideoFrame) -> None:
    """What the samples mean; pictures of the yuvj formats say it by their name."""
    for name in ("color_range", "colorspace", "color_primaries", "color_trc"):
        setattr(other, name, getattr(one, name))
    if one.format.name.startswith("yuvj"):
        other.color_range = _FULL_RANGE


def _plane(frame: av.VideoFrame, number: int) -> NDArray[Any]:
    plane = frame.planes[number]
    kind = np.dtype("<u2") if frame.format.components[0].bits > 8 else np.dtype(np.uint8)
    rows: NDArray[Any] = np.frombuffer(plane, kind)  # type: ignore[call-overload]
    return rows.reshape(plane.height, -1)[:, : plane.width]


def _upright(plane: NDArray[Any], turn: Orientation) -> NDArray[Any]:
    """A view of a plane as players show it."""
    if turn.mirrored:
        plane = plane[:, ::-1]
    return np.rot90(plane, -turn.degrees // 90)
