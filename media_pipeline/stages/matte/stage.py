"""The asset ``matte``: what stands before a green or blue screen, as WebM with transparency."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from media_pipeline.errors import NothingToDo, NoVideoStream
from media_pipeline.media import ffmpeg
from media_pipeline.media.canvas import Canvas
from media_pipeline.media.coder import Coder
from media_pipeline.media.decode import decode
from media_pipeline.media.files import atomic_path
from media_pipeline.media.probe import MediaInfo
from media_pipeline.media.threads import ahead
from media_pipeline.stages.base import (
    FileOutput,
    MediaOutput,
    Outcome,
    Progress,
    Stage,
    StageParams,
    Work,
    quiet,
)
from media_pipeline.stages.matte.film import Cut, Seen, keyed, over
from media_pipeline.stages.matte.ground import Fit, read_ground
from media_pipeline.stages.matte.planes import Planes, rounded, write
from media_pipeline.stages.pairs import PAIRS, write_pair
from media_pipeline.stages.remake import remake

_DEEPEST = 8  # bits of VP9 with transparency
_CHECKS = (92, 164)  # grey levels of the squares that show what is transparent
_SQUARE = 16
_SHOWN = (0.0, 0.3, 0.6, 0.9)  # of the film: pictures that people are shown


class Params(StageParams):
    """How the film with transparency is coded."""

    crf: int = Field(18, ge=0, le=63, description="quality of VP9: lower is better and larger")


def _unseen(_cut: Cut) -> None:
    pass


def cut_out(
    path: Path,
    info: MediaInfo,
    target: Path,
    *,
    crf: int = 18,
    name: str = "",
    look: Callable[[Cut], None] = _unseen,
    progress: Progress = quiet,
) -> Seen:
    """Write what stands before the screen as WebM (VP9) with transparency, with the sound.

    Parameters
    ----------
    path : the film.
    info : what probing found in it.
    target : ``.webm``, written whole or not at all.
    crf : of the encoder.
    name : what to call the film towards people.
    look : called with each picture.

    Raises
    ------
    NoVideoStream
    NothingToDo
        when there is no screen in the film.
    """
    if info.video is None:
        raise NoVideoStream(path.name)
    options = {
        "crf": str(crf), "b": "0", "deadline": "realtime", "cpu-used": "7", "row-mt": "1",
        "auto-alt-ref": "0",
    }  # fmt: skip
    seen = Seen()
    with (
        TemporaryDirectory(prefix="media_pipeline_", dir=target.parent) as folder,
        atomic_path(target) as partial,
    ):
        silent = Path(folder) / "silent.webm"
        with Coder(silent, info.video, options, codec="libvpx-vp9") as coder:
            for cut in keyed(ahead(decode(path).canvases()), seen):
                coder.write_frame(_frame(cut), cut.canvas.time)
                look(cut)
                progress(min(0.97, cut.canvas.time / max(info.duration, 1e-3)))
        _check(seen, name or path.name)
        sound = ["-map", "1:a:0", "-c:a", "libopus", "-b:a", "128k"] if info.audio else []
        inputs = ["-i", ffmpeg.source(silent), "-i", ffmpeg.source(path)]
        ffmpeg.run([*inputs, "-map", "0:v:0", "-c:v", "copy", *sound, ffmpeg.source(partial)])
    progress(1.0)
    return seen


def put_before(
    path: Path,
    info: MediaInfo,
    target: Path,
    picture: Path,
    *,
    fit: Fit = "fill",
    name: str = "",
    picture_name: str = "",
    progress: Progress = quiet,
) -> Seen:
    """Write the film as MP4 with a picture where the screen was.

    Parameters
    ----------
    path : the film.
    info : what probing found in it.
    target : ``.mp4``, written whole or not at all.
    picture : a still picture.
    fit : how it fills the film.
    name, picture_name : what to call the two towards people.

    Raises
    ------
    NoVideoStream, EncodeFailed
    NothingToDo
        when there is no screen in the film.
    InvalidParameter
        when the picture cannot be read.
    """
    if info.video is None:
        raise NoVideoStream(path.name)
    read_ground(picture, 16, 16, fit, picture_name)  # before any work
    seen = Seen()
    ground: dict[tuple[int, int], Planes] = {}

    def edit(canvases: Iterator[Canvas]) -> Iterator[Canvas]:
        for cut in keyed(canvases, seen):
            canvas = cut.canvas
            if cut.keyed is not None:
                if canvas.size not in ground:
                    behind = read_ground(picture, *canvas.size, fit, picture_name)
                    ground[canvas.size] = Planes.of_bgr(behind, canvas.matrix)
                write(canvas, over(cut.keyed, ground[canvas.size]))
            yield canvas

    with TemporaryDirectory(prefix="media_pipeline_", dir=target.parent) as folder:
        made = Path(folder) / "made.mp4"
        remake(path, info, made, edit, progress=progress)
        _check(seen, name or path.name)
        made.replace(target)
    return seen


def _check(seen: Seen, name: str) -> None:
    if not seen.times:
        raise NothingToDo(
            f"{name} shows no green or blue screen",
            "give a film whose ground is one green or one blue",
        )


def _frame(cut: Cut) -> av.VideoFrame:
    """A picture with transparency for the encoder."""
    canvas = cut.canvas
    width, height = canvas.size
    frame = av.VideoFrame(width, height, "yuva420p")
    for name in ("color_range", "colorspace", "color_primaries", "color_trc"):
        setattr(frame, name, getattr(canvas.frame, name))
    if cut.keyed is None:
        colour, alpha = Planes.of(canvas), np.ones((height, width), np.float32)
    else:
        colour, alpha = cut.keyed.colour, cut.keyed.alpha
    samples = (colour.luma, colour.chroma[..., 0], colour.chroma[..., 1], alpha * 255)
    for number, plane in enumerate(samples):
        _fill(frame.planes[number], rounded(plane))
    return frame


def _fill(plane: Any, samples: NDArray[Any]) -> None:
    rows = np.frombuffer(plane, np.uint8).reshape(plane.height, -1)
    rows[:, : plane.width] = samples


def checks(width: int, height: int) -> NDArray[np.uint8]:
    """Grey squares, on which transparency is seen: (h, w, 3)."""
    yy, xx = np.mgrid[0:height, 0:width] // _SQUARE
    return np.repeat(np.where((xx + yy) % 2, *_CHECKS).astype(np.uint8)[..., None], 3, axis=2)


# --- the adapter ----------------------------------------------------------------------------------


def _run(work: Work) -> Outcome:
    if work.info.video is None:
        raise NoVideoStream(work.name)
    target = work.out / "matte.webm"
    seen = cut_out(
        work.media,
        work.info,
        target,
        crf=work.params.crf,
        name=work.name,
        look=_pairs(work),
        progress=work.progress,
    )
    facts = {
        "pictures": seen.pictures,
        "keyed": len(seen.times),
        "screens": sorted(seen.kinds),
        "durations": {target.name: work.info.video.duration},
    }
    return Outcome(facts, warnings=seen.warnings(work.info.video, _DEEPEST))


def _pairs(work: Work) -> Callable[[Cut], None]:
    """Writes a few pictures, spread over the film, beside what was cut out of them."""
    wanted = [share * work.info.duration for share in _SHOWN]

    def look(cut: Cut) -> None:
        if cut.keyed is None or not wanted or cut.canvas.time < wanted[0]:
            return
        while wanted and cut.canvas.time >= wanted[0]:
            wanted.pop(0)
        canvas = cut.canvas
        made = over(cut.keyed, Planes.of_bgr(checks(*canvas.size), canvas.matrix))
        write_pair(canvas.bgr(), made.bgr(canvas.matrix), canvas.time, work.out)

    return look


MATTE = Stage(
    name="matte",
    group="functions",
    description="What stands before a green or blue screen, with soft edges and transparency.",
    version="6",
    params=Params,
    inputs=("source",),
    outputs=(MediaOutput("matte.webm"), FileOutput(PAIRS)),
    run=_run,
    kinds=("webm",),
    pool="encode",
)
