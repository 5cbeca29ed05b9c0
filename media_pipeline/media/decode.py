"""Pictures out of a video: in display order and orientation, with their true times, a region at a
time.

Decoding runs in process (PyAV); the luma plane is read where the decoder left it, so that looking
at a region of every frame costs little more than decoding. What a frame means is for others to say.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from numpy.typing import NDArray

from media_pipeline.errors import NotMedia, TruncatedMedia
from media_pipeline.media.canvas import Canvas
from media_pipeline.media.container import (
    AV_TIME_BASE,
    container_start,
    open_media,
    video_stream,
)
from media_pipeline.media.geometry import WHOLE_PICTURE, Box
from media_pipeline.media.orientation import Orientation
from media_pipeline.media.pixels import Window

_log = logging.getLogger(__name__)

_SEEK_BACK_S = (0.5, 4.0, 30.0)
"""How far before the wanted time to look for a key frame, before decoding from the start of the
file."""
_EPSILON_S = 1e-6
_LOST_S, _LOST_SHARE = 1.0, 0.05
_MARKS_NEIGHBOURS = ("mpegts",)
"""Formats where a packet counts as damaged for a gap beside it: most such packets decode well."""


class Frame:
    """One decoded picture, as displayed.

    Attributes
    ----------
    index : number of the frame in this pass, from 0.
    time : seconds from the container's start time.
    luma : (h, w) uint8, read-only, as coded (16-235 in limited range); valid until the next frame
        is asked for.
    """

    __slots__ = ("_picture", "_window", "index", "luma", "time")

    def __init__(self, index: int, time: float, picture: av.VideoFrame, window: Window) -> None:
        self.index = index
        self.time = time
        self._picture = picture
        self._window = window
        self.luma: NDArray[np.uint8] = window.luma(picture)

    def bgr(self) -> NDArray[np.uint8]:
        """The same region at the same size in colour: (h, w, 3) uint8, blue first, a copy."""
        return self._window.bgr(self._picture)


class FrameReader(Iterator[Frame]):
    """The frames of one decode pass; made by :func:`decode`.

    ``skipped`` counts the damaged packets that were left out so far.
    """

    def __init__(
        self, path: Path, region: Box, width: int | None, start: float, end: float | None
    ) -> None:
        self._path = path
        self._stack = ExitStack()
        self._container: InputContainer = self._stack.enter_context(open_media(path))
        self.skipped = 0
        try:
            self._stream = video_stream(self._container, path.name)
        except BaseException:
            self.close()
            raise
        self._stream.thread_type = "AUTO"
        self._origin = container_start(self._container)
        rate = self._stream.average_rate or self._stream.guessed_rate or 25
        self._step = float(1 / rate)
        self._start = start
        self._frames = self._selected(region, width, start, end)

    def __next__(self) -> Frame:
        return next(self._frames)

    def canvases(self, turn: Orientation | None = None) -> Iterator[Canvas]:
        """The same pictures from ``start`` on as canvases; instead of frames, not beside them.

        ``turn`` is how players show them, where the file does not say it.
        """
        last = -1.0
        for time, picture in self._from(self._start):
            last = time + max(self._step, _duration(picture))
            if time >= self._start - _EPSILON_S:
                yield Canvas.of(picture, time, turn)
        self._check_end(last)
        self.close()

    def close(self) -> None:
        """Close the file; called by itself at the end of the pass."""
        self._stack.close()

    def __del__(self) -> None:
        if hasattr(self, "_stack"):
            self._stack.close()

    def _selected(
        self, region: Box, width: int | None, start: float, end: float | None
    ) -> Iterator[Frame]:
        window: Window | None = None
        index = 0
        last = -1.0
        for time, picture in self._from(start):
            last = time + max(self._step, _duration(picture))
            if time < start - _EPSILON_S:
                continue
            if end is not None and time >= end - _EPSILON_S:
                break
            if window is None or not window.fits(picture):
                window = Window(picture, region, width, window)
            yield Frame(index, time, picture, window)
            index += 1
        else:
            self._check_end(last)
        if self.skipped:
            _log.info("%s: %d damaged packets were skipped", self._path.name, self.skipped)
        self.close()

    def _check_end(self, last: float) -> None:
        """Raise where the picture ends long before the end that an ISO file's index announces."""
        if last < 0:
            self.close()
            raise NotMedia(self._path.name, "no frame of its picture can be decoded")
        stream = self._stream
        listed = "mp4" in self._container.format.name and stream.frames
        if not (listed and stream.duration and stream.time_base):
            return
        announced = float(stream.duration * stream.time_base)
        lost = announced - last
        if lost > min(_LOST_S, _LOST_SHARE * announced):
            self.close()
            raise TruncatedMedia(
                f"the picture of {self._path.name} cannot be decoded after {last:.2f} s "
                f"of {announced:.2f} s",
                "copy or download it again",
            )

    def _from(self, start: float) -> Iterator[tuple[float, av.VideoFrame]]:
        """Frames from a key frame at or before ``start``, with their times, which always go
        forward.
        """
        pictures = self._pictures()
        first = None
        for back in _SEEK_BACK_S if start > _EPSILON_S else ():
            self._seek(max(0.0, start - back))
            pictures = self._pictures()
            first = next(pictures, None)
            if first is not None and (self._time(first) or 0.0) <= start + _EPSILON_S:
                break
            if start <= back:
                break
        else:
            if start > _EPSILON_S:
                self._seek(0.0)
                pictures, first = self._pictures(), None
        last: float | None = None
        while first is not None or (first := next(pictures, None)) is not None:
            time = self._time(first)
            if time is None or (last is not None and time <= last):
                time = 0.0 if last is None else last + self._step
            yield time, first
            first, last = None, time

    def _time(self, picture: av.VideoFrame) -> float | None:
        if picture.pts is None or picture.time_base is None:
            return None
        return float(picture.pts * picture.time_base) - self._origin

    def _seek(self, time: float) -> None:
        if time > 0:
            try:
                self._container.seek(int((time + self._origin) * AV_TIME_BASE))
            except av.FFmpegError:
                pass  # raw streams cannot be searched
            else:
                return
        # Not by seeking: the search for the start of an MPEG-TS file ends at the second key frame
        # where the picture starts a little after the sound.
        self._stack.close()
        self._container = self._stack.enter_context(open_media(self._path))
        self._stream = video_stream(self._container, self._path.name)
        self._stream.thread_type = "AUTO"

    def _pictures(self) -> Iterator[av.VideoFrame]:
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except av.FFmpegError:  # a fault of the container: nothing comes after it
                self.skipped += 1
                return
            if packet is None:
                return
            if packet.is_corrupt and self._container.format.name not in _MARKS_NEIGHBOURS:
                self.skipped += 1
                continue
            try:
                pictures = packet.decode()
            except av.FFmpegError:
                self.skipped += 1
                continue
            yield from pictures


def _duration(picture: av.VideoFrame) -> float:
    if not picture.duration or picture.time_base is None:
        return 0.0
    return float(picture.duration * picture.time_base)


def decode(
    path: Path,
    *,
    region: Box = WHOLE_PICTURE,
    width: int | None = None,
    start: float = 0.0,
    end: float | None = None,
) -> FrameReader:
    """Decode the frames with ``start <= time < end`` at the full rate, in the order in which they
    are shown.

    Parameters
    ----------
    path : a media file with a picture.
    region : part of the displayed picture; only it is converted, turned and scaled.
    width : width in pixels to which the region is scaled, its aspect kept; None leaves its pixels
        as they are.
    start, end : seconds from the container's start time; ``end`` None is the end of the file.

    Returns
    -------
    FrameReader, an iterator of :class:`Frame` that holds one frame at a time. Damaged packets are
    left out and counted in its ``skipped``.

    Raises
    ------
    MediaNotFound, EmptyMedia, NotMedia, NoVideoStream, TruncatedMedia

    Examples
    --------
    >>> for frame in decode(Path("film.mp4"), width=320):  # doctest: +SKIP
    ...     print(frame.time, frame.luma.mean())
    """
    return FrameReader(Path(path), region, width, start, end)


def frame_at(path: Path, time: float, *, width: int | None = None) -> NDArray[np.uint8]:
    """The picture shown at a time: (h, w, 3) uint8, blue first; the first or last one outside the
    film.

    Raises
    ------
    MediaNotFound, EmptyMedia, NotMedia, NoVideoStream, TruncatedMedia
    """
    path = Path(path)
    with open_media(path) as container:
        if container.duration:
            time = min(time, container.duration / AV_TIME_BASE)
    for back in (*_SEEK_BACK_S, None):
        begin = 0.0 if back is None else max(0.0, time - back)
        shown: Frame | None = None
        reader = decode(path, width=width, start=begin)
        try:
            for frame in reader:
                if shown is not None and frame.time > time + _EPSILON_S:
                    break
                shown = frame
        finally:
            reader.close()
        if shown is not None and (shown.time <= time + _EPSILON_S or begin == 0):
            return shown.bgr()
    raise NotMedia(path.name, "no frame of its picture can be decoded")
