"""FaceBeauty on eight drawn faces with spots.

The columns are those of :func:`media_pipeline_tests.generators.face_scores.scores`; every way is
coded anew with the same quality, so that the coder's own loss is in all of them.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from costs import Means, timed
from numpy.typing import NDArray

from media_pipeline.media.decode import decode
from media_pipeline.media.ffmpeg import ffmpeg_path, source
from media_pipeline.media.probe import probe
from media_pipeline.stages.beauty import Params, beautify
from media_pipeline.stages.beauty.stage import Seen
from media_pipeline.stages.remake import remake
from media_pipeline_tests.generators.face_scores import scores
from media_pipeline_tests.generators.faces import LOOKS, FaceFilm, make_faces, write_faces
from media_pipeline_tests.generators.video import write_video

Film = NDArray[np.uint8]

_CRF = 12  # of every way that codes anew
_FILMS = [
    FaceFilm(look, width=width, ground=ground, seconds=0.8, moves=moves)
    for look, pairs in zip(
        LOOKS,
        (
            ((130, "drift", 0.06), (70, "busy", 0.08)),
            ((100, "hand", 0.05), (160, "drift", 0.03)),
            ((160, "drift", 0.06), (110, "flat", 0.04)),
            ((200, "busy", 0.04), (90, "drift", 0.0)),
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
        write_faces(path, faces, crf=10)
        for way, work in _ways(path, folder).items():
            made, cost = timed(work, film.seconds)
            means.add(way, scores(faces, _read(made)), cost)
    yield from means.table()


def _read(path: Path) -> Film:
    return np.stack([frame.bgr() for frame in decode(path)])


def _ways(path: Path, folder: Path) -> dict[str, Callable[[], Path]]:
    def bilateral() -> Path:
        out = folder / "bilateral.mp4"
        write_video(out, [cv2.bilateralFilter(p, 9, 60, 6) for p in _read(path)], fps=24, crf=_CRF)
        return out

    def smartblur() -> Path:
        out = folder / "smartblur.mp4"
        blur = ["-vf", "smartblur=lr=3:ls=1:lt=12", "-c:v", "libx264", "-preset", "veryfast"]
        command = [ffmpeg_path(), "-v", "error", "-y", "-i", source(path), *blur]
        subprocess.run([*command, "-crf", str(_CRF), source(out)], check=True)
        return out

    def ours(**params: int) -> Callable[[], Path]:
        def work() -> Path:
            out = folder / "ours.mp4"
            strength = Params(**params).strength
            remake(path, probe(path), out, lambda c: beautify(c, strength, Seen()), crf=_CRF)
            return out

        return work

    return {
        "coded anew alone": ours(whiten=0, smooth=0),
        "bilateral, whole picture": bilateral,
        "ffmpeg smartblur": smartblur,
        "ours, whiten=20,smooth=50": ours(whiten=20, smooth=50),
        "ours, smooth=100": ours(whiten=0, smooth=100),
    }
