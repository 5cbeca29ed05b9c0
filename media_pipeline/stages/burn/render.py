"""Drawing an ASS document on a film with libass, through ffmpeg."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from media_pipeline.errors import NoVideoStream
from media_pipeline.media import ffmpeg
from media_pipeline.media.encode import aac_args, fits_mp4, h264_args, picture_filters
from media_pipeline.media.files import atomic_path
from media_pipeline.media.fonts import Font
from media_pipeline.media.probe import AudioStream, MediaInfo
from media_pipeline.stages.base import Progress, quiet
from media_pipeline.stages.burn.drawing import Drawing


def burn(
    path: Path,
    info: MediaInfo,
    target: Path,
    drawing: Drawing,
    *,
    crf: int = 20,
    preset: str = "veryfast",
    progress: Progress = quiet,
) -> None:
    """Draw captions on a film and encode it as MP4.

    Frames keep their number and times. Sound is copied where MP4 carries it, else becomes AAC.

    Parameters
    ----------
    path : the film.
    info : what probing found in it.
    target : ``.mp4``, written whole or not at all.
    drawing : for a picture of the size written (see
        :func:`media_pipeline.media.encode.written_size`).
    crf, preset : of libx264.
    progress : called with the share that is done.

    Raises
    ------
    NoVideoStream, EncodeFailed
    """
    if info.video is None:
        raise NoVideoStream(path.name)
    sound = next((a for a in info.audio if a.index == info.audio_index), None)
    filters = [*picture_filters(info.video), "ass=filename=captions.ass:fontsdir=fonts"]
    # names inside a filter would need escaping on three levels: here they are all our own
    with (
        TemporaryDirectory(prefix="media_pipeline_") as folder,
        atomic_path(target) as partial,
    ):
        scratch = Path(folder)
        (scratch / "captions.ass").write_text(drawing.document, encoding="utf-8")
        _gather(drawing.fonts, scratch / "fonts")
        ffmpeg.run(
            [
                *("-i", ffmpeg.source(path), "-map", f"0:{info.video.index}"),
                *("-vf", ",".join(filters), *h264_args(crf, preset)),
                *(_sound_args(sound) if sound is not None else ("-an",)),
                *("-sn", "-dn", "-map_metadata", "-1"),
                ffmpeg.source(partial),
            ],
            duration=info.duration,
            progress=progress,
            cwd=scratch,
        )


def _sound_args(sound: AudioStream) -> list[str]:
    encode = ["-c:a", "copy"] if fits_mp4(sound.codec) else aac_args(sound.channels)
    return ["-map", f"0:{sound.index}", *encode]


def _gather(fonts: Iterable[Font], folder: Path) -> None:
    """Put the font files, and no others, where libass looks for them."""
    folder.mkdir()
    for number, path in enumerate(sorted({font.path for font in fonts})):
        place = folder / f"{number:02d}{path.suffix}"
        try:
            place.symlink_to(path)
        except OSError:  # file systems without links
            shutil.copyfile(path, place)
