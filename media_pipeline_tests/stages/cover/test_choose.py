"""Covers of films of which it is known which pictures are good."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from media_pipeline.media.decode import frame_at
from media_pipeline.stages.cover import choose_covers
from media_pipeline.stages.cover.captioned import as_read
from media_pipeline.stages.cover.loop import MOST_BYTES, choose_loop, write_gif
from media_pipeline.stages.cover.score import WIDTH
from media_pipeline.stages.frames import analyse
from media_pipeline.text.cues import Cue
from media_pipeline_tests.generators.spoiled import make_spoiled
from media_pipeline_tests.generators.video import write_video


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "ground"), [(0, "busy"), (3, "busy"), (12, "drift")])
def test_the_best_is_good_and_the_loop_is_small(tmp_path: Path, seed: int, ground: str) -> None:
    film = make_spoiled(tmp_path / "film.mp4", seed, ground)
    frames = analyse(film.path, thumbs=tmp_path).frames
    covers = choose_covers(frames, lambda t: frame_at(film.path, t, width=WIDTH), 2)
    assert [bool(film.good[round(c.time * 25)]) for c in covers] == [True, True]
    assert covers[0].score > covers[1].score > 3
    assert (covers[0].signature ^ covers[1].signature).bit_count() > 8
    assert {c.time for c in covers} <= set(frames["time"].to_pylist())
    start, end = choose_loop(frames, lambda t: frame_at(film.path, t, width=WIDTH))
    inside = film.good[round(start * 25) : round(end * 25)]
    assert inside.all(), "the whole loop is good"
    write_gif(film.path, start, end, tmp_path / "cover.gif")
    assert (tmp_path / "cover.gif").read_bytes()[:4] == b"GIF8"
    assert (tmp_path / "cover.gif").stat().st_size < MOST_BYTES


@pytest.mark.slow
def test_a_captioned_moment_is_taken_only_if_need_be(tmp_path: Path) -> None:
    film = make_spoiled(tmp_path / "film.mp4", 3)
    frames = analyse(film.path, thumbs=tmp_path).frames

    def look(time: float) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        return frame_at(film.path, time, width=WIDTH)

    best = choose_covers(frames, look, 1)[0]
    other = choose_covers(
        frames, look, 1, captioned=as_read([Cue(best.time - 0.1, best.time + 0.1, "")])
    )[0]
    assert other.time != best.time
    anyway = choose_covers(frames, look, 1, captioned=as_read([Cue(0, 99, "")]))[0]
    assert anyway.time == best.time
    assert anyway.score < best.score


@pytest.mark.parametrize("count", [1, 3])
def test_a_film_of_hardly_any_pictures_has_a_cover(tmp_path: Path, count: int) -> None:
    picture = np.full((90, 160, 3), (30, 120, 200), np.uint8)
    write_video(tmp_path / "film.mp4", [picture] * count)
    frames = analyse(tmp_path / "film.mp4", thumbs=tmp_path).frames
    covers = choose_covers(frames, lambda t: frame_at(tmp_path / "film.mp4", t, width=WIDTH), 3)
    assert len(covers) == 1
    assert covers[0].score < 3
