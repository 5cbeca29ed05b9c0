"""What is in a media file: its streams, duration, frame rate, rotation and faults."""

from __future__ import annotations

import re
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Disposition
from pydantic import BaseModel, ConfigDict

from media_pipeline.errors import TruncatedMedia, ZeroDuration
from media_pipeline.media.container import (
    AV_TIME_BASE,
    choose_audio,
    is_picture,
    open_media,
    picture_stream,
)
from media_pipeline.media.orientation import Orientation, orientation
from media_pipeline.media.packets import Packets, is_irregular, read_all, read_end, read_start
from media_pipeline.media.truncation import announced_size


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class VideoStream(_Model):
    """The picture of a media file."""

    index: int
    codec: str
    width: int
    """Width in pixels as displayed (rotation applied)."""
    height: int
    """Height in pixels as displayed (rotation applied)."""
    rotation: int
    """Clockwise degrees by which players turn the coded picture: 0, 90, 180 or 270."""
    fps: float
    """Average frames per second."""
    variable_fps: bool
    pixel_format: str
    bit_depth: int
    frames: int | None
    """Number of frames, where the container says it."""
    start: float
    """Seconds from the start of the file to the first frame."""
    duration: float
    color_space: str | None = None
    sample_aspect: float = 1.0
    """Width over height of one pixel."""


class AudioStream(_Model):
    """One sound track of a media file."""

    index: int
    codec: str
    sample_rate: int
    channels: int
    language: str | None
    title: str | None
    default: bool
    start: float
    duration: float


class SubtitleStream(_Model):
    """One subtitle stream of a media file."""

    index: int
    codec: str
    language: str | None
    title: str | None
    text: bool
    """Whether it holds text, which ffmpeg can convert."""
    pictures: bool = False
    """Whether it holds pictures of text (PGS, VobSub, DVB)."""
    default: bool = False
    forced: bool = False
    """Whether it translates only what is not in the language of the film."""
    hearing_impaired: bool = False
    """Whether it describes sounds, too."""


class MediaInfo(_Model):
    """What probing found; times are seconds from the container's start, as players show them."""

    container: str
    size: int
    """Bytes."""
    duration: float
    video: VideoStream | None
    audio: tuple[AudioStream, ...]
    audio_index: int | None
    """Stream index of the sound track that is used."""
    audio_choice: str
    """Why that track is used."""
    subtitles: tuple[SubtitleStream, ...]
    warnings: tuple[str, ...] = ()


_LOST_S, _LOST_SHARE = 1.0, 0.05
"""A cut-off file is refused when more than this is lost: seconds, or share of a short one; else it
is a warning."""
_ESTIMATED = frozenset(
    ("aac", "ac3", "eac3", "dts", "loas", "mp3", "amr", "h264", "hevc", "m4v", "mpegvideo", "av1")
)
"""Formats whose duration libav guesses from the bit rate: their packets are counted instead."""
_DECODE_TRIES = 64
_RATE_SLACK = 0.02
"""How far the rate that a header tells may be from the one between the first and the last frame."""
_COLOR_SPACES = {
    1: "bt709",
    5: "bt470bg",
    6: "smpte170m",
    7: "smpte240m",
    9: "bt2020nc",
    10: "bt2020c",
}
_PICTURE_SUBTITLES = frozenset(
    ("hdmv_pgs_subtitle", "pgssub", "dvd_subtitle", "dvdsub", "dvb_subtitle", "dvbsub", "xsub")
)
_FORCED = re.compile(r"\b(forced|signs)\b", re.IGNORECASE)
_FOR_THE_DEAF = re.compile(r"\b(sdh|cc|hearing)\b", re.IGNORECASE)
_NO_CUES = frozenset(("dvb_teletext", "libzvbi_teletextdec", "eia_608", "cc_dec", "unknown"))


def probe(path: Path) -> MediaInfo:
    """Find out what a media file holds, decoding no more than its first frame.

    Returns
    -------
    MediaInfo, its times in seconds from the container's start time.

    Raises
    ------
    MediaNotFound, EmptyMedia, NotMedia, TruncatedMedia, ZeroDuration
        in one line that names the file and what to do.
    """
    path = Path(path)
    with open_media(path) as container:
        head = read_start(container)
        tail = head if head.complete else read_end(container)
        warnings = []
        for stream in container.streams:
            if stream.type in ("video", "audio") and _is_empty(stream, head, tail):
                warnings.append(f"stream {stream.index} ({stream.type}) holds no data")
        duration, tail = _duration(container, path, tail)
        lost = _check_end(container, path, duration, tail)
        if lost:
            warnings.append(lost)
        pictures = [s for s in container.streams.video if is_picture(s)]
        pictures = [s for s in pictures if not _is_empty(s, head, tail)]
        sounds = [s for s in container.streams.audio if s.codec_context is not None]
        sounds = [s for s in sounds if not _is_empty(s, head, tail)]
        if duration <= 0 or not (pictures or sounds):
            raise ZeroDuration(path.name)
        chosen, why = choose_audio(sounds)
        video = None
        if pictures:
            video = _video(path, picture_stream(pictures), duration, head, tail)
        return MediaInfo(
            container=container.format.name,
            size=path.stat().st_size,
            duration=duration,
            video=video,
            audio=tuple(_audio(s, duration, head, tail) for s in sounds),
            audio_index=chosen,
            audio_choice=why,
            subtitles=tuple(_subtitles(s) for s in container.streams.subtitles),
            warnings=tuple(warnings),
        )


def _is_empty(stream: av.stream.Stream, head: Packets, tail: Packets) -> bool:
    if head.counts.get(stream.index) or tail.counts.get(stream.index):
        return False
    # A track may start and stop between the two ends that were read; then the index of the file
    # knows its packets.
    return head.complete or len(stream.index_entries) == 0


def _duration(container: InputContainer, path: Path, tail: Packets) -> tuple[float, Packets]:
    announced = (container.duration or 0) / AV_TIME_BASE
    if announced > 0 and container.format.name not in _ESTIMATED:
        return announced, tail
    durations = [s.duration for s in container.streams if s.type in ("video", "audio")]
    if all(d == 0 for d in durations):  # a header without a length leaves them None
        return 0.0, tail
    if not tail.complete:
        tail = read_all(path)
    return tail.end(container), tail


def _check_end(container: InputContainer, path: Path, duration: float, tail: Packets) -> str:
    """Raise TruncatedMedia where much is lost; say in words what is lost where it is little."""
    size, announced = path.stat().st_size, announced_size(path)
    cut = announced is not None and announced > size
    if cut and not tail.complete:
        tail = read_all(path)
    end = tail.end(container)
    if cut and announced and container.format.name in ("avi", "wav"):
        duration = end * announced / size  # libav tells the duration of what is left
    lost = duration - end
    if not cut and (lost <= _LOST_S or container.format.name != "flac"):
        return ""  # only a FLAC header counts its samples exactly and says nothing about bytes
    where = f"it ends at {max(end, 0):.2f} s of {duration:.2f} s"
    if announced is not None:
        where += f" ({size} of at least {announced} bytes)"
    if lost > min(_LOST_S, _LOST_SHARE * duration):
        raise TruncatedMedia(f"{path.name} is cut off: {where}", "copy or download it again")
    return f"the file is cut off: {where}"


def _video(
    path: Path, stream: av.VideoStream, duration: float, head: Packets, tail: Packets
) -> VideoStream:
    frame = _first_frame(path, stream.index)
    turn = orientation(frame) if frame is not None else Orientation()
    context = stream.codec_context
    width, height = (frame or context).width, (frame or context).height
    pixels = frame.format if frame is not None else context.format
    aspect = float(stream.sample_aspect_ratio or context.sample_aspect_ratio or 1) or 1.0
    if turn.sideways:
        width, height, aspect = height, width, 1 / aspect
    start, end = _span(stream, duration, head, tail)
    fps = _fps(stream, head)
    return VideoStream(
        index=stream.index,
        codec=context.name,
        width=width,
        height=height,
        rotation=turn.degrees,
        fps=fps,
        variable_fps=_is_variable(stream, head),
        pixel_format=pixels.name if pixels is not None else "",
        bit_depth=pixels.components[0].bits if pixels is not None else 8,
        frames=stream.frames or None,
        start=start,
        duration=max(end - start, 1 / fps),
        color_space=_COLOR_SPACES.get(int(frame.colorspace)) if frame is not None else None,
        sample_aspect=aspect,
    )


def _first_frame(path: Path, index: int) -> av.VideoFrame | None:
    with open_media(path) as container:
        for count, packet in enumerate(container.demux(container.streams[index])):
            try:
                for frame in packet.decode():
                    if isinstance(frame, av.VideoFrame):
                        return frame
            except av.FFmpegError:
                continue  # players skip damaged packets as well
            if count >= _DECODE_TRIES:
                break
    return None


def _fps(stream: av.VideoStream, head: Packets) -> float:
    measured = head.rate(stream.index)
    told = stream.average_rate or stream.guessed_rate
    if head.complete and measured and not (told and abs(told / measured - 1) < _RATE_SLACK):
        return measured
    return float(told or measured or 25)


def _is_variable(stream: av.VideoStream, head: Packets) -> bool:
    if is_irregular(head.times.get(stream.index, []), complete=head.complete):
        return True
    if not (stream.average_rate and stream.base_rate):
        return False
    # The base rate is the lowest that holds all timestamps; twice the average is what interlaced
    # pictures have.
    return 1.02 < float(stream.base_rate / stream.average_rate) < 1.9


def _span(
    stream: av.stream.Stream, duration: float, head: Packets, tail: Packets
) -> tuple[float, float]:
    """Start and end of a stream, in seconds from the start of the file."""
    start = max(0.0, min(head.times.get(stream.index) or [0.0]))
    if stream.index in tail.ends:
        return start, tail.ends[stream.index]
    if stream.duration and stream.time_base:
        return start, start + float(stream.duration * stream.time_base)
    return start, duration


def _tag(stream: av.stream.Stream, name: str) -> str | None:
    value = stream.metadata.get(name, "").strip()
    return value if value and value != "und" else None


def _audio(stream: av.AudioStream, duration: float, head: Packets, tail: Packets) -> AudioStream:
    start, end = _span(stream, duration, head, tail)
    return AudioStream(
        index=stream.index,
        codec=stream.codec_context.name,
        sample_rate=stream.codec_context.sample_rate,
        channels=stream.codec_context.channels,
        language=_tag(stream, "language"),
        title=_tag(stream, "title"),
        default=bool(stream.disposition & Disposition.default),
        start=start,
        duration=max(0.0, end - start),
    )


def _subtitles(stream: av.stream.Stream) -> SubtitleStream:
    codec = stream.codec_context.name if stream.codec_context is not None else "unknown"
    title = _tag(stream, "title")
    return SubtitleStream(
        index=stream.index,
        codec=codec,
        language=_tag(stream, "language"),
        title=title,
        text=codec not in _PICTURE_SUBTITLES | _NO_CUES,
        pictures=codec in _PICTURE_SUBTITLES,
        default=bool(stream.disposition & Disposition.default),
        # Many files say these two in the title only.
        forced=bool(stream.disposition & Disposition.forced or _FORCED.search(title or "")),
        hearing_impaired=bool(
            stream.disposition & Disposition.hearing_impaired or _FOR_THE_DEAF.search(title or "")
        ),
    )
