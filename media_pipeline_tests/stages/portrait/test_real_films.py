"""Real films in which people have looked for the subject; where the films are at hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from media_pipeline.media.geometry import Box
from media_pipeline.media.probe import probe
from media_pipeline.stages.portrait import plan_course, window_share
from media_pipeline.text.cues import Cue

FOLDER = Path(__file__).parents[4] / "shared" / "media" / "captions"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not FOLDER.exists(), reason="the real films are not beside this repository"),
]


def test_people_who_stand_in_the_dark_are_held_and_wide_captions_are_laid() -> None:
    """Two shots of a man in a dark coat before bright walls, who walks and then stands; and one of
    a girl. His face is too dark, and too far from the front, for the cascades.
    """
    film = FOLDER / "bilingual_zh_en_bar.mp4"
    wide = Cue(0.25, 4.62, "两行\ntwo rows", box=Box(0.167, 0.879, 0.65, 0.118))
    share = window_share(probe(film), film.name, 9 / 16)
    course = plan_course(film, [0.0, 4.416, 7.416, 10.541], share, [wide])
    heads = {2.0: (0.38, 0.46), 3.5: (0.38, 0.46), 5.0: (0.5, 0.59), 6.5: (0.5, 0.59)}
    heads |= {8.5: (0.38, 0.46), 9.5: (0.38, 0.46), 10.2: (0.38, 0.46)}
    for time, (left, right) in heads.items():
        middle = course.at(time)
        assert middle is not None
        assert middle - share / 2 < left, time
        assert right < middle + share / 2, time
    (band,) = course.bands
    assert band.start <= 0.25
    assert band.end >= 4.62
    assert band.box.w * band.scale <= share + 1e-9
