"""What a stage has written is held against what it declares, before anything is published."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from media_pipeline.errors import InvalidArtifact, MediaPipelineError
from media_pipeline.media.verify import verify_media
from media_pipeline.stages.base import FileOutput, MediaOutput, Stage, TableOutput
from media_pipeline.stages.tables import check_table, check_within
from media_pipeline.store.artifact import table_file
from media_pipeline.store.manifest import MANIFEST, plain_name

_REMEDY = "nothing was published; report this as a fault of the stage"


def validate(
    stage: Stage, folder: Path, facts: Mapping[str, Any], duration: float | None = None
) -> None:
    """Hold a stage's output folder against its declared outputs.

    Parameters
    ----------
    stage : what was run.
    folder : what it has written.
    facts : what it says about it; ``facts["durations"]`` gives the seconds of media files by name.
    duration : seconds of the original media; no table row may end after it.

    Raises
    ------
    InvalidArtifact
        naming the stage, the file and the rule.
    """
    files = {file.name: file for file in sorted(folder.iterdir())}
    for name, file in files.items():
        _check_name(stage, name, file)
    _check_facts(stage, facts)
    for table in stage.tables:
        name = table_file(table.name)
        if name not in files:
            raise _invalid(stage, name, "a declared table is missing")
        _check_table(stage, table, files.pop(name), duration)
    durations = facts.get("durations") or {}
    for name, file in files.items():
        output = _declared(stage, name)
        if output is None:
            raise _invalid(stage, name, "the file is not among the declared outputs")
        if file.stat().st_size == 0 and not (
            isinstance(output, FileOutput) and output.may_be_empty
        ):
            raise _invalid(stage, name, "the file is empty")
        if isinstance(output, MediaOutput):
            _check_media(stage, file, durations.get(name))
        elif file.suffix == ".json":
            _check_json(stage, file)
    missing = set(durations) - set(files)
    if missing:
        raise _invalid(stage, min(missing), "facts give its duration, but it was not written")


def _invalid(stage: Stage, name: str, rule: str) -> InvalidArtifact:
    return InvalidArtifact(f"{stage.name}: {name}: {rule}", _REMEDY)


def _declared(stage: Stage, name: str) -> MediaOutput | FileOutput | None:
    for output in stage.outputs:
        if not isinstance(output, TableOutput) and fnmatchcase(name, output.pattern):
            return output
    return None


def _check_name(stage: Stage, name: str, file: Path) -> None:
    if file.is_symlink() or not file.is_file():
        raise _invalid(stage, name, "only regular files can be published")
    try:
        plain_name(name)
    except ValueError as error:
        raise _invalid(stage, name, str(error)) from None
    if name == MANIFEST:
        raise _invalid(stage, name, "the name is kept for the lake")


def _check_facts(stage: Stage, facts: Mapping[str, Any]) -> None:
    try:
        json.dumps(dict(facts), allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError) as error:
        raise _invalid(stage, "facts", f"not plain JSON ({error})") from None


def _check_table(stage: Stage, output: TableOutput, file: Path, duration: float | None) -> None:
    try:
        table = pq.ParquetFile(file).read()
        beside = file.with_name(table_file(output.within)) if output.within else None
        whole = pq.ParquetFile(beside).read() if beside else None
    except (pa.ArrowException, OSError) as error:
        raise _invalid(stage, file.name, f"cannot be read as Parquet ({error})") from None
    findings = check_table(table, output.spec, duration)
    if whole is not None:
        findings = chain(findings, [check_within(table, whole)])
    for finding in findings:
        if not finding.passed:
            raise _invalid(stage, file.name, f"{finding.rule}: {finding.detail}")


def _check_media(stage: Stage, file: Path, duration: float | None) -> None:
    try:
        verify_media(file, duration=duration)
    except MediaPipelineError as error:
        raise _invalid(stage, file.name, error.message) from error


def _check_json(stage: Stage, file: Path) -> None:
    try:
        json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise _invalid(stage, file.name, f"cannot be read as JSON ({error})") from None
