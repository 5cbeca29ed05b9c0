"""What is known of a mark before it is taken out: its pixels, its blend, and how well that fits."""

from __future__ import annotations

import numpy as np

from media_pipeline.media.canvas import Edges
from media_pipeline.media.geometry import Box
from media_pipeline.stages.delogo.blend import estimate
from media_pipeline.stages.delogo.removal import FoundMark, Span
from media_pipeline.stages.delogo.samples import Sample
from media_pipeline.stages.delogo.shape import mark_pixels
from media_pipeline.stages.delogo.trial import Beside, lifting_error, spatial_error

_FEWEST = 8  # pictures from which a blend can be told


def study(sample: Sample, box: Box, size: tuple[int, int], spans: tuple[Span, ...]) -> FoundMark:
    """A mark as it has to be taken out.

    Parameters
    ----------
    sample : the part of the picture around it, through the film.
    box : the mark's.
    size : width and height of the film's picture.
    spans : seconds in which it is shown.

    Returns
    -------
    FoundMark
        of the whole box where nothing in it stands still, or the ground does as well.
    """
    inside = _within(box.pixels(*size), sample.edges)
    shown = [any(a <= time < b for a, b in spans) for time in sample.times]
    stack = sample.stack[np.flatnonzero(shown)]
    if not len(stack):
        stack = sample.stack
    mask = mark_pixels(stack, inside)
    if not mask.any():
        left, top, right, bottom = inside
        mask[top:bottom, left:right] = True
        return FoundMark(sample.edges, mask, spans, whole=True)
    place = Beside.of(mask)
    if place is None or len(stack) < _FEWEST:
        return FoundMark(sample.edges, mask, spans)
    blend = estimate(stack, mask, spatial_error(stack, place))
    error = lifting_error(stack, mask, blend, place)
    return FoundMark(sample.edges, mask, spans, blend, error)


def _within(box: Edges, part: Edges) -> Edges:
    left, top, right, bottom = box
    return left - part[0], top - part[1], right - part[0], bottom - part[1]
