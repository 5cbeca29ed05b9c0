"""Drawings as pictures: what libass draws on flat grey, without an encoder between."""

from __future__ import annotations

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from media_pipeline.media.ffmpeg import ffmpeg_path
from media_pipeline.stages.burn import Drawing
from media_pipeline.stages.burn.libass import DRAW, put

FPS = 25
GREY = 128

Picture = NDArray[np.uint8]


def drawn_film(
    drawing: Drawing, width: int, height: int, seconds: float, *, start: float = 0.0
) -> Picture:
    """The frames of a grey film with a drawing on it: (n, h, w, 3), red first."""
    picture = f"color=0x{GREY:02x}{GREY:02x}{GREY:02x}:s={width}x{height}:r={FPS}:d={seconds}"
    with TemporaryDirectory() as folder:
        put(drawing, Path(folder))
        command = [ffmpeg_path(), "-v", "error", "-f", "lavfi", "-i", f"{picture},format=rgb24"]
        filters = f"setpts=PTS+{start}/TB,{DRAW},setpts=PTS-STARTPTS"
        raw = ["-vf", filters, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
        done = subprocess.run([*command, *raw], cwd=folder, capture_output=True, check=True)
    return np.frombuffer(done.stdout, np.uint8).reshape(-1, height, width, 3)


def drawn_frame(drawing: Drawing, width: int, height: int, time: float) -> Picture:
    """The picture at a time, (h, w, 3)."""
    return drawn_film(drawing, width, height, 1 / FPS, start=time)[0]


def ink(picture: Picture) -> Picture:
    """Where anything is drawn: (h, w) of bool."""
    return np.asarray(np.abs(picture.astype(int) - GREY).max(axis=2) > 24)


def box(mask: Picture) -> tuple[int, int, int, int]:
    """Left, top, right and bottom (exclusive) of what is set."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    assert len(rows), "nothing is drawn"
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def of_colour(picture: Picture, rgb: tuple[int, int, int], far: int = 40) -> Picture:
    """Where a picture has about that colour: (h, w) of bool."""
    return np.asarray(np.abs(picture.astype(int) - rgb).max(axis=2) < far)
