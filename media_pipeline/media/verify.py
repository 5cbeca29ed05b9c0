"""Proof that a media file plays: both ends of every stream decode, and it is as long as it should
be.
"""

from __future__ import annotations

from pathlib import Path

import av

from media_pipeline.errors import InputError, InvalidArtifact
from media_pipeline.media.container import AV_TIME_BASE, is_picture, open_media
from media_pipeline.media.probe import MediaInfo, probe

_TAIL_S = 3.0
_HEAD_FRAMES = 3
_VIDEO_TOLERANCE_S, _SOUND_TOLERANCE_S = 0.05, 0.1


def verify_media(
    path: Path, *, duration: float | None = None, tolerance: float | None = None
) -> MediaInfo:
    """Decode the first frames and the last seconds of every stream of sound and picture.

    Parameters
    ----------
    path : the file.
    duration : seconds that it should have, or None to accept any above zero.
    tolerance : allowed difference in seconds; None is one frame but at least 0.05 s for video, 0.1
        s for sound.

    Raises
    ------
    InvalidArtifact
        saying what is wrong.
    """
    path = Path(path)
    try:
        info = probe(path)
        with open_media(path) as container:
            pictures = [
                s for s in container.streams if isinstance(s, av.VideoStream) and is_picture(s)
            ]
            for picture in pictures:
                picture.thread_type = "AUTO"
            indices = [s.index for s in (*pictures, *container.streams.audio)]
            longer = [
                index
                for number, index in enumerate(indices)
                if _decode_head(container, index, path.name, rewind=number > 0)
            ]
            for index in longer:
                _decode_tail(container, index, info, path.name)
    except InputError as error:
        raise InvalidArtifact(str(error)) from error
    except av.FFmpegError as error:
        raise InvalidArtifact(f"{path.name} cannot be decoded: {error.strerror}") from error
    if duration is not None:
        check_duration(info, path.name, duration, tolerance)
    return info


def _decode_head(
    container: av.container.InputContainer, index: int, name: str, *, rewind: bool
) -> bool:
    """Decode the first frames; whether there is more after them.

    A file of a single packet is not sought in: FLAC cannot be.
    """
    if rewind:
        container.seek(container.start_time or 0)
    count = 0
    for packet in container.demux(container.streams[index]):
        count += len(packet.decode())
        if count >= _HEAD_FRAMES:
            return True
    if not count:
        raise InvalidArtifact(f"stream {index} of {name} has no frame that can be decoded")
    return False


def _decode_tail(
    container: av.container.InputContainer, index: int, info: MediaInfo, name: str
) -> None:
    stream = container.streams[index]
    start = max(0.0, info.duration - _TAIL_S) * AV_TIME_BASE + (container.start_time or 0)
    container.seek(int(start))
    for packet in container.demux(stream):
        if packet.is_corrupt:
            raise InvalidArtifact(f"stream {index} of {name} is damaged near its end")
        packet.decode()


def check_duration(
    info: MediaInfo, name: str, duration: float, tolerance: float | None = None
) -> None:
    """Compare a probed file's duration with what it should be, as :func:`verify_media` does.

    Raises
    ------
    InvalidArtifact
    """
    found = info.video.duration if info.video is not None else info.duration
    if tolerance is None:
        tolerance = _SOUND_TOLERANCE_S
        if info.video is not None:
            tolerance = max(1 / info.video.fps, _VIDEO_TOLERANCE_S)
    if abs(found - duration) > tolerance + 1e-6:
        raise InvalidArtifact(
            f"{name} lasts {found:.3f} s and should last {duration:.3f} s "
            f"(within {tolerance:.3f} s)"
        )
