"""What is known of a mark before it is taken out: its pixels, its blend, and how well that fits."""

from __future__ import annotations

import cv2
import numpy as np

from media_pipeline.media.canvas import Edges
from media_pipeline.media.geometry import Box
from media_pipeline.stages.delogo.blend import Blend
from media_pipeline.stages.delogo.removal import FoundMark, Span
from media_pipeline.stages.delogo.samples import Sample, Stack
from media_pipeline.stages.delogo.shape import Mask, bearing, mark_pixels, spans_shown
from media_pipeline.stages.delogo.trial import Beside, best_blend

_FEWEST = 8  # pictures from which a blend can be told
_STRONG = 0.4  # of the strongest edges in a box that may be the mark's
_HIDDEN, _CHANGED = 0.08, 3.0  # alpha, and grey levels, from which a pixel bears the mark
_SHINE = np.ones((3, 3), np.uint8)  # how far coding spreads it
_PLAINLY, _HARDLY = 0.7, 0.35  # correlation with them of pictures with and without the mark


ALWAYS: tuple[Span, ...] = ((0.0, float("inf")),)


def study(
    sample: Sample, box: Box, size: tuple[int, int], spans: tuple[Span, ...] | None = None
) -> FoundMark:
    """A mark as it has to be taken out.

    Parameters
    ----------
    sample : the part of the picture around it, through the film.
    box : the mark's.
    size : width and height of the film's picture.
    spans : seconds in which it is shown; None where that has to be found out.

    Returns
    -------
    FoundMark
        of the whole box where nothing in it stands still, or the ground does as well.
    """
    inside = _within(box.pixels(*size), sample.edges)
    if spans is None:
        spans = when_shown(sample, inside)
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
    blend, error = best_blend(stack, mask, place)
    mask = marked(stack, mask, blend)
    return FoundMark(sample.edges, mask, spans, blend.within(mask), error * mask)


def marked(stack: Stack, mask: Mask, blend: Blend) -> Mask:
    """Those pixels of a mark that it does change, (h, w), and the ones next to them.

    Outlines enclose what lies between letters as well. Where the picture shines through unchanged
    it is as it was, and tells of the ground beside it.

    Parameters
    ----------
    stack : the part around the mark in pictures from all over the film that bear it.
    mask : the pixels that its outlines enclose, (h, w).
    blend : the mark's.
    """
    changes = np.zeros(mask.shape, np.float32)
    for part in stack:
        changes += np.abs(blend.lifted(part) - part).mean(axis=2) / len(stack)
    changed = ((blend.alpha >= _HIDDEN) | (changes >= _CHANGED)) & mask
    near = cv2.dilate(changed.astype(np.uint8), _SHINE) > 0
    return np.asarray(near & mask) if changed.any() else mask


def when_shown(sample: Sample, box: Edges) -> tuple[Span, ...]:
    """Seconds in which a mark in a box is shown; always where it does not plainly come and go.

    Parameters
    ----------
    sample : the part of the picture around it, through the film.
    box : in pixels of the part.
    """
    left, top, right, bottom = box
    slopes = []
    for part in sample.stack[:, top:bottom, left:right, 0]:
        luma = np.ascontiguousarray(part)
        ways = [cv2.Sobel(luma, cv2.CV_32F, *way) / 4 for way in ((1, 0), (0, 1))]
        slopes.append(np.dstack(ways).astype(np.float16))
    edges = np.stack(slopes)
    shown = np.ones(len(edges), np.bool_)
    for _ in range(2):
        usual = edges[shown].mean(axis=0, dtype=np.float32)
        strength = np.hypot(usual[..., 0], usual[..., 1])
        found = bearing(edges[:, strength >= _STRONG * np.percentile(strength, 98)])
        if found is None:
            return ALWAYS
        shown, _, like = found
    if shown.all() or np.median(like[shown]) < _PLAINLY or np.median(like[~shown]) > _HARDLY:
        return ALWAYS
    return spans_shown(shown, list(sample.times))


def _within(box: Edges, part: Edges) -> Edges:
    left, top, right, bottom = box
    return left - part[0], top - part[1], right - part[0], bottom - part[1]
