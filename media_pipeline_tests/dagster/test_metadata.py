from __future__ import annotations

import base64
import io
import json

import dagster as dg
import numpy as np
import pytest
from PIL import Image

from media_pipeline.dagster.metadata import (
    MAX_IMAGE_BYTES,
    definition_metadata,
    picture,
    reduced,
    result_metadata,
    rows_table,
    table_schema,
)
from media_pipeline.report.preview import Preview
from media_pipeline.stages.base import Stage
from media_pipeline.stages.tables import HIGHLIGHTS, OCR_CUES
from media_pipeline.store import Manifest, StoredArtifact
from media_pipeline_tests.dagster.conftest import Workshop
from media_pipeline_tests.generators.stages import STAGES

PNG, JPEG = b"\x89PNG\r\n\x1a\n" + b"p" * 20, b"\xff\xd8\xff" + b"j" * 20


@pytest.fixture
def words(workshop: Workshop) -> StoredArtifact:
    key = workshop.add()
    workshop.run(key)
    artifact = workshop.runner.store.current("words", key)
    assert artifact is not None
    return artifact


def test_columns_are_described() -> None:
    columns = {column.name: column for column in table_schema(OCR_CUES).columns}
    assert list(columns) == OCR_CUES.schema.names
    assert columns["start"].type == "double"
    assert columns["start"].description is not None
    assert not columns["start"].constraints.nullable
    assert columns["x"].constraints.nullable
    types = {column.name: column.type for column in table_schema(HIGHLIGHTS).columns}
    assert types["tags"] == "list<item: string>"


def test_a_stage_with_several_tables_shows_all_their_columns() -> None:
    stage: Stage = STAGES["words"]
    assert list(definition_metadata(stage)) == ["dagster/column_schema"]
    assert definition_metadata(STAGES["clip"]) == {}


def test_pictures_are_shown(words: StoredArtifact) -> None:
    images = {"small": PNG, "photo": JPEG}
    found = result_metadata(STAGES["words"], words, reused=False, preview=Preview(images))
    assert (
        found["small"].value == f"![small](data:image/png;base64,{base64.b64encode(PNG).decode()})"
    )
    assert str(found["photo"].value).startswith("![photo](data:image/jpeg;base64,")
    assert picture("t", PNG).endswith(")")


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_large_pictures_are_reduced(kind: str) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (700, 1100, 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(noise).save(out, kind)
    assert len(out.getvalue()) > 5 * MAX_IMAGE_BYTES
    small = reduced(out.getvalue())
    assert MAX_IMAGE_BYTES / 5 < len(small) <= MAX_IMAGE_BYTES
    shown = Image.open(io.BytesIO(small))
    assert shown.width / shown.height == pytest.approx(11 / 7, rel=0.02)
    assert reduced(small) is small


def test_drawings_are_kept_in_fewer_bytes_without_loss() -> None:
    plot = draw_lines()
    small = reduced(encoded(plot, "PNG"))
    assert len(small) < 0.8 * len(encoded(plot, "PNG"))
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(small)).convert("RGB")), plot)
    assert picture("t", small).startswith("![t](data:image/webp;base64,")


def test_photographs_are_kept_in_fewer_bytes() -> None:
    y, x = np.mgrid[:300, :900]
    grain = np.random.default_rng(1).normal(0, 4, (300, 900, 3))
    shot = np.clip(grain + (90 + 60 * np.sin(x / 90) * np.cos(y / 50))[..., None], 0, 255)
    given = encoded(shot.astype(np.uint8), "JPEG")
    small = reduced(given)
    assert len(small) < 0.8 * len(given)
    before, after = (np.asarray(Image.open(io.BytesIO(d)).convert("RGB")) for d in (given, small))
    assert np.abs(before.astype(int) - after).mean() < 4


def test_small_pictures_and_moving_ones_stay() -> None:
    frames = [Image.fromarray(draw_lines()[9 * n :][:100, :200]) for n in range(3)]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    moving, dot = out.getvalue(), encoded(np.zeros((9, 9, 3), np.uint8), "PNG")
    assert reduced(moving) is moving
    assert reduced(dot) is dot


def draw_lines() -> np.ndarray:
    """A plot as charts draw them: few colours, thin lines. (H, W, 3) uint8."""
    plot = np.full((240, 1152, 3), 250, np.uint8)
    walk = np.cumsum(np.random.default_rng(2).normal(0, 2, 1152))
    rows = np.clip(120 + walk, 0, 239).astype(int)
    plot[rows, np.arange(1152)] = (40, 90, 200)
    plot[:, ::100] = (200, 200, 200)
    for n, row in enumerate(rows[::3]):
        plot[row:, 3 * n] = (120 + n % 100, 160, 220)
    return plot


def encoded(picture: np.ndarray, kind: str) -> bytes:
    out = io.BytesIO()
    Image.fromarray(picture).save(out, kind)
    return out.getvalue()


def test_rows_of_any_values_become_a_table() -> None:
    rows = [
        {"a": 1, "b": 0.5, "c": "x", "d": None, "e": True, "f": [1, 2]},
        {"a": 2, "b": float("nan"), "c": "|", "d": None, "e": False, "g": 1},
    ]
    table = rows_table(rows)
    types = {column.name: column.type for column in table.schema.columns}
    assert types == {
        "a": "int",
        "b": "float",
        "c": "string",
        "d": "string",
        "e": "bool",
        "f": "string",
        "g": "int",
    }
    first = {"a": 1, "b": 0.5, "c": "x", "d": "", "e": True, "f": "[1, 2]", "g": ""}
    assert table.records[0].data == first
    assert table.records[1].data["b"] == "nan"
    json.dumps([dict(record.data) for record in table.records], allow_nan=False)


def test_a_preview_table_is_shown(words: StoredArtifact) -> None:
    found = result_metadata(
        STAGES["words"], words, reused=True, preview=Preview({}, [{"start": 0.0, "text": "a"}])
    )
    assert isinstance(found["preview"], dg.TableMetadataValue)
    assert found["reused"].value is True


def test_the_error_of_a_reading_is_a_number_that_dagster_draws(words: StoredArtifact) -> None:
    facts = {"reading": {"character_error": 0.012, "errors": 3}}
    manifest = Manifest.model_validate({**words.manifest.model_dump(), "facts": facts})
    artifact = StoredArtifact(words.backend, manifest)
    found = result_metadata(STAGES["words"], artifact, reused=False, preview=Preview())
    assert found["character error of the reading"] == dg.MetadataValue.float(0.012)


def test_rows_may_lack_values() -> None:
    table = rows_table([{"start": 1.5, "text": None}, {"start": None, "more": float("nan")}])
    assert [record.data for record in table.records] == [
        {"start": 1.5, "text": "", "more": ""},
        {"start": "", "text": "", "more": "nan"},
    ]


def test_reason_and_warnings_are_shown_as_they_are(words: StoredArtifact) -> None:
    manifest = Manifest.model_validate(
        {
            **words.manifest.model_dump(),
            "warnings": ["*bold* <b>", "second"],
            "reason": {"code": "NoSpeech", "message": "no speech in x", "remedy": "speak"},
        }
    )
    artifact = StoredArtifact(words.backend, manifest)
    found = result_metadata(STAGES["words"], artifact, reused=False, preview=Preview())
    assert found["reason"].value == "NoSpeech: no speech in x: speak"
    assert found["warnings"].value == "- \\*bold\\* \\<b\\>\n- second"
