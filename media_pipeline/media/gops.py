"""Groups of pictures: the parts of an H.264 film that can be copied or replaced by themselves."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import av
from av.packet import Packet

from media_pipeline.media.container import container_start, open_media
from media_pipeline.media.encode import written_size
from media_pipeline.media.h264 import Configuration, is_idr, parameter_sets, parse_sequence
from media_pipeline.media.probe import VideoStream

_CONTAINERS = ("mp4", "mov", "matroska")
_PIXELS = ("yuv420p", "yuvj420p")
_CLOCK = 100  # ticks per second of ASS, to which times are rounded down
_FRAME_S = 0.001  # no picture is shown as short as that


class NotJoinable(Exception):
    """Pictures of another encoder cannot be put into the stream; the text says why."""


@dataclass(frozen=True, slots=True)
class CodedPicture:
    """A picture as it lies in the file."""

    pts: int
    digest: bytes
    """Hash of its bytes."""
    entry: bool
    """Whether a decoder can begin with it."""


@dataclass(frozen=True, slots=True)
class Group:
    """Pictures ``first`` to ``last`` (exclusive, in the order of the file), shown from ``start`` to
    ``end`` seconds, that need no others and that no others need.
    """

    first: int
    last: int
    start: float
    end: float


@dataclass(frozen=True)
class Stream:
    """The coded picture of a film."""

    pictures: tuple[CodedPicture, ...]
    groups: tuple[Group, ...]
    configuration: Configuration
    free_number: int
    """A number that none of its sequence parameter sets has."""
    profile: str
    pixels: str
    scale: float
    """Seconds of one tick of the pictures' times."""
    origin: float
    """Seconds at which the file begins."""

    def time(self, picture: int) -> float:
        """Seconds of the film at which a picture is shown."""
        return self.pictures[picture].pts * self.scale - self.origin

    def first_changed(self, spans: Sequence[tuple[float, float]]) -> list[float]:
        """For each group, from when on it changes; infinity where it does not."""
        found, at = [], 0
        for group in self.groups:
            while at < len(spans) and spans[at][1] <= group.start:
                at += 1
            begins = math.floor(spans[at][0] * _CLOCK) / _CLOCK if at < len(spans) else math.inf
            found.append(begins if begins < group.end - _FRAME_S else math.inf)
        return found

    def cut(self, group: Group, time: float) -> int:
        """The last picture of a group, as it lies in the file, by which it can be cut in two.

        All before it are shown before all from it on, and before ``time``; none of them needs those
        that come later. It is the first of the group where there is no such picture.
        """
        stamps = [p.pts for p in self.pictures[group.first : group.last]]
        latest = (time - _FRAME_S + self.origin) / self.scale
        found, largest = 0, -(1 << 62)
        smallest = list(accumulate(reversed(stamps), min))[::-1]
        for at, stamp in enumerate(stamps):
            if largest >= latest:
                break
            if largest < smallest[at]:
                found = at
            largest = max(largest, stamp)
        return group.first + found


def read_stream(path: Path, video: VideoStream, container: str) -> Stream:
    """Read where the groups of a film are, without decoding.

    Parameters
    ----------
    path, video, container : the film, and what probing found in it.

    Raises
    ------
    NotJoinable
        when it is not H.264 with 8 bits in 4:2:0, progressive, upright in square even sides or
        turned by a quarter, in MP4, MOV or Matroska with one configuration and a time for each
        picture.
    """
    _check(video, container)
    with open_media(path) as file:
        stream = next(s for s in file.streams.video if s.index == video.index)
        configuration = _configuration(stream)
        free, profile = _free_number(configuration)
        scale, origin = float(stream.time_base or 0), container_start(file)
        pictures = tuple(_pictures(file.demux(stream), configuration))
    if not pictures:
        raise NotJoinable("it has no picture")
    groups = tuple(_groups(pictures, scale, origin, video.start + video.duration))
    if not groups or groups[0].first:
        raise NotJoinable("it does not begin with a picture that stands by itself")
    return Stream(pictures, groups, configuration, free, profile, video.pixel_format, scale, origin)


def _configuration(stream: av.VideoStream) -> Configuration:
    configuration = Configuration.parse(stream.codec_context.extradata or b"")
    if configuration is None:
        raise NotJoinable("its H.264 is not packed as MP4 packs it")
    return configuration


def read_part(path: Path, video: VideoStream, container: str, start: float, end: float) -> Stream:
    """Read the groups between two times, from the key frame before ``start``; without decoding.

    The last group of the part is only as long as was read of it, unless the file ends there.
    Parameters and errors are those of :func:`read_stream`; an hour before is not read.
    """
    _check(video, container)
    with open_media(path) as file:
        stream = next(s for s in file.streams.video if s.index == video.index)
        configuration = _configuration(stream)
        free, profile = _free_number(configuration)
        scale, origin = float(stream.time_base or 0), container_start(file)
        if start > 0:
            file.seek(int((start + origin) / scale), stream=stream, backward=True)
        pictures = []
        for picture in _pictures(file.demux(stream), configuration):
            pictures.append(picture)
            if picture.entry and picture.pts * scale - origin > end:
                break  # with the picture by which the group before it ends
    groups = tuple(_groups(pictures, scale, origin, video.start + video.duration))
    return Stream(
        tuple(pictures), groups, configuration, free, profile, video.pixel_format, scale, origin
    )


def _check(video: VideoStream, container: str) -> None:
    if video.codec != "h264" or video.bit_depth != 8 or video.pixel_format not in _PIXELS:
        raise NotJoinable(f"its picture is {video.codec} {video.pixel_format}")
    if not any(name in container.split(",") for name in _CONTAINERS):
        raise NotJoinable(f"its container is {container}")
    if written_size(video) != (video.width, video.height):
        raise NotJoinable("its sides are odd or its pixels not square")


def _free_number(configuration: Configuration) -> tuple[int, str]:
    try:
        sets = [parse_sequence(unit) for unit in configuration.sequences]
    except ValueError as error:
        raise NotJoinable(str(error)) from error
    if not all(s.progressive and s.chroma == 1 and s.depth == 8 for s in sets):
        raise NotJoinable("its pictures are interlaced, or not 8 bits in 4:2:0")
    used = {s.number for s in sets}
    free = next((n for n in range(31, -1, -1) if n not in used), None)
    if free is None:
        raise NotJoinable("all numbers of parameter sets are taken")
    top = max(s.profile for s in sets)
    return free, "baseline" if top == 66 else "main" if top == 77 else "high"


def _pictures(
    packets: Iterator[Packet[Any]], configuration: Configuration
) -> Iterator[CodedPicture]:
    known = {*configuration.sequences, *configuration.pictures}
    for packet in packets:
        if not packet.size:
            continue
        if packet.pts is None or packet.is_discard or packet.is_corrupt:
            raise NotJoinable("it has pictures without times, or that are cut away")
        data = bytes(packet)
        entry = packet.is_keyframe and is_idr(data)
        if packet.is_keyframe and not known.issuperset(parameter_sets(data)):
            raise NotJoinable("its parameters change on the way")
        yield CodedPicture(packet.pts, digest(data), entry)


def digest(data: bytes) -> bytes:
    """The hash by which coded pictures are compared."""
    return hashlib.blake2b(data, digest_size=16).digest()


def _groups(
    pictures: Sequence[CodedPicture], scale: float, origin: float, end: float
) -> Iterator[Group]:
    """Cut before each entry that is shown after all before it and before all after it."""
    smallest = [0] * (len(pictures) + 1)
    smallest[-1] = max(p.pts for p in pictures) + 1
    for i in range(len(pictures) - 1, -1, -1):
        smallest[i] = min(smallest[i + 1], pictures[i].pts)
    cuts, largest = [], -(1 << 62)
    for i, picture in enumerate(pictures):
        if picture.entry and largest < picture.pts == smallest[i]:
            cuts.append(i)
        largest = max(largest, picture.pts)
    times = [pictures[i].pts * scale - origin for i in cuts] + [max(end, 0.0)]
    for (a, b), (start, stop) in zip(
        pairwise([*cuts, len(pictures)]), pairwise(times), strict=True
    ):
        yield Group(a, b, start, max(stop, start))


def extract(
    path: Path, video: VideoStream, wanted: Sequence[tuple[int, int]], target: Path
) -> float:
    """Copy ranges of pictures into a file of their own.

    Parameters
    ----------
    wanted : numbers of pictures, first and last (exclusive), in order.
    target : a NUT file, which holds any distances of times exactly.

    Returns
    -------
    float
        seconds that the pictures are shown later in the new file, which has no negative times.
    """
    begin = 0.0
    with open_media(path) as file, av.open(str(target), "w", format="nut") as out:
        stream = next(s for s in file.streams.video if s.index == video.index)
        copy = out.add_stream_from_template(stream)
        number, ranges = 0, iter([*wanted, (1 << 62, 1 << 62)])
        first, last = next(ranges)
        for packet in file.demux(stream):
            if not packet.size:
                continue
            if number >= last:
                first, last = next(ranges)
            if first <= number < last:
                if number == wanted[0][0]:
                    begin = float((packet.pts or 0) * packet.time_base)
                packet.stream = copy
                out.mux(packet)
            number += 1
    with av.open(str(target)) as written:
        there = next(p for p in written.demux(video=0) if p.size)
        return float((there.pts or 0) * there.time_base) - begin
