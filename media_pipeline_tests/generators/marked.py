"""Films with a station's or platform's mark drawn over them, with what was below and where it was.

A mark is a picture with transparency, drawn here at four times its size and made smaller, so that
its edges are soft as those of real ones. It stands in one place or hops between several.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.media.ffmpeg import ffmpeg_path
from media_pipeline_tests.generators.grounds import pictures

Picture = NDArray[np.uint8]
BoxNumbers = list[float]

SIZE = (640, 360)
RATE = 25
_FINE = 4
_SEEN = 0.02  # of a pixel's colour that is the mark's


@dataclass(frozen=True)
class Place:
    """Where a mark stands from when until when: its upper left corner in shares of the picture."""

    x: float
    y: float
    start: float = 0.0
    end: float = float("inf")


UPPER_RIGHT = Place(0.76, 0.07)


@dataclass(frozen=True)
class Marked:
    """A film with a mark, its pictures before, and the pixels that the mark covers in each."""

    path: Path
    clean: NDArray[np.uint8]
    """(n, h, w, 3), blue first."""
    masks: NDArray[np.bool_]
    """(n, h, w)"""
    boxes: list[BoxNumbers]
    """For each place the box that holds the mark with two pixels around it, x, y, w, h."""


def emblem(kind: str, opacity: float = 1.0, *, scale: float = 1.0) -> NDArray[np.float32]:
    """A mark as (h, w, 4): blue, green, red and the share that it covers, 0 to 1 each.

    Parameters
    ----------
    kind : ``words`` (white letters with a dark outline), ``disc`` (a ring and a letter on a
        coloured disc) or ``plate`` (letters on a dark plate).
    opacity : of all of it.
    """
    width, height = (round(_FINE * scale * side) for side in (110, 40))
    colour = np.zeros((height, width, 3), np.float32)
    alpha = np.zeros((height, width), np.float32)

    def paint(shape: NDArray[Any], tone: Sequence[float]) -> None:
        alpha[shape > 0] = 1.0
        colour[shape > 0] = tone

    def letters(text: str, size: float, place: tuple[float, float], thick: float) -> Picture:
        blank = np.zeros((height, width), np.uint8)
        at = (round(place[0] * width), round(place[1] * height))
        weight = max(1, round(thick * _FINE * scale))
        font = cv2.FONT_HERSHEY_DUPLEX
        return cv2.putText(blank, text, at, font, size * _FINE * scale, 1, weight).astype(np.uint8)

    if kind == "words":
        paint(letters("Channel 5", 0.62, (0.04, 0.62), 4.0), (0.1, 0.1, 0.1))
        paint(letters("Channel 5", 0.62, (0.04, 0.62), 1.7), (1.0, 1.0, 1.0))
    elif kind == "disc":
        blank = np.zeros((height, width), np.uint8)
        middle = (height // 2, height // 2)
        paint(cv2.circle(blank.copy(), middle, round(0.47 * height), 1, -1), (0.75, 0.25, 0.1))
        ring = cv2.circle(blank.copy(), middle, round(0.36 * height), 1, max(2, height // 12))
        paint(ring.astype(np.uint8), (1.0, 1.0, 1.0))
        paint(letters("TV 5", 0.8, (0.42, 0.7), 2.6), (0.95, 0.95, 1.0))
    else:
        blank = np.zeros((height, width), np.uint8)
        inset = height // 10
        corner = (width - inset, height - inset)
        paint(cv2.rectangle(blank, (inset, inset), corner, 1, -1), (0.25, 0.12, 0.08))
        paint(letters("@maker", 0.7, (0.1, 0.62), 2.0), (0.3, 0.9, 1.0))
    size = (width // _FINE, height // _FINE)
    covered = np.asarray(cv2.resize(alpha, size, interpolation=cv2.INTER_AREA), np.float32)
    tone = cv2.resize(colour * alpha[..., None], size, interpolation=cv2.INTER_AREA)
    tone = tone / np.maximum(covered, 1e-6)[..., None]
    return np.dstack([tone, covered * opacity]).astype(np.float32)


def make_marked(
    path: Path,
    ground: str | Path,
    mark: NDArray[np.float32],
    *,
    places: Sequence[Place] = (UPPER_RIGHT,),
    seconds: float = 4.0,
    size: tuple[int, int] = SIZE,
    seed: int = 3,
    crf: int = 18,
    coding: Sequence[str] = (),
) -> Marked:
    """Write the film with H.264 (or as ``coding`` says), and tell what is below the mark."""
    width, height = size
    count = round(seconds * RATE)
    clean = np.stack(list(islice(pictures(ground, size, RATE, seed=seed), count)))
    masks = np.zeros(clean.shape[:3], np.bool_)
    drawn = clean.copy()
    high, wide = mark.shape[:2]
    boxes = []
    for place in places:
        left, top = round(place.x * width), round(place.y * height)
        part = (slice(top, top + high), slice(left, left + wide))
        rows, columns = (np.flatnonzero((mark[..., 3] > _SEEN).any(axis)) for axis in (1, 0))
        x, y = left + columns[0] - 2, top + rows[0] - 2
        x_end, y_end = left + columns[-1] + 3, top + rows[-1] + 3
        boxes.append([x / width, y / height, (x_end - x) / width, (y_end - y) / height])
        for i in range(count):
            if place.start <= i / RATE < place.end:
                below = clean[i][part].astype(np.float32)
                share = mark[..., 3:]
                over = below * (1 - share) + 255 * mark[..., :3] * share
                drawn[i][part] = np.rint(over).astype(np.uint8)
                masks[i][part] |= mark[..., 3] > _SEEN
    encode(drawn, path, coding or ("-c:v", "libx264", "-preset", "veryfast", "-crf", str(crf)))
    return Marked(path, clean, masks, boxes)


def encode(shown: NDArray[np.uint8], path: Path, coding: Sequence[str], rate: int = RATE) -> None:
    """Write pictures, (n, h, w, 3) with blue first, in 4:2:0."""
    height, width = shown.shape[1:3]
    raw = ("-f", "rawvideo", "-pix_fmt", "bgr24", "-s", f"{width}x{height}", "-r", str(rate))
    subprocess.run(
        [
            *(ffmpeg_path(), "-v", "error", "-y", *raw, "-i", "-", *coding),
            *("-pix_fmt", "yuv420p", f"file:{path.absolute()}"),
        ],
        input=shown.tobytes(),
        check=True,
    )
