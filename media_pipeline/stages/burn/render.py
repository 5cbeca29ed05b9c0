"""Writing a film with a drawing on it: libass through ffmpeg."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import av

from media_pipeline.errors import EncodeFailed, InvalidParameter, NoVideoStream
from media_pipeline.media import ffmpeg
from media_pipeline.media.encode import deep_args, h264_args, picture_filters
from media_pipeline.media.files import atomic_path
from media_pipeline.media.gops import NotJoinable
from media_pipeline.media.luminance import transfer_of
from media_pipeline.media.muxing import add_sound, sound_args
from media_pipeline.media.probe import MediaInfo
from media_pipeline.media.proof import check
from media_pipeline.media.renewal import plan
from media_pipeline.media.transparency import (
    FILTER_PIXELS,
    FORMS,
    decoder_args,
    encoder_args,
    is_transparent,
)
from media_pipeline.stages.base import Progress, quiet
from media_pipeline.stages.burn.drawing import Drawing
from media_pipeline.stages.burn.libass import DRAW, put
from media_pipeline.stages.burn.partial import draw_groups

_DRAWING = 0.9  # of the work; the rest is reading again what was written


@dataclass(frozen=True, slots=True)
class Burned:
    """How a film was written: the share of its time whose picture was coded anew, and why all of
    it, where it was.
    """

    share: float
    why: str = ""


def burn(
    path: Path,
    info: MediaInfo,
    target: Path,
    drawing: Drawing,
    *,
    crf: int = 20,
    preset: str = "veryfast",
    whole: bool = False,
    progress: Progress = quiet,
) -> Burned:
    """Draw captions on a film and write it as MP4, or as MOV; transparent film also as WebM.

    Where the film is H.264 that can be joined with new pictures, only the groups of pictures that
    show something are coded anew and all others copied; else all are. Frames keep their number and
    times. Sound is copied where MP4 carries it, else becomes AAC. A transparent picture stays so in
    MOV (ProRes 4444) and WebM (VP9); in MP4 it is put on black.

    Parameters
    ----------
    path : the film.
    info : what probing found in it.
    target : ``.mp4``, ``.mov`` or ``.webm``, written whole or not at all.
    drawing : for a picture of the size written (see
        :func:`media_pipeline.media.encode.written_size`).
    crf, preset : of the encoder.
    whole : code all of the picture anew in any case.
    progress : called with the share that is done.

    Raises
    ------
    NoVideoStream, EncodeFailed
    InvalidParameter
        for WebM of a film that is not transparent.
    """
    if info.video is None:
        raise NoVideoStream(path.name)
    with (
        TemporaryDirectory(prefix="media_pipeline_", dir=target.parent) as folder,
        atomic_path(target) as partial,
    ):
        scratch = Path(folder)
        clear = target.suffix in FORMS and is_transparent(path, info.video.index)
        if target.suffix == ".webm" and not clear:
            raise InvalidParameter(
                f"{path.name} has no transparent picture, for which alone WebM is written",
                "write an .mp4",
            )
        put(drawing, scratch, transfer_of(path, info.video.index))
        if clear:
            _burn_transparent(path, info, partial, scratch, crf, progress)
            return Burned(1.0, "its picture is transparent")
        try:
            if whole:
                raise NotJoinable("that was asked for")
            made = plan(path, info, drawing.spans)
            picture, digests = draw_groups(
                *(path, info.video, made, scratch),
                filters=DRAW,
                crf=crf,
                preset=preset,
                progress=lambda share: progress(_DRAWING * share),
            )
            add_sound(picture, path, info, partial)
            check(partial, made, digests, lambda share: progress(_DRAWING + (1 - _DRAWING) * share))
        except (NotJoinable, EncodeFailed, av.FFmpegError) as reason:
            _burn_whole(path, info, partial, scratch, crf, preset, progress)
            return Burned(1.0, str(reason))
        progress(1.0)
        return Burned(made.share)


def _burn_whole(
    path: Path,
    info: MediaInfo,
    partial: Path,
    scratch: Path,
    crf: int,
    preset: str,
    progress: Progress,
) -> None:
    video = info.video
    if video is None:
        raise NoVideoStream(path.name)
    deep = video.bit_depth > 8
    pixels = "yuv420p10le" if deep else "yuv420p"
    ffmpeg.run(
        [
            *("-i", ffmpeg.source(path), "-map", f"0:{video.index}"),
            *("-vf", ",".join([*picture_filters(video, pixels=pixels), DRAW])),
            *(deep_args(video, crf, preset) if deep else h264_args(crf, preset)),
            *sound_args(info, 0),
            *("-sn", "-dn", "-map_metadata", "-1"),
            ffmpeg.source(partial),
        ],
        duration=info.duration,
        progress=progress,
        cwd=scratch,
    )


def _burn_transparent(
    path: Path, info: MediaInfo, partial: Path, scratch: Path, crf: int, progress: Progress
) -> None:
    """As :func:`_burn_whole`; text stands on what is transparent, too."""
    video = info.video
    if video is None:
        raise NoVideoStream(path.name)
    filters = picture_filters(video, pixels=FILTER_PIXELS)
    filters = [f.replace("format=yuv444p", "format=yuva444p") for f in filters]
    sound = sound_args(info, 0)
    if partial.suffix == ".webm" and info.audio:
        sound = [*sound, "-c:a", "libopus"]
    ffmpeg.run(
        [
            *(*decoder_args(video.codec), "-i", ffmpeg.source(path), "-map", f"0:{video.index}"),
            *("-vf", ",".join([*filters, f"{DRAW}:alpha=1"])),
            *encoder_args(partial.suffix, crf),
            *sound,
            *("-sn", "-dn", "-map_metadata", "-1"),
            ffmpeg.source(partial),
        ],
        duration=info.duration,
        progress=progress,
        cwd=scratch,
    )
