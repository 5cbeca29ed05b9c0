"""Filled rectangles over captions that are in the picture, so that they can no longer be read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from media_pipeline.stages.burn.drawing import Drawing, merged
from media_pipeline.text.ass import Event, add_under, rounded_box
from media_pipeline.text.colours import BLACK, Colour
from media_pipeline.text.cues import Cue

_PAD = 0.35  # of a row's height: letters have outlines and shadows, and boxes are read roughly
_SLACK_S = 0.12  # captions that fade are seen before and after the times at which they are read
_RADIUS = 0.1  # of a row's height


@dataclass(frozen=True, slots=True)
class Cover:
    """A rectangle in pixels, and when it is there."""

    start: float
    end: float
    left: float
    top: float
    right: float
    bottom: float
    radius: float


def covers_of(cues: Iterable[Cue], width: int, height: int) -> list[Cover]:
    """What covers captions that were read in a picture of that size; those without a box are left
    out.
    """
    found = []
    for cue in cues:
        if cue.box is None:
            continue
        row = cue.box.h * height / (cue.text.count("\n") + 1)
        left, top = cue.box.x * width - _PAD * row, cue.box.y * height - _PAD * row
        right, bottom = cue.box.right * width + _PAD * row, cue.box.bottom * height + _PAD * row
        start, end = max(0.0, cue.start - _SLACK_S), cue.end + _SLACK_S
        edges = (
            max(0.0, left),
            max(0.0, top),
            min(float(width), right),
            min(float(height), bottom),
        )
        found.append(Cover(start, end, *edges, _RADIUS * row))
    return found


def covered(drawing: Drawing, covers: Sequence[Cover], colour: Colour = BLACK) -> Drawing:
    """A drawing with rectangles under all that it shows."""
    events = [
        Event(
            c.start,
            c.end,
            rounded_box(c.left, c.top, c.right, c.bottom, radius=c.radius, colour=colour),
            "",
        )
        for c in covers
    ]
    spans = merged([*drawing.spans, *((c.start, c.end) for c in covers)])
    return replace(drawing, document=add_under(drawing.document, events), spans=spans)
