"""What a row of text looks like, whatever moves behind it: the mean of its high-passed picture,
compared cell by cell.

The text stays while the ground moves, so the mean over a few samples keeps the text and loses the
ground. Presence is measured in cells of one row height, about one Chinese character each, over the
strong pixels only: a correlation of the whole row would not notice one character that changed, nor
a row that vanished before a still ground.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.stages.captions.rows import PixelBox
from media_pipeline.stages.captions.signature import Luma

Detail = NDArray[np.float32]
"""A high-passed grey picture, ``(height, width)``, in grey levels around 0."""

_BLUR_SHARE = 0.6  # of the row height: wider than a stroke, narrower than a glyph
_CLIP = 100.0  # grey levels: beyond this a bright ground would outweigh the strokes
_STRONG_LEVELS = 7.0  # grey levels, above compression noise
_STRONG_PERCENT = 65  # the strokes and outlines of a glyph cover about a third of its cell
_STEADY = 0.7  # a pixel belongs to the text when its mean is at least this share of its deviation
_FILLED = 0.08  # share of a cell that must be strong for the cell to be judged
_FARTHEST = 2.5  # row heights: farther than that a shift is not looked for
_SHIFTED, _FITS = 0.4, 0.65  # correlation at rest and at the best shift of a row that moves
_LOW_PERCENT = 30  # of the cells' scores: most cells must agree, a few may be washed out


def high_pass(luma: Luma) -> Detail:
    """The crop of a row minus its surroundings.

    Parameters
    ----------
    luma : ``(height, width)``, the height being that of a row.
    """
    size = max(3, int(luma.shape[0] * _BLUR_SHARE)) | 1
    crop = luma.astype(np.float32)
    detail = crop - cv2.blur(crop, (size, size), borderType=cv2.BORDER_REPLICATE)
    clipped: Detail = np.clip(detail, -_CLIP, _CLIP).astype(np.float32, copy=False)
    return clipped


Scores = NDArray[np.floating[Any]]
"""One number per cell."""


@dataclass(frozen=True, slots=True)
class Match:
    """How well a picture fits a template.

    Attributes
    ----------
    cells : correlation of each cell, NaN where the template has too little in it to tell.
    level : what all but the worst third of the cells reach, in [-1, 1].
    contrast : strength of the text relative to the template, 1 when equally strong, about 0 when
        absent.
    """

    cells: Scores
    level: float
    contrast: float

    @property
    def weakest(self) -> float:
        """The lowest correlation of a cell."""
        return float(np.nanmin(self.cells)) if np.isfinite(self.cells).any() else self.level


class Template:
    """The running mean of high-passed crops of one row.

    Parameters
    ----------
    detail : the first crop; all others have its shape.
    """

    def __init__(self, detail: Detail) -> None:
        self.mean = detail.copy()
        self._squares = detail * detail
        self.count = 1
        height, width = detail.shape
        cells = max(1, round(width / height))
        self._edges = np.linspace(0, width, cells + 1).astype(int)[:-1]
        self._prepare()

    def add(self, detail: Detail) -> None:
        """Take another crop into the mean."""
        self.count += 1
        self.mean += (detail - self.mean) / self.count
        self._squares += (detail * detail - self._squares) / self.count
        self._prepare()

    def compare(self, detail: Detail) -> Match:
        """Hold a crop of the same place against the template."""
        product = self._by_cell(self._centred * detail)
        masked = detail * self._mask
        plain = self._by_cell(masked)
        squares = self._by_cell(masked * detail)
        spread = np.maximum(squares - plain * plain / self._pixels, 0)
        scores = product / np.sqrt(spread * self._energy + 1e-6)
        scores[~self._judged] = np.nan
        if not self._judged.any():
            return Match(scores, 0.0, 0.0)
        contrasts = product[self._judged] / self._energy[self._judged]
        return Match(
            scores,
            _percentile(scores[self._judged], _LOW_PERCENT),
            _percentile(contrasts, 50),
        )

    def _by_cell(self, values: NDArray[np.floating[Any]]) -> Scores:
        return np.add.reduceat(values.sum(axis=0), self._edges)

    def _prepare(self) -> None:
        """Find the pixels of the text and what the comparison needs of them."""
        strength = np.abs(self.mean)
        deviation = np.sqrt(np.maximum(self._squares - self.mean * self.mean, 0))
        height, width = self.mean.shape
        mask = strength > np.maximum(_STRONG_LEVELS, _STEADY * deviation)
        ends = [*self._edges[1:], width]
        for left, right in zip(self._edges, ends, strict=True):
            cell = strength[:, left:right]
            mask[:, left:right] &= cell >= _percentile(cell, _STRONG_PERCENT)
        self._mask = mask.astype(np.float32)
        pixels = self._by_cell(self._mask)
        self._judged = pixels >= _FILLED * height * np.diff([*self._edges, width])
        self._pixels = np.maximum(pixels, 1)
        means = self._by_cell(self.mean * self._mask) / self._pixels
        widths = np.diff([*self._edges, width])
        level = np.repeat(means, widths).astype(np.float32)
        self._centred = (self.mean - level[None, :]) * self._mask
        self._energy = np.maximum(self._by_cell(self._centred * self._centred), 1e-3)


def _percentile(values: NDArray[np.floating[Any]], percent: float) -> float:
    """As numpy's, which for the few values of a row takes several times as long."""
    ordered = np.sort(values, axis=None)
    place = percent / 100 * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return float(ordered[low] + (place - low) * (ordered[high] - ordered[low]))


def shifts(before: Detail, after: Detail) -> bool:
    """Whether what a row shows has moved sideways from one high-passed picture to another.

    The columns of both are compared at all shifts, so that the edges of a bar, which are the same
    in all columns, do not count.
    """
    height, width = before.shape
    core = slice(height // 5, height - height // 5)
    one, two = (d[core].mean(axis=0) for d in (before, after))
    one, two = one - one.mean(), two - two.mean()
    energy = float(np.sqrt((one * one).sum() * (two * two).sum()))
    if energy == 0:
        return False
    farthest = min(width - 1, round(_FARTHEST * height))
    scores = np.correlate(two, one, "full")[width - 1 - farthest : width + farthest] / energy
    return bool(scores[farthest] < _SHIFTED and scores.max() > _FITS)


def similarity(
    first: NDArray[np.int8], place: PixelBox, second: NDArray[np.int8], other: PixelBox
) -> float:
    """How alike two rows look where their places overlap: the correlation of their worst cell, in
    [-1, 1].

    Parameters
    ----------
    first, second : mean high-passed pictures of the places, in grey levels.
    place, other : the places in the working strip.
    """
    left, right = max(place.left, other.left), min(place.right, other.right)
    top, bottom = max(place.top, other.top), min(place.bottom, other.bottom)
    if right - left < bottom - top or bottom <= top:
        return 0.0
    cuts = [
        look[top - box.top : bottom - box.top, left - box.left : right - box.left]
        for look, box in ((first, place), (second, other))
    ]
    one, two = (Template(cut.astype(np.float32)) for cut in cuts)
    there, back = one.compare(two.mean), two.compare(one.mean)
    return min(there.weakest, back.weakest)
