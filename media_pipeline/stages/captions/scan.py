"""One pass over the frames of a film: from decoded frames to rows of text with times."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.errors import PictureTooSmall
from media_pipeline.media.decode import Frame
from media_pipeline.ocr.base import Picture, TextEngine
from media_pipeline.stages.captions.crops import cut_out
from media_pipeline.stages.captions.follow import Follower, Sample
from media_pipeline.stages.captions.reading import Reader, Row
from media_pipeline.stages.captions.rows import PixelBox
from media_pipeline.stages.captions.signature import Luma
from media_pipeline.stages.captions.tracks import Track

# Pixels: rows of 18-20 pixels suffice for detection, templates and boundaries; upright films have
# fewer characters in a row, so that they are larger.
_STRIP_SIDE, _UPRIGHT_SIDE = 640, 416
_SMALLEST_SIDE = 16  # pixels of the region: lower text than half of this cannot be read
_SHORTEST_S = 0.2  # what is shorter is no caption but a scrolling or moving text seen for a moment


@dataclass(frozen=True, slots=True)
class Counts:
    """How much was looked at.

    Attributes
    ----------
    frames : frames decoded.
    sampled : of these, frames that were looked at for changes.
    detected : of these, frames shown to the text detector.
    recognised : of these, frames of which text was recognised.
    lines_read : crops of one line that were recognised.
    """

    frames: int
    sampled: int
    detected: int
    recognised: int
    lines_read: int


class Scan:
    """Reads the rows of a film from its frames, taken one by one.

    Parameters
    ----------
    engine : detects and recognises text.
    rate : samples per second.
    language : ``ch``, ``en`` or ``ch_ml``.
    upright : whether the film is higher than wide.
    """

    def __init__(
        self, engine: TextEngine, rate: float, language: str, *, upright: bool = False
    ) -> None:
        self._side = _UPRIGHT_SIDE if upright else _STRIP_SIDE
        self._follower = Follower(engine.detect)
        self._reader = Reader(engine, language)
        self._step = 1.0 / rate
        self._next: float | None = None
        self._sampled = 0
        self._rows: list[Row] = []
        self._times = array("d")
        self.size = (1, 1)
        """Width and height of the working strip, which the boxes of rows refer to."""

    def take(self, frame: Frame) -> None:
        """Take the next frame."""
        height, width = frame.luma.shape
        if min(height, width) < _SMALLEST_SIDE:
            raise PictureTooSmall(
                f"the region to read is {width}x{height} pixels",
                f"give a picture or region of at least {_SMALLEST_SIDE} pixels each way",
            )
        scale = min(1.0, self._side / max(height, width))
        self.size = (max(1, round(width * scale)), max(1, round(height * scale)))
        self._times.append(frame.time)
        self._follower.frame(frame.time, _scaled(frame.luma, self.size))
        if self._next is None or frame.time >= self._next:
            # A sample is due one step after the one before was, however late a frame came.
            due = frame.time if self._next is None else self._next
            self._next = max(due + self._step, frame.time + self._step / 2)
            self._sampled += 1
            self._read(self._follower.sample(self._sample(frame)))

    def finish(self) -> list[Row]:
        """All rows that were read, by numbers of frames, in the order in which they ended."""
        self._read(self._follower.finish())
        return self._rows

    @property
    def times(self) -> Sequence[float]:
        """When each frame was shown."""
        return self._times

    @property
    def counts(self) -> Counts:
        """How much was looked at so far."""
        reader = self._reader
        return Counts(
            len(self._times), self._sampled, self._follower.detected, reader.samples, reader.lines
        )

    def _read(self, tracks: Iterable[Track]) -> None:
        for track in tracks:
            if (
                end_time(self._times, track.end, self._step) - self._times[track.start]
                < _SHORTEST_S - 1e-3
            ):
                continue
            if track.moves:
                continue
            row = self._reader.read(track)
            if row is not None:
                self._rows.append(row)

    def _sample(self, frame: Frame) -> Sample:
        picture = frame.bgr()
        width, height = self.size
        across, down = picture.shape[1] / width, picture.shape[0] / height

        def crop(box: PixelBox) -> Picture:
            return cut_out(picture, box, across, down)

        return Sample(_scaled(picture, self.size), crop)


def end_time(times: Sequence[float] | NDArray[np.float64], index: int, step: float) -> float:
    """When the frame of that number is replaced by the next.

    Parameters
    ----------
    step : seconds that the only frame of a film lasts.
    """
    if index + 1 < len(times):
        return float(times[index + 1])
    steps = np.diff(np.array(times[-25:]))
    return float(times[-1]) + (float(np.median(steps)) if len(steps) else step)


def _scaled(picture: Luma, size: tuple[int, int]) -> Luma:
    """A copy of the picture in that size (width, height)."""
    if picture.shape[1::-1] == size:
        return picture.copy()
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
