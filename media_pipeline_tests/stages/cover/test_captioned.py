"""Captions in the pictures of a film that nobody has read."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest

from media_pipeline.ocr.base import TextEngine, load_engine
from media_pipeline.stages.base import Environment
from media_pipeline.stages.cover import COVER
from media_pipeline.stages.cover.captioned import seen_by
from media_pipeline.stages.cover.stage import Params
from media_pipeline.stages.registry import STAGES
from media_pipeline_tests.generators import artifacts
from media_pipeline_tests.generators.captions import draw_text
from media_pipeline_tests.generators.grounds import pictures
from media_pipeline_tests.generators.video import write_video

SIZE = (480, 270)


@pytest.fixture(scope="module")
def engine() -> TextEngine:
    return load_engine("rapidocr", Environment())


@pytest.mark.parametrize("ground", ["hand", "drift", "flat"])
@pytest.mark.parametrize(
    ("text", "top", "carries"),
    [
        ("Where have you been", 236, True),
        ("我们没有时间了", 236, True),
        ("Where have you been", 40, False),  # no caption stands there
        ("", 0, False),
    ],
)
def test_a_line_of_text_in_the_lower_part_is_a_caption(
    engine: TextEngine, ground: str, text: str, top: int, carries: bool
) -> None:
    picture = next(iter(pictures(ground, SIZE, 25))).copy()
    if text:
        draw_text(picture, text, 140, top, 18)
    edge = seen_by(engine)(0.0, picture)
    assert (edge is not None) == carries
    assert edge is None or edge * SIZE[1] == pytest.approx(top, abs=4)


@pytest.mark.slow
def test_the_cover_of_a_captioned_film_has_no_caption(tmp_path: Path) -> None:
    shown = [p.copy() for p in islice(pictures("drift", SIZE, 25), 75)]
    free = range(45, 75)
    for number, picture in enumerate(shown):
        if number not in free:
            draw_text(picture, "Where have you been", 140, 236, 18)
    write_video(tmp_path / "film.mp4", shown)
    frames = artifacts.run_stage(STAGES["frames"], tmp_path / "film.mp4", tmp_path / "frames")
    made = artifacts.run_stage(
        COVER, tmp_path / "film.mp4", tmp_path / "out", {"frames": frames}, Params(count=1)
    )
    (cover,) = made.facts["covers"]
    assert round(25 * cover["time"]) in free
