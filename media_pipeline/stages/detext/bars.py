"""The black bars of a film that is wider than its picture: what is below captions in them is known.

Nothing moves in a bar, but what lies next to it does, and what is followed to where it can be seen
would be followed out of the bar.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from media_pipeline.media.canvas import Edges
from media_pipeline.stages.detext.masks import Mask, Picture

Rows = NDArray[np.bool_]

_BLACK = 28  # grey levels, at most
_GREY = 6  # levels of Cb and Cr from none
_ALL = 0.99  # of the pixels of a row: coding leaves specks
_UP, _ASIDE = 0.3, 1.4  # row heights around a row as read in which there may be letters
_LEAST = 0.03  # of a row's pixels, by which it can be judged
_ROWS = 8  # with fewer a bar is none
_STANDS = 0.8  # share of a row's height by which it stands in a bar


def bar_rows(pictures: Sequence[Picture], covered: Sequence[Sequence[Edges]]) -> Rows:
    """Which rows of a part belong to a black bar above or below the film in all pictures: (h,).

    Parameters
    ----------
    pictures : (h, w, 3) Y'CbCr each.
    covered : for each the rows of captions that it shows, in its pixels; what is around them does
        not count.
    """
    height, width = pictures[0].shape[:2]
    black, seen = np.ones(height, np.bool_), np.zeros(height, np.bool_)
    for picture, rows in zip(pictures, covered, strict=True):
        free = np.ones((height, width), np.bool_)
        for left, top, right, bottom in rows:
            up, aside = round(_UP * (bottom - top)), round(_ASIDE * (bottom - top))
            free[max(0, top - up) : bottom + up, max(0, left - aside) : right + aside] = False
        dark = (picture[..., 0] <= _BLACK) & (
            np.abs(picture[..., 1:].astype(np.int16) - 128).max(axis=2) <= _GREY
        )
        count = free.sum(axis=1)
        told = count >= _LEAST * width
        seen |= told
        black &= ~told | ((dark & free).sum(axis=1) >= _ALL * count)
    black &= seen
    inner = np.flatnonzero(~black)
    if not len(inner):
        return black
    found = np.zeros(height, np.bool_)
    for begin, end in ((0, inner[0]), (inner[-1] + 1, height)):
        if end - begin >= _ROWS:
            found[begin:end] = True
    return found


def only_in_bar(mask: Mask, rows: Sequence[Edges], bar: Rows) -> Mask:
    """The pixels of a caption whose rows all stand in a bar: none beyond it.

    Parameters
    ----------
    mask : (h, w), what the caption was taken to cover.
    rows : where its rows were read, in pixels of the mask.
    bar : (h,), the rows of the bar.
    """
    inside = all(bar[max(0, top) : bottom].mean() > _STANDS for _, top, _, bottom in rows)
    return mask & bar[:, np.newaxis] if inside else mask


def fill_bar(picture: Picture, hole: Mask, bar: Rows) -> tuple[Picture, Mask]:
    """A picture with what of the hole lies in a black bar filled with its black, and the rest of
    the hole.
    """
    covered, free = hole & bar[:, np.newaxis], ~hole & bar[:, np.newaxis]
    if not covered.any() or not free.any():
        return picture, hole
    filled = picture.copy()
    filled[covered] = np.median(picture[free], axis=0)
    return filled, hole & ~covered
