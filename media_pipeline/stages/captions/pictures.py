"""Subtitle streams of pictures, read by the text engine that reads the picture of the film.

Nothing moves behind such text and its times are those of the stream, so each picture is detected
once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import cv2
import numpy as np

from media_pipeline.media.subtitles import Letters, SubtitlePicture
from media_pipeline.ocr.base import Picture, Reading, TextEngine
from media_pipeline.stages.captions.reading import tidy, vote
from media_pipeline.stages.captions.rows import PixelBox, join_rows
from media_pipeline.stages.captions.spacing import with_spaces
from media_pipeline.text.cues import Cue
from media_pipeline.text.scripts import main_script

SURE = 0.6
"""Confidence of a row under which its cue is doubtful, as for captions in the picture."""
_LOWEST_ROW = 6.0  # pixels
_BORDER = 24  # pixels of ground around a picture: text at its very edge is not found
_DOWN = 0.04  # of the row height above and below a row that is read
_LOOKS = ((1.3, 0.25), (1.6, 0.25), (1.6, 0.5))
"""How much wider a row is read, for narrow letters run into each other, and with what margin."""
_ENOUGH = 0.95  # confidence from which one reading of Chinese is enough


def read_pictures(pictures: Iterable[SubtitlePicture], engine: TextEngine) -> Iterator[Cue]:
    """A cue for each picture; without text where none could be read.

    Parameters
    ----------
    pictures : in time order.
    engine : detects and recognises text.
    """
    for picture in pictures:
        rows = [row for letters in picture.texts for row in _rows(letters, engine) if row.text]
        length = sum(len(row.text) for row in rows)
        yield Cue(
            picture.start,
            picture.end,
            "\n".join(row.text for row in rows),
            sum(row.confidence * len(row.text) for row in rows) / max(length, 1),
            doubtful=min((row.confidence for row in rows), default=0.0) < SURE,
        )


def _rows(letters: Letters, engine: TextEngine) -> Iterator[Reading]:
    ground = np.pad(letters, _BORDER)
    picture = cv2.cvtColor(ground, cv2.COLOR_GRAY2BGR).astype(np.uint8)
    height, width = letters.shape
    whole = PixelBox(_BORDER, _BORDER, _BORDER + width, _BORDER + height)
    boxes = join_rows(engine.detect(picture), _LOWEST_ROW) or [whole]
    for box in sorted(boxes, key=lambda row: row.top):
        reading = _read(picture, box, engine)
        yield replace(reading, text=tidy(reading.text, "ch"))


def _read(picture: Picture, box: PixelBox, engine: TextEngine) -> Reading:
    """What a row says; in Latin letters, or where one reading is not sure, the vote of three."""
    readings: list[Reading] = []
    for wider, margin in _LOOKS:
        crop = _crop(picture, box, margin)
        crop = cv2.resize(crop, None, fx=wider, fy=1.0, interpolation=cv2.INTER_CUBIC).astype(
            np.uint8
        )
        readings.append(with_spaces(engine.recognise([crop])[0], crop))
        if readings[0].confidence >= _ENOUGH and main_script(readings[0].text) != "latin":
            break
    return vote(readings)


def _crop(picture: Picture, box: PixelBox, margin: float) -> Picture:
    down = round(_DOWN * box.height)
    padded = box.padded(round(margin * box.height), down, picture.shape[1], picture.shape[0])
    return picture[padded.top : padded.bottom, padded.left : padded.right]
