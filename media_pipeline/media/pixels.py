"""From a decoder's planes to arrays: crop first, then depth, scale and turn; only then colour."""

from __future__ import annotations

from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.media.geometry import Box
from media_pipeline.media.orientation import orientation

_HD_HEIGHT = 720
# Kr, Kb of ITU-R BT.601, BT.709 and BT.2020, by libav's number of the colour space.
_BT601, _BT709, _BT2020 = (0.299, 0.114), (0.2126, 0.0722), (0.2627, 0.0593)
_WEIGHTS = {1: _BT709, 5: _BT601, 6: _BT601, 7: (0.212, 0.087), 9: _BT2020, 10: _BT2020}
_FULL_RANGE = 2


class Window:
    """A region of pictures of one size and format, and how to read it as displayed.

    Parameters
    ----------
    picture : a decoded frame; others of its size and format can be read as well.
    region : part of the displayed picture.
    width : width of the result in pixels, or None for the region's own.
    previous : the window of the frames before, when the format changed in mid-stream: results keep
        its size.
    """

    def __init__(
        self,
        picture: av.VideoFrame,
        region: Box,
        width: int | None,
        previous: Window | None = None,
    ) -> None:
        self._key = (picture.width, picture.height, picture.format.name)
        self._turn = orientation(picture)
        coded = (picture.width, picture.height)
        shown = coded[::-1] if self._turn.sideways else coded
        edges = region.pixels(*shown)
        self._left, self._top, self._right, self._bottom = self._turn.to_coded(edges, *coded)
        cropped = (edges[2] - edges[0], edges[3] - edges[1])
        size = cropped
        if previous is not None:
            size = previous.size
        elif width is not None:
            size = (width, max(1, round(cropped[1] * width / cropped[0])))
        self.size: tuple[int, int] = size
        """Width and height of the result."""
        self._scaled = size != cropped
        self._coded_size = size[::-1] if self._turn.sideways else size
        self._planar = _luma_is_a_plane(picture.format)
        self._shift = _depth_scale(picture.format)

    def fits(self, picture: av.VideoFrame) -> bool:
        """Whether the picture has the size and format that the window was made for."""
        return self._key == (picture.width, picture.height, picture.format.name)

    def luma(self, picture: av.VideoFrame) -> NDArray[np.uint8]:
        """The brightness of the region: (h, w) uint8, read-only, without a copy where nothing has
        to change.
        """
        if self._planar:
            strip = self._crop(_plane(picture, 0))
        else:
            gray: NDArray[Any] = picture.to_ndarray(format="gray")
            strip = gray[self._top : self._bottom, self._left : self._right]
        result = self._turn.apply(self._resize(_eight_bits(strip, self._shift)))
        result.flags.writeable = False
        return result

    def bgr(self, picture: av.VideoFrame) -> NDArray[np.uint8]:
        """The region in colour: (h, w, 3) uint8, blue first."""
        if self._planar and len(picture.format.components) == 1:
            return np.repeat(self.luma(picture)[..., None], 3, axis=2)
        if self._planar and len(picture.planes) >= 3:
            return self._turn.apply(self._planes_to_bgr(picture))
        pixels: NDArray[Any] = picture.to_ndarray(format="bgr24")
        strip = pixels[self._top : self._bottom, self._left : self._right]
        return self._turn.apply(np.ascontiguousarray(self._resize(strip)))

    def _planes_to_bgr(self, picture: av.VideoFrame) -> NDArray[np.uint8]:
        luma = self._resize(_eight_bits(self._crop(_plane(picture, 0)), self._shift))
        chroma = [self._chroma(picture, number) for number in (1, 2)]
        return cv2.transform(cv2.merge([luma, *chroma]), colour_matrix(picture))  # type: ignore[return-value]

    def _chroma(self, picture: av.VideoFrame, number: int) -> NDArray[np.uint8]:
        plane = _plane(picture, number)
        across = -(-picture.width // plane.shape[1])
        down = -(-picture.height // plane.shape[0])
        left, top = self._left // across, self._top // down
        right, bottom = -(-self._right // across), -(-self._bottom // down)
        strip = _eight_bits(plane[top:bottom, left:right], self._shift)
        if self._scaled:
            return _resize(strip, self._coded_size)
        if (across, down) == (1, 1):
            return strip
        full = _resize(strip, (strip.shape[1] * across, strip.shape[0] * down))
        x, y = self._left - left * across, self._top - top * down
        return full[y : y + self._bottom - self._top, x : x + self._right - self._left]

    def _crop(self, plane: NDArray[Any]) -> NDArray[Any]:
        return plane[self._top : self._bottom, self._left : self._right]

    def _resize(self, strip: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return _resize(strip, self._coded_size) if self._scaled else strip


def _resize(strip: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    smaller = size[0] <= strip.shape[1] and size[1] <= strip.shape[0]
    method = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return cv2.resize(strip, size, interpolation=method)  # type: ignore[return-value]


def _luma_is_a_plane(pixels: av.VideoFormat) -> bool:
    first = pixels.components[0]
    planar = pixels.is_planar or len(pixels.components) == 1
    known = not pixels.is_rgb and not pixels.has_palette and not pixels.is_bit_stream
    small_end = first.bits == 8 or not pixels.is_big_endian
    return known and planar and first.is_luma and first.plane == 0 and small_end and first.bits >= 8


def _depth_scale(pixels: av.VideoFormat) -> float:
    """The factor that makes samples of more than 8 bits ones of 8."""
    bits = pixels.components[0].bits
    if pixels.name.startswith(
        ("p0", "p2", "p4")
    ):  # p010 and its kin keep their bits at the upper end
        return 1 / 256
    return 1 / (1 << (bits - 8))


def _plane(picture: av.VideoFrame, number: int) -> NDArray[Any]:
    plane = picture.planes[number]
    wide = picture.format.components[0].bits > 8
    kind = np.dtype("<u2") if wide else np.dtype(np.uint8)
    rows: NDArray[Any] = np.frombuffer(memoryview(plane), kind)
    rows = rows.reshape(plane.height, plane.line_size // kind.itemsize)
    return rows[:, : plane.width]


def _eight_bits(strip: NDArray[Any], scale: float) -> NDArray[np.uint8]:
    if strip.dtype == np.uint8:
        return strip
    return cv2.convertScaleAbs(strip, alpha=scale)  # type: ignore[return-value]


def colour_matrix(picture: av.VideoFrame) -> NDArray[np.float64]:
    """Y'CbCr to blue, green, red as a 3 x 4 matrix (ITU-R BT.601-7, BT.709-6, BT.2020-2)."""
    unknown = _BT709 if picture.height >= _HD_HEIGHT else _BT601
    kr, kb = _WEIGHTS.get(int(picture.colorspace), unknown)
    kg = 1 - kr - kb
    full = int(picture.color_range) == _FULL_RANGE or picture.format.name.startswith("yuvj")
    y, c, black = (1.0, 1.0, 0.0) if full else (255 / 219, 255 / 224, 16.0)
    to_red, to_blue = 2 * (1 - kr) * c, 2 * (1 - kb) * c
    linear = np.array(
        [
            [y, to_blue, 0.0],
            [y, -to_blue * kb / kg, -to_red * kr / kg],
            [y, 0.0, to_red],
        ]
    )
    offset = linear @ np.array([black, 128.0, 128.0])
    return np.column_stack([linear, -offset])
