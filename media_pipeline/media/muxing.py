"""Bringing a new picture and the sound of the film together."""

from __future__ import annotations

from pathlib import Path

from media_pipeline.media import ffmpeg
from media_pipeline.media.encode import aac_args, fits_mp4
from media_pipeline.media.probe import MediaInfo


def add_sound(picture: Path, path: Path, info: MediaInfo, target: Path) -> None:
    """Write a finished picture with the sound of the film, and turned as the film is.

    Parameters
    ----------
    picture : a file with nothing but it.
    path, info : the film, and what probing found in it.
    target : ``.mp4``.

    Raises
    ------
    EncodeFailed
    """
    rotation = info.video.rotation if info.video is not None else 0
    turned = ["-display_rotation", str(-rotation)] if rotation else []
    ffmpeg.run(
        [
            *("-copyts", *turned, "-i", ffmpeg.source(picture), "-i", ffmpeg.source(path)),
            *("-map", "0:v:0", "-c:v", "copy", *sound_args(info, 1)),
            *("-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1"),
            *("-movflags", "+faststart", ffmpeg.source(target)),
        ]
    )


def sound_args(info: MediaInfo, number: int) -> list[str]:
    """Arguments that take the sound of a film along, copied where MP4 carries it, else as AAC.

    Parameters
    ----------
    number : which input of ffmpeg the film is.
    """
    sound = next((a for a in info.audio if a.index == info.audio_index), None)
    if sound is None:
        return ["-an"]
    encode = ["-c:a", "copy"] if fits_mp4(sound.codec) else aac_args(sound.channels)
    return ["-map", f"{number}:{sound.index}", *encode]
