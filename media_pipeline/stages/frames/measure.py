"""One decode pass at the full rate on a small picture: what every frame looks like, in numbers.

Per frame a few numbers and a tiny picture are kept (about 0.4 kB), so that a film of hours fits in
memory; thumbnails that may be wanted later go to a temporary file.
"""

from __future__ import annotations

import io
import tempfile
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.media.decode import Frame, decode
from media_pipeline.media.probe import MediaInfo
from media_pipeline.stages.base import Progress, quiet

ANALYSIS_WIDTH = 320
TINY = (24, 16)
"""Width and height of the tiny pictures: blurred enough to ignore how things move."""
_HASH = (9, 8)
_CANDIDATE_S = 0.5
_JUMP = 12.0
"""A frame this different from the one before may open a shot, and is kept as its thumbnail."""
_JPEG_QUALITY = 85
_MEMORY_FOR_THUMBNAILS = 16 * 1024**2
_REPORT_FRAMES = 50


@dataclass(frozen=True)
class FrameMeasures:
    """The frames of a film in numbers, each array one value per frame."""

    time: NDArray[np.float64]
    luma: NDArray[np.float32]
    sharpness: NDArray[np.float32]
    motion: NDArray[np.float32]
    signature: NDArray[np.uint64]
    tiny: NDArray[np.uint8]
    """(n, 16, 24) luma pictures."""
    skipped: int
    """Damaged packets that were left out."""

    def __len__(self) -> int:
        return len(self.time)


class Thumbnails:
    """JPEG pictures of many moments, from which one per shot is taken when the shots are known."""

    def __init__(self) -> None:
        self._times: list[float] = []
        self._cell: int | None = None
        self._places: list[tuple[int, int]] = []
        self._file = tempfile.SpooledTemporaryFile(_MEMORY_FOR_THUMBNAILS)  # noqa: SIM115

    def __enter__(self) -> Thumbnails:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def offer(self, frame: Frame, moved: float) -> None:
        """Keep the frame if it is the first of its half second, or if a shot may start with it.

        Half seconds are those of the film's clock, so that it depends on nothing but the frame
        before.
        """
        cell = int(frame.time / _CANDIDATE_S + 1e-6)
        due, self._cell = cell != self._cell, cell
        if due or moved >= _JUMP:
            ok, data = cv2.imencode(".jpg", frame.bgr(), [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
            if ok:
                self.add(frame.time, data.tobytes())

    def add(self, time: float, jpeg: bytes) -> None:
        """Keep a picture of a moment; moments come in order."""
        self._times.append(time)
        self._places.append((self._file.tell(), len(jpeg)))
        self._file.write(jpeg)

    def __iter__(self) -> Iterator[tuple[float, bytes]]:
        """What was kept, in order."""
        for number, time in enumerate(self._times):
            yield time, self._read(number)

    def nearest(self, start: float, end: float) -> bytes:
        """The JPEG nearest to the middle of a shot, from inside the shot where there is one."""
        times = np.asarray(self._times)
        distance = np.abs(times - (start + end) / 2)
        inside = (times >= start - 1e-6) & (times < end)
        distance[~inside] += 1e6 if inside.any() else 0.0
        return self._read(int(np.argmin(distance)))

    def _read(self, number: int) -> bytes:
        position, length = self._places[number]
        self._file.seek(position)
        data = self._file.read(length)
        self._file.seek(0, io.SEEK_END)
        return data


def measure(
    path: Path,
    info: MediaInfo,
    thumbnails: Thumbnails,
    *,
    start: float = 0.0,
    end: float | None = None,
    progress: Progress = quiet,
) -> FrameMeasures:
    """Decode the film once and measure every frame.

    Parameters
    ----------
    path : a media file with a picture.
    info : what probing found in it.
    thumbnails : is offered every frame.
    start, end : seconds between which to look. All that is measured of a frame depends on it and on
        the frame before, so only the motion of the first frame is not that of the whole film.

    Raises
    ------
    MediaNotFound, EmptyMedia, NotMedia, NoVideoStream, TruncatedMedia
    """
    width = min(ANALYSIS_WIDTH, info.video.width) if info.video else ANALYSIS_WIDTH
    times, signatures, tiny = array("d"), array("Q"), bytearray()
    luma, sharpness, motion = array("f"), array("f"), array("f")
    before: NDArray[np.uint8] | None = None
    reader = decode(path, width=width, start=start, end=end)
    seconds = max((info.duration if end is None else end) - start, 1e-3)
    for frame in reader:
        picture = np.ascontiguousarray(frame.luma)
        moved = 0.0
        if before is not None:
            moved = cv2.norm(picture, before, cv2.NORM_L1) / picture.size
        times.append(frame.time)
        luma.append(cv2.mean(picture)[0])
        sharpness.append(_sharpness(picture))
        motion.append(moved)
        signatures.append(difference_hash(picture))
        tiny += cv2.resize(picture, TINY, interpolation=cv2.INTER_AREA).tobytes()
        thumbnails.offer(frame, moved)
        before = picture
        if frame.index % _REPORT_FRAMES == 0:
            progress(min(1.0, (frame.time - start) / seconds))
    return FrameMeasures(
        np.frombuffer(times, np.float64),
        np.frombuffer(luma, np.float32),
        np.frombuffer(sharpness, np.float32),
        np.frombuffer(motion, np.float32),
        np.frombuffer(signatures, np.uint64),
        np.frombuffer(tiny, np.uint8).reshape(-1, TINY[1], TINY[0]),
        reader.skipped,
    )


def difference_hash(picture: NDArray[np.uint8]) -> int:
    """A 64-bit signature: whether each of 8 x 8 cells is brighter than its right neighbour (dHash).

    Pictures that look alike differ in few bits, whatever their size and compression.

    References
    ----------
    N. Krawetz, "Kind of Like That", hackerfactor.com, 2013.
    """
    cells = cv2.resize(picture, _HASH, interpolation=cv2.INTER_AREA)
    bits = np.packbits(cells[:, :-1] > cells[:, 1:])
    return int.from_bytes(bits.tobytes(), "big")


def _sharpness(picture: NDArray[np.uint8]) -> float:
    _, deviation = cv2.meanStdDev(cv2.Laplacian(picture, cv2.CV_16S))
    return float(deviation[0, 0]) ** 2
