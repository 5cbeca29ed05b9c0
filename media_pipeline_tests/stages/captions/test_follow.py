"""Following rows through a film, with a detector that knows where the text is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from media_pipeline.ocr.base import Picture, TextBox
from media_pipeline.stages.captions.follow import Follower, Sample
from media_pipeline.stages.captions.tracks import Track
from media_pipeline_tests.stages.captions.strips import HEIGHT, TEXT, WIDTH, Luma, strip

RATE = 25
STEP = 5
BOX = TextBox(TEXT.left, TEXT.top, TEXT.right, TEXT.bottom)
Shown = Callable[[int], list[TextBox]]


def run(luma: Callable[[int], Luma], boxes: Shown, frames: int) -> tuple[list[Track], Follower]:
    now = 0

    def detect(picture: Picture) -> list[TextBox]:
        assert picture.shape == (HEIGHT, WIDTH, 3)
        return boxes(now)

    follower = Follower(detect)
    ended: list[Track] = []
    for now in range(frames):
        picture = luma(now)
        follower.frame(now / RATE, picture)
        if now % STEP == 0:
            colour = np.repeat(picture[:, :, None], 3, axis=2)
            sample = Sample(colour, lambda b, c=colour: c[b.top : b.bottom, b.left : b.right])
            ended += follower.sample(sample)
    return ended + follower.finish(), follower


@pytest.mark.parametrize("speed", [0, 2])
@pytest.mark.parametrize(("start", "end"), [(11, 48), (13, 26), (10, 20), (0, 60), (58, 80)])
def test_boundaries_are_exact_whenever_the_samples_are(start: int, end: int, speed: int) -> None:
    def shows(index: int) -> bool:
        return start <= index < end

    tracks, _ = run(
        lambda i: strip("他今天会来" if shows(i) else "", shift=speed * i),
        lambda i: [BOX] if shows(i) else [],
        80,
    )
    assert [(t.start, t.end) for t in tracks] == [(start, end - 1)]


def test_captions_without_a_pause_meet_in_their_frame() -> None:
    texts = ["他今天会来", "我明白你说", "他明白会来"]
    cuts = [0, 23, 41, 70]

    def text(index: int) -> str:
        return texts[sum(index >= cut for cut in cuts[1:])]

    tracks, _ = run(lambda i: strip(text(i), shift=i), lambda i: [BOX], 70)
    assert [(t.start, t.end) for t in tracks] == [(0, 22), (23, 40), (41, 69)]


def test_a_late_detection_still_finds_the_first_frame() -> None:
    tracks, _ = run(
        lambda i: strip("他今天会来" if i >= 12 else "", shift=i),
        lambda i: [BOX] if i >= 40 else [],
        70,
    )
    assert [(t.start, t.end) for t in tracks] == [(12, 69)]


def test_the_detector_rests_while_nothing_changes() -> None:
    _, follower = run(lambda i: strip("他今天会来"), lambda i: [BOX], 150)
    assert follower.detected <= 150 / RATE + 1


def test_a_row_that_was_seen_in_part_becomes_whole() -> None:
    half = TextBox(TEXT.left, TEXT.top, TEXT.left + 60, TEXT.bottom)
    tracks, _ = run(
        lambda i: strip("他今天会来" if i >= 10 else ""),
        lambda i: [] if i < 10 else [half] if i < 15 else [BOX],
        70,
    )
    assert [(t.start, t.end, t.text.right) for t in tracks] == [(10, 69, TEXT.right)]


def test_what_goes_out_of_the_strip_on_both_sides_is_no_row() -> None:
    tall = TextBox(100, 0, 180, HEIGHT)
    tracks, _ = run(lambda i: strip("他今天会来"), lambda i: [BOX, tall], 30)
    assert [t.text.right for t in tracks] == [TEXT.right]
