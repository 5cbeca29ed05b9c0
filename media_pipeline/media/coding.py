"""How the picture of a clip is coded: size, quality or bit rate, and codec."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from media_pipeline.media.encode import h264_args, picture_filters
from media_pipeline.media.picture_size import PictureSize
from media_pipeline.media.probe import VideoStream

Codec = Literal["h264", "hevc"]


@dataclass(frozen=True, slots=True)
class Coding:
    """``crf``, ``preset`` of the encoder; ``bitrate`` in kbit/s goes before ``crf``.

    ``max_height``: a taller picture is made that tall; ``size`` goes before it.
    """

    crf: int = 20
    preset: str = "veryfast"
    max_height: int | None = None
    size: PictureSize | None = None
    bitrate: int | None = None
    codec: Codec = "h264"

    def as_it_is(self, video: VideoStream) -> bool:
        """Whether the pictures of a film could be taken over: neither size nor rate is asked."""
        untouched = self.max_height is None or video.height <= self.max_height
        if self.size is not None:
            untouched = self.size.of(video) == (video.width, video.height)
        return untouched and self.bitrate is None and self.codec == "h264"

    def filters(self, video: VideoStream) -> list[str]:
        """Ffmpeg filters that bring an upright picture into the form written."""
        if self.size is not None:
            return self.size.filters(video)
        return picture_filters(video, self.max_height)

    def args(self) -> list[str]:
        """Arguments of the encoder."""
        args = h264_args(self.crf, self.preset)
        if self.codec == "hevc":
            args[args.index("libx264")] = "libx265"
            args[args.index("-profile:v") + 1] = "main"
            args += ["-tag:v", "hvc1", "-x265-params", "log-level=error"]
        if self.bitrate is not None:
            at = args.index("-crf")
            # a second of slack, so that no scene starves and the mean is kept
            rate = f"{self.bitrate}k"
            args[at : at + 2] = ["-b:v", rate, "-maxrate", rate, "-bufsize", rate]
        return args
