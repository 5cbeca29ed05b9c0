"""A few frames spread over a film, at the cost of a few frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
