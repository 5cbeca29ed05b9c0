"""How the picture moves from frame to frame, also where something stands before it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.stages.inpaint.spatial import Field, Mask, Picture

Flow = NDArray[np.float32]
"""(h, w, 2): where each pixel was, as a shift to the right and down."""

_SEEN, _PRIOR = 0.15, 0.03
_SURE = 0.5  # weight from which a pixel tells of the camera
_CUT = 14.0  # grey levels by which pictures of one shot differ at most once moved
_SMALLEST = 2  # pixels: with so few the coarser means end
_DETAIL = 3.0  # grey levels of detail from which the estimate is good
_LEAST = 16  # rows or columns under which the estimate does not work
_PATCH = 13  # pixels: what is estimated less than half of it from the covered ones is misled
_POINTS = 1500  # by which the motion of the camera is found,
_FEW = 200  # with fewer it is not;
_EXACT = 0.5  # pixels by which they may miss it,
_SHARE = 0.5  # which at least so many of them do not,
_ALIKE = 3.0  # and pixels by which what lies around a hole may, for the hole to move like it


class FlowEstimator:
    """Dense flow between two pictures whose covered pixels are filled already.

    The flow of covered pixels is that of the seen ones around them: what covers them does not move
    with them. Where those move nearly as the camera does (one affine motion of most of the
    picture), it is exactly the camera's: small errors would add up from picture to picture.

    References
    ----------
    T. Kroeger et al., "Fast optical flow using dense inverse search", 2016.
    """

    def __init__(self) -> None:
        self._search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)

    def __call__(self, one: Picture, other: Picture, covered: Mask) -> Flow | None:
        """The flow from ``one`` (h, w) to ``other``; ``covered`` marks pixels of ``one``.

        None where the two have nothing in common: there is a cut between them.
        """
        if min(one.shape) < _LEAST:
            flow = np.zeros((*one.shape, 2), np.float32)
            return flow if _common(one, other, ~covered) else None
        found = np.asarray(self._search.calc(one, other, None), np.float32)  # type: ignore[call-overload]
        near = cv2.dilate(covered.astype(np.uint8), np.ones((_PATCH, _PATCH), np.uint8)) > 0
        weight = _weight(one, near)
        flow = completed(found, weight)
        camera = _camera(found, weight)
        if camera is not None:
            alike = np.hypot(*np.moveaxis(camera - flow, 2, 0)) < _ALIKE
            flow = np.where((near & alike)[..., None], camera, flow)
        moved = cv2.remap(other, *places(flow), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return flow if _common(one, moved.astype(np.uint8), ~covered) else None


def places(flow: Flow) -> tuple[Field, Field]:
    """Where each pixel comes from: x and y, (h, w)."""
    height, width = flow.shape[:2]
    grid_y, grid_x = np.mgrid[0:height, 0:width].astype(np.float32)
    return grid_x + flow[..., 0], grid_y + flow[..., 1]


def _common(one: Picture, other: Picture, known: Mask) -> bool:
    away = cv2.absdiff(one, other)[known]
    return not len(away) or float(away.mean()) < _CUT


def _weight(picture: Picture, near: Mask) -> Field:
    """How far the flow of each pixel can be relied on: where nothing is to be seen it cannot."""
    grey = picture.astype(np.float32)
    detail = cv2.blur(np.abs(grey - cv2.blur(grey, (5, 5))), (9, 9))
    sure = np.minimum(detail / _DETAIL, 1.0) ** 2
    return np.where(near, 0.0, sure).astype(np.float32)


def _camera(flow: Flow, weight: Field) -> Flow | None:
    """The affine motion of most of the picture, at each pixel; None where there is none."""
    rows, columns = np.nonzero(weight > _SURE)
    if len(rows) < _FEW:
        return None
    some = np.linspace(0, len(rows) - 1, min(len(rows), _POINTS)).astype(int)
    here = np.stack([columns[some], rows[some]], 1).astype(np.float32)
    there = here + flow[rows[some], columns[some]]
    motion, fits = cv2.estimateAffine2D(here, there, ransacReprojThreshold=_EXACT)
    if motion is None or fits.mean() < _SHARE:
        return None
    height, width = weight.shape
    grid_y, grid_x = np.mgrid[0:height, 0:width].astype(np.float32)
    moved = [row[0] * grid_x + row[1] * grid_y + row[2] for row in motion]
    return np.stack([moved[0] - grid_x, moved[1] - grid_y], axis=2).astype(np.float32)


def completed(flow: Flow, weight: Field) -> Flow:
    """The flow where ``weight`` is small made from that of pixels with more, as near as can be.

    What nothing is known of moves like the picture as a whole. Means are taken over squares of two,
    four, eight … pixels, and the larger ones fill what the smaller ones lack.
    """
    seen = weight > _SEEN
    usual = np.median(flow[seen], axis=0) if seen.any() else np.zeros(2)
    steps = [(flow * weight[..., None], weight)]
    while min(steps[-1][1].shape) > _SMALLEST:
        known, sure = steps[-1]
        size = ((sure.shape[1] + 1) // 2, (sure.shape[0] + 1) // 2)
        half = [cv2.resize(a, size, interpolation=cv2.INTER_AREA) for a in (known, sure)]
        steps.append((np.asarray(half[0], np.float32), np.asarray(half[1], np.float32)))
    found: Flow = np.broadcast_to(usual, (1, 1, 2)).astype(np.float32)
    for known, sure in steps[::-1]:
        height, width = sure.shape
        wide = np.asarray(cv2.resize(found, (width, height)), np.float32).reshape(height, width, 2)
        found = (known + _PRIOR * wide) / (sure + _PRIOR)[..., None]
    return found
