"""Where one looks in single pictures and in few."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from media_pipeline.media.face_tracks import FollowedFace
from media_pipeline.media.geometry import Box
from media_pipeline.stages.portrait.cues import FACE_WIDTH, Look, Watcher
from media_pipeline_tests.generators.grounds import texture

Picture = NDArray[np.uint8]
SIZE = (FACE_WIDTH, FACE_WIDTH * 9 // 16)


def _wall(seed: int = 1) -> Picture:
    soft = texture(np.random.default_rng(seed), *SIZE, hard=False)
    return np.asarray(120 + 0.15 * (soft.astype(float) - 128), np.uint8)


def _with_thing(picture: Picture, middle: float) -> Picture:
    x = round(middle * SIZE[0])
    return cv2.rectangle(picture.copy(), (x - 25, 90), (x + 25, 250), (40, 60, 150), -1)


def _share(look: Look, left: float, right: float) -> float:
    count = len(look.columns)
    return float(look.columns[round(left * count) : round(right * count)].sum())


@pytest.mark.parametrize("middle", [0.2, 0.7])
def test_what_stands_out_is_seen_without_motion(middle: float) -> None:
    look = Watcher().look(_with_thing(_wall(), middle))
    assert look.columns.sum() == pytest.approx(1.0, abs=1e-3)
    assert _share(look, middle - 0.12, middle + 0.12) > 0.6


def test_black_bars_are_no_picture() -> None:
    picture = _with_thing(_wall(), 0.3)
    barred = picture.copy()
    barred[:34], barred[-34:] = 0, 0
    plain, seen = (_share(Watcher().look(p), 0.18, 0.42) for p in (picture, barred))
    assert seen > 0.8 * plain
    assert np.isfinite(Watcher().look(np.zeros_like(picture)).columns).all()


def test_captions_are_not_what_one_looks_for() -> None:
    picture = _wall()
    for x in range(300, 460, 12):
        cv2.rectangle(picture, (x, 235), (x + 6, 255), (255, 255, 255), -1)
    box = Box(0.6, 0.84, 0.38, 0.13)
    read, unread = Watcher().look(picture, (), [box]), Watcher().look(picture)
    assert _share(unread, 0.6, 0.98) > _share(read, 0.6, 0.98) + 0.2


def test_who_stopped_moving_is_remembered_until_the_cut() -> None:
    watcher, ground = Watcher(), texture(np.random.default_rng(3), *SIZE, hard=True)
    for middle in np.linspace(0.3, 0.4, 6):
        moving = watcher.look(_with_thing(ground, middle))
    for _ in range(8):
        resting = watcher.look(_with_thing(ground, 0.4))
    watcher.cut()
    watcher.look(_with_thing(ground, 0.4))
    new = watcher.look(_with_thing(ground, 0.4))
    assert _share(moving, 0.28, 0.5) > _share(new, 0.28, 0.5) + 0.1
    assert _share(resting, 0.28, 0.5) > _share(new, 0.28, 0.5) + 0.1


def test_a_face_draws_the_eye_more_where_it_has_the_colour_of_skin() -> None:
    face = FollowedFace(1, Box(0.65, 0.2, 0.1, 0.18), 1.0)
    pink, green = _wall(), _wall()
    place = (slice(50, 110), slice(312, 360))
    pink[place], green[place] = (110, 140, 190), (120, 190, 100)
    shares = [_share(Watcher().look(p, [face]), 0.6, 0.8) for p in (pink, green)]
    assert shares[0] > shares[1] + 0.1
    assert Watcher().look(pink, [face]).faces == ((0.65, 0.75),)
