"""Where in the picture the captions of a film stand, when nobody says it.

A sparse scan of the whole picture reads the rows of some frames. Captions are what
:func:`.main_track.main_track` takes for them: text that changes at one place. Signs, credits and
marks are at many places, or never change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from rapidfuzz import fuzz

from media_pipeline.media.decode import Frame, decode
from media_pipeline.media.geometry import Box
from media_pipeline.media.probe import VideoStream
from media_pipeline.media.sparse import key_frames
from media_pipeline.ocr.base import Picture, TextEngine
from media_pipeline.stages.base import Progress, quiet
from media_pipeline.stages.captions.layout import Showing
from media_pipeline.stages.captions.main_track import main_track
from media_pipeline.stages.captions.reading import Row, tidy
from media_pipeline.stages.captions.rows import PixelBox, join_rows
from media_pipeline.stages.captions.template import high_pass

SEVERAL = 2
"""Texts that a place must have shown to be that of captions: one alone may be a sign."""
_SIDE = 640  # pixels of the longer side of the picture that the detector sees
_SAMPLES = 60
_STEP_S = 0.5  # at least between two samples
_SHORT_S = 120.0  # films up to this length are decoded from end to end: key frames are too few
_LOWEST_ROW = 8.0  # pixels: lower rows cannot be read
_ROWS = 12  # read in one frame: pages of text are no captions
_SURE = 0.6  # confidence of a row that counts
_EDGE = 0.01  # share of the width: what comes nearer to an edge of the picture is a ticker
_PART = 75.0  # per cent of a text that stands in another one: both are one text
_APART = 1.0  # row heights between rows of one band
_MOST = 0.5  # share of the captions' weight that lies in their band: else they are all over
_HIGHEST = 0.25  # of the picture: higher than that is a page, no band
_MARGIN = 1.0  # row heights around the rows that were seen, for a second row that was not


def find_band(
    path: Path,
    video: VideoStream,
    engine: TextEngine,
    language: str,
    *,
    progress: Progress = quiet,
) -> Box | None:
    """The part of the picture, over its full width, in which the captions of a film stand.

    Parameters
    ----------
    path : the film.
    video : what probing found of its picture.
    engine : detects and reads text.
    language : ``ch``, ``en`` or ``ch_ml``; rows of no interest in it do not count.
    progress : called with the share that is done.

    Returns
    -------
    None where no text looks like captions.
    """
    wanted = max(1, min(_SAMPLES, int(video.duration / _STEP_S)))
    step = video.duration / wanted
    times = [video.start + (i + 0.5) * step for i in range(wanted)]
    seen = _Sightings(engine, language)
    if video.duration > _SHORT_S:
        seen.look_at(key_frames(path, times), lambda n: progress(n / wanted))
    if seen.frames < wanted / 2:
        seen = _Sightings(engine, language)
        seen.look_at(_sampled(decode(path), times), lambda n: progress(n / wanted))
    return band_of(seen.rows, seen.frames, seen.size)


def _sampled(frames: Iterable[Frame], times: Sequence[float]) -> Iterator[Frame]:
    """The first frame at or after each time."""
    due = iter(times)
    next_due = next(due, None)
    for frame in frames:
        if next_due is None:
            return
        if frame.time >= next_due - 1e-6:
            yield frame
            while next_due is not None and next_due <= frame.time + 1e-6:
                next_due = next(due, None)


class _Sightings:
    """The rows that were read in some frames, the number of the frame being their time."""

    def __init__(self, engine: TextEngine, language: str) -> None:
        self._engine = engine
        self._language = language
        self.rows: list[Showing] = []
        self.frames = 0
        self.size = (1, 1)
        """Width and height of the picture that the rows' boxes refer to."""

    def look_at(self, frames: Iterable[Frame], progress: Progress) -> None:
        """Read the rows of the frames."""
        for frame in frames:
            picture = frame.bgr()
            scale = min(1.0, _SIDE / max(picture.shape[:2]))
            small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            self.size = (small.shape[1], small.shape[0])
            for box in join_rows(self._engine.detect(small.astype(np.uint8)), _LOWEST_ROW)[:_ROWS]:
                if _EDGE * small.shape[1] <= box.left and box.right <= 0.99 * small.shape[1]:
                    self._read(picture, box, scale)
            self.frames += 1
            progress(self.frames)

    def _read(self, picture: Picture, box: PixelBox, scale: float) -> None:
        padded = box.padded(box.height // 2, 1, *_size(picture, scale))
        top, bottom = int(padded.top / scale), round(padded.bottom / scale)
        left, right = int(padded.left / scale), round(padded.right / scale)
        crop = picture[top:bottom, left:right]
        reading = self._engine.recognise([crop])[0]
        text = tidy(reading.text, self._language)
        if not text or reading.confidence < _SURE:
            return
        look = np.rint(high_pass(_small_luma(crop, padded))).astype(np.int8)
        row = Row(
            start=self.frames,
            end=self.frames,
            text=text,
            confidence=reading.confidence,
            weights=(),
            box=box,
            place=padded,
            look=look,
            crop=b"",
        )
        self._take(Showing(self.frames, self.frames + 1.0, row))

    def _take(self, seen: Showing) -> None:
        """A row that the frame before has shown, too, is the same showing."""
        for number, known in enumerate(self.rows):
            if (
                known.end == seen.start
                and known.row.text == seen.row.text
                and known.row.box.same_line(seen.row.box)
            ):
                self.rows[number] = Showing(known.start, seen.end, known.row)
                return
        self.rows.append(seen)


def _size(picture: Picture, scale: float) -> tuple[int, int]:
    return int(picture.shape[1] * scale), int(picture.shape[0] * scale)


def _small_luma(crop: Picture, box: PixelBox) -> Picture:
    luma = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
    size = (box.width, box.height)
    return cv2.resize(luma, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def band_of(rows: Sequence[Showing], frames: int, size: tuple[int, int]) -> Box | None:
    """The band around the captions among rows that were read, or None when there are none.

    Parameters
    ----------
    rows : with the numbers of their frames as times.
    frames : how many frames were looked at.
    size : width and height of the picture that the rows' boxes refer to.
    """
    width, height = size
    main = main_track(rows, float(frames), width)
    if different_texts(row.row.text for row in main) < SEVERAL:
        return None
    heaviest = max(main, key=lambda one: _weight(_near(main, one.row.box)))
    top, bottom = heaviest.row.box.top, heaviest.row.box.bottom
    reach = _APART * heaviest.row.box.height
    inside = [heaviest]
    while True:
        grown = [
            s for s in main if s.row.box.bottom > top - reach and s.row.box.top < bottom + reach
        ]
        if len(grown) == len(inside):
            break
        inside = grown
        top, bottom = min(s.row.box.top for s in inside), max(s.row.box.bottom for s in inside)
    if (
        different_texts(s.row.text for s in inside) < SEVERAL
        or _weight(inside) < _MOST * _weight(main)
        or bottom - top > _HIGHEST * height
    ):
        return None
    margin = _MARGIN * float(np.median([s.row.box.height for s in inside]))
    upper, lower = max(0.0, top - margin), min(float(height), bottom + margin)
    return Box(0.0, upper / height, 1.0, (lower - upper) / height)


def different_texts(texts: Iterable[str]) -> int:
    """How many texts differ: one that is typed letter by letter, or read in pieces, is one."""
    kept: list[str] = []
    for text in sorted(texts, key=len, reverse=True):
        if all(fuzz.partial_ratio(text, other) < _PART for other in kept):
            kept.append(text)
    return len(kept)


def _near(rows: Sequence[Showing], box: PixelBox) -> list[Showing]:
    return [one for one in rows if one.row.box.same_line(box)]


def _weight(rows: Iterable[Showing]) -> float:
    return sum(len(one.row.text) * one.row.confidence for one in rows)
