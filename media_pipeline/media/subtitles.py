"""Subtitle streams of pictures (Blu-ray, DVD, DVB): what they show, and when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.packet import Packet
from av.subtitles.subtitle import BitmapSubtitle, SubtitleSet
from numpy.typing import NDArray

from media_pipeline.errors import InvalidParameter
from media_pipeline.media.container import AV_TIME_BASE, container_start, open_media

Letters = NDArray[np.uint8]
"""A picture of text, ``(height, width)``: 0 is the ground, 255 the middle of the letters."""

_NO_END = 2**32 - 1  # what libav says where a stream gives no end
_ROUNDED_S = 0.03
_LONGEST_S = 20.0  # that a picture may be shown without an end in the stream


@dataclass(frozen=True, slots=True)
class SubtitlePicture:
    """What is shown from ``start`` to ``end``, in seconds from the container's start time."""

    start: float
    end: float
    texts: tuple[Letters, ...]
    """Pictures of text, from top to bottom."""


def subtitle_pictures(path: Path, stream: int, duration: float) -> Iterator[SubtitlePicture]:
    """The pictures of a subtitle stream in time order.

    A picture ends when the stream says so, or when the next event comes, which may show nothing. A
    picture that is sent again without a pause is one picture.

    Parameters
    ----------
    path : the media file.
    stream : index of the stream in the file.
    duration : seconds of the file; nothing is shown after it.

    Raises
    ------
    MediaNotFound, EmptyMedia, NotMedia, TruncatedMedia
    InvalidParameter
        when the file has no such subtitle stream.
    """
    shown: SubtitlePicture | None = None
    for event in _events(path, stream):
        if shown is not None:
            if event.texts and _same(event.texts, shown.texts) and event.start <= shown.end:
                shown = replace(shown, end=event.end)
                continue
            yield from _inside(replace(shown, end=min(shown.end, event.start)), duration)
        shown = event
    if shown is not None:
        yield from _inside(shown, duration)


def _inside(picture: SubtitlePicture, duration: float) -> Iterator[SubtitlePicture]:
    start, end = max(0.0, picture.start), min(picture.end, duration)
    if picture.texts and end > start:
        yield replace(picture, start=start, end=end)


def _events(path: Path, index: int) -> Iterator[SubtitlePicture]:
    """What the stream says, as it comes: pictures, and events without any."""
    with open_media(path) as container:
        streams = {one.index: one for one in container.streams.subtitles}
        if index not in streams:
            listed = ", ".join(map(str, streams)) or "none"
            raise InvalidParameter(
                f"stream is {index}, and the subtitle streams of {path.name} are: {listed}",
                "choose one of them",
            )
        origin = container_start(container)
        for packet in container.demux(streams[index]):
            if packet.pts is None:
                continue
            try:
                found = streams[index].codec_context.decode2(packet)
            except av.FFmpegError:
                continue  # players skip damaged packets as well
            if found is not None:
                yield _event(found, packet, origin)


def _event(found: SubtitleSet, packet: Packet[Any], origin: float) -> SubtitlePicture:
    shown_at = found.pts / AV_TIME_BASE - origin
    start = shown_at + found.start_display_time / 1000
    end = shown_at + _length(found, packet)
    rects = [rect for rect in found.rects if isinstance(rect, BitmapSubtitle) and rect.planes]
    letters = [_letters(rect) for rect in sorted(rects, key=lambda rect: (rect.y, rect.x))]
    return SubtitlePicture(start, end, tuple(one for one in letters if one.any()))


def _length(found: SubtitleSet, packet: Packet[Any]) -> float:
    """Seconds that a picture is shown at most."""
    lengths = [_LONGEST_S]
    if 0 < found.end_display_time < _NO_END:
        lengths.append(found.end_display_time / 1000)
    if packet.duration and packet.time_base and packet.duration < _NO_END:
        told = float(packet.duration * packet.time_base)
        # The display time of a DVD is rounded down to 1/88 s; an MP4 file fills pauses.
        if abs(told - lengths[-1]) < _ROUNDED_S:
            return told
        lengths.append(told)
    return min(lengths)


def _letters(rect: BitmapSubtitle) -> Letters:
    """A picture of palette indices as brightness: the deeper inside the letters, the brighter.

    The palette itself is not to be had from here, and not needed: what is most common along the
    border is the ground, an outline lies between it and the letters, and so do the steps of a soft
    edge. So each colour is as bright as its pixels are far from the ground on average.
    """
    import cv2

    plane: Any = rect.planes[0]  # a buffer, which its type does not say
    indices = np.frombuffer(plane, np.uint8)[: rect.height * rect.width]
    indices = indices.reshape(rect.height, rect.width)
    border = np.concatenate([indices[0], indices[-1], indices[:, 0], indices[:, -1]])
    ground = int(np.bincount(border).argmax())
    counts = np.bincount(indices.ravel(), minlength=256)
    inside = (indices != ground).astype(np.uint8)
    depth = cv2.distanceTransform(np.pad(inside, 1), cv2.DIST_L2, 3)[1:-1, 1:-1]
    total = np.bincount(indices.ravel(), weights=depth.ravel(), minlength=256)
    mean = total / np.maximum(counts, 1)
    share = mean / max(float(mean.max()), 1e-6)
    levels = np.rint(255 * share**2).astype(np.uint8)  # squared: outlines are to be dark
    letters: Letters = levels[indices]
    return letters


def _same(one: tuple[Letters, ...], other: tuple[Letters, ...]) -> bool:
    return len(one) == len(other) and all(map(np.array_equal, one, other))
