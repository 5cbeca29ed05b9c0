"""Where captions stand in a picture that may become a cover."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from media_pipeline.ocr.base import TextEngine
from media_pipeline.text.cues import Cue

Picture = NDArray[np.uint8]
Captioned = Callable[[float, Picture], float | None]
"""The upper edge of the captions in the picture at a time, of the height; None without any."""

_FROM = 0.6  # of the height: what stands above is a title or belongs to the scene
_LONG = 2.5  # times as wide as high, at least: a line of text
_SURE = 0.5


def never(_time: float, _picture: Picture) -> float | None:
    """Where there are none."""
    return None


def as_read(cues: Iterable[Cue]) -> Captioned:
    """Captions that have been read."""
    known = list(cues)

    def look(time: float, _picture: Picture) -> float | None:
        shown = [cue for cue in known if cue.start <= time < cue.end]
        return min((_FROM if c.box is None else c.box.y for c in shown), default=None)

    return look


def seen_by(engine: TextEngine) -> Captioned:
    """Lines of text in the lower part of the picture, where nobody has read the captions."""

    def look(_time: float, picture: Picture) -> float | None:
        height = picture.shape[0]
        above = round(_FROM * height)
        found = engine.detect(np.ascontiguousarray(picture[above:]))
        lines = [b for b in found if b.width > _LONG * b.height and b.confidence >= _SURE]
        return min(((above + line.top) / height for line in lines), default=None)

    return look
