from __future__ import annotations

import cv2
import numpy as np
import pytest

from media_pipeline.media.faces import Face, FaceFinder, apart
from media_pipeline.media.geometry import Box
from media_pipeline_tests.generators.faces import LOOKS, FaceFilm, Look, make_faces
from media_pipeline_tests.generators.grounds import pictures


def _truth(film: FaceFilm, index: int = 0) -> Face:
    x, y, w, h = film.box(index)
    return Face(Box(x / film.size[0], y / film.size[1], w / film.size[0], h / film.size[1]))


def _grey(film: FaceFilm) -> np.ndarray:
    return cv2.cvtColor(make_faces(film).spotted[0], cv2.COLOR_BGR2GRAY)


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("width", [50, 130])
def test_faces_of_every_colour_are_found_where_they_are(look: Look, width: float) -> None:
    film = FaceFilm(look, seconds=0.05, width=width)
    found = FaceFinder().find(_grey(film))
    sure = [face for face in found if face.score >= 0.5]
    assert len(sure) == 1
    assert sure[0].overlap(_truth(film)) > 0.65


def test_a_large_picture_is_searched_as_a_small_one() -> None:
    film = FaceFilm(seconds=0.05, width=100)
    grey = _grey(film)
    large = cv2.resize(grey, None, fx=3, fy=3)
    (one,), (other,) = FaceFinder().find(grey), FaceFinder().find(large)
    assert one.overlap(other) > 0.85


@pytest.mark.slow
def test_grounds_without_faces_have_no_sure_ones() -> None:
    finder = FaceFinder()
    for ground in ("busy", "drift", "flat"):
        for _, picture in zip(range(3), pictures(ground, (640, 360), 2), strict=False):
            grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
            assert [f for f in finder.find(grey) if f.score >= 0.5] == []


@pytest.mark.parametrize("size", [(1, 1), (7, 300), (300, 5)])
def test_tiny_pictures_have_no_faces(size: tuple[int, int]) -> None:
    assert FaceFinder().find(np.full(size, 90, np.uint8)) == []


def test_of_faces_on_one_another_the_surest_is_kept() -> None:
    sure, unsure = Face(Box(0.2, 0.2, 0.2, 0.2), 0.9), Face(Box(0.21, 0.2, 0.2, 0.2), 0.6)
    profile = Face(Box(0.2, 0.22, 0.1, 0.1), 0.9, "profile")
    far = Face(Box(0.7, 0.2, 0.1, 0.1), 0.5)
    assert apart([unsure, profile, far, sure]) == [sure, far]
    assert sure.overlap(far) == 0.0
    assert sure.overlap(sure) == pytest.approx(1.0)


def test_eyes_count_while_they_are_open() -> None:
    film = FaceFilm(seconds=0.05, width=130)
    grey, finder = _grey(film), FaceFinder()
    (face,) = finder.find(grey)
    assert finder.open_eyes(grey, face) == 2
    closed = grey.copy()
    x, y, w, h = (round(v) for v in film.box(0))
    lids = closed[y + round(0.32 * h) : y + round(0.52 * h), x : x + w]
    lids[:] = cv2.GaussianBlur(lids, (0, 0), 9)
    assert finder.open_eyes(closed, face) == 0
    assert finder.open_eyes(grey, Face(Box(-0.4, 0.2, 0.1, 0.1))) == 0
