"""The asset ``beautified``: the film with the skin of its faces smoother and lighter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from pydantic import Field

from media_pipeline.errors import NothingToDo, NoVideoStream
from media_pipeline.media.canvas import Canvas
from media_pipeline.media.encode import Preset
from media_pipeline.media.face_tracks import FollowedFace
from media_pipeline.stages.base import (
    FileOutput,
    MediaOutput,
    Outcome,
    Resolution,
    Stage,
    StageParams,
    Work,
)
from media_pipeline.stages.beauty.faces import FilmFaces, find_faces
from media_pipeline.stages.beauty.retouch import Memory, Strength, around, retouch
from media_pipeline.stages.beauty.shape import SHAPES, Reshaping, reshaping
from media_pipeline.stages.pairs import PAIRS
from media_pipeline.stages.remake import Remade, finished, remake

_FINDING = 0.3  # of the work
_SMALLEST = 16  # pixels of a face: in smaller ones there is nothing to see


class Params(StageParams):
    """How strong the effects on faces are."""

    whiten: int = Field(20, ge=0, le=100, description="how much lighter skin gets")
    smooth: int = Field(20, ge=0, le=100, description="how much of spots and wrinkles goes")
    detail: int = Field(20, ge=0, le=100, description="how much of the pores smoothing leaves")
    cheek_thin: int = Field(0, ge=0, le=100, description="how much hollower cheeks get")
    face_cut: int = Field(0, ge=0, le=100, description="how much narrower the jaw gets")
    face_thin: int = Field(0, ge=0, le=100, description="how much narrower the face gets")
    chin_thin: int = Field(0, ge=0, le=100, description="how much finer the chin gets")
    eye_size: int = Field(0, ge=0, le=100, description="how much larger eyes get")
    smile: int = Field(0, ge=0, le=100, description="how much the corners of the mouth rise")
    crf: int = Field(16, ge=0, le=51, description="quality of H.264: lower is better and larger")
    preset: Preset = Field("veryfast", description="effort of the encoder: slower is smaller")

    @property
    def strength(self) -> Strength:
        """The same as shares."""
        return Strength(self.whiten / 100, self.smooth / 100, self.detail / 100)

    def reshaping(self) -> Reshaping | None:
        """What changes the shape of faces; None where nothing is asked for.

        Raises
        ------
        InvalidParameter
            where no engine that does it is installed.
        """
        return reshaping(self.model_dump(include=set(SHAPES)), "beautified")


@dataclass
class Seen:
    """What was found while a film was retouched."""

    times: list[float] = field(default_factory=list)
    """Of the pictures that were changed, seconds."""
    faces: set[int] = field(default_factory=set)
    """The numbers of the faces that were changed."""


def beautify(
    canvases: Iterator[Canvas],
    faces_of: FilmFaces,
    strength: Strength,
    seen: Seen,
    shape: Reshaping | None = None,
) -> Iterator[Canvas]:
    """Retouch all faces of a film, in place.

    Parameters
    ----------
    canvases : pictures in the order in which they are shown.
    faces_of : the film's faces.
    strength : of the effects.
    seen : filled on the way.
    shape : what changes the shape of faces, before their skin is retouched.
    """
    memories: dict[int, Memory] = {}
    for canvas in canvases:
        faces = faces_of.at(canvas.time)
        memories = {f.number: memories.get(f.number, Memory()) for f in faces}
        changed = [f for f in faces if _change(canvas, f, strength, memories[f.number], shape)]
        if changed:
            seen.times.append(canvas.time)
            seen.faces |= {f.number for f in changed}
        yield canvas


def _change(
    canvas: Canvas,
    face: FollowedFace,
    strength: Strength,
    memory: Memory,
    shape: Reshaping | None,
) -> bool:
    width, height = canvas.size
    x, y = (face.box.x + face.box.w / 2) * width, (face.box.y + face.box.h / 2) * height
    side = face.box.w * width
    left, top, right, bottom = edges = around((x, y, side), canvas.size)
    if side < _SMALLEST or right - left < _SMALLEST or bottom - top < _SMALLEST:
        return False
    before, place = canvas.read(edges), (x - left, y - top, side)
    part = before
    moved = np.zeros(part.shape[:2], np.bool_)
    if shape is not None:
        part, moved = shape.change(part, place, face.weight)
    made, different = retouch(part, place, strength, memory, face.weight)
    different = different | moved
    if not different.any():
        return False
    canvas.add(edges, made.astype(np.int16) - before)
    return True


# --- the adapter ----------------------------------------------------------------------------------


def _resolve(work: Work) -> Resolution:
    """Name the engine where shapes are to change."""
    params: Params = work.params
    shape = params.reshaping()
    if shape is None:
        return Resolution(params)
    engine = {"name": shape.engine.name, "version": shape.engine.version}
    return Resolution(params, engine, "shapes of faces are to change")


def _run(work: Work) -> Outcome:
    params: Params = work.params
    video = work.info.video
    if video is None:
        raise NoVideoStream(work.name)
    shape = params.reshaping()
    if shape is None and not params.whiten and not params.smooth:
        raise NothingToDo("whiten and smooth are both 0", "ask for more of one of them")
    length = max(work.info.duration, 1e-3)
    faces = find_faces(
        work.media,
        video,
        progress=lambda time: work.progress(_FINDING * min(1.0, time / length)),
    )
    seen, target = Seen(), work.out / "beautified.mp4"

    def edit(canvases: Iterator[Canvas]) -> Iterator[Canvas]:
        seen.times.clear()  # a first try that could not be joined does not count
        return beautify(canvases, faces, params.strength, seen, shape)

    done = Remade(0.0)
    if spans := faces.spans(1 / video.fps):
        done = remake(
            work.media,
            work.info,
            target,
            edit,
            spans=spans,
            crf=params.crf,
            preset=params.preset,
            progress=lambda share: work.progress(_FINDING + (1 - _FINDING) * share),
        )
    if not seen.times:
        target.unlink(missing_ok=True)
        raise NothingToDo(
            f"no face was found in {work.name}",
            "faces are found from the front and the side, from a twentieth of the picture on",
        )
    facts = {
        "pictures": faces.pictures,
        "changed": len(seen.times),
        "faces": len(seen.faces),
        "coded_anew": round(done.share, 4),
        "why": done.why,
    }
    return finished(work, target, seen.times, facts)


BEAUTIFIED = Stage(
    name="beautified",
    group="functions",
    description="The film with the skin of its faces smoother and lighter; all else is left alone.",
    version="5",
    params=Params,
    inputs=("source",),
    outputs=(MediaOutput("beautified.mp4"), FileOutput(PAIRS)),
    run=_run,
    resolve=_resolve,
    kinds=("mp4",),
    pool="encode",
)
