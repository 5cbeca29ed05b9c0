from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from media_pipeline.errors import InvalidArtifact
from media_pipeline.stages.base import FileOutput, MediaOutput, Stage, TableOutput
from media_pipeline.stages.tables import SPEECH_CUES
from media_pipeline.store.validate import validate
from media_pipeline_tests.generators.stages import SOURCE, write_tone

STAGE: Stage = replace(
    SOURCE,
    name="toy",
    outputs=(
        TableOutput("words", SPEECH_CUES),
        MediaOutput("*.wav"),
        FileOutput("*.json"),
        FileOutput("*.srt", may_be_empty=True),
    ),
)


def table(rows: list[tuple[float, float, str]], folder: Path) -> None:
    columns = list(zip(*rows, strict=True)) or [[], [], []]
    data = dict(zip(("start", "end", "text"), map(list, columns), strict=True))
    pq.write_table(pa.table(data, schema=SPEECH_CUES.schema), folder / "words.parquet")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    table([(0.0, 1.0, "a"), (1.0, 2.0, "b")], folder)
    return folder


def test_declared_outputs_pass(folder: Path) -> None:
    write_tone(folder / "a.wav", 1.0)
    (folder / "x.json").write_text("{}")
    (folder / "x.srt").touch()
    validate(STAGE, folder, {"durations": {"a.wav": 1.0}}, 2.0)


@pytest.mark.parametrize(
    ("rows", "rule"),
    [
        ([(1.0, 2.0, "a"), (0.0, 1.0, "b")], "monotone_times"),
        ([(0.0, 2.0, "a"), (1.0, 3.0, "b")], "no_overlaps"),
        ([(0.0, 0.0, "a")], "positive_intervals"),
        ([(0.0, float("nan"), "a")], "positive_intervals"),
        ([(0.0, 1.0, "  ")], "text_not_empty"),
        ([(0.0, 9.0, "a")], "inside_the_media"),
    ],
)
def test_rules_of_tables(folder: Path, rows: list[tuple[float, float, str]], rule: str) -> None:
    table(rows, folder)
    with pytest.raises(InvalidArtifact) as caught:
        validate(STAGE, folder, {}, 2.0)
    assert str(caught.value).startswith(f"toy: words.parquet: {rule}")


def test_parts_lie_inside_what_they_belong_to(folder: Path) -> None:
    parts = pa.schema([*SPEECH_CUES.schema, pa.field("cue", pa.int32(), nullable=False)])
    spec = replace(SPEECH_CUES, name="parts", schema=parts)
    stage = replace(
        STAGE, outputs=(*STAGE.outputs, TableOutput("parts", spec, within="words.parquet"))
    )
    for rows, wrong in (
        ([(0.2, 0.8, "a", 0), (1.0, 2.0, "b", 1)], ""),
        ([(0.2, 0.8, "a", 1)], "within: 1 rows"),
        ([(0.2, 1.4, "a", 0)], "within: 1 rows"),
        ([(0.2, 0.8, "a", 2)], "within: 1 rows"),
    ):
        data = dict(zip(parts.names, map(list, zip(*rows, strict=True)), strict=True))
        pq.write_table(pa.table(data, schema=parts), folder / "parts.parquet")
        if wrong:
            with pytest.raises(InvalidArtifact, match=wrong):
                validate(stage, folder, {})
        else:
            validate(stage, folder, {})


def test_another_schema_is_refused(folder: Path) -> None:
    pq.write_table(pa.table({"start": [1]}), folder / "words.parquet")
    with pytest.raises(InvalidArtifact, match=r"words\.parquet: schema"):
        validate(STAGE, folder, {})


def test_what_is_no_parquet_is_refused(folder: Path) -> None:
    (folder / "words.parquet").write_text("PAR1?")
    with pytest.raises(InvalidArtifact, match="cannot be read as Parquet"):
        validate(STAGE, folder, {})


def test_a_missing_table_is_refused(folder: Path) -> None:
    (folder / "words.parquet").unlink()
    with pytest.raises(InvalidArtifact, match=r"words\.parquet: a declared table is missing"):
        validate(STAGE, folder, {})


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("x.txt", "text", "not among the declared outputs"),
        ("x.json", "", "empty"),
        ("x.json", "{", "cannot be read as JSON"),
        ("manifest.json", "{}", "kept for the lake"),
        (".hidden.json", "{}", "not a plain file name"),
        ("a\nb.json", "{}", "not a plain file name"),
    ],
)
def test_rules_of_files(folder: Path, name: str, content: str, rule: str) -> None:
    (folder / name).write_text(content)
    with pytest.raises(InvalidArtifact, match=rule) as caught:
        validate(STAGE, folder, {})
    assert "\n" not in str(caught.value)


def test_links_and_folders_are_refused(folder: Path) -> None:
    (folder / "x.json").symlink_to("/etc/hostname")
    with pytest.raises(InvalidArtifact, match="only regular files"):
        validate(STAGE, folder, {})
    (folder / "x.json").unlink()
    (folder / "x.json").mkdir()
    with pytest.raises(InvalidArtifact, match="only regular files"):
        validate(STAGE, folder, {})


@pytest.mark.parametrize(
    "facts", [{"a": float("nan")}, {"a": object()}, {"a": {1, 2}}, {"a": "\udcff"}]
)
def test_facts_must_be_json(folder: Path, facts: dict[str, object]) -> None:
    with pytest.raises(InvalidArtifact, match="toy: facts: not plain JSON"):
        validate(STAGE, folder, facts)


def test_media_must_play_and_last_as_long_as_said(folder: Path) -> None:
    write_tone(folder / "a.wav", 1.0)
    with pytest.raises(InvalidArtifact, match=r"toy: a\.wav"):
        validate(STAGE, folder, {"durations": {"a.wav": 2.0}})
    (folder / "a.wav").write_bytes(b"RIFF nothing" * 100)
    with pytest.raises(InvalidArtifact, match=r"toy: a\.wav"):
        validate(STAGE, folder, {})


def test_a_duration_without_its_file_is_refused(folder: Path) -> None:
    with pytest.raises(InvalidArtifact, match=r"b\.wav"):
        validate(STAGE, folder, {"durations": {"b.wav": 1.0}})
