"""Opening a media file through libav, with every fault as a typed error. Used by all readers of
this package.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.stream import Disposition

from media_pipeline.errors import (
    InputError,
    MediaTooLarge,
    NoAudioStream,
    NotMedia,
    NoVideoStream,
    TruncatedMedia,
    ZeroDuration,
    printable,
)
from media_pipeline.media.files import check_file
from media_pipeline.media.truncation import announced_size

AV_TIME_BASE = 1_000_000
"""libav's unit of container times, per second."""

_DEMUXERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,mpeg,mpegvideo,m4v,h264,hevc,av1,obu,ivf,avi,flv,live_flv,"
    "asf,rm,mxf,gxf,nut,dv,wtv,gif,apng,y4m,yuv4mpegpipe,ogg,wav,w64,aiff,caf,au,mp3,flac,aac,loas,ac3,eac3,dts,"
    "dtshd,truehd,ape,tta,wv,tak,amr,amrnb,amrwb,voc,oma,mpc,mpc8,dsf,iff,"
)
_STILL = (
    "image2,png_pipe,jpeg_pipe,bmp_pipe,webp_pipe,tiff_pipe,gif_pipe,svg_pipe,j2k_pipe,jpegls_pipe,"
    "jpegxl_pipe,dpx_pipe,exr_pipe,psd_pipe,sgi_pipe,sunrast_pipe,ppm_pipe,pgm_pipe,pam_pipe,qoi_pipe,hdr_pipe,ico"
)
# Playlists (hls, dash, concat, sdp) name other files and hosts, and text is "played" by tty:
# neither is opened.
_OPTIONS = {"format_whitelist": _DEMUXERS + _STILL, "protocol_whitelist": "file"}

MAX_PIXELS = 8192 * 8192
"""Of one picture: a file of a few kilobytes can announce one that takes all memory."""
MAX_STREAMS = 128

logging.getLogger("libav").setLevel(logging.CRITICAL)  # faults are counted or raised, never printed


def source(path: Path | str) -> str:
    """The path as libav and ffmpeg take it for a file, whatever characters are in its name."""
    return f"file:{Path(path).absolute()}"


@contextmanager
def open_media(path: Path | str) -> Iterator[InputContainer]:
    """Open a media file for reading.

    Raises
    ------
    MediaNotFound, EmptyMedia, NotMedia, TruncatedMedia, ZeroDuration, MediaTooLarge
        when there is no such file, it has no bytes, it holds no sound or picture that libav can
        read, its index is missing because the file was cut off, it has no stream, or its pictures
        or the number of its streams are beyond the bounds.
    """
    path = Path(path)
    container = _open(path)
    try:
        yield container
    finally:
        container.close()


def _open(path: Path) -> InputContainer:
    check_file(path)
    try:
        container, bounded = _opened(path)
    except av.error.PermissionError as error:
        raise InputError(f"{path.name} cannot be read", "check the permissions") from error
    except (av.FFmpegError, OSError, ValueError) as error:
        raise unreadable(path, error) from error
    name = container.format.name
    if name in _STILL.split(","):
        container.close()
        raise NotMedia(path.name, "it is a still picture")
    if not any(s.type in ("video", "audio") for s in container.streams):
        bare = not len(container.streams)
        container.close()
        if bare:  # an encoder that stopped before its first frame
            raise ZeroDuration(path.name)
        raise NotMedia(path.name, "it has neither picture nor sound")
    try:
        _check_bounds(path, container, bounded=bounded)
    except MediaTooLarge:
        container.close()
        raise
    return container


def _opened(path: Path) -> tuple[InputContainer, bool]:
    """The container, and whether decoders were bounded already while it was opened: that decodes a
    picture, where nothing else tells what it is like.
    """
    limits: Any = [{"max_pixels": str(MAX_PIXELS)}] * MAX_STREAMS
    given: Any = {"options": _OPTIONS, "metadata_errors": "replace"}
    try:
        return av.open(source(path), stream_options=limits, **given), True
    except av.FFmpegError:
        raise
    except ValueError:  # no header lists the streams, as in MPEG-TS: they come as it is read
        return av.open(source(path), **given), False


def _check_bounds(path: Path, container: InputContainer, *, bounded: bool) -> None:
    if len(container.streams) > MAX_STREAMS:
        raise MediaTooLarge(
            f"{path.name} has {len(container.streams)} streams, the limit is {MAX_STREAMS}",
            "take the streams that are wanted into a file of their own",
        )
    for context in (s.codec_context for s in container.streams.video if s.codec_context):
        size = context.width * context.height
        if size > MAX_PIXELS or (bounded and not size):  # decoders may forget what they refuse
            told = f"has {context.width} x {context.height}" if size else "has too many"
            raise MediaTooLarge(
                f"the picture of {path.name} {told} pixels, the limit is {MAX_PIXELS:,}",
                "give a smaller one",
            )
        context.options = {**context.options, "max_pixels": str(MAX_PIXELS)}  # if it grows later


def unreadable(path: Path, error: Exception | None = None) -> InputError:
    """The typed error for a file that libav refuses: cut off before its index, or no media at
    all.
    """
    size, announced = path.stat().st_size, announced_size(path)
    if announced is not None and announced > size:
        return TruncatedMedia(
            f"{path.name} is cut off: it ends after {size} bytes of at least {announced}",
            "copy or download it again",
        )
    if announced is not None:
        return TruncatedMedia(
            f"{path.name} lacks the index of its streams: recording it stopped after {size} bytes",
            "copy or record it again",
        )
    if error is None or isinstance(error, av.error.InvalidDataError | av.error.ArgumentError):
        return NotMedia(path.name, "no known format")
    return NotMedia(path.name, printable(getattr(error, "strerror", None) or "it cannot be opened"))


def container_start(container: InputContainer) -> float:
    """The container's start time in seconds: time zero for players, and for every time in this
    package.
    """
    return (container.start_time or 0) / AV_TIME_BASE


def video_stream(container: InputContainer, name: str) -> av.VideoStream:
    """The picture stream that players show.

    Raises
    ------
    NoVideoStream
    """
    pictures = [s for s in container.streams.video if is_picture(s)]
    if not pictures:
        raise NoVideoStream(name)
    return picture_stream(pictures)


def picture_stream(streams: Sequence[av.VideoStream]) -> av.VideoStream:
    """The default one of several picture streams, else the first."""
    return next((s for s in streams if s.disposition & Disposition.default), streams[0])


def is_picture(stream: av.VideoStream) -> bool:
    """Whether the stream is the picture of the media, not a picture about it (cover art), and can
    be decoded.
    """
    still = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image
    return stream.codec_context is not None and not stream.disposition & still


def audio_stream(container: InputContainer, name: str, index: int | None = None) -> av.AudioStream:
    """The sound stream with that index in the file, or the one chosen by :func:`choose_audio`.

    Raises
    ------
    NoAudioStream
    """
    streams = [s for s in container.streams.audio if s.codec_context is not None]
    if index is None:
        index = choose_audio(streams)[0]
    for stream in streams:
        if stream.index == index:
            return stream
    raise NoAudioStream(name)


def choose_audio(streams: Sequence[av.AudioStream]) -> tuple[int | None, str]:
    """The index of the sound track to use, and why: default flag, else most channels, else the
    first.
    """
    if not streams:
        return None, "there is no sound"
    if len(streams) == 1:
        return streams[0].index, "the only sound track"
    default = [s for s in streams if s.disposition & Disposition.default]
    if len(default) == 1:
        return default[0].index, "marked as default"
    candidates = default or streams
    most = max(s.codec_context.channels for s in candidates)
    widest = [s for s in candidates if s.codec_context.channels == most]
    if len(widest) < len(candidates):
        return widest[0].index, f"most channels ({most})"
    return widest[0].index, f"the first of {len(candidates)} alike"
