"""Artifacts that stages read in tests, and running a stage as the runner does, without a lake."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from media_pipeline.errors import MediaPipelineError
from media_pipeline.media.probe import probe
from media_pipeline.stages.base import (
    Artifact,
    Outcome,
    Reason,
    Stage,
    StageParams,
    TableOutput,
    Work,
    quiet,
)
from media_pipeline.stages.tables import (
    CAPTIONS,
    OCR_CUES,
    SPEECH_CUES,
    WORDS,
    TableSpec,
    check_table,
)
from media_pipeline.text.cues import Cue, Word, cues_to_table, words_to_table


@dataclass(frozen=True)
class FolderArtifact:
    """An artifact that is a folder; implements :class:`media_pipeline.stages.base.Artifact`."""

    folder: Path
    facts: Mapping[str, Any] = field(default_factory=dict)
    reason: Reason | None = None
    fingerprint: str = "0" * 16
    warnings: tuple[str, ...] = ()

    def path(self, name: str) -> Path:
        file = self.folder / name
        assert file.is_file(), f"{name} is not in {self.folder}"
        return file

    def files(self, pattern: str = "*") -> Sequence[Path]:
        return sorted(self.folder.glob(pattern))

    def table(self, name: str) -> pa.Table:
        return pq.ParquetFile(self.path(name)).read()


def run_stage(
    stage: Stage,
    media: Path,
    out: Path,
    inputs: Mapping[str, Artifact] | None = None,
    params: StageParams | None = None,
    progress: Any = quiet,
) -> FolderArtifact:
    """What a stage makes of a file, in an empty folder; typed errors are raised."""
    out.mkdir(parents=True)
    work = Work(
        media=media,
        info=probe(media),
        inputs={"source": source(media, out.parent), **(inputs or {})},
        params=params or stage.params(),
        out=out,
        progress=progress,
        name=media.name,
    )
    outcome: Outcome = stage.run(work)
    return FolderArtifact(out, outcome.facts, warnings=tuple(outcome.warnings))


def source(media: Path, folder: Path) -> FolderArtifact:
    """What probing says, as the asset ``source`` has it."""
    return FolderArtifact(folder, {"media": probe(media).model_dump(mode="json")})


def empty(folder: Path, error: MediaPipelineError, **tables: TableSpec) -> FolderArtifact:
    """An artifact that is empty for a reason, with its tables by file stem."""
    folder.mkdir(parents=True)
    for stem, spec in tables.items():
        pq.write_table(spec.empty(), folder / f"{stem}.parquet")
    return FolderArtifact(folder, reason=Reason(error.code, error.message, error.remedy))


def captions(folder: Path, cues: Sequence[Cue], origin: str = "ocr") -> FolderArtifact:
    """Canonical captions."""
    folder.mkdir(parents=True)
    table = cues_to_table(cues, CAPTIONS.schema, source=[origin] * len(cues))
    pq.write_table(table, folder / "captions.parquet")
    return FolderArtifact(folder, {"source": origin, "cues": len(cues), "stream": None})


def read_table(cues: Sequence[Cue], crops: Sequence[str] | None = None) -> pa.Table:
    """The table of captions read off the picture, one line and one vote each."""
    return cues_to_table(
        cues,
        OCR_CUES.schema,
        crop=crops or ["crop_0001.jpg"] * len(cues),
        votes=[1] * len(cues),
        lines=[[asdict(cue.box)] if cue.box else [] for cue in cues],
    )


def ocr_cues(folder: Path, cues: Sequence[Cue]) -> FolderArtifact:
    """Captions as read off the picture."""
    folder.mkdir(parents=True)
    pq.write_table(read_table(cues), folder / "cues.parquet")
    return FolderArtifact(folder, {"cues": len(cues)})


def words(folder: Path, spoken: Sequence[Word], cue: Sequence[int] | None = None) -> FolderArtifact:
    """Spoken words; ``cue`` gives the row of the caption of each."""
    folder.mkdir(parents=True)
    table = words_to_table(spoken, WORDS.schema, cue=cue or [0] * len(spoken))
    pq.write_table(table, folder / "words.parquet")
    return FolderArtifact(folder, {"words": len(spoken)})


def speech_subtitles(folder: Path, cues: Sequence[Cue]) -> FolderArtifact:
    """Subtitles made of speech."""
    folder.mkdir(parents=True)
    pq.write_table(cues_to_table(cues, SPEECH_CUES.schema), folder / "cues.parquet")
    return FolderArtifact(folder, {"cues": len(cues), "too_fast": 0})


def run_split(
    stage: Stage, media: Path, out: Path, longest: float, params: StageParams | None = None
) -> tuple[FolderArtifact, list[FolderArtifact]]:
    """What a stage makes of a film in parts of about so many seconds, and the parts."""
    work = Work(
        media=media,
        info=probe(media),
        inputs={"source": source(media, out.parent)},
        params=params or stage.params(),
        out=out,
        name=media.name,
    )
    return in_parts(stage, work, longest)


def in_parts(
    stage: Stage, work: Work, longest: float
) -> tuple[FolderArtifact, list[FolderArtifact]]:
    """As :func:`run_split`, into ``work.out``, which is made.

    What each part is to do and what it says goes through JSON, and no part knows of the others, as
    in runs of their own.
    """
    assert stage.split is not None
    out, parts = work.out, []
    for number, task in enumerate(json.loads(json.dumps(stage.split.cut(work, longest)))):
        folder = out.with_name(f"{out.name}_part{number}")
        folder.mkdir(parents=True)
        outcome = stage.split.part(replace(work, out=folder), task)
        for table in stage.split.outputs:
            assert isinstance(table, TableOutput)
            written = pq.ParquetFile(folder / table.name).read()
            assert all(f.passed for f in check_table(written, table.spec))
        parts.append(FolderArtifact(folder, json.loads(json.dumps(outcome.facts))))
    out.mkdir(parents=True)
    joined = stage.split.join(work, parts)
    return FolderArtifact(out, joined.facts, warnings=tuple(joined.warnings)), parts


def assert_same(one: FolderArtifact, other: FolderArtifact) -> None:
    """Fail where two artifacts differ in facts, warnings, a cell of a table or a byte of a file."""
    assert one.facts == other.facts
    assert one.warnings == other.warnings
    names = [file.name for file in one.files()]
    assert names == [file.name for file in other.files()]
    for name in names:
        if name.endswith(".parquet"):
            first, second = one.table(name), other.table(name)
            assert first.schema.equals(second.schema)
            for column in first.schema.names:
                assert first[column].to_pylist() == second[column].to_pylist(), f"{name}: {column}"
        else:
            assert one.path(name).read_bytes() == other.path(name).read_bytes(), name
