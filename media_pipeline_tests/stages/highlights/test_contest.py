"""The benchmark's films in small: what is planted is found, and what only seems so is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.highlights import CLIP_S, Ours, Tally, loudest
from media_pipeline_tests.generators.contest import drawn_footage, make_contest


@pytest.mark.slow
@pytest.mark.parametrize("seed", [300, 301])
def test_quiet_highlights_are_found_beside_loud_ones_and_distractors_are_not(
    tmp_path: Path, seed: int
) -> None:
    ours, theirs = Tally(), Tally()
    pipeline, footage = Ours(tmp_path), drawn_footage(shots=4, frames=200)
    for compressed in (False, True):
        contest = make_contest(seed, footage, duration=120, clip=CLIP_S, compressed=compressed)
        ours.add(contest, pipeline.find(contest, "candidates", text=True))
        theirs.add(contest, loudest(contest))
    near, half, distractors, edges = ours.row()
    assert near >= 0.85
    assert half >= 0.75
    assert distractors <= 0.13
    assert edges == 0
    assert theirs.row()[0] <= 0.6, "the loudest windows find the loud ones at most"
    assert theirs.row()[2] >= 0.4, "and take the distractors for highlights"
