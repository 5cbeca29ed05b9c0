from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import pytest

from media_pipeline.media.face_tracks import FollowedFace, follow
from media_pipeline.media.faces import Face, FaceFinder
from media_pipeline.media.geometry import Box
from media_pipeline.media.points import moved
from media_pipeline_tests.generators.faces import FaceFilm, make_faces
from media_pipeline_tests.generators.grounds import texture

RATE = 24


def _followed(pictures: Sequence[np.ndarray]) -> list[list[FollowedFace]]:
    def see(index: int) -> tuple[float, np.ndarray]:
        return index / RATE, cv2.cvtColor(pictures[index], cv2.COLOR_BGR2GRAY)

    found = list(follow(range(len(pictures)), see))
    assert [index for index, _ in found] == list(range(len(pictures)))
    return [faces for _, faces in found]


def _overlap(film: FaceFilm, index: int, face: FollowedFace) -> float:
    x, y, w, h = film.box(index)
    box = Box(x / film.size[0], y / film.size[1], w / film.size[0], h / film.size[1])
    return Face(box).overlap(Face(face.box))


@pytest.mark.slow
@pytest.mark.parametrize(("width", "moves"), [(130.0, 0.06), (56.0, 0.12)])
def test_a_moving_face_keeps_its_number_and_its_place(width: float, moves: float) -> None:
    film = FaceFilm(width=width, moves=moves, seconds=1.6)
    found = _followed(make_faces(film).spotted)
    assert {tuple(f.number for f in faces) for faces in found} == {(1,)}
    assert min(_overlap(film, i, f[0]) for i, f in enumerate(found)) > 0.7
    assert {f[0].weight for f in found} == {1.0}


@pytest.mark.slow
def test_the_place_of_a_face_does_not_shake() -> None:
    film = FaceFilm(width=90, moves=0.0, seconds=1.6)
    found = _followed(make_faces(film).spotted)
    places = np.array([(f[0].box.x * 640, f[0].box.w * 640) for f in found])
    assert np.abs(np.diff(places, axis=0)).max() < 1.0


@pytest.mark.slow
def test_a_face_that_comes_within_a_shot_is_there_from_its_first_picture_on() -> None:
    # the face takes up too little of the picture for its coming to be a cut
    film = FaceFilm(width=56, appears=0.9, seconds=1.6, moves=0.02)
    found = _followed(make_faces(film).spotted)
    first = round(0.9 * RATE)
    assert not any(found[:first])
    assert all(len(faces) == 1 for faces in found[first:])
    weights = [faces[0].weight for faces in found[first:]]
    assert weights[0] < 0.3
    assert weights[-1] == 1.0
    assert max(np.diff(weights)) < 0.25


@pytest.mark.slow
def test_faces_end_and_begin_at_cuts() -> None:
    left = make_faces(FaceFilm(seconds=0.7, ground="still", moves=0.0)).spotted
    dark = np.full_like(left[:12], 12)
    found = _followed(np.concatenate([left, dark, left]))
    count = len(left)
    assert all(len(f) == 1 and f[0].weight == 1.0 for f in found[:count] + found[count + 12 :])
    assert not any(found[count : count + 12])
    assert found[0][0].number != found[-1][0].number


def test_one_picture_is_enough() -> None:
    assert len(_followed(make_faces(FaceFilm(seconds=0.05)).spotted)[0]) == 1


def test_no_pictures_have_no_faces() -> None:
    assert list(follow([], lambda item: item)) == []


class _Wrong(FaceFinder):
    """Takes something for a face once."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def find(self, grey: np.ndarray, cascades: object = ()) -> list[Face]:
        self.asked += 1
        return [Face(Box(0.3, 0.3, 0.2, 0.3), 0.9)] if self.asked == 2 else []


def test_what_was_taken_for_a_face_once_is_none() -> None:
    rng = np.random.default_rng(3)
    still = cv2.cvtColor(texture(rng, 480, 270, hard=True), cv2.COLOR_BGR2GRAY)
    finder = _Wrong()
    found = list(follow(range(48), lambda i: (i / RATE, still), finder))
    assert finder.asked > 4
    assert not any(faces for _, faces in found)


def test_a_patch_is_followed_to_where_it_has_moved_and_grown() -> None:
    one = cv2.cvtColor(texture(np.random.default_rng(3), 320, 180, hard=True), cv2.COLOR_BGR2GRAY)
    by = np.array([[1.03, 0, -2.0], [0, 1.03, 3.0]])
    other = cv2.warpAffine(one, by, (320, 180))
    found = moved(one, other, np.array([160.0, 90.0, 60.0]))
    assert found is not None
    np.testing.assert_allclose(found, [162.8, 95.7, 61.8], atol=0.6)


def test_a_patch_without_anything_in_it_cannot_be_followed() -> None:
    plain = np.full((180, 320), 80, np.uint8)
    assert moved(plain, plain, np.array([160.0, 90.0, 60.0])) is None
    assert moved(plain, plain, np.array([-300.0, 90.0, 60.0])) is None
