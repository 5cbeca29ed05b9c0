"""Filters that keep edges."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]


def guided(picture: Field, guide: Field, radius: int, edge: float) -> Field:
    """Smooth a picture where its guide has no edge.

    Parameters
    ----------
    picture : (h, w) or (h, w, c) float32.
    guide : (h, w) float32.
    radius : of the square windows, pixels.
    edge : variance of the guide above which an edge is kept.

    Notes
    -----
    K. He, J. Sun and X. Tang, Guided image filtering, ECCV 2010.
    """
    size = (2 * radius + 1, 2 * radius + 1)

    def mean(values: NDArray[Any]) -> Field:
        return cv2.blur(values, size, borderType=cv2.BORDER_REFLECT).astype(np.float32, copy=False)

    middle = mean(guide)
    variance = np.maximum(mean(guide * guide) - middle * middle, 0)
    many = picture.ndim == 3
    by = guide[..., None] if many else guide
    about = middle[..., None] if many else middle
    slope = mean(picture * by) - mean(picture) * about
    slope /= (variance + edge)[..., None] if many else variance + edge
    offset = mean(picture) - slope * about
    result: Field = mean(slope) * by + mean(offset)
    return result


def soften(picture: NDArray[Any], sigma: float) -> Field:
    """A picture, (h, w) or (h, w, c), blurred by a Gaussian; float32."""
    values = picture.astype(np.float32, copy=False)
    return cv2.GaussianBlur(values, (0, 0), sigma).astype(np.float32, copy=False)


def resized(picture: Field, width: int, height: int) -> Field:
    """A picture, (h, w) or (h, w, c) float32, at another size; averaged where it gets smaller."""
    way = cv2.INTER_AREA if width < picture.shape[1] else cv2.INTER_LINEAR
    return cv2.resize(picture, (width, height), interpolation=way).astype(np.float32, copy=False)
