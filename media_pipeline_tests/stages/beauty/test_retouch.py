from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest

from media_pipeline.stages.beauty.retouch import Memory, Strength, around, retouch
from media_pipeline_tests.generators.face_scores import scores
from media_pipeline_tests.generators.faces import LOOKS, FaceFilm, Faces, Look, make_faces


def _ycc(picture: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(cv2.cvtColor(picture, cv2.COLOR_BGR2YCrCb)[..., [0, 2, 1]])


def _bgr(picture: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(np.ascontiguousarray(picture[..., [0, 2, 1]]), cv2.COLOR_YCrCb2BGR)


def _retouched(faces: Faces, strength: Strength, shake: float = 0.0) -> np.ndarray:
    """The film with its face retouched where it is known to be, or near that."""
    made = faces.spotted.copy()
    memory, rng = Memory(), np.random.default_rng(5)
    for index, picture in enumerate(made):
        x, y, side, _ = faces.film.box(index)
        place = (x + side / 2 + rng.normal(0, shake), y + side / 2 + rng.normal(0, shake), side)
        left, top, right, bottom = around(place, faces.film.size)
        part = picture[top:bottom, left:right]
        local = (place[0] - left, place[1] - top, side)
        result, different = retouch(_ycc(part), local, strength, memory)
        part[different] = _bgr(result)[different]
    return made


@pytest.mark.parametrize(("look", "width"), list(zip(LOOKS, (130, 100, 160, 200), strict=True)))
def test_spots_go_and_the_face_stays(look: Look, width: float) -> None:
    faces = make_faces(FaceFilm(look, width=width, seconds=0.3))
    found = scores(faces, _retouched(faces, Strength(0.2, 0.5, 0.2), shake=0.3))
    assert found["spots"] > 0.6
    assert found["features"] > 0.95
    assert found["background"] > 60
    assert 0.55 < found["texture"] < 0.8
    assert found["flicker"] < 0.9


@pytest.mark.slow
def test_more_strength_does_more() -> None:
    faces = make_faces(FaceFilm(seconds=0.1))
    steps = [_retouched(faces, Strength(0.0, s, 0.2)) for s in (0, 0.2, 0.5, 1.0)]
    assert (steps[0] == faces.spotted).all()
    spots = [scores(faces, made)["spots"] for made in steps]
    assert all(b > a + 0.1 for a, b in pairwise(spots))
    light = [
        _retouched(faces, Strength(w, 0.0, 0.2))[faces.skin].mean() for w in (0, 0.2, 0.6, 1.0)
    ]
    assert all(b > a + 2 for a, b in pairwise(light))
    pores = [
        scores(faces, _retouched(faces, Strength(0.0, 1.0, d)))["texture"] for d in (0, 0.5, 1.0)
    ]
    assert all(b > a + 0.1 for a, b in pairwise(pores))


def test_a_face_that_comes_is_changed_by_its_weight() -> None:
    faces = make_faces(FaceFilm(seconds=0.05))
    part = _ycc(faces.spotted[0])
    face = (*(faces.film.matrix(0) @ np.array([240.0, 330.0, 1.0])), 130.0)
    strength = Strength(0.5, 0.5, 0.2)
    none, different = retouch(part, face, strength, Memory(), weight=0.0)
    assert not different.any()
    np.testing.assert_array_equal(none, part)
    half, whole = (retouch(part, face, strength, Memory(), w)[0].astype(int) for w in (0.5, 1.0))
    change = np.abs(whole - part).mean()
    assert np.abs(half - part).mean() == pytest.approx(change / 2, rel=0.15)


@pytest.mark.parametrize("colour", [(128, 128), (140, 120), (110, 110)])
def test_what_has_not_the_colour_of_skin_is_left_alone(colour: tuple[int, int]) -> None:
    rng = np.random.default_rng(2)
    part = rng.integers(80, 140, (200, 180, 3), dtype=np.uint8)
    part[..., 1:] = colour
    made, different = retouch(part, (90.0, 100.0, 120.0), Strength(1, 1, 0), Memory())
    assert not different.any()
    np.testing.assert_array_equal(made, part)


def test_the_part_around_a_face_is_even_and_inside_the_picture() -> None:
    assert around((100.0, 100.0, 50.0), (640, 360)) == (64, 60, 136, 144)
    left, top, right, bottom = around((5.0, 355.0, 90.0), (641, 361))
    assert (left, right, bottom) == (0, 70, 360)
    assert top % 2 == 0
