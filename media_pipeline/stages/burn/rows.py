"""Where the rows of a caption stand in its box, and where the characters stand in a row.

The box around a caption is known, not the box of each row. Rows of one script share a font size, so
their widths follow from the box; rows of two scripts do not, and are looked for in the picture.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.media.fonts import find_font, text_width
from media_pipeline.media.geometry import Box
from media_pipeline.text.cues import Cue
from media_pipeline.text.scripts import main_script

Luma = NDArray[np.uint8]
Look = Callable[[float], Luma]
"""Gives the luma of the whole displayed picture, (h, w), at a time in seconds."""

_PAD = 0.06  # of a row's height, above and below
_OTHER_SCRIPT = 0.8  # usual size of the Latin row under a Chinese one, by the width of a sans font
_MARGIN = 0.02  # of the picture's width, looked at on both sides of the box
_GRADIENT = 70  # luma between a letter and its outline
_IDEOGRAPH = "\u3400-\u9fff\u3040-\u30ff\uf900-\ufaff"
_GAP = re.compile(rf"(?<=[{_IDEOGRAPH}]) (?=[{_IDEOGRAPH}])")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a caption as seen, in pixels."""

    text: str
    left: float
    right: float
    top: float
    bottom: float

    def extent(self, first: int, last: int) -> tuple[float, float]:
        """The left and right edge of the characters from ``first`` to ``last``, exclusive."""
        text = _as_spaced(self.text)
        font = find_font(text)
        whole = text_width(text, font, 100.0)
        before, upto = (text_width(text[:n], font, 100.0) / whole for n in (first, last))
        width = self.right - self.left
        return self.left + width * before, self.left + width * upto


def caption_rows(cue: Cue, box: Box, width: int, height: int, look: Look | None) -> list[Row]:
    """The rows of a caption inside its box.

    Parameters
    ----------
    cue : the caption.
    box : around all its rows.
    width, height : of the picture in pixels.
    look : where the picture can be had, it is looked at if the text alone does not tell.

    Raises
    ------
    FontMissing
        when no installed font has the glyphs, so that widths are unknown.
    """
    texts = cue.text.split("\n")
    units = [_unit(text) for text in texts]
    mixed = len({main_script(t) for t in texts}) > 1
    if mixed and look is not None and len(texts) == 2:
        spans = _seen(look((cue.start + cue.end) / 2), box)
        if spans is not None and _plausible(spans, units, box):
            return [
                Row(t, s.x * width, s.right * width, s.y * height, s.bottom * height)
                for t, s in zip(texts, spans, strict=True)
            ]
    sizes = _sizes(texts, units, box.w * width)
    return _stacked(texts, units, sizes, box, width, height)


def _unit(text: str) -> float:
    """The width of a row at one pixel per em."""
    return max(text_width(_as_spaced(text), find_font(text), 1.0), 0.1) if text.strip() else 0.1


def _as_spaced(text: str) -> str:
    """Between Chinese characters a gap stands for a comma, and is as wide as a character."""
    return _GAP.sub("\u3000", text)


def _sizes(texts: list[str], units: list[float], box_width: float) -> list[float]:
    """The em of each row: the widest fills the box, Latin rows under Chinese are smaller."""
    scripts = [main_script(text) for text in texts]
    wide = any(s in ("han", "kana", "hangul") for s in scripts)
    shares = [_OTHER_SCRIPT if wide and s == "latin" else 1.0 for s in scripts]
    em = box_width / max(u * share for u, share in zip(units, shares, strict=True))
    return [em * share for share in shares]


def _stacked(
    texts: list[str], units: list[float], sizes: list[float], box: Box, width: int, height: int
) -> list[Row]:
    """Rows centred over each other that fill the height of the box."""
    middle, top = (box.x + box.w / 2) * width, box.y * height
    rows = []
    for text, unit, size in zip(texts, units, sizes, strict=True):
        tall = box.h * height * size / sum(sizes)
        half, pad = size * unit / 2, tall * _PAD
        rows.append(Row(text, middle - half, middle + half, top - pad, top + tall + pad))
        top += tall
    return rows


def _seen(luma: Luma, box: Box) -> list[Box] | None:
    """The two rows of text in a picture, as boxes: strokes are bright and have sharp edges."""
    height, width = luma.shape
    region = Box(max(0.0, box.x - _MARGIN), box.y, 0.0, box.h)
    region = Box(region.x, region.y, min(1.0, box.right + _MARGIN) - region.x, box.h)
    left, top, right, bottom = region.pixels(width, height)
    part = luma[top:bottom, left:right]
    if part.shape[0] < 12:
        return None
    square = np.ones((3, 3), np.uint8)
    bright = (part >= 0.7 * np.percentile(part, 98)).astype(np.uint8)
    sharp = cv2.morphologyEx(part, cv2.MORPH_GRADIENT, square) > _GRADIENT
    ink = ((cv2.dilate(bright, square) > 0) & sharp).astype(np.float32)
    split = _split(ink)
    spans = [_span(band) for band in (ink[:split], ink[split:])]
    edges = [(top, top + split), (top + split, bottom)]
    return [
        Box.from_pixels(left + a, y0, left + b, y1, width, height)
        for (a, b), (y0, y1) in zip(spans, edges, strict=True)
        if b > a
    ]


def _split(ink: NDArray[np.float32]) -> int:
    """The line between two rows, where there is least ink."""
    profile = cv2.GaussianBlur(ink.sum(axis=1).reshape(-1, 1), (1, 5), 0).ravel()
    first, last = round(0.3 * len(profile)), round(0.75 * len(profile))
    return first + int(np.argmin(profile[first:last]))


def _span(band: NDArray[np.float32]) -> tuple[int, int]:
    """First and last column of the run with most ink; gaps of a row's height are bridged."""
    tall = band.shape[0]
    columns = band.sum(axis=0)
    inked = (columns >= max(2.0, 0.1 * tall)).astype(np.uint8)
    bridge = np.ones((1, max(3, round(1.2 * tall))), np.uint8)
    runs = cv2.morphologyEx(
        inked[None], cv2.MORPH_CLOSE, bridge, borderType=cv2.BORDER_CONSTANT, borderValue=0
    )[0]
    edges = np.flatnonzero(np.diff(np.concatenate([[0], runs, [0]]).astype(np.int8)))
    if not len(edges):
        return 0, 0
    best = max(edges.reshape(-1, 2), key=lambda run: columns[run[0] : run[1]].sum())
    return int(best[0]), int(best[1])


def _plausible(spans: list[Box], units: list[float], box: Box) -> bool:
    """Whether two rows were found, one as wide as the box, of about the same size of letters."""
    if len(spans) != len(units) or max(s.w for s in spans) < 0.85 * box.w:
        return False
    ems = [s.w / u for s, u in zip(spans, units, strict=True)]
    return max(ems) < 2.2 * min(ems)
