"""Asset checks made from what the stages declare about their outputs.

They are part of the asset's own step: a step of its own for each check would cost far more than the
check, and asking for an asset again costs next to nothing when its artifact is there, so that is
the way to have it checked again. A violated rule is an error that keeps everything downstream from
being made; an empty result with a reason is a warning.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatchcase

import dagster as dg
import pyarrow as pa

from media_pipeline.errors import MediaPipelineError
from media_pipeline.media.probe import probe
from media_pipeline.media.verify import check_duration
from media_pipeline.stages.base import MediaOutput, Stage, TableOutput
from media_pipeline.stages.tables import Finding, check_table, check_within
from media_pipeline.store import StoredArtifact

HAS_RESULT = "has_result"
ROWS = "rows"
TIMES = "monotone_times"
OVERLAPS = "no_overlaps"
TEXT = "text_not_empty"
WITHIN = "inside_what_they_belong_to"
MEDIA_DURATION = "media_duration"

_MEANING = {
    HAS_RESULT: "there is a result, and not an empty artifact that says why there is none",
    ROWS: "tables have the declared columns, the rows of the manifest, and no value is missing",
    TIMES: "rows lie within the media, end after they start, and never go back in time",
    OVERLAPS: "no row starts before the row above has ended",
    TEXT: "no text is blank",
    WITHIN: "words lie inside their segments",
    MEDIA_DURATION: "files of sound and picture are as long as they should be, within a frame",
}
_CHECK_OF = {
    "within": WITHIN,
    "no_overlaps": OVERLAPS,
    "schema": ROWS,
    "no_nulls": ROWS,
    "rows": ROWS,
}


def check_specs(stage: Stage) -> list[dg.AssetCheckSpec]:
    """The checks of a stage's asset."""
    return [
        dg.AssetCheckSpec(
            name, asset=stage.name, description=_MEANING[name], blocking=name != HAS_RESULT
        )
        for name in _names(stage)
    ]


def check_results(
    stage: Stage, artifact: StoredArtifact, duration: float | None
) -> Iterator[dg.AssetCheckResult]:
    """Hold an artifact, as it is read from the lake, against what its stage declares.

    Parameters
    ----------
    duration : seconds of the media item, where known.
    """
    findings: dict[str, list[Finding]] = {name: [] for name in _names(stage)}
    for output in stage.tables:
        found = list(_table_findings(artifact, output, duration))
        # A table that cannot be read, or of another schema, is held to no further rule.
        checked = {finding.rule for finding in found}
        found += [
            Finding(rule, False, "not checked")
            for rule in _rules(output, duration)
            if rule not in checked
        ]
        for finding in found:
            detail = f"{output.spec.name}: {finding.detail}"
            findings[_check_of(finding.rule)].append(replace(finding, detail=detail))
    if MEDIA_DURATION in findings:
        findings[MEDIA_DURATION] += _media_findings(stage, artifact)
    yield _has_result(artifact)
    for name, found in findings.items():
        if name != HAS_RESULT:
            yield _result(name, found)


def _names(stage: Stage) -> list[str]:
    """The checks of a stage: those its tables' rules belong to, and what all have."""
    names = [HAS_RESULT]
    for output in stage.tables:
        names += [ROWS, *map(_check_of, _rules(output, 0.0))]
    if _media_outputs(stage):
        names.append(MEDIA_DURATION)
    return list(dict.fromkeys(names))


def _rules(output: TableOutput, duration: float | None) -> list[str]:
    """What a table is held against, in the order in which it is done.

    An empty table would tell; but reading one imports pandas, for which every run would wait.
    """
    spec, rules = output.spec, ["schema", "no_nulls"]
    if spec.intervals:
        rules += ["positive_intervals", "monotone_times"]
        rules += ["no_overlaps"] if spec.exclusive else []
        rules += ["inside_the_media"] if duration is not None else []
    rules += [f"{name}_not_empty" for name in spec.filled]
    return [*rules, "within"] if output.within else rules


def _check_of(rule: str) -> str:
    return TEXT if rule.endswith("_not_empty") else _CHECK_OF.get(rule, TIMES)


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
        whole = artifact.table(output.within) if output.within else None
    except (pa.ArrowException, OSError, MediaPipelineError) as error:
        yield Finding("schema", False, f"cannot be read: {error}")
        return
    expected = artifact.manifest.rows.get(output.name.removesuffix(".parquet"))
    same = table.num_rows == expected
    yield Finding("rows", same, f"{table.num_rows} rows" + ("" if same else f", not {expected}"))
    yield from check_table(table, output.spec, duration)
    if whole is not None and table.schema.equals(output.spec.schema):
        yield check_within(table, whole)


def _media_findings(stage: Stage, artifact: StoredArtifact) -> Iterator[Finding]:
    patterns = _media_outputs(stage)
    durations = artifact.facts.get("durations") or {}
    for name in (file.name for file in artifact.manifest.files):
        if not any(fnmatchcase(name, pattern) for pattern in patterns):
            continue
        try:
            info = probe(artifact.path(name))
            if name in durations:
                check_duration(info, name, durations[name])
        except (MediaPipelineError, OSError) as error:
            yield Finding(MEDIA_DURATION, False, str(error))
        else:
            yield Finding(MEDIA_DURATION, True, f"{name}: {info.duration:.3f} s")


def _media_outputs(stage: Stage) -> list[str]:
    return [output.pattern for output in stage.outputs if isinstance(output, MediaOutput)]


def _result(name: str, findings: list[Finding]) -> dg.AssetCheckResult:
    wrong = [finding for finding in findings if not finding.passed]
    return dg.AssetCheckResult(
        passed=not wrong,
        check_name=name,
        severity=dg.AssetCheckSeverity.ERROR,
        description="; ".join(finding.detail for finding in wrong or findings) or None,
    )
