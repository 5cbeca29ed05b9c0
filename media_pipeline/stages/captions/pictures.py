"""Subtitle streams of pictures, read by the text engine that reads the picture of the film.

Nothing moves behind such text and its times are those of the stream, so each picture is detected
and read once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np

from media_pipeline.media.subtitles import Letters, SubtitlePicture
from media_pipeline.ocr.base import Picture, Reading, TextEngine
from media_pipeline.stages.captions.reading import tidy
from media_pipeline.stages.captions.rows import PixelBox, join_rows
from media_pipeline.stages.captions.spacing import with_spaces
from media_pipeline.text.cues import Cue

SURE = 0.6
"""Confidence of a row under which its cue is doubtful, as for captions in the picture."""
_LOWEST_ROW = 6.0  # pixels
_BORDER = 24  # pixels of ground around a picture: text at its very edge is not found
_ACROSS, _DOWN = 0.5, 0.1  # of the row height around a row that is read


def read_pictures(pictures: Iterable[SubtitlePicture], engine: TextEngine) -> Iterator[Cue]:
    """A cue for each picture that says something.

    Parameters
    ----------
    pictures : in time order.
    engine : detects and recognises text.
    """
    for picture in pictures:
        rows = [row for letters in picture.texts for row in _rows(letters, engine) if row.text]
        if rows:
            length = sum(len(row.text) for row in rows)
            yield Cue(
                picture.start,
                picture.end,
                "\n".join(row.text for row in rows),
                sum(row.confidence * len(row.text) for row in rows) / length,
                doubtful=min(row.confidence for row in rows) < SURE,
            )


def _rows(letters: Letters, engine: TextEngine) -> Iterator[Reading]:
    ground = np.pad(letters, _BORDER)
    picture = cv2.cvtColor(ground, cv2.COLOR_GRAY2BGR).astype(np.uint8)
    height, width = letters.shape
    whole = PixelBox(_BORDER, _BORDER, _BORDER + width, _BORDER + height)
    boxes = join_rows(engine.detect(picture), _LOWEST_ROW) or [whole]
    for box in sorted(boxes, key=lambda row: row.top):
        reading = _read(picture, box, engine)
        text = tidy(reading.text, "ch")
        yield Reading(text, reading.confidence)


def _read(picture: Picture, box: PixelBox, engine: TextEngine) -> Reading:
    padded = box.padded(
        round(_ACROSS * box.height), round(_DOWN * box.height), picture.shape[1], picture.shape[0]
    )
    crop = picture[padded.top : padded.bottom, padded.left : padded.right]
    return with_spaces(engine.recognise([crop])[0], crop)
