"""How good the reading was, by what people made of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from media_pipeline.report.quality import COLUMNS, quality, reading_quality
from media_pipeline.text.cues import Cue
from media_pipeline_tests.generators.lakes import CUES, correct, make_film

RIGHT = [Cue(0, 2, "你终于来了"), Cue(3, 5, "Well,\nlet's go."), Cue(6, 8, "好")]


def test_nothing_to_change_is_no_error() -> None:
    found = reading_quality(RIGHT, RIGHT)
    assert (found.errors, found.character_error) == (0, 0.0)
    assert (found.cues, found.exact, found.missed, found.spurious) == (3, 3, 0, 0)
    assert found.characters == len("你终于来了 Well, let's go. 好")


def test_wrong_missed_and_spurious_captions_count() -> None:
    read = [Cue(0.1, 2, "你终于走了", 0.5, None, True), RIGHT[1], Cue(10, 11, "出口")]
    found = reading_quality(read, RIGHT)
    assert (found.exact, found.missed, found.spurious, found.doubtful) == (1, 1, 1, 1)
    assert found.errors == 3  # 走, and 出口 for 好
    assert found.character_error == pytest.approx(3 / found.characters)


def test_times_rows_and_order_do_not_count() -> None:
    halves = [Cue(3, 4, "Well,"), Cue(4, 5, "let's go."), RIGHT[2], RIGHT[0]]
    assert reading_quality(halves, RIGHT).errors == 0


@pytest.mark.parametrize(("read", "right"), [([], RIGHT), (RIGHT, []), ([], [])])
def test_nothing_on_either_side(read: list[Cue], right: list[Cue]) -> None:
    found = reading_quality(read, right)
    assert (found.missed, found.spurious) == (len(right), len(read))
    assert found.errors == max(
        found.characters, len("你终于来了 Well, let's go. 好") if read else 0
    )


def test_the_archive_tells_of_all_corrections(tmp_path: Path) -> None:
    film = make_film(tmp_path, clip=False)
    assert quality(tmp_path).empty
    correct(film, [replace(CUES[0], text="你终于走了"), *CUES[1:]])
    correct(film, CUES)
    found = quality(tmp_path)
    assert list(found["character_error"]) == pytest.approx(
        [1 / found["characters"][0], 0.0], abs=1e-6
    )
    assert list(found["current"]) == [False, True]
    assert set(found["name"]) == {"Episode 1 <b>.mp4"}
    assert set(found["engine"]) == {"rapidocr"}
    assert set(COLUMNS) < set(found.columns)
