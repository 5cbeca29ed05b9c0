"""Pictures of before and after side by side, for people who look at what a stage did."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.media.decode import frame_at

PAIRS = "pair_*.jpg"
_MOST = 4
_WIDTH = 480
_QUALITY = 85


def write_pairs(
    before: Path, after: Path, times: Sequence[float], folder: Path, *, most: int = _MOST
) -> None:
    """Write ``pair_<seconds>.jpg``: the picture of the first film beside that of the second.

    Parameters
    ----------
    times : seconds, of which up to ``most`` are taken evenly.
    """
    for i in dict.fromkeys(np.linspace(0, len(times) - 1, most).round().astype(int).tolist()):
        one, other = (frame_at(path, times[i], width=_WIDTH) for path in (before, after))
        write_pair(one, other, times[i], folder)


def write_pair(one: NDArray[np.uint8], other: NDArray[np.uint8], time: float, folder: Path) -> None:
    """Write ``pair_<seconds>.jpg``: two pictures, (h, w, 3) BGR, beside each other, as high as the
    lower one.
    """
    small = [_scaled(picture, _WIDTH / picture.shape[1]) for picture in (one, other)]
    height = min(picture.shape[0] for picture in small)
    alike = [_scaled(picture, height / picture.shape[0]) for picture in small]
    padded = [
        cv2.copyMakeBorder(p, 0, height - p.shape[0], 0, 4, cv2.BORDER_CONSTANT) for p in alike
    ]
    _, data = cv2.imencode(".jpg", np.hstack(padded), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    (folder / f"pair_{time:09.3f}s.jpg").write_bytes(data.tobytes())


def _scaled(picture: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    """A picture made smaller; a scale of 1 or more changes nothing."""
    height, width = picture.shape[:2]
    if scale >= 1:
        return picture
    size = (max(1, round(scale * width)), max(1, round(scale * height)))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
