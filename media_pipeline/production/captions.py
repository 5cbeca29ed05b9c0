"""CaptionExtraction: the captions that are in the picture, as one SRT file or one per language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from media_pipeline.errors import NoCaptionsFound
from media_pipeline.media.files import atomic_path
from media_pipeline.production.base import (
    Function,
    Job,
    JobParams,
    Result,
    Task,
    checked,
    stage_fields,
)
from media_pipeline.stages.captions import CAPTION_FILES, OCR_CUES
from media_pipeline.stages.captions.extract import BOTTOM_QUARTER, checked_region
from media_pipeline.stages.captions.files import in_language, one_line
from media_pipeline.text.cues import Cue, cues_from_table
from media_pipeline.text.formats import format_cues


class _Own(JobParams):
    track: Literal["main"] | None = Field(None, description="main, or null for all in the ROI")
    sep: bool = Field(
        False,
        description="one file for Chinese and one for English",
        json_schema_extra={"allowed": "true | false"},
    )
    roi: list[list[float]] | None = Field(
        None,
        description="where captions are looked for; null is the bottom quarter of the picture",
        json_schema_extra={
            "allowed": "[[top, bottom], [left, right]], in each pair 0 <= first < second <= 1"
        },
    )

    _roi = field_validator("roi", mode="before")(checked_region)

    @field_validator("fps", "lang", "formatter", mode="before", check_fields=False)
    @classmethod
    def _null_is_the_default(cls, value: object, info: Any) -> object:
        return cls.model_fields[info.field_name].default if value is None else value


class CaptionParams(
    _Own,
    stage_fields(OCR_CUES, "fps", "lang"),  # type: ignore[misc]
    stage_fields(CAPTION_FILES, "formatter"),  # type: ignore[misc]
):
    """JobParams of CaptionExtraction."""

    _formatter = field_validator("formatter")(one_line)


def prepare(values: Mapping[str, Any]) -> Task:
    """Check the parameters, and say what they ask for.

    Without a region the bottom quarter is read, and never more: the caller of a request has said
    where captions are. A film without captions gives empty files, and the reason as a note.
    """
    params = checked(CaptionParams, values)
    stage = {
        **params.model_dump(include={"fps", "lang"}),
        "roi": params.roi or BOTTOM_QUARTER,
        "track": params.track or "all",
    }

    def work(job: Job) -> Result:
        cues: Sequence[Cue] = ()
        try:
            found = job.runner.request(
                job.key, OCR_CUES, {OCR_CUES.name: stage}, progress=job.progress
            )
        except NoCaptionsFound as error:
            job.note(f"no captions: {error}")
        else:
            cues = cues_from_table(found.table("cues"))
            for warning in found.manifest.warnings:
                job.note(f"warning: {warning}")
        write_captions(cues, job.folder / job.name, separate=params.sep, prefix=params.formatter)
        return {}

    return Task(work, (".srt",))


def write_captions(cues: Sequence[Cue], output: Path, *, separate: bool, prefix: str) -> None:
    """Write the captions as one SRT file, or as one for the Chinese and one for the English rows.

    ``{resultType}`` in the file's name becomes ``zh`` and ``en``; without it that is put before the
    suffix. Without captions the files are empty.
    """
    texts: dict[Path, Sequence[Cue]] = {output: cues}
    if separate:
        texts = {_part(output, language): in_language(cues, language) for language in ("zh", "en")}
    for path, part in texts.items():
        with atomic_path(path) as target:
            target.write_text(
                format_cues(part, "srt", prefix=prefix), encoding="utf-8", newline="\n"
            )


def _part(output: Path, language: str) -> Path:
    if "{resultType}" in output.name:
        return output.with_name(output.name.replace("{resultType}", language))
    return output.with_name(f"{output.stem}_{language}{output.suffix}")


CAPTION_EXTRACTION = Function(prepare, pool="ocr")
