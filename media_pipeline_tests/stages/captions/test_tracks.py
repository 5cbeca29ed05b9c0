"""Tracks frame by frame."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from media_pipeline.stages.captions.tracks import Presence, Track
from media_pipeline_tests.stages.captions.strips import TEXT, Luma, strip

STEP = 5


def colour(luma: Luma) -> Luma:
    return np.repeat(luma[TEXT.top : TEXT.bottom, TEXT.left : TEXT.right, None], 3, axis=2)


def follow(luma: Callable[[int], Luma], frames: int) -> tuple[Track, bool]:
    """A track of what the first frame shows, and whether it lives at the end."""
    track = Track(TEXT, 0, luma(0))
    track.take(0, luma(0), colour(luma(0)))
    for index in range(1, frames):
        strip_now = luma(index)
        if not track.advance(index, strip_now):
            return track, False
        if index % STEP == 0 and track.end == index:
            track.take(index, strip_now, colour(strip_now))
    return track, True


@pytest.mark.parametrize("speed", [0, 1, 4])
def test_a_text_is_followed_over_a_ground_that_moves(speed: int) -> None:
    track, lives = follow(lambda i: strip("他今天会来", shift=speed * i), 60)
    assert lives
    assert (track.start, track.end) == (0, 59)


@pytest.mark.parametrize("after", ["", "我明白你说", "没有！"])
def test_it_ends_with_its_last_frame(after: str) -> None:
    track, lives = follow(lambda i: strip("他今天会来" if i < 33 else after, shift=i), 60)
    assert not lives
    assert track.end == 32


def test_a_gap_of_one_frame_ends_it() -> None:
    track, lives = follow(lambda i: strip("" if i == 21 else "他今天会来"), 40)
    assert not lives
    assert track.end == 20


def test_a_faint_moment_does_not() -> None:
    def luma(index: int) -> Luma:
        return strip("他今天会来", contrast=0.4 if index in (21, 22, 23) else 1.0)

    track, lives = follow(luma, 40)
    assert lives
    assert track.end == 39


def test_a_fade_ends_it_at_half_its_contrast() -> None:
    track, _ = follow(
        lambda i: strip("他今天会来", contrast=float(np.clip(1 - (i - 30) / 10, 0, 1))), 60
    )
    assert track.end == pytest.approx(35, abs=1)


def test_characters_that_become_others_over_a_cut_ends_it() -> None:
    track, lives = follow(
        lambda i: strip("他今天会来" if i < 33 else "他昨夜会来", seed=1 if i < 33 else 2), 60
    )
    assert not lives
    assert track.end == 32


def test_presence_tells_shown_from_gone() -> None:
    track, _ = follow(lambda i: strip("他今天会来", shift=2 * i), 30)
    assert track.presence(strip("他今天会来", seed=5)) is Presence.SHOWN
    assert track.presence(strip(seed=5)) is Presence.GONE


def test_the_mean_picture_keeps_the_text_and_loses_the_ground() -> None:
    track, _ = follow(lambda i: strip("他今天会来", shift=7 * i), 60)
    track.commit()
    crops = track.crops()
    assert crops is not None
    ground = crops.mean[:, :3].astype(float)  # beside the text
    assert ground.std() < 0.5 * crops.single[:, :3].astype(float).std()
    assert crops.mean.max() > 240


def test_a_sample_after_the_end_does_not_count() -> None:
    luma = strip("他今天会来")
    track = Track(TEXT, 0, luma)
    track.take(0, luma, colour(luma))
    track.take(5, strip("我明白你说"), colour(strip("我明白你说")))
    track.end = 4
    track.commit()
    crops = track.crops()
    assert crops is not None
    assert np.array_equal(crops.mean, colour(luma))


def test_rows_under_each_other_do_not_stand_on_each_other() -> None:
    upper = Track(TEXT, 0, strip())
    lower = Track(type(TEXT)(150, 62, 290, 88), 0, strip())
    moved = Track(type(TEXT)(160, 42, 280, 70), 0, strip())
    assert not upper.stands_on(lower)
    assert upper.stands_on(moved)
