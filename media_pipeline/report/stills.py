"""A few stills of a film, quickly: the key frames nearest to evenly spaced times."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
from PIL import Image

from media_pipeline.errors import InputError
from media_pipeline.media.ffmpeg import source

_WIDTH = 360


def stills(path: Path, count: int) -> list[tuple[Image.Image, float]]:
    """Up to ``count`` pictures and their times in seconds, 360 pixels wide.

    Only key frames are decoded, so a long film costs no more than a short one; a film with fewer
    key frames gives fewer pictures. A file without a picture gives none.
    """
    try:
        with av.open(source(path)) as container:
            if not container.streams.video:
                return []
            return _key_frames(container, count)
    except (av.FFmpegError, InputError):
        return []


def _key_frames(
    container: av.container.InputContainer, count: int
) -> list[tuple[Image.Image, float]]:
    stream = container.streams.video[0]
    stream.codec_context.skip_frame = "NONKEY"
    begin = (container.start_time or 0) / av.time_base
    duration = (container.duration or 0) / av.time_base
    found: dict[float, Image.Image] = {}
    for number in range(count):
        wanted = begin + duration * (number + 0.5) / count
        container.seek(int(wanted * av.time_base))
        frame = next(container.decode(stream), None)
        if frame is None or frame.time is None:
            continue
        height = max(2, round(_WIDTH * frame.height / frame.width))
        if frame.time not in found:
            picture: Any = frame.reformat(_WIDTH, height, "rgb24")
            found[frame.time] = picture.to_image()
    return [(image, max(0.0, time - begin)) for time, image in sorted(found.items())]
