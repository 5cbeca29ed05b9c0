"""How near pictures are to what they should be: the measures of the benchmarks and tests."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def psnr(truth: Picture, picture: Picture, mask: Mask | None = None) -> float:
    """Peak signal to noise ratio in dB, of the marked pixels where a mask (h, w) is given."""
    away = (truth.astype(np.float32) - picture) ** 2
    mean = float(away[mask].mean()) if mask is not None else float(away.mean())
    return float(10 * np.log10(255**2 / max(mean, 1e-3)))


def ssim(truth: Picture, picture: Picture, mask: Mask) -> float:
    """Mean structural similarity of brightness at the marked pixels.

    References
    ----------
    Z. Wang et al., "Image quality assessment: from error visibility to structural similarity",
    2004.
    """
    one, other = (cv2.cvtColor(p, cv2.COLOR_BGR2GRAY).astype(np.float32) for p in (truth, picture))

    def mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(cv2.GaussianBlur(values, (11, 11), 1.5), np.float32)

    a, b = mean(one), mean(other)
    spread = mean(one * one) - a * a + mean(other * other) - b * b
    common = mean(one * other) - a * b
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    index = (2 * a * b + c1) * (2 * common + c2) / ((a * a + b * b + c1) * (spread + c2))
    return float(index[mask].mean())


def flicker(truth: NDArray[np.uint8], pictures: NDArray[np.uint8], masks: Mask) -> float:
    """Mean change of the error from one picture to the next, grey levels (n, h, w, 3)."""
    changes = []
    for i in range(1, len(truth)):
        both = masks[i] & masks[i - 1]
        if both.any():
            now = pictures[i].astype(np.int16) - truth[i]
            last = pictures[i - 1].astype(np.int16) - truth[i - 1]
            changes.append(float(np.abs(now - last)[both].mean()))
    return float(np.mean(changes)) if changes else 0.0
