"""Keying a film picture by picture, each with what its neighbours show of the screen."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from media_pipeline.media.canvas import Canvas
from media_pipeline.media.cuts import CutFinder
from media_pipeline.stages.matte.key import Keyed, Picture, key
from media_pipeline.stages.matte.screen import Kind, Plate, screen_kind

_AHEAD = 12  # pictures whose screen is looked at before the first is keyed


@dataclass
class Seen:
    """What was found while a film was keyed."""

    pictures: int = 0
    times: list[float] = field(default_factory=list)
    """Of the pictures with a screen, seconds."""
    kinds: set[Kind] = field(default_factory=set)


@dataclass
class _Shot:
    plate: Plate | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """A picture of a film, and what of it stands before the screen: all of it where there is
    none.
    """

    canvas: Canvas
    picture: Picture
    keyed: Keyed | None


def keyed(canvases: Iterator[Canvas], seen: Seen) -> Iterator[Cut]:
    """Each picture with its key.

    Parameters
    ----------
    canvases : the pictures in the order in which they are shown; twelve are held back.
    seen : filled on the way.
    """
    held: deque[tuple[Canvas, Picture, _Shot]] = deque()
    cuts, shot = CutFinder(), _Shot()
    for canvas in canvases:
        picture = canvas.bgr()
        if cuts.is_cut(canvas.luma()):
            while held:
                yield _keyed(*held.popleft(), seen)
            shot = _Shot()
        if shot.plate is None and (kind := screen_kind(picture)) is not None:
            shot.plate = Plate(kind)
        if shot.plate is not None:
            shot.plate.learn(picture)
        held.append((canvas, picture, shot))
        if len(held) > _AHEAD:
            yield _keyed(*held.popleft(), seen)
    while held:
        yield _keyed(*held.popleft(), seen)


def _keyed(canvas: Canvas, picture: Picture, shot: _Shot, seen: Seen) -> Cut:
    seen.pictures += 1
    if shot.plate is None:
        return Cut(canvas, picture, None)
    seen.times.append(canvas.time)
    seen.kinds.add(shot.plate.kind)
    height, width = picture.shape[:2]
    return Cut(canvas, picture, key(picture, shot.plate.full(width, height), shot.plate.kind))


def over(cut: Cut, ground: Picture) -> Picture:
    """What stands before the screen before a picture of the same size: (h, w, 3) BGR."""
    if cut.keyed is None:
        return cut.picture
    share = cut.keyed.alpha[..., None]
    mixed = ground + share * (cut.keyed.colour.astype(np.float32) - ground)
    made: Picture = np.clip(mixed + 0.5, 0, 255).astype(np.uint8)
    return made
