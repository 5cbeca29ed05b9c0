"""Keying a film picture by picture, each with what its neighbours show of the screen."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from media_pipeline.media.canvas import Canvas
from media_pipeline.media.cuts import CutFinder
from media_pipeline.media.probe import VideoStream
from media_pipeline.stages.matte.key import Keyed, key
from media_pipeline.stages.matte.planes import Planes, halved
from media_pipeline.stages.matte.screen import Kind, Plate, screen_of

_AHEAD = 12  # pictures whose screen is looked at before the first is keyed


@dataclass
class Seen:
    """What was found while a film was keyed."""

    pictures: int = 0
    times: list[float] = field(default_factory=list)
    """Of the pictures with a screen, seconds."""
    kinds: set[Kind] = field(default_factory=set)

    def warnings(self, video: VideoStream, deepest: int = 16) -> list[str]:
        """What people should know of how a film was keyed.

        Parameters
        ----------
        video : the film.
        deepest : bits that a sample of what is written can have.
        """
        found = []
        if len(self.times) < self.pictures:
            whole = self.pictures - len(self.times)
            found.append(f"{whole} of {self.pictures} pictures show no screen and stay whole")
        if _has_alpha(video.pixel_format):
            found.append("the film's own transparency is not read")
        if video.bit_depth > deepest:
            found.append(f"its {video.bit_depth} bits become {deepest}")
        return found


@dataclass(frozen=True, slots=True)
class Cut:
    """A picture of a film, and what of it stands before the screen: all of it where there is
    none.
    """

    canvas: Canvas
    keyed: Keyed | None


_Held = tuple[Canvas, Planes, Plate | None]


def keyed(canvases: Iterator[Canvas], seen: Seen) -> Iterator[Cut]:
    """Each picture with its key.

    Parameters
    ----------
    canvases : the pictures in the order in which they are shown; twelve are held back.
    seen : filled on the way.

    Notes
    -----
    A shot ends where the brightness jumps, and where the screen is gone or another: a cut from grey
    to green of one brightness is none for eyes that see no colour.
    """
    held: deque[_Held] = deque()
    cuts = CutFinder()
    plate: Plate | None = None
    for canvas in canvases:
        picture = Planes.of(canvas)
        is_cut = cuts.is_cut(canvas.luma())
        if plate is not None and (is_cut or not plate.fits(picture)):
            plate = None
        if plate is None:
            while held:
                yield _keyed(held.popleft(), seen)
            if (found := screen_of(picture, canvas.matrix)) is not None:
                plate = Plate(found)
        if plate is not None:
            plate.learn(picture)
        held.append((canvas, picture, plate))
        if len(held) > _AHEAD:
            yield _keyed(held.popleft(), seen)
    while held:
        yield _keyed(held.popleft(), seen)


def _keyed(held: _Held, seen: Seen) -> Cut:
    canvas, picture, plate = held
    seen.pictures += 1
    if plate is None:
        return Cut(canvas, None)
    seen.times.append(canvas.time)
    seen.kinds.add(plate.key.kind)
    return Cut(canvas, key(picture, plate.full(*picture.size), plate.key))


def _has_alpha(pixels: str) -> bool:
    return pixels.startswith(("yuva", "gbrap", "argb", "rgba", "abgr", "bgra", "ya8", "ya16"))


def over(front: Keyed, ground: Planes) -> Planes:
    """What stands before the screen before a picture of the same size."""
    alpha, coarse = front.alpha, halved(front.alpha)[..., None]
    luma = ground.luma + alpha * (front.colour.luma - ground.luma)
    chroma = ground.chroma + coarse * (front.colour.chroma - ground.chroma)
    return Planes(luma, chroma)
