"""The form in which this package writes film: H.264 and AAC in MP4 that every player takes.

8-bit 4:2:0, even sides, square pixels, upright, the frame times of the source. What is drawn on the
picture, and which part of it is kept, is for the callers.
"""

from __future__ import annotations

from typing import Literal

from media_pipeline.media.probe import VideoStream

Preset = Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow"]
"""Effort of the encoder."""

# sound that MP4 carries as it is (ISO/IEC 14496-12 sample entries that ffmpeg writes)
_SOUND_IN_MP4 = frozenset(("aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"))
_DECODERS = {"mp3float": "mp3", "libopus": "opus", "ac3_fixed": "ac3", "aac_fixed": "aac"}
_AAC_CHANNELS = 8

KEY_FRAMES_S = 2
"""Players jump to key frames, and a later cut or caption re-encodes from one to the next;
x264 itself leaves 250 frames between them.
"""


def square_size(video: VideoStream, max_height: int | None = None) -> tuple[int, int]:
    """Width and height of the picture with square pixels, as displayed.

    Parameters
    ----------
    video : the stream.
    max_height : a taller picture is made that tall; its aspect stays.
    """
    width, height = video.width * video.sample_aspect, float(video.height)
    if max_height is not None and height > max_height:
        width, height = width * max_height / height, float(max_height)
    return max(1, round(width)), max(1, round(height))


def written_size(video: VideoStream, max_height: int | None = None) -> tuple[int, int]:
    """Width and height of the picture as written: :func:`square_size`, both made even upwards."""
    width, height = square_size(video, max_height)
    return width + width % 2, height + height % 2


def picture_filters(
    video: VideoStream, max_height: int | None = None, *, pixels: str = "yuv420p"
) -> list[str]:
    """Ffmpeg filters that bring an upright picture into the form written; ``video`` as displayed.

    A picture with an odd side gets one more row or column, like its neighbour, and is not scaled.
    """
    width, height = written_size(video, max_height)
    right, bottom = width - video.width, height - video.height
    filters: list[str] = []
    if square_size(video, max_height) != (video.width, video.height):
        filters.append(f"scale={width}:{height}:flags=bicubic")
    elif right or bottom:
        filters.append("format=yuv444p")  # with halved chroma, both filters lose the last column
        filters.append(f"pad={width}:{height}")
        filters.append(f"fillborders=right={right}:bottom={bottom}:mode=smear")
    # without these two, full-range and HDR material keeps a pixel format that browsers refuse
    return [*filters, "setsar=1", f"format={pixels}"]


def h264_args(crf: int, preset: str) -> list[str]:
    """Arguments that encode the picture at the times its frames have, constant rate or not.

    A key frame every ``KEY_FRAMES_S`` of film, whatever its rate.
    """
    return [
        *("-c:v", "libx264", "-preset", preset, "-crf", str(crf), "-profile:v", "high"),
        *("-force_key_frames", f"expr:gte(t,n_forced*{KEY_FRAMES_S})"),
        *("-fps_mode", "passthrough", "-enc_time_base", "1:90000"),
        *("-video_track_timescale", "90000", "-movflags", "+faststart"),
    ]


def deep_args(video: VideoStream, crf: int, preset: str) -> list[str]:
    """Arguments that encode a picture of more than 8 bits with 10: as HEVC where it was HEVC, whose
    players play it, else as H.264.
    """
    args = h264_args(crf, preset)
    if video.codec != "hevc":
        return [*args, "-profile:v", "high10"]
    args[args.index("libx264")] = "libx265"
    args[args.index("-profile:v") + 1] = "main10"
    return [*args, "-tag:v", "hvc1", "-x265-params", "log-level=error"]


def aac_args(channels: int) -> list[str]:
    """Arguments that encode the sound."""
    args = ["-c:a", "aac", "-b:a", f"{96 * min(max(channels, 1), 4)}k"]
    return [*args, "-ac", str(_AAC_CHANNELS)] if channels > _AAC_CHANNELS else args


def fits_mp4(codec: str) -> bool:
    """Whether MP4 carries sound of this codec (or of the codec of this decoder) as it is."""
    return _DECODERS.get(codec, codec) in _SOUND_IN_MP4
