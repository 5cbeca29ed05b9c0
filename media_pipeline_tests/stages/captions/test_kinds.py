"""Captions read off films of every kind, each held to a limit of its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from media_pipeline.stages.captions import extract_captions
from media_pipeline_tests.generators.caption_kinds import HD, KINDS, film_of
from media_pipeline_tests.generators.captions import make_clip
from media_pipeline_tests.scoring import score_cues

FRAME = 0.0401
HALF = (640, 360)
FAST = ("edits", "signs", "nothing")
FADES = 3 * FRAME
SMALL_TEXT = ("small", "disclaimer")
"""Kinds whose text is so small that a single character (嗯) is not detected."""


def read(kind: str, folder: Path, *, seconds: float, seed: int, pixels: str = "yuv420p") -> None:
    """Make a film of a kind, read it, and hold what was read to the limits."""
    film = film_of(kind, seed, seconds)
    if film.size == HD:  # half as large is as hard, and made in a quarter of the time
        film = replace(film, size=HALF)
    clip = make_clip(folder / f"{kind}.mp4", film, pixels=pixels)
    result = score_cues(clip.cues, extract_captions(clip.path).cues)
    print(kind, result)
    assert not result.spurious, result.spurious
    lost = [c for c in result.missed if kind not in SMALL_TEXT or len(c.text) > 1]
    assert not lost, lost
    assert len(result.wrong) <= max(1, 0.15 * len(clip.cues)), result.wrong
    assert result.cer <= 0.05, result.wrong  # two characters of a film of five captions
    assert result.boundary(95) <= (FADES if kind == "fades" else FRAME)


@pytest.mark.slow
@pytest.mark.parametrize("kind", FAST)
def test_a_short_film_of_a_kind(kind: str, tmp_path: Path) -> None:
    read(kind, tmp_path, seconds=8.0, seed=11)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in FAST])
def test_a_film_of_a_kind(kind: str, tmp_path: Path) -> None:
    read(kind, tmp_path, seconds=12.0, seed=11)


@pytest.mark.slow
def test_ten_bits_are_read_as_eight(tmp_path: Path) -> None:
    read("outline", tmp_path, seconds=5.0, seed=12, pixels="yuv420p10le")
