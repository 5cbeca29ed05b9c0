"""Working strips for tests: grey pictures with rows of text on grounds of all kinds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from media_pipeline.stages.captions.rows import PixelBox
from media_pipeline_tests.generators.captions import draw_text

Luma = NDArray[np.uint8]
WIDTH, HEIGHT = 480, 90
TEXT = PixelBox(150, 40, 290, 70)
"""Where :func:`strip` draws its text: five Chinese characters of 24 pixels."""


def strip(text: str = "", *, shift: int = 0, seed: int = 1, contrast: float = 1.0) -> Luma:
    """A strip with a text over clouds that are ``shift`` pixels further to the right."""
    rng = np.random.default_rng(seed)
    small = rng.integers(40, 170, (HEIGHT // 6, 2 * WIDTH // 6)).astype(np.float32)
    sheet = np.kron(small, np.ones((6, 6), np.float32))
    ground = np.roll(sheet, shift, axis=1)[: HEIGHT // 6 * 6, :WIDTH].astype(np.uint8)
    picture = np.repeat(ground[:, :, None], 3, axis=2)
    written = picture.copy()
    if text:
        draw_text(written, text, TEXT.left + 6, TEXT.top - 4, 24)
    mixed = picture + contrast * (written.astype(np.float32) - picture)
    return np.ascontiguousarray(np.rint(mixed[:, :, 0]).astype(np.uint8))


def crop(luma: Luma, box: PixelBox = TEXT) -> Luma:
    """The part of a strip inside a box."""
    return luma[box.top : box.bottom, box.left : box.right]
