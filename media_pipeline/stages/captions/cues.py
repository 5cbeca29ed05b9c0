"""From the rows of a film to its cues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import cv2
import numpy as np

from media_pipeline.media.geometry import Box
from media_pipeline.ocr.base import Picture
from media_pipeline.stages.captions.layout import Group, Showing, group_rows
from media_pipeline.text.cues import Cue

_JPEG_QUALITY = 90


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a cue's text rests on.

    Attributes
    ----------
    crop : the picture that was read, as a JPEG file.
    lines : where each row of the text stands, from top to bottom.
    votes : readings that the least certain row was made from; one where each was sure.
    """

    crop: bytes
    lines: tuple[Box, ...]
    votes: int


def make_cues(
    showings: Sequence[Showing], size: tuple[int, int], region: Box, limit: float = 0.0
) -> tuple[list[Cue], list[Evidence]]:
    """The cues of rows in time order, and for each what it rests on.

    Parameters
    ----------
    showings : the rows that belong to the captions.
    size : width and height of the strip that the rows' boxes refer to.
    region : the part of the displayed picture that the strip shows.
    limit : a cue with a row that was read with less confidence is marked as doubtful.
    """
    groups = group_rows(showings)
    evidence = [
        Evidence(
            _picture(group),
            tuple(_box(showing, size, region) for showing in group.rows),
            max(showing.row.votes for showing in group.rows),
        )
        for group in groups
    ]
    cues = [_cue(group, proof, limit) for group, proof in zip(groups, evidence, strict=True)]
    return cues, evidence


def _cue(group: Group, evidence: Evidence, limit: float) -> Cue:
    letters = sum(len(s.row.text) for s in group.rows)
    confidence = sum(s.row.confidence * len(s.row.text) for s in group.rows) / letters
    doubtful = min(s.row.confidence for s in group.rows) < limit
    box = reduce(Box.union, evidence.lines)
    return Cue(group.start, group.end, group.text, confidence, box, doubtful)


def _box(showing: Showing, size: tuple[int, int], region: Box) -> Box:
    width, height = size
    box = showing.row.box
    return Box(
        region.x + box.left / width * region.w,
        region.y + box.top / height * region.h,
        box.width / width * region.w,
        box.height / height * region.h,
    )


def _picture(group: Group) -> bytes:
    """The crops of the rows under each other."""
    if len(group.rows) == 1:
        return group.rows[0].row.crop
    crops = [_decode(s.row.crop) for s in group.rows]
    width = max(crop.shape[1] for crop in crops)
    stacked = np.vstack([_centred(crop, width) for crop in crops])
    return cv2.imencode(".jpg", stacked, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1].tobytes()


def _centred(crop: Picture, width: int) -> Picture:
    left = (width - crop.shape[1]) // 2
    right = width - crop.shape[1] - left
    return cv2.copyMakeBorder(crop, 0, 0, left, right, cv2.BORDER_CONSTANT).astype(np.uint8)


def _decode(jpeg: bytes) -> Picture:
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None  # noqa: S101 - our own JPEG
    return picture.astype(np.uint8, copy=False)
