"""Rows that were read, for tests of what is made of them."""

from __future__ import annotations

import numpy as np

from media_pipeline.stages.captions.layout import Showing
from media_pipeline.stages.captions.reading import Row
from media_pipeline.stages.captions.rows import PixelBox
from media_pipeline.stages.captions.template import Template, high_pass
from media_pipeline_tests.stages.captions.strips import TEXT, crop, strip

LOWER = PixelBox(160, 72, 280, 88)
CORNER = PixelBox(400, 8, 470, 26)


def look(text: str) -> np.ndarray:
    return np.rint(Template(high_pass(crop(strip(text)))).mean).astype(np.int8)


def row(
    start: int,
    end: int,
    text: str,
    box: PixelBox = TEXT,
    *,
    shown: str | None = None,
    sure: float = 0.99,
) -> Row:
    picture = look(shown or text)
    return Row(start, end, text, sure, (sure,) * len(text), box, box, picture, b"")


def shown(start: float, end: float, text: str, box: PixelBox = TEXT, *, as_: str = "") -> Showing:
    """A row at a time in seconds; ``as_`` is what it looks like, if that is not what was read."""
    return Showing(start, end, row(0, 0, text, box, shown=as_ or text[:5]))
