from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from media_pipeline.asr.stretches import exclusive, grouped, window
from media_pipeline.text.cues import Cue


@given(st.lists(st.tuples(st.floats(0, 50), st.floats(0.1, 20)), max_size=12))
def test_stretches_do_not_overlap(spans: list[tuple[float, float]]) -> None:
    cues = [Cue(a, a + length, "x") for a, length in sorted(spans)]
    found = exclusive(cues, 40.0)
    assert len(found) == len(cues)
    assert all(a <= b for a, b in found)
    assert all(a[1] <= b[0] + 1e-9 for a, b in pairwise(found))
    assert all(b <= 40 for _, b in found if b)


def test_neighbours_are_looked_for_together_within_a_window() -> None:
    stretches = [(0.0, 3.0), (3.1, 6.0), (9.0, 12.0), (12.5, 30.0), (30.1, 45.0)]
    assert grouped([0, 1, 2, 3, 4], stretches) == [[0, 1], [2, 3], [4]]
    assert grouped([0, 2], stretches) == [[0], [2]]
    assert grouped([], []) == []


def test_a_window_looks_around_but_not_far_into_neighbours() -> None:
    stretches = [(1.0, 3.0), (3.1, 6.0), (9.0, 12.0)]
    low, high = window([1], stretches, 20.0)
    assert 2.7 <= low <= 3.0
    assert 6.4 <= high <= 6.7
    assert window([0], stretches, 20.0)[0] >= 0
