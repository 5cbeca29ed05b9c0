"""Edits of a few characters."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from media_pipeline.stages.captions.edits import EditWatch
from media_pipeline_tests.stages.captions.strips import HEIGHT, TEXT, WIDTH, Luma, strip

FRAMES = 40
CHANGE = 20


def find(luma: Callable[[int], Luma]) -> int | None:
    """What a watch finds that is asked every five frames."""
    strips = [luma(i) for i in range(FRAMES)]
    watch = EditWatch(TEXT, WIDTH, HEIGHT, 0)
    for last in range(4, FRAMES, 5):
        found = watch.find(0, last, lambda i: strips[i])
        if found is not None:
            return found
    return None


@pytest.mark.parametrize(
    ("before", "after"),
    [("他今天会来", "他明天会来"), ("大人时代变", "太人时代变"), ("一二三四五", "一三三四五")],
)
@pytest.mark.parametrize("speed", [0, 1])
def test_an_edit_is_found_in_its_frame(before: str, after: str, speed: int) -> None:
    slow = {i: i // 8 * speed for i in range(FRAMES)}
    assert find(lambda i: strip(before if i < CHANGE else after, shift=slow[i])) == CHANGE


def test_a_text_that_stays_is_none() -> None:
    for speed in (0, 1, 3):
        assert find(lambda i, speed=speed: strip("他今天会来", shift=speed * i)) is None


def test_a_cut_behind_the_text_is_none() -> None:
    assert find(lambda i: strip("他今天会来", seed=1 if i < CHANGE else 2)) is None


def test_a_flash_is_none() -> None:
    assert find(lambda i: strip("他今天会来", contrast=0.3 if i == CHANGE else 1.0)) is None
