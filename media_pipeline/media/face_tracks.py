"""Following faces through a film: found now and then, followed from picture to picture between.

Pictures are held back for half a second, so that a face has its place from its first picture on,
what was taken for a face once and never again is left out, and places are smooth without delay.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from media_pipeline.media.cuts import CutFinder
from media_pipeline.media.faces import CASCADES, Face, FaceFinder, Picture, small_picture
from media_pipeline.media.geometry import Box
from media_pipeline.media.points import moved

Item = TypeVar("Item")
Place = NDArray[np.float64]
"""Middle and side of a face: x, y, side in pixels of the small picture."""

_EVERY_S = 0.2  # between two searches
_TURNS = (("frontal",), ("second",), ("frontal",), ("profile",))
_HOLD_S, _HOLD = 0.6, 18  # seconds and pictures that are held back at most
_FORGET_S = 1.2  # without being found; a head that turns away is a face for a while
_RAMP_S = 0.25
_SMOOTH = 5  # pictures to each side
_FOUND_TWICE = 1.0  # sum of scores that makes a face
_FOUND_ONCE = 0.6  # where there was no second search
_UNSURE = 0.25
_PULL = {"front": 0.25, "profile": 0.08}  # how far a find moves the place that was followed


@dataclass(frozen=True, slots=True)
class FollowedFace:
    """A face in one picture; ``number`` is the same in all pictures of a shot."""

    number: int
    box: Box
    """Brows to chin and as wide; it may stand out of the picture."""
    weight: float
    """Goes from 0 to 1 and back where the face comes and goes, but not at cuts."""


@dataclass
class _Track:
    number: int
    first: int
    at_cut: bool
    places: dict[int, Place] = field(default_factory=dict)
    evidence: float = 0.0
    finds: int = 0
    found: float = 0.0
    last: int | None = None
    """The last picture, once the face has gone."""
    at_end: bool = False
    """Whether it went with its shot."""
    weight: float = 0.0


@dataclass
class _Held(Generic[Item]):
    item: Item
    index: int
    time: float
    grey: Picture
    shot: int
    size: tuple[int, int]


def follow(
    items: Iterable[Item],
    see: Callable[[Item], tuple[float, Picture]],
    finder: FaceFinder | None = None,
) -> Iterator[tuple[Item, list[FollowedFace]]]:
    """Each item with the faces in its picture.

    Parameters
    ----------
    items : pictures of any kind in the order in which they are shown; each is given back when some
        eighteen more have been taken.
    see : the time of an item in seconds, and its picture in grey, (h, w) uint8.
    """
    follower: _Follower[Item] = _Follower(finder or FaceFinder())
    for item in items:
        follower.take(item, *see(item))
        yield from follower.ready()
    yield from follower.rest()


class _Follower(Generic[Item]):
    def __init__(self, finder: FaceFinder) -> None:
        self._finder = finder
        self._held: deque[_Held[Item]] = deque()
        self._live: list[_Track] = []
        self._gone: list[_Track] = []
        self._cuts = CutFinder()
        self._searched, self._searches, self._shot, self._numbers = -1e9, 0, 0, 0
        self._searches_in: dict[int, int] = {}
        self._given: tuple[float, int] = (0.0, -1)

    def take(self, item: Item, time: float, grey: Picture) -> None:
        index = self._held[-1].index + 1 if self._held else 0
        before = self._held[-1] if self._held else None
        cut = self._cuts.is_cut(grey)
        if cut:
            self._end_shot()
        size = (grey.shape[1], grey.shape[0])
        held = _Held(item, index, time, small_picture(grey), self._shot, size)
        self._held.append(held)
        if before is not None and not cut:
            for track in list(self._live):
                self._move(track, before, held)
        if cut or time - self._searched >= _EVERY_S:
            self._search(held, CASCADES if cut else _TURNS[self._searches % len(_TURNS)])

    # --- forward ----------------------------------------------------------------------------------

    def _end_shot(self) -> None:
        for track in list(self._live):
            self._drop(track, self._held[-1].index)
            track.at_end = True
        self._shot += 1
        self._searches = 0

    def _drop(self, track: _Track, last: int) -> None:
        track.last = last
        self._live.remove(track)
        self._gone.append(track)

    def _move(self, track: _Track, before: _Held[Item], now: _Held[Item]) -> None:
        place = moved(before.grey, now.grey, track.places[before.index])
        if place is None or now.time - track.found > _FORGET_S or _outside(place, now.grey):
            self._drop(track, before.index)
        else:
            track.places[now.index] = place

    def _search(self, held: _Held[Item], cascades: Iterable[str]) -> None:
        self._searched = held.time
        self._searches += 1
        self._searches_in[held.shot] = self._searches_in.get(held.shot, 0) + 1
        for face in self._finder.find(held.grey, cascades):
            if face.score < _UNSURE:
                continue
            place = _place(face, held.grey)
            known = [t for t in self._live if _near(t.places[held.index], place)]
            if known:
                track = min(known, key=lambda t: _distance(t.places[held.index], place))
                away = place - track.places[held.index]
                track.places[held.index] = track.places[held.index] + _PULL[face.view] * away
            else:
                track = self._begin(held, place)
            track.evidence += face.score
            track.finds += 1
            track.found = held.time

    def _begin(self, held: _Held[Item], place: Place) -> _Track:
        """A new face, which is followed back to where it came from."""
        self._numbers += 1
        track = _Track(self._numbers, held.index, at_cut=False, places={held.index: place})
        track.found = held.time
        later = held
        for earlier in list(reversed(self._held))[1:]:
            if earlier.shot != held.shot or earlier.index <= self._given[1]:
                break
            back = moved(later.grey, earlier.grey, track.places[later.index])
            if back is None or _outside(back, earlier.grey):
                break
            track.places[earlier.index] = back
            later = earlier
        track.first = later.index
        starts = next(h.index for h in self._held if h.shot == held.shot)
        track.at_cut = later.index == starts and starts > self._given[1]
        self._live.append(track)
        return track

    # --- given back -------------------------------------------------------------------------------

    def ready(self) -> Iterator[tuple[Item, list[FollowedFace]]]:
        while len(self._held) > 1 and (
            self._held[-1].time - self._held[0].time > _HOLD_S or len(self._held) > _HOLD
        ):
            yield self._give()

    def rest(self) -> Iterator[tuple[Item, list[FollowedFace]]]:
        if self._held:
            self._end_shot()
        while self._held:
            yield self._give()

    def _give(self) -> tuple[Item, list[FollowedFace]]:
        held = self._held.popleft()
        step = min(max(held.time - self._given[0], 0.0), _RAMP_S) if self._given[1] >= 0 else 0.0
        self._given = (held.time, held.index)
        times = {h.index: h.time for h in self._held}
        faces = []
        for track in [*self._live, *self._gone]:
            if held.index not in track.places or not self._is_face(track, held.shot):
                continue
            whole = track.at_cut and held.index == track.first
            track.weight = 1.0 if whole else min(1.0, track.weight + step / _RAMP_S)
            weight = track.weight
            if track.last is not None and not track.at_end:
                left = times.get(track.last, held.time) - held.time
                weight = min(weight, left / _RAMP_S)
            place = _smooth(track.places, held.index)
            faces.append(FollowedFace(track.number, _box(place, held.grey), weight))
        for track in [*self._live, *self._gone]:
            track.places.pop(held.index - _SMOOTH, None)
        self._gone = [t for t in self._gone if t.last is not None and t.last > held.index]
        return held.item, faces

    def _is_face(self, track: _Track, shot: int) -> bool:
        once = self._searches_in.get(shot, 0) < 3 and track.evidence >= _FOUND_ONCE
        return once or (track.finds > 1 and track.evidence >= _FOUND_TWICE)


def _place(face: Face, grey: Picture) -> Place:
    height, width = grey.shape
    x, y = face.centre
    return np.array([x * width, y * height, face.box.w * width])


def _box(place: Place, grey: Picture) -> Box:
    height, width = grey.shape
    x, y, side = place
    return Box((x - side / 2) / width, (y - side / 2) / height, side / width, side / height)


def _distance(one: Place, other: Place) -> float:
    return float(np.hypot(*(one[:2] - other[:2])))


def _near(one: Place, other: Place) -> bool:
    alike = 0.5 < float(one[2] / other[2]) < 2.0
    return alike and _distance(one, other) < 0.5 * float(max(one[2], other[2]))


def _outside(place: Place, grey: Picture) -> bool:
    x, y, side = place
    return not (0 <= x < grey.shape[1] and 0 <= y < grey.shape[0]) or bool(side < 8)


def _smooth(places: dict[int, Place], index: int) -> Place:
    """The place by a straight line through those around it, which does not lag behind."""
    near = [i for i in range(index - _SMOOTH, index + _SMOOTH + 1) if i in places]
    if len(near) < 3:
        return places[index]
    offset = np.array(near, float) - index
    weight = np.sqrt(np.exp(-0.5 * (offset / (0.5 * _SMOOTH)) ** 2))
    design = np.stack([np.ones_like(offset), offset], axis=1)
    values = np.array([places[i] for i in near])
    line = np.linalg.lstsq(design * weight[:, None], values * weight[:, None], rcond=None)[0]
    return np.asarray(line[0], np.float64)
