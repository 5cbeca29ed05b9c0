"""Asset checks made from what the stages declare about their outputs.

They are part of the asset's own step: a step of its own for each check would cost far more than the
check, and asking for an asset again costs next to nothing when its artifact is there, so that is
the way to have it checked again. A violated rule is an error that keeps everything downstream from
being made; an empty result with a reason is a warning.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import dagster as dg
import pyarrow as pa

from media_pipeline.errors import MediaPipelineError
from media_pipeline.media.probe import probe
from media_pipeline.media.verify import check_duration
from media_pipeline.stages.base import MediaOutput, Stage, TableOutput
from media_pipeline.stages.tables import Finding, check_table
from media_pipeline.store import StoredArtifact

HAS_RESULT = "has_result"
MEDIA_DURATION = "media_duration"
ROWS = "rows"

_MEANING = {
    ROWS: "the table has the rows that its manifest says",
    "schema": "the table has the declared columns",
    "no_nulls": "no required value is missing",
    "positive_intervals": "each row ends after it starts, at or after 0",
    "monotone_times": "no row starts before the row above",
    "no_overlaps": "no row starts before the row above has ended",
    "inside_the_media": "no row ends after the media",
}


def check_specs(stage: Stage) -> list[dg.AssetCheckSpec]:
    """The checks of a stage's asset."""
    specs = [
        dg.AssetCheckSpec(
            HAS_RESULT, asset=stage.name, description="the artifact is not empty for a reason"
        )
    ]
    for output in stage.tables:
        specs += [
            _error_spec(stage, f"{output.spec.name}_{rule}", _meaning(rule))
            for rule in _rules(output)
        ]
    if _media_outputs(stage):
        meaning = "each file of sound or picture is as long as it should be, within a frame"
        specs.append(_error_spec(stage, MEDIA_DURATION, meaning))
    return specs


def check_results(
    stage: Stage, artifact: StoredArtifact, duration: float | None
) -> Iterator[dg.AssetCheckResult]:
    """Hold an artifact, as it is read from the lake, against what its stage declares.

    Parameters
    ----------
    duration : seconds of the media item, where known.
    """
    yield _has_result(artifact)
    for output in stage.tables:
        found = {finding.rule: finding for finding in _table_findings(artifact, output, duration)}
        reason = next((f.detail for f in found.values() if not f.passed), "not read")
        for rule in _rules(output):
            finding = found.get(rule)
            # A table of another schema or that cannot be read is held to no further rule.
            passed = finding.passed if finding else all(f.passed for f in found.values())
            yield _result(
                f"{output.spec.name}_{rule}", passed, finding.detail if finding else reason
            )
    if _media_outputs(stage):
        yield _media_result(stage, artifact)


def _has_result(artifact: StoredArtifact) -> dg.AssetCheckResult:
    reason = artifact.reason
    return dg.AssetCheckResult(
        passed=reason is None,
        check_name=HAS_RESULT,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{reason.code}: {reason.message}" if reason else None,
        metadata={"remedy": reason.remedy} if reason else None,
    )


def _table_findings(
    artifact: StoredArtifact, output: TableOutput, duration: float | None
) -> Iterator[Finding]:
    try:
        table = artifact.table(output.name)
    except (pa.ArrowException, OSError, MediaPipelineError) as error:
        yield Finding("schema", False, f"the table cannot be read: {error}")
        return
    expected = artifact.manifest.rows.get(output.name.removesuffix(".parquet"))
    yield Finding(
        ROWS, table.num_rows == expected, f"{table.num_rows} rows, the manifest says {expected}"
    )
    yield from check_table(table, output.spec, duration)


def _media_result(stage: Stage, artifact: StoredArtifact) -> dg.AssetCheckResult:
    patterns = _media_outputs(stage)
    names = [
        file.name
        for file in artifact.manifest.files
        if any(fnmatchcase(file.name, pattern) for pattern in patterns)
    ]
    durations = artifact.facts.get("durations") or {}
    seconds: dict[str, float] = {}
    try:
        for name in names:
            info = probe(artifact.path(name))
            seconds[name] = round(info.duration, 3)
            if name in durations:
                check_duration(info, name, durations[name])
    except (MediaPipelineError, OSError) as error:
        return _result(MEDIA_DURATION, False, str(error), seconds=seconds)
    return _result(MEDIA_DURATION, True, f"{len(names)} files", seconds=seconds)


def _rules(output: TableOutput) -> list[str]:
    declared = [finding.rule for finding in check_table(output.spec.empty(), output.spec, 0.0)]
    return [ROWS, *declared]


def _meaning(rule: str) -> str:
    return _MEANING.get(rule) or rule.replace("_", " ")


def _media_outputs(stage: Stage) -> list[str]:
    return [output.pattern for output in stage.outputs if isinstance(output, MediaOutput)]


def _error_spec(stage: Stage, name: str, meaning: str) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(name, asset=stage.name, description=meaning, blocking=True)


def _result(name: str, passed: bool, detail: str, **metadata: Any) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=passed,
        check_name=name,
        severity=dg.AssetCheckSeverity.ERROR,
        description=detail,
        metadata=metadata or None,
    )
