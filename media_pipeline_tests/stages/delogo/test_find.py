"""Marks so faint that no single picture shows them plainly, and what must not be taken for one."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from media_pipeline.stages.delogo.find import _steady, find_marks
from media_pipeline_tests.generators.covered import captioned_film, make_covered
from media_pipeline_tests.generators.marked import Place, emblem, make_marked

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


def edges_of(letters: float, line: float) -> NDArray[np.float32]:
    """The slopes of a picture with the outline of a letter and a line, of those strengths."""
    picture = np.full((60, 100), 100, np.float32)
    cv2.rectangle(picture, (20, 15), (40, 45), 100 + letters, 2)
    cv2.rectangle(picture, (26, 21), (34, 39), 100 + letters, 2)
    cv2.line(picture, (60, 5), (90, 55), 100 + line, 3)
    slopes = [cv2.Sobel(picture, cv2.CV_32F, *way) / 4 for way in ((1, 0), (0, 1))]
    return np.dstack(slopes).astype(np.float32)


def test_letters_that_all_but_vanish_before_one_of_three_grounds_belong_to_a_mark() -> None:
    pictures = np.stack([edges_of(*one) for one in ((60, 0), (3, 50), (40, 50))])
    found = _steady(pictures, pictures.mean(axis=0))
    assert found[:, 15:45].sum() > 100
    assert not found[:, 55:].any(), "the line is gone before one ground"


def test_what_is_seen_before_one_ground_only_belongs_to_no_mark() -> None:
    pictures = np.stack([edges_of(*one) for one in ((60, 0), (0, 0), (0, 0))])
    assert not _steady(pictures, pictures.mean(axis=0)).any()


@pytest.mark.slow
def test_a_mark_is_found_whole_whose_letters_hardly_show_before_one_ground(
    tmp_path: Path,
) -> None:
    film = make_marked(tmp_path / "film.mp4", "flat", emblem("disc", 0.5),
                       places=[Place(0.7578, 0.0667)], seconds=5.0, seed=4)  # fmt: skip
    found = find_marks(film.path, 5.0)
    assert len(found) == 1
    box = found[0].box
    assert np.allclose([box.x, box.y, box.w, box.h], film.boxes[0], atol=0.02)
