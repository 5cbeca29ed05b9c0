"""Captions of real films, held against truth made by hand; where the films are at hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from media_pipeline.stages.captions import Params, extract_captions
from media_pipeline.stages.captions.files import in_language
from media_pipeline.text.formats import read_cues
from media_pipeline_tests.scoring import score_cues

FOLDER = Path(__file__).parents[4] / "shared" / "media" / "captions"
FILMS = sorted(FOLDER.glob("*.mp4"))
WITHOUT = sorted(path for path in FOLDER.with_name("video").glob("*") if path.suffix != ".md")
BOTTOM = Params(roi=[[0.75, 1.0], [0.0, 1.0]])

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not FILMS, reason="the real films are not beside this repository"),
]


@pytest.mark.parametrize("film", FILMS, ids=lambda path: path.stem)
def test_real_captions(film: Path) -> None:
    found = extract_captions(film)
    result = score_cues(read_cues(film.with_suffix(".srt")), found.cues)
    print(film.stem, result, found.counts)
    assert result.f1 == 1.0, str(result)
    assert result.cer < 0.02, result.wrong
    assert result.boundary(95) < 0.05
    assert result.boundary(100) < 0.2
    assert found.counts.recognised < 0.2 * found.counts.sampled


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    "film", [f for f in FILMS if f.with_suffix(".zh.srt").exists()], ids=lambda path: path.stem
)
def test_bilingual_captions_are_told_apart(film: Path, language: str) -> None:
    found = in_language(extract_captions(film).cues, language)
    result = score_cues(read_cues(film.with_suffix(f".{language}.srt")), found)
    assert result.f1 == 1.0, str(result)
    assert result.cer < 0.03, result.wrong


@pytest.mark.parametrize("film", WITHOUT, ids=lambda path: path.stem)
def test_films_without_captions_have_none(film: Path) -> None:
    assert extract_captions(film, BOTTOM).cues == []
