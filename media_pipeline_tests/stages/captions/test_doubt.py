"""Captions that were read with little confidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from media_pipeline.media.geometry import WHOLE_PICTURE
from media_pipeline.ocr.base import Picture, Reading, TextEngine, load_engine
from media_pipeline.stages.base import Environment
from media_pipeline.stages.captions import Params, extract_captions
from media_pipeline.stages.captions.cues import make_cues
from media_pipeline.stages.captions.doubt import doubtful_captions
from media_pipeline.stages.captions.layout import Showing
from media_pipeline.stages.captions.rows import PixelBox
from media_pipeline.text.cues import Cue
from media_pipeline_tests.generators.captions import Film, make_clip
from media_pipeline_tests.stages.captions.showings import CORNER, row
from media_pipeline_tests.stages.captions.strips import TEXT

SURE = [Showing(0.0, 2.0, row(0, 50, "他今天会来"))]
BESIDE = PixelBox(TEXT.left - 20, TEXT.top, TEXT.right + 20, TEXT.bottom)


def unsure(start: float, end: float, text: str, box: PixelBox = TEXT) -> Showing:
    return Showing(start, end, row(0, 0, text, box, sure=0.4))


@pytest.mark.parametrize(
    ("one", "kept"),
    [
        (unsure(3.0, 4.0, "没有"), True),
        (unsure(3.0, 4.0, "没有", BESIDE), True),
        (unsure(3.0, 4.0, "没有", CORNER), False),
        (unsure(1.0, 4.0, "没有"), False),  # a caption stands there
    ],
)
def test_what_is_hard_to_read_is_kept_where_captions_stand(one: Showing, kept: bool) -> None:
    assert doubtful_captions(SURE, [one], 10.0, 480) == ([one] if kept else [])


def test_a_film_that_is_hard_to_read_throughout_has_captions_all_the_same() -> None:
    faint = [unsure(0.0, 1.0, "没有"), unsure(2.0, 3.0, "他来了"), unsure(4.0, 4.5, "A", CORNER)]
    found = doubtful_captions([], faint, 10.0, 480)
    assert sorted(one.row.text for one in found) == ["他来了", "没有"]
    assert doubtful_captions([], faint[:1], 10.0, 480) == []


def test_a_cue_is_as_doubtful_as_its_worst_row() -> None:
    lower = PixelBox(TEXT.left, TEXT.bottom + 2, TEXT.right, TEXT.bottom + 28)
    showings = [SURE[0], Showing(0.0, 2.0, row(0, 50, "He", lower, sure=0.5))]
    _, jpeg = cv2.imencode(".jpg", np.zeros((30, 140, 3), np.uint8))
    showings = [replace(s, row=replace(s.row, crop=jpeg.tobytes())) for s in showings]
    (cue,), _ = make_cues(showings, (480, 90), WHOLE_PICTURE, 0.6)
    assert cue.doubtful
    assert cue.confidence > 0.6
    (cue,), _ = make_cues(showings, (480, 90), WHOLE_PICTURE, 0.4)
    assert not cue.doubtful


class Unsure:
    """The engine, with less confidence in what holds a character."""

    name = "rapidocr"

    def __init__(self, engine: TextEngine, char: str) -> None:
        self.detect = engine.detect
        self._engine = engine
        self._char = char

    def recognise(self, pictures: Sequence[Picture]) -> list[Reading]:
        return [
            replace(one, confidence=0.4, characters=()) if self._char in one.text else one
            for one in self._engine.recognise(pictures)
        ]


def test_doubtful_captions_are_marked_and_told(tmp_path: Path) -> None:
    cues = [Cue(0.4, 1.6, "他今天会来"), Cue(2.0, 3.2, "我在公司加班")]
    engine = Unsure(load_engine("rapidocr", Environment()), "班")
    found = extract_captions(make_clip(tmp_path / "clip.mp4", Film(cues, 3.6)).path, engine=engine)
    assert [(cue.text, cue.doubtful) for cue in found.cues] == [
        ("他今天会来", False),
        ("我在公司加班", True),
    ]
    assert found.warnings == (
        "1 of 2 captions were read with less confidence than 0.6 and should be looked at: "
        "00:00:02.000",
    )
    assert not any(
        cue.doubtful
        for cue in extract_captions(
            tmp_path / "clip.mp4", Params(min_confidence=0.3), engine=engine
        ).cues
    )
