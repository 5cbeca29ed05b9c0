"""A few frames spread over a film, at the cost of a few frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import av

from media_pipeline.media.container import (
    AV_TIME_BASE,
    container_start,
    open_media,
    video_stream,
)
from media_pipeline.media.decode import Frame
from media_pipeline.media.geometry import WHOLE_PICTURE
from media_pipeline.media.pixels import Window

_FAR = 3000  # packets of the picture in which a key frame is looked for


def key_frames(path: Path, times: Sequence[float]) -> Iterator[Frame]:
    """The key frame at or before each time, each once; nothing between them is decoded.

    A film with few key frames gives few frames, and one that cannot be searched none but the first.

    Parameters
    ----------
    path : a media file with a picture.
    times : seconds from the container's start time, in order.

    Raises
    ------
    MediaNotFound, EmptyMedia, NotMedia, NoVideoStream, TruncatedMedia
    """
    with open_media(path) as container:
        stream = video_stream(container, path.name)
        stream.codec_context.skip_frame = "NONKEY"
        origin = container_start(container)
        window: Window | None = None
        index, last = 0, float("-inf")
        for time in times:
            try:
                container.seek(int((time + origin) * AV_TIME_BASE))
                picture = next(container.decode(stream), None)
            except av.FFmpegError:
                continue  # a damaged place: there are others
            if picture is None or picture.time is None or picture.time <= last:
                continue
            last = picture.time
            if window is None or not window.fits(picture):
                window = Window(picture, WHOLE_PICTURE, None, window)
            yield Frame(index, picture.time - origin, picture, window)
            index += 1


def key_times(path: Path, times: Sequence[float]) -> list[float]:
    """When the key frame nearest to where a search for each time leads is shown, each once.

    Nothing is decoded. A film that cannot be searched has none.

    Parameters
    ----------
    path : a media file with a picture.
    times : seconds from the container's start time, in order.

    Raises
    ------
    MediaNotFound, EmptyMedia, NotMedia, NoVideoStream
    """
    found: list[float] = []
    with open_media(path) as container:
        stream = video_stream(container, path.name)
        origin = container_start(container)
        for time in times:
            try:
                container.seek(int((time + origin) * AV_TIME_BASE))
                packets = islice(container.demux(stream), _FAR)
                first = next((p for p in packets if p.is_keyframe and p.pts is not None), None)
            except av.FFmpegError:
                continue
            if first is None or first.pts is None:
                continue
            at = float(first.pts * first.time_base) - origin
            if not found or at > found[-1]:
                found.append(at)
    return found
