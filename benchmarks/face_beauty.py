"""FaceBeauty on eight drawn faces with spots.

The columns are those of :func:`media_pipeline_tests.generators.face_scores.scores`, beside the film
as it is decoded. What the ways do to the picture comes first; then, with the quality that is the
default, what coding does to it alone, and both together.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from costs import Means, timed
from numpy.typing import NDArray

from media_pipeline.media.canvas import Canvas
from media_pipeline.media.decode import decode
from media_pipeline.media.ffmpeg import ffmpeg_path, source
from media_pipeline.media.probe import probe
from media_pipeline.stages.beauty import Params, beautify, find_faces
from media_pipeline.stages.beauty.stage import Seen
from media_pipeline.stages.remake import remake
from media_pipeline_tests.generators.face_scores import scores
from media_pipeline_tests.generators.faces import LOOKS, FaceFilm, make_faces, write_faces

Film = NDArray[np.uint8]

_GIVEN_CRF = 16
_FILMS = [
    FaceFilm(look, width=width, ground=ground, seconds=0.8, moves=moves)
    for look, pairs in zip(
        LOOKS,
        (
            ((130, "hand", 0.06), (70, "busy", 0.08)),
            ((100, "hand", 0.05), (160, "drift", 0.03)),
            ((160, "drift", 0.06), (110, "flat", 0.04)),
            ((200, "busy", 0.04), (90, "hand", 0.0)),
        ),
        strict=True,
    )
    for width, ground, moves in pairs
]


def rows(folder: Path) -> Iterator[str]:
    """The table."""
    means = Means()
    for number, film in enumerate(_FILMS):
        faces = make_faces(film)
        path = folder / f"{number}.mp4"
        write_faces(path, faces, crf=_GIVEN_CRF)
        given = _read(path)
        for way, work in _ways(path, folder).items():
            made, cost = timed(work, film.seconds)
            pictures = made if isinstance(made, np.ndarray) else _read(made)
            means.add(way, scores(faces, pictures, given), cost)
    yield from means.table()


def _read(path: Path) -> Film:
    return np.stack([frame.bgr() for frame in decode(path)])


def _ways(path: Path, folder: Path) -> dict[str, Callable[[], Path | Film]]:
    out = folder / "made.mp4"
    video = probe(path).video
    assert video is not None

    def bilateral() -> Film:
        return np.stack([cv2.bilateralFilter(picture, 9, 60, 6) for picture in _read(path)])

    def smartblur() -> Path:
        blur = ["-vf", "smartblur=lr=3:ls=1:lt=12", "-c:v", "libx264", "-preset", "veryfast"]
        command = [ffmpeg_path(), "-v", "error", "-y", "-i", source(path), *blur]
        subprocess.run([*command, "-crf", "0", source(out)], check=True)
        return out

    def edit(canvases: Iterator[Canvas], **params: int) -> Iterator[Canvas]:
        strength = Params(**params).strength
        return beautify(canvases, find_faces(path, video), strength, Seen())

    def ours(**params: int) -> Callable[[], Film]:
        def work() -> Film:
            return np.stack([c.bgr() for c in edit(decode(path).canvases(), **params)])

        return work

    def coded(**params: int) -> Callable[[], Path]:
        def work() -> Path:
            remake(path, probe(path), out, lambda c: edit(c, **params), crf=Params().crf)
            return out

        return work

    return {
        "bilateral, whole picture": bilateral,
        "ffmpeg smartblur, lossless": smartblur,
        "ours, whiten=20,smooth=50": ours(whiten=20, smooth=50),
        "ours, smooth=100": ours(whiten=0, smooth=100),
        "coded anew alone": coded(whiten=0, smooth=0),
        "ours, coded, whiten=20,smooth=50": coded(whiten=20, smooth=50),
    }
