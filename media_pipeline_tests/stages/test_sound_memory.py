"""The functions on sound need no more memory for long sound than for short."""

from __future__ import annotations

import tracemalloc
from collections import deque
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pytest

from media_pipeline.media.audio import Samples
from media_pipeline.stages.audio_quality import assess
from media_pipeline.stages.denoise import Plan, denoise
from media_pipeline.stages.mixing.mix import beside, mixed, to_target

RATE = 8000


def sound(seconds: int) -> Iterator[Samples]:
    """Bursts of noise in blocks of ten seconds."""
    rng = np.random.default_rng(0)
    for _ in range(seconds // 10):
        bursts = np.arange(10 * RATE) % RATE < RATE // 2
        yield (0.1 * bursts * rng.standard_normal(10 * RATE)).astype(np.float32)[:, np.newaxis]


def judged(seconds: int) -> Iterable[object]:
    return assess(sound(seconds), RATE, [(0.0, float(seconds))])


def cleaned(seconds: int) -> Iterable[object]:
    return denoise(sound(seconds), RATE, Plan(5.0, 0.5, 0.0))


def under_music(seconds: int) -> Iterable[object]:
    def pairs() -> Iterator[Samples]:
        return beside(lambda: sound(seconds), lambda: sound(30), RATE, second_gain_db=-6.0)

    found = to_target(pairs, RATE, -14.0, -1.5)
    return mixed(pairs(), RATE, found.gain_db, -1.5)


def peak(work: Callable[[int], Iterable[object]], seconds: int) -> int:
    """Bytes allocated at once, at most."""
    tracemalloc.start()
    try:
        deque(work(seconds), maxlen=0)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("work", "seconds"), [(judged, (120, 360)), (cleaned, (60, 120)), (under_music, (60, 180))]
)
def test_two_hours_need_little_more_than_minutes(
    work: Callable[[int], Iterable[object]], seconds: tuple[int, int]
) -> None:
    work(10)  # what is imported and kept once
    short, long = (peak(work, length) for length in seconds)
    a_second = (long - short) / (seconds[1] - seconds[0])
    assert long + a_second * 7200 < 800e6
