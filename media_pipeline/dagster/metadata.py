"""What people see of an asset and of each result in Dagster's UI."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import dagster as dg
import pyarrow as pa
from PIL import Image

from media_pipeline.report.preview import Preview
from media_pipeline.report.quality import FACT
from media_pipeline.report.signals import MAX_GIF_BYTES
from media_pipeline.stages.base import Stage
from media_pipeline.stages.tables import TableSpec
from media_pipeline.store import Manifest, ReasonEntry, StoredArtifact

MAX_IMAGE_BYTES = 40_000
"""Larger pictures are reduced: the event log keeps them for good, and is read often."""
_SMALL_BYTES = 2_000  # as they are
_QUALITY = 80


def definition_metadata(stage: Stage) -> dict[str, Any]:
    """The columns of a stage's tables; Dagster shows the first one's as the asset's."""
    specs = [output.spec for output in stage.tables]
    return {
        ("dagster/column_schema" if number == 0 else f"columns of {spec.name}"): table_schema(spec)
        for number, spec in enumerate(specs)
    }


def table_schema(spec: TableSpec) -> dg.TableSchema:
    """The declared Arrow schema as Dagster shows it, with the columns' descriptions."""
    return dg.TableSchema([_column(field) for field in spec.schema])


def result_metadata(
    stage: Stage, artifact: StoredArtifact, *, reused: bool, preview: Preview
) -> dict[str, dg.MetadataValue[Any]]:
    """What is known about one artifact, what people look for first on top."""
    manifest = artifact.manifest
    found: dict[str, dg.MetadataValue[Any]] = dict(_rows(stage, manifest))
    if manifest.reason is not None:
        found["reason"] = dg.MetadataValue.text(_sentence(manifest.reason))
    if manifest.warnings:
        lines = "\n".join(f"- {_plain(warning)}" for warning in manifest.warnings)
        found["warnings"] = dg.MetadataValue.md(lines)
    if FACT in manifest.facts:  # a number by itself: Dagster draws it over time
        error = float(manifest.facts[FACT]["character_error"])
        found["character error of the reading"] = dg.MetadataValue.float(error)
    for title, image in preview.images.items():
        found[title] = dg.MetadataValue.md(picture(title, reduced(image)))
    found["seconds"] = dg.MetadataValue.float(manifest.seconds)
    if manifest.realtime is not None and math.isfinite(manifest.realtime):
        found["× real time"] = dg.MetadataValue.float(manifest.realtime)
    found["reused"] = dg.MetadataValue.bool(reused)
    if manifest.engine is not None:
        found["engine"] = dg.MetadataValue.json(manifest.engine)
    if manifest.why:
        found["why"] = dg.MetadataValue.text(manifest.why)
    if preview.table:
        found["preview"] = rows_table(preview.table)
    found["parameters"] = dg.MetadataValue.json(manifest.params)
    found["facts"] = dg.MetadataValue.json(manifest.facts)
    found["made from"] = dg.MetadataValue.json(manifest.inputs)
    found["fingerprint"] = dg.MetadataValue.text(artifact.fingerprint)
    found["path"] = dg.MetadataValue.path(artifact.uri)
    return found


def picture(title: str, image: bytes) -> str:
    """Markdown that shows a PNG, JPEG, GIF or WebP."""
    starts = {b"\x89PNG": "png", b"GIF8": "gif", b"RIFF": "webp"}
    kind = starts.get(image[:4], "jpeg")
    return f"![{title}](data:image/{kind};base64,{base64.b64encode(image).decode()})"


def reduced(image: bytes) -> bytes:
    """The picture in as few bytes as show the same, at most ``MAX_IMAGE_BYTES``.

    WebP halves both drawings, without loss, and photographs; a GIF stays one, for it moves.
    """
    ready = {b"GIF8": MAX_GIF_BYTES, b"RIFF": MAX_IMAGE_BYTES}
    if len(image) <= ready.get(image[:4], _SMALL_BYTES):
        return image
    drawn = Image.open(io.BytesIO(image)).convert("RGB")
    small = min(image, _webp(drawn, lossless=image.startswith(b"\x89PNG")), key=len)
    scale = 1.0
    while len(small) > MAX_IMAGE_BYTES:
        size = (max(1, round(drawn.width * scale)), max(1, round(drawn.height * scale)))
        small = _webp(drawn.resize(size, Image.Resampling.BOX), lossless=False)
        scale *= min(0.9, (MAX_IMAGE_BYTES / len(small)) ** 0.5)
    return small


def _webp(drawn: Image.Image, *, lossless: bool) -> bytes:
    out = io.BytesIO()
    # Without loss, "quality" means effort; more of it made plots no smaller.
    quality = 30 if lossless else _QUALITY
    drawn.save(out, "WEBP", lossless=lossless, quality=quality, method=2)
    return out.getvalue()


def rows_table(rows: Sequence[Mapping[str, Any]]) -> dg.TableMetadataValue:
    """Rows as a table that the UI shows; columns and their types are those of all rows together."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = [dg.TableColumn(name, _kind([row.get(name) for row in rows])) for name in names]
    records = [dg.TableRecord({name: _cell(row.get(name)) for name in names}) for row in rows]
    return dg.MetadataValue.table(records, dg.TableSchema(columns))


def _rows(stage: Stage, manifest: Manifest) -> Iterable[tuple[str, dg.MetadataValue[Any]]]:
    for number, output in enumerate(stage.tables):
        rows = manifest.rows.get(output.name.removesuffix(".parquet"))
        if rows is not None:
            label = "dagster/row_count" if number == 0 else f"rows of {output.spec.name}"
            yield label, dg.MetadataValue.int(rows)


def _sentence(reason: ReasonEntry) -> str:
    remedy = f": {reason.remedy}" if reason.remedy else ""
    return f"{reason.code}: {reason.message}{remedy}"


def _column(field: pa.Field) -> dg.TableColumn:
    description = (field.metadata or {}).get(b"description", b"").decode()
    constraints = dg.TableColumnConstraints(nullable=field.nullable)
    return dg.TableColumn(field.name, str(field.type), description or None, constraints)


def _kind(values: Sequence[Any]) -> str:
    kinds = {type(value) for value in values if value is not None}
    names = {bool: "bool", int: "int", float: "float"}
    return names.get(kinds.pop(), "string") if len(kinds) == 1 else "string"


def _cell(value: Any) -> str | int | float | bool:
    if value is None:
        return ""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no such numbers
    return value if isinstance(value, str | int | float | bool) else str(value)


def _plain(text: str) -> str:
    """Text that Markdown shows as it is."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>#|" else c for c in text)
