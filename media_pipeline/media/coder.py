"""Writing canvases as H.264 or HEVC in process, each at its own time."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import av
from av.video.frame import PictureType

from media_pipeline.errors import EncodeFailed
from media_pipeline.media.canvas import Canvas
from media_pipeline.media.encode import KEY_FRAMES_S
from media_pipeline.media.probe import VideoStream
from media_pipeline.media.threads import Behind

CLOCK = Fraction(1, 90000)
_NO_LIMIT = "100000"  # pictures between key frames: those are asked for one by one


class Coder:
    """Codes canvases on a thread of its own into a file that holds nothing else.

    Parameters
    ----------
    target : ``.mp4``, or ``.webm`` for pictures with transparency.
    video : the film that the pictures come from.
    options : of the encoder.
    clock : seconds of one tick of the times in the file.
    origin : seconds that are added to the times of the canvases.
    as_source : key frames are those of the film; else there is one every two seconds.
    codec : name of the encoder; by default that of :func:`encoder_of`.
    """

    def __init__(
        self,
        target: Path,
        video: VideoStream,
        options: dict[str, str],
        *,
        clock: Fraction = CLOCK,
        origin: float = 0.0,
        as_source: bool = False,
        codec: str = "",
    ) -> None:
        self._video, self._options = video, options
        self._clock, self._origin, self._as_source = clock, origin, as_source
        self._codec = codec
        self._file = av.open(f"file:{target.absolute()}", "w")
        self._stream: Any = None
        self._behind = Behind(self._write)
        self._next_key = -math.inf
        self.count = 0

    def __enter__(self) -> Coder:
        self._behind.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._behind.__exit__(kind, error, trace)
            if kind is None and self._stream is not None:
                self._file.mux(self._stream.encode(None))
        except av.FFmpegError as fault:
            raise EncodeFailed(f"the picture cannot be coded ({fault.strerror})") from fault
        finally:
            self._file.close()

    def put(self, canvas: Canvas) -> None:
        """Code a picture; it must not be changed afterwards."""
        self._behind.put(canvas)

    def _write(self, canvas: Canvas) -> None:
        self.write_frame(canvas.frame, canvas.time, key=canvas.key)

    def write_frame(self, frame: av.VideoFrame, time: float, *, key: bool = False) -> None:
        """Code a frame of any format that the encoder takes, on this thread."""
        if self._stream is None:
            self._stream = self._open(frame)
        frame.pts = round((time + self._origin) / self._clock)
        frame.time_base = self._clock
        wanted = key if self._as_source else time >= self._next_key - 1e-3
        frame.pict_type = PictureType.I if wanted or not self.count else PictureType.NONE
        if wanted:
            self._next_key = max(self._next_key, time) + KEY_FRAMES_S
        self.count += 1
        self._file.mux(self._stream.encode(frame))

    def _open(self, frame: av.VideoFrame) -> Any:
        codec = self._codec or encoder_of(self._video)
        rate = Fraction(self._video.fps).limit_denominator(1001)
        stream: Any = self._file.add_stream(codec, rate=rate, options=self._options)
        stream.width, stream.height = frame.width, frame.height
        stream.pix_fmt = frame.format.name
        context = stream.codec_context
        context.time_base = stream.time_base = self._clock
        for name in ("color_range", "colorspace", "color_primaries", "color_trc"):
            value = int(getattr(frame, name, 0) or 0)
            if value:
                setattr(context, name, value)
        if self._video.sample_aspect != 1 and frame.format.name.startswith("yuv420"):
            context.sample_aspect_ratio = Fraction(self._video.sample_aspect).limit_denominator(999)
        return stream


def encoder_of(video: VideoStream) -> str:
    """HEVC for pictures of more than 8 bits that were HEVC, whose players play it; else H.264."""
    return "libx265" if video.bit_depth > 8 and video.codec == "hevc" else "libx264"


def options_of(video: VideoStream, crf: int, preset: str) -> dict[str, str]:
    """Options of the encoder for a film written anew."""
    options = {"crf": str(crf), "preset": preset, "g": _NO_LIMIT, "forced-idr": "1"}
    if encoder_of(video) == "libx265":
        return {**options, "x265-params": f"log-level=error:keyint={_NO_LIMIT}"}
    return {**options, "profile": "high10" if video.bit_depth > 8 else "high"}
