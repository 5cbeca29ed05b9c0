"""Data frames of the lake's current tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from media_pipeline.errors import InvalidParameter
from media_pipeline.report.tables import facts, items, load
from media_pipeline.stages import tables
from media_pipeline_tests.generators.lakes import CUES, DURATION, HIGHLIGHTS, make_film


def test_rows_of_all_films_with_their_key(tmp_path: Path) -> None:
    one = make_film(tmp_path / "lake", "one.mp4", clip=False)
    two = make_film(tmp_path / "lake", "two.mp4", clip=False)
    frame = load("captions", tmp_path / "lake")
    assert list(frame.columns) == ["media_key", *tables.CAPTIONS.schema.names]
    assert sorted(frame["media_key"].unique()) == sorted([one.key, two.key])
    assert frame[frame["media_key"] == one.key]["text"].tolist() == [cue.text for cue in CUES]
    assert frame["start"].dtype == "float64"
    listed = items(tmp_path / "lake")
    assert listed.set_index("media_key")["duration"].to_dict() == {
        one.key: DURATION,
        two.key: DURATION,
    }


def test_a_table_is_chosen_by_name_and_maps_become_dicts(tmp_path: Path) -> None:
    make_film(tmp_path / "lake", clip=False)
    assert len(load("highlight_candidates", tmp_path / "lake", "scores.parquet")) == 240
    frame = load("highlight_candidates", str(tmp_path / "lake"), "highlights")
    assert frame["start"].tolist() == [h[0] for h in HIGHLIGHTS]
    assert frame["signals"][0] == {"loudness": 1.5, "motion": 0.25}


def test_what_manifests_tell(tmp_path: Path) -> None:
    film = make_film(tmp_path / "lake", clip=False)
    assert facts("language", tmp_path / "lake") == {film.key: {"language": "en", "why": "captions"}}
    assert facts("beats", tmp_path / "lake") == {}
    with pytest.raises(InvalidParameter, match="no asset nope"):
        facts("nope", tmp_path / "lake")


def test_the_settings_name_the_lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_film(tmp_path / "lake", clip=False)
    monkeypatch.setenv("MEDIA_PIPELINE_LAKE", str(tmp_path / "lake"))
    assert len(load("words")) == 5


def test_an_empty_lake_has_columns_and_no_rows(tmp_path: Path) -> None:
    frame = load("words", tmp_path / "lake")
    assert list(frame.columns) == ["media_key", *tables.WORDS.schema.names]
    assert len(frame) == 0
    assert len(items(tmp_path / "lake")) == 0


@pytest.mark.parametrize(
    ("asset", "table", "word"),
    [
        ("nope", None, "captions"),
        ("captions", "nope", "captions.parquet"),
        ("audio", None, "tables"),
    ],
)
def test_what_there_is_not_is_refused(
    tmp_path: Path, asset: str, table: str | None, word: str
) -> None:
    with pytest.raises(InvalidParameter, match=word):
        load(asset, tmp_path / "lake", table)
