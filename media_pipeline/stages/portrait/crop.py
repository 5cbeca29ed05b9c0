"""The window that is cut out of a wide film: where it is at each time, and the pictures in it."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.errors import NoVideoStream
from media_pipeline.media.canvas import Canvas
from media_pipeline.media.decode import decode
from media_pipeline.media.face_tracks import follow
from media_pipeline.media.probe import probe
from media_pipeline.stages.base import Progress, quiet
from media_pipeline.stages.frames import analyse
from media_pipeline.stages.portrait.captions import (
    Band,
    Standing,
    bands,
    lay,
    room,
    standing,
    standing_at,
)
from media_pipeline.stages.portrait.cues import FACE_WIDTH, Look, Watcher
from media_pipeline.stages.portrait.path import attention, best_windows, between, calm
from media_pipeline.stages.remake import remake
from media_pipeline.text.cues import Cue

NARROW = 0.98
"""Share of the width from which a window shows nothing less than the film."""
_RATE = 8.0  # looks per second
_FINE = 50.0  # moments per second of a moving window
_FOR_TEXT = 0.85  # of what is to be seen, for which a window goes where it holds the captions
_APART = 0.4  # share of the looks with faces too far from each other, from which a shot is fitted
_Way = tuple[tuple[float, ...], tuple[float, ...]]
_UNSEEN: _Way = (0.0,), (0.5,)  # of a shot of which no picture is looked at
_BLUR = 0.06  # of the height: sides that do not ask to be looked at
_DIM = 0.6


@dataclass(frozen=True)
class Course:
    """Where the window is.

    Attributes
    ----------
    share : width of the window, of the picture's.
    starts : seconds at which shots begin.
    times, middles : for each shot seconds and the window's middle then, of the picture's width;
        none for a shot that is fitted in whole, with blurred sides.
    bands : captions that are laid over the picture, as the window would cut them, in time order.
    """

    share: float
    starts: tuple[float, ...]
    times: tuple[tuple[float, ...], ...]
    middles: tuple[tuple[float, ...], ...]
    bands: tuple[Band, ...] = ()

    def at(self, time: float) -> float | None:
        """The window's middle at a time, or None where the picture is fitted in whole."""
        shot = max(0, bisect_right(self.starts, time + 1e-4) - 1)
        if not self.middles[shot]:
            return None
        return float(np.interp(time, self.times[shot], self.middles[shot]))


def plan_course(
    path: Path,
    starts: Sequence[float],
    share: float,
    captions: Sequence[Cue] = (),
    *,
    progress: Progress = quiet,
) -> Course:
    """Look at a film and decide where its subject is.

    Parameters
    ----------
    path : the film.
    starts : seconds at which shots begin.
    share : width of the window, of the picture's.
    captions : those in the picture, with their boxes. The window is where it holds them whole if
        that costs little of the subject; the others are laid over the picture.

    Raises
    ------
    NotMedia, NoVideoStream, TruncatedMedia
    """
    starts = [0.0, *(s for s in starts if s > 0)]
    planned = [_UNSEEN] * len(starts)
    looks: list[tuple[float, Look]] = []  # of one shot: a long film has many
    watcher, shot = Watcher(), 0
    shown: list[Standing] | None = None
    for glance, faces in follow(_glances(path, starts), lambda g: (g.time, g.luma())):
        if glance.shot != shot:
            watcher.cut()
            planned[shot], looks, shot = _shot(looks, share, shown or []), [], glance.shot
        if shown is None:
            shown = standing(captions, glance.picture.shape[1] / glance.picture.shape[0])
        text = [one.box for one in standing_at(shown, glance.time)]
        looks.append((glance.time, watcher.look(glance.picture, faces, text)))
        progress(glance.time)
    shown = shown or []
    planned[shot] = _shot(looks, share, shown)
    course = Course(share, tuple(starts), *(tuple(part) for part in zip(*planned, strict=True)))
    moments = sorted({*starts, *(time for times in course.times for time in times)})
    return replace(course, bands=tuple(bands(shown, course.at, moments, share)))


@dataclass(frozen=True, slots=True)
class _Glance:
    """A picture that is looked at, (h, w, 3) with blue first; seconds, and its shot's number."""

    shot: int
    time: float
    picture: NDArray[np.uint8]

    def luma(self) -> NDArray[np.uint8]:
        return np.asarray(cv2.cvtColor(self.picture, cv2.COLOR_BGR2GRAY), np.uint8)


def _glances(path: Path, starts: Sequence[float]) -> Iterator[_Glance]:
    due, shot = 0.0, 0
    for frame in decode(path, width=FACE_WIDTH):
        now = max(0, bisect_right(starts, frame.time + 1e-4) - 1)
        if now != shot or frame.time + 1e-4 >= due:
            shot, due = now, frame.time + 1 / _RATE
            yield _Glance(now, frame.time, frame.bgr())


def crop_film(path: Path, captions: Sequence[Cue] = (), ratio: float = 9 / 16) -> bool:
    """Make a film upright in place, for films that are clips: their shots are found here.

    Parameters
    ----------
    path : the film.
    captions : those in its picture, with their boxes.
    ratio : width of the picture over its height.

    Returns
    -------
    bool
        False for a film that is as narrow already; it is left as it is.

    Raises
    ------
    NoVideoStream, EncodeFailed, TruncatedMedia
    """
    info = probe(path)
    if info.video is None:
        raise NoVideoStream(path.name)
    share = ratio * info.video.height / (info.video.width * info.video.sample_aspect)
    if share > NARROW:
        return False
    with TemporaryDirectory(prefix="media_pipeline_") as folder:
        look = analyse(path, thumbs=Path(folder), info=info)
    course = plan_course(path, shot_starts(look.shots["start"].to_pylist()), share, captions)
    remake(path, info, path, lambda canvases: follow_subject(canvases, course), upright=True)
    return True


def _shot(found: Sequence[tuple[float, Look]], share: float, captions: Sequence[Standing]) -> _Way:
    if not found:
        return _UNSEEN
    wide = [_spread(look) > share for _, look in found if len(look.faces) > 1]
    if sum(wide) > _APART * len(found):
        return (), ()
    seen, columns = [time for time, _ in found], [look.columns for _, look in found]
    columns[0] = columns[min(1, len(columns) - 1)]  # the first picture tells of no motion
    near = [one for one in captions if one.start <= seen[-1] and one.end > seen[0]]
    wanted, narrow = best_windows(columns, share), room(seen, near, share)
    if narrow is not None:
        held = best_windows(columns, share, narrow)
        if attention(columns, share, held) < _FOR_TEXT * attention(columns, share, wanted):
            narrow = None
        else:
            wanted = held
    times, middles = between(seen, calm(wanted, share, narrow), _FINE)
    return tuple(times.tolist()), tuple(middles.tolist())


def _spread(look: Look) -> float:
    return max(right for _, right in look.faces) - min(left for left, _ in look.faces)


def follow_subject(canvases: Iterator[Canvas], course: Course) -> Iterator[Canvas]:
    """The pictures in the window, upright and as high as the film."""
    later, shown = deque(course.bands), list[Band]()
    for canvas in canvases:
        width, height = canvas.size
        size = max(2, round(width * course.share / 2) * 2)
        found, middle = canvas.blank(size, height), course.at(canvas.time)
        for number, (old, new) in enumerate(zip(canvas.planes, found.planes, strict=True)):
            if middle is None:
                new[:] = _fitted(np.ascontiguousarray(old), new.shape[1], dim=number == 0)
                continue
            left = np.clip(middle * old.shape[1] - new.shape[1] / 2, 0, old.shape[1] - new.shape[1])
            new[:] = _window(old, float(left), new.shape[1])
        while later and later[0].start <= canvas.time + 1e-4:
            shown.append(later.popleft())
        shown = [band for band in shown if canvas.time + 1e-4 < band.end]
        for band in shown if middle is not None else ():
            lay(canvas, found, band)
        yield found


def _window(plane: NDArray[Any], left: float, width: int) -> NDArray[Any]:
    """Columns of a plane, between its samples where need be."""
    first = int(left)
    part = plane[:, first : first + width + 1]
    if left == first or part.shape[1] <= width:
        return part[:, :width]
    shift = np.array([[1, 0, first - left], [0, 1, 0]], np.float32)
    moved = cv2.warpAffine(
        np.ascontiguousarray(part),
        shift,
        (width, plane.shape[0]),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(moved, plane.dtype)


def _fitted(plane: NDArray[Any], width: int, *, dim: bool) -> NDArray[Any]:
    """The whole width of a plane in the middle, over a blurred enlargement of itself."""
    height = plane.shape[0]
    low = round(plane.shape[0] * width / plane.shape[1])
    left = (plane.shape[1] - width) // 2
    ground = cv2.GaussianBlur(plane[:, left : left + width], (0, 0), max(1.0, _BLUR * height))
    if dim:
        ground = (ground * _DIM).astype(plane.dtype)
    top = (height - low) // 2
    ground[top : top + low] = cv2.resize(plane, (width, low), interpolation=cv2.INTER_AREA)
    return ground


def shot_starts(starts: Sequence[float], least: float = 0.4) -> list[float]:
    """Starts of shots, without those that follow too soon for a window to settle."""
    kept = [starts[0]] if starts else []
    kept += [b for a, b in pairwise(starts) if b - kept[-1] >= least]
    return kept
