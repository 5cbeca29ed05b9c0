"""The picture that is put where the screen was."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from media_pipeline.errors import InvalidParameter

Fit = Literal["fill", "fit"]

_MOST = 100_000_000  # pixels
_REMEDY = "give a JPEG, PNG or WebP picture"


def read_ground(
    path: Path, width: int, height: int, fit: Fit = "fill", name: str = ""
) -> NDArray[np.uint8]:
    """A picture from a file at the size of a film: (h, w, 3) BGR.

    Parameters
    ----------
    path : of a still picture; where it is transparent it gets black.
    width, height : of the film, pixels.
    fit : ``fill`` the film and lose what stands out, or show all of it on black.
    name : what to call it towards people.

    Raises
    ------
    InvalidParameter
        when it is missing, no picture, or too large.
    """
    name = name or path.name
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as opened:
                if opened.width * opened.height > _MOST:
                    raise InvalidParameter(
                        f"{name} has {opened.width} x {opened.height} pixels", "make it smaller"
                    )
                turned = ImageOps.exif_transpose(opened).convert("RGBA")
    except FileNotFoundError:
        raise InvalidParameter(f"there is no picture {name}", "check its address") from None
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        detail = "" if isinstance(error, UnidentifiedImageError) else f" ({error})"
        raise InvalidParameter(f"{name} is no picture that can be read{detail}", _REMEDY) from None
    black = Image.new("RGBA", turned.size, (0, 0, 0, 255))
    rgb = np.asarray(Image.alpha_composite(black, turned).convert("RGB"))
    return _fitted(np.ascontiguousarray(rgb[..., ::-1]), width, height, fit)


def _fitted(picture: NDArray[np.uint8], width: int, height: int, fit: Fit) -> NDArray[np.uint8]:
    h, w = picture.shape[:2]
    ratios = (width / w, height / h)
    ratio = max(ratios) if fit == "fill" else min(ratios)
    size = (max(1, round(w * ratio)), max(1, round(h * ratio)))
    way = cv2.INTER_AREA if ratio < 1 else cv2.INTER_CUBIC
    scaled = cv2.resize(picture, size, interpolation=way)
    made = np.zeros((height, width, 3), np.uint8)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    part = scaled[max(top, 0) : max(top, 0) + height, max(left, 0) : max(left, 0) + width]
    y, x = max(-top, 0), max(-left, 0)
    made[y : y + part.shape[0], x : x + part.shape[1]] = part
    return made
