"""The title card before each clip of the reel: its number, its place in the film, its score."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.media.fonts import find_font
from media_pipeline.media.timecode import format_timecode

Picture = NDArray[np.uint8]

_GROUND = (24, 27, 34)
_INK, _FAINT, _ACCENT = (245, 245, 245), (150, 156, 168), (255, 196, 61)
_DIM = 0.28


def title_card(
    size: tuple[int, int],
    number: int,
    count: int,
    start: float,
    end: float,
    score: float,
    ground: Picture | None = None,
) -> Picture:
    """Draw a card.

    Parameters
    ----------
    size : width and height in pixels.
    number, count : the clip's place in the reel, from 1.
    start, end : seconds in the film.
    score : 0-1.
    ground : a picture of the clip, (h, w, 3) RGB, that is blurred and dimmed behind the text.

    Returns
    -------
    (height, width, 3) uint8 RGB.
    """
    from PIL import Image, ImageDraw, ImageFont

    width, height = size
    heading = f"{number} / {count}"
    span = f"{format_timecode(start, decimals=1)} - {format_timecode(end, decimals=1)}"
    rating = f"score {score:.2f}"
    font = find_font(heading + span + rating)
    unit = min(height, width * 0.6)
    image = Image.fromarray(_backdrop(size, ground))
    draw = ImageDraw.Draw(image)
    rows = ((heading, 0.17, 0.40, _INK), (span, 0.07, 0.55, _INK), (rating, 0.055, 0.72, _FAINT))
    for text, share, middle, ink in rows:
        face = ImageFont.truetype(str(font.path), max(6, round(unit * share)), index=font.index)
        draw.text((width / 2, height * middle), text, font=face, fill=ink, anchor="mm")
    bar, y = unit * 0.5, height * 0.64
    left, thick = (width - bar) / 2, max(1.0, unit * 0.012)
    draw.rounded_rectangle((left, y - thick, left + bar, y + thick), thick, fill=(70, 74, 84))
    if score > 0:
        filled = max(2 * thick, bar * min(1.0, score))
        draw.rounded_rectangle((left, y - thick, left + filled, y + thick), thick, fill=_ACCENT)
    return np.asarray(image)


def _backdrop(size: tuple[int, int], ground: Picture | None) -> Picture:
    width, height = size
    flat = np.full((height, width, 3), _GROUND, np.uint8)
    if ground is None:
        return flat
    # blurring a small copy costs next to nothing and looks the same
    small = cv2.resize(ground, (64, 36), interpolation=cv2.INTER_AREA)
    soft = cv2.resize(cv2.GaussianBlur(small, (0, 0), 3), size, interpolation=cv2.INTER_CUBIC)
    mixed: Picture = cv2.addWeighted(soft, _DIM, flat, 1 - _DIM, 0).astype(np.uint8)
    return mixed
