"""Tags on films that hold what they name, and its like: what is tagged is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.tags import judge
from media_pipeline_tests.generators.contest import drawn_footage
from media_pipeline_tests.generators.tagged import PICTURES, SOUNDS, make_tagged


@pytest.mark.slow
def test_four_of_five_tags_given_are_right(tmp_path: Path) -> None:
    footage = drawn_footage(shots=4, frames=200)
    films = [make_tagged(seed, footage) for seed in (11, 12, 13)]
    drawn = {kind for film in films for part in film.parts for kind in (part.sound, part.picture)}
    assert drawn == {*SOUNDS, *PICTURES}
    for tag, count in judge(films, tmp_path).items():
        assert count.precision >= 0.8, (tag, count)
        assert count.recall >= (0.3 if tag == "Shout" else 0.8), (tag, count)
