"""What is in a media file: its streams, duration, frame rate, rotation and faults."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


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
    """False for streams of pictures (PGS, VobSub)."""


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
