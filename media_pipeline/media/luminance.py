"""Colours of text on film of high dynamic range: as bright as white paper, not as the sun.

The code value that is white on a usual film is the brightest light of all in PQ and HLG. Text is
put at the luminance that ITU-R BT.2408 gives to white graphics: 203 cd/m².
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from media_pipeline.media.container import open_media

Transfer = Literal["sdr", "pq", "hlg"]
Rgb = tuple[float, float, float]
"""Red, green and blue, from 0 to 1."""

_WHITE_NITS, _PQ_NITS, _HLG_NITS, _HLG_GAMMA = 203.0, 10_000.0, 1000.0, 1.2
_TRANSFERS: dict[int, Transfer] = {16: "pq", 18: "hlg"}  # ISO/IEC 23091-2, TransferCharacteristics
# BT.709 to BT.2020 in linear light (ITU-R BT.2087)
_TO_2020 = ((0.6274, 0.3293, 0.0433), (0.0691, 0.9195, 0.0114), (0.0164, 0.0880, 0.8956))
_LUMA_2020 = (0.2627, 0.6780, 0.0593)


def transfer_of(path: Path, index: int) -> Transfer:
    """How the picture of a film, the stream of that index, codes light."""
    with open_media(path) as file:
        stream = next(s for s in file.streams.video if s.index == index)
        return _TRANSFERS.get(int(stream.codec_context.color_trc or 0), "sdr")


def graphics(transfer: Transfer) -> Callable[[Rgb], Rgb]:
    """What turns a colour of the web (sRGB) into the code values of a film, BT.2020 where it is of
    high dynamic range.
    """
    if transfer == "sdr":
        return lambda colour: colour
    code = _pq if transfer == "pq" else _hlg

    def coded(colour: Rgb) -> Rgb:
        light = [_linear(part) for part in colour]
        return code([_dot(row, light) * _WHITE_NITS for row in _TO_2020])

    return coded


def _dot(row: Sequence[float], light: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(row, light, strict=True))


def _linear(code: float) -> float:
    """IEC 61966-2-1."""
    return float(code / 12.92 if code <= 0.04045 else ((code + 0.055) / 1.055) ** 2.4)


def _pq(nits: Sequence[float]) -> Rgb:
    """SMPTE ST 2084, the inverse of its EOTF."""
    m1, m2 = 2610 / 16384, 2523 / 32
    c1, c2, c3 = 3424 / 4096, 2413 / 128, 2392 / 128

    def code(value: float) -> float:
        y = (max(0.0, value) / _PQ_NITS) ** m1
        return float(((c1 + c2 * y) / (1 + c3 * y)) ** m2)

    red, green, blue = map(code, nits)
    return red, green, blue


def _hlg(nits: Sequence[float]) -> Rgb:
    """ITU-R BT.2100: the inverse of the OOTF on a display of 1000 cd/m², then the OETF."""
    a, b = 0.17883277, 0.28466892
    c = 0.5 - a * math.log(4 * a)
    display = [max(0.0, value) / _HLG_NITS for value in nits]
    luminance = _dot(_LUMA_2020, display)
    gain = luminance ** ((1 - _HLG_GAMMA) / _HLG_GAMMA) if luminance > 0 else 0.0

    def code(value: float) -> float:
        scene = min(1.0, value * gain)
        return math.sqrt(3 * scene) if scene <= 1 / 12 else a * math.log(12 * scene - b) + c

    red, green, blue = map(code, display)
    return red, green, blue
