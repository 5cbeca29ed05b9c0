"""CaptionExtraction: the captions that are in the picture, as one SRT file or one per language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from media_pipeline.media.files import atomic_path
from media_pipeline.production.base import (
    Function,
    Job,
    JobParams,
    Result,
    Work,
    checked,
    checked_stage,
    stage_fields,
)
from media_pipeline.stages.captions import OCR_CUES
from media_pipeline.text.cues import Cue, cues_from_table
from media_pipeline.text.formats import format_cues
from media_pipeline.text.scripts import rows_in_script

_OF_STAGE = ("fps", "roi", "lang")


class _Own(JobParams):
    track: Literal["main"] | None = Field(None, description="main, or null for all in the ROI")
    sep: bool = Field(False, description="one file for Chinese and one for English")
    formatter: str = Field("", max_length=256, description="put before the text of each cue")


class CaptionParams(_Own, stage_fields(OCR_CUES, *_OF_STAGE)):  # type: ignore[misc]
    """JobParams of CaptionExtraction."""


def prepare(values: Mapping[str, Any]) -> Work:
    """Check the parameters, and give the work."""
    params = checked(CaptionParams, values)
    given = params.model_dump(include=set(_OF_STAGE) & params.model_fields_set)
    stage = {**given, "track": params.track or "all"}
    checked_stage(OCR_CUES, stage)

    def work(job: Job) -> Result:
        found = job.runner.request(job.key, OCR_CUES, {OCR_CUES.name: stage}, progress=job.progress)
        cues = cues_from_table(found.table("cues"))
        write_captions(cues, job.folder / job.name, separate=params.sep, prefix=params.formatter)
        return {}

    return work


def write_captions(cues: Sequence[Cue], output: Path, *, separate: bool, prefix: str) -> None:
    """Write the captions as one SRT file, or as one for the Chinese and one for the English rows.

    ``{resultType}`` in the file's name becomes ``zh`` and ``en``; without it that is put before the
    suffix.
    """
    texts: dict[Path, Sequence[Cue]] = {output: cues}
    if separate:
        texts = {}
        for language in ("zh", "en"):
            rows = [replace(c, text=rows_in_script(c.text, language)) for c in cues]
            texts[_part(output, language)] = [c for c in rows if c.text.strip()]
    for path, part in texts.items():
        with atomic_path(path) as target:
            target.write_text(
                format_cues(part, "srt", prefix=prefix), encoding="utf-8", newline="\n"
            )


def _part(output: Path, language: str) -> Path:
    if "{resultType}" in output.name:
        return output.with_name(output.name.replace("{resultType}", language))
    return output.with_name(f"{output.stem}_{language}{output.suffix}")


CAPTION_EXTRACTION = Function(".srt", prepare, pool="ocr")
