from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from media_pipeline.dagster.checks import _rules, check_results, check_specs
from media_pipeline.profiles import default_stages
from media_pipeline.stages.base import TableOutput
from media_pipeline.stages.tables import FRAMES, SHOTS, check_table
from media_pipeline.store import StoredArtifact
from media_pipeline_tests.dagster.conftest import Workshop
from media_pipeline_tests.generators.stages import STAGES, write_tone


def artifact_of(workshop: Workshop, asset: str) -> StoredArtifact:
    key = workshop.add()
    assert workshop.run(key, params={"ocr_cues": {"count": 3}}).success
    artifact = workshop.runner.store.current(asset, key)
    assert artifact is not None
    return artifact


def failed(artifact: StoredArtifact, duration: float | None = 2.0) -> set[str]:
    results = list(check_results(STAGES[artifact.asset], artifact, duration))
    assert {result.check_name for result in results} == {
        spec.name for spec in check_specs(STAGES[artifact.asset])
    }
    for result in results:
        if not result.passed:
            assert result.severity == dg.AssetCheckSeverity.ERROR
            assert result.description
    return {str(result.check_name) for result in results if not result.passed}


def rewritten(artifact: StoredArtifact, **columns: list[object]) -> StoredArtifact:
    """The artifact with other columns in its table's file."""
    path = artifact.path("words.parquet")
    table = pq.read_table(path)
    data = {name: columns.get(name, table[name]) for name in table.schema.names}
    pq.write_table(pa.table(data, schema=table.schema), path)
    return artifact


def test_checks_follow_from_what_a_stage_declares() -> None:
    names = {name: [spec.name for spec in check_specs(stage)] for name, stage in STAGES.items()}
    assert names["source"] == ["has_result"]
    tables = ["has_result", "rows", "monotone_times", "text_not_empty"]
    assert names["ocr_cues"] == tables
    assert names["words"] == [
        "has_result",
        "rows",
        "monotone_times",
        "no_overlaps",
        "text_not_empty",
    ]
    assert names["clip"] == ["has_result", "media_duration"]
    plain = replace(STAGES["words"], outputs=(TableOutput("frames", FRAMES),))
    assert [spec.name for spec in check_specs(plain)] == ["has_result", "rows"]
    both = replace(plain, outputs=(*plain.outputs, TableOutput("shots", SHOTS)))
    assert "no_overlaps" in [spec.name for spec in check_specs(both)]


def test_a_violation_keeps_what_follows_from_being_made() -> None:
    blocking = {spec.name: spec.blocking for spec in check_specs(STAGES["words"])}
    assert blocking.pop("has_result") is False
    assert all(blocking.values())


@pytest.mark.slow
def test_a_good_artifact_passes(workshop: Workshop) -> None:
    for name in STAGES:
        artifact = artifact_of(workshop, name)
        assert failed(artifact) == set()
        assert failed(artifact, None) == set()


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"start": [0.4, 0.2, 0.0], "end": [0.5, 0.3, 0.1]}, {"monotone_times", "no_overlaps"}),
        ({"end": [0.1, 0.2, 0.5]}, {"monotone_times"}),
        ({"end": [0.1, 0.45, 0.5]}, {"no_overlaps"}),
        ({"end": [0.1, 0.3, 99.0]}, {"monotone_times"}),
        ({"start": [0.0, 0.2, float("nan")]}, {"monotone_times"}),
        ({"text": ["a", " \n", "c"]}, {"text_not_empty"}),
    ],
)
def test_a_table_that_breaks_a_rule_fails_its_check(
    workshop: Workshop, columns: dict[str, list[object]], expected: set[str]
) -> None:
    assert failed(rewritten(artifact_of(workshop, "words"), **columns)) == expected


def test_a_table_that_lost_rows_fails(workshop: Workshop) -> None:
    artifact = artifact_of(workshop, "words")
    path = artifact.path("words.parquet")
    pq.write_table(pq.read_table(path).slice(0, 2), path)
    assert failed(artifact) == {"rows"}


def test_a_table_of_another_schema_fails_every_check_that_reads_it(workshop: Workshop) -> None:
    artifact = artifact_of(workshop, "words")
    path = artifact.path("words.parquet")
    pq.write_table(pq.read_table(path).drop_columns(["text"]), path)
    assert failed(artifact) == {"rows", "monotone_times", "no_overlaps", "text_not_empty"}


@pytest.mark.parametrize("content", [b"", b"PAR1 but no table"])
def test_a_table_that_cannot_be_read_fails_and_does_not_raise(
    workshop: Workshop, content: bytes
) -> None:
    artifact = artifact_of(workshop, "words")
    artifact.path("words.parquet").write_bytes(content)
    assert "rows" in failed(artifact)


def test_a_file_that_lasts_too_long_fails(workshop: Workshop) -> None:
    artifact = artifact_of(workshop, "clip")
    write_tone(artifact.path("clip.wav"), 0.8)
    assert failed(artifact) == {"media_duration"}


def test_a_file_that_is_no_media_fails(workshop: Workshop) -> None:
    artifact = artifact_of(workshop, "clip")
    artifact.path("clip.wav").write_bytes(b"noise" * 100)
    assert failed(artifact) == {"media_duration"}


@pytest.mark.slow
def test_a_run_finds_a_table_that_was_damaged_in_the_lake(workshop: Workshop) -> None:
    key = workshop.add()
    workshop.run(key)
    artifact = workshop.runner.store.current("captions", key)
    assert artifact is not None
    damage(artifact.path("captions.parquet"))
    result = workshop.run(key)
    assert not result.success
    wrong = {
        (check.asset_key.to_user_string(), check.check_name)
        for check in result.get_asset_check_evaluations()
        if not check.passed
    }
    assert ("captions", "rows") in wrong
    assert {asset for asset, _ in wrong} == {"captions"}
    made = {event.asset_key for event in result.get_asset_materialization_events()}
    assert dg.AssetKey("words") not in made


def damage(path: Path) -> None:
    """Overwrite a file with as many other bytes, which the lake does not notice by itself."""
    path.write_bytes(b"x" * path.stat().st_size)


def test_the_rules_that_are_listed_are_those_that_tables_are_held_against() -> None:
    tables = [output for stage in default_stages().values() for output in stage.tables]
    assert tables
    for output in tables:
        for duration in (None, 1.0):
            found = [one.rule for one in check_table(output.spec.empty(), output.spec, duration)]
            listed = [rule for rule in _rules(output, duration) if rule != "within"]
            assert listed == found, output.name


@pytest.mark.slow
def test_the_definitions_load_without_what_no_definition_needs() -> None:
    code = "import sys, media_pipeline.definitions; print('pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]
