"""Marks so faint that no single picture shows them plainly, and what must not be taken for one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from media_pipeline.stages.delogo.find import find_marks
from media_pipeline_tests.generators.covered import captioned_film, make_covered
from media_pipeline_tests.generators.marked import emblem, make_marked

SMALL = (480, 270)


@pytest.mark.slow
def test_a_faint_mark_is_found_in_the_mean_of_many_pictures(tmp_path: Path) -> None:
    mark = emblem("words", 0.13)
    film = make_marked(tmp_path / "film.mp4", "busy", mark, seconds=18.0, size=SMALL)
    (found,) = find_marks(film.path, 18.0)
    box = found.box
    assert np.allclose((box.x, box.y, box.w, box.h), film.boxes[0], atol=0.02)
    assert found.spans == ((0.0, float("inf")),)  # also where it is drowned for a while


@pytest.mark.slow
def test_captions_that_follow_each_other_in_one_place_are_no_mark(tmp_path: Path) -> None:
    case = make_covered(tmp_path / "film.mp4", captioned_film("busy", seconds=15.0))
    assert find_marks(case.path, 15.0) == []
