"""The captions as subtitle files: the stage ``caption_files``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from media_pipeline.errors import NoCaptionsFound
from media_pipeline.stages.base import FileOutput, Outcome, Stage, StageParams, Work, raise_reason
from media_pipeline.text.cues import Cue, cues_from_table
from media_pipeline.text.formats import write_cues
from media_pipeline.text.scripts import main_script, rows_in_script

_SEPARATED = ("zh", "en")


def one_line(formatter: str) -> str:
    """The prefix as it is, when it is one line.

    Raises
    ------
    ValueError
    """
    if not formatter.isprintable():
        raise ValueError("write it in one line, without control characters")
    return formatter


class Params(StageParams):
    """What can be asked of the caption files."""

    formats: list[Literal["srt", "vtt", "ass", "json"]] = Field(
        default=["srt", "vtt", "ass"], min_length=1, description="which files to write"
    )
    formatter: str = Field(
        default="",
        max_length=64,
        description=r"put before each cue's text in SRT and ASS, such as {\an8} for the top",
        json_schema_extra={"allowed": "one line of at most 64 characters"},
    )
    sep: bool = Field(
        default=False,
        description="write the Chinese and the English rows to files of their own, "
        "captions.zh.* and captions.en.*",
    )

    _formatter = field_validator("formatter")(one_line)


def write_caption_files(
    cues: Sequence[Cue], folder: Path, params: Params | None = None
) -> list[Path]:
    """Write the captions in each format asked for; with ``sep``, one file per language.

    Returns
    -------
    The files, ``captions.<format>`` or ``captions.zh.<format>`` and ``captions.en.<format>``. A
    language without rows has no file.
    """
    params = params or Params()
    parts: dict[str, Sequence[Cue]] = {"": cues}
    if params.sep:
        parts = {f".{language}": in_language(cues, language) for language in _SEPARATED}
    files = []
    for name, part in parts.items():
        for kind in dict.fromkeys(params.formats) if part else ():
            files.append(folder / f"captions{name}.{kind}")
            write_cues(part, files[-1], prefix=params.formatter)
    return files


def in_language(cues: Sequence[Cue], language: str) -> list[Cue]:
    """The cues with only their rows in a language; cues of numbers belong to every language."""
    kept = (
        replace(cue, text=rows_in_script(cue.text, language)) if main_script(cue.text) else cue
        for cue in cues
    )
    return [cue for cue in kept if cue.text]


def _run(work: Work) -> Outcome:
    captions = work.inputs["captions"]
    raise_reason(captions)
    cues = cues_from_table(captions.table("captions.parquet"))
    files = write_caption_files(cues, work.out, work.params)
    if not files:
        what = "captions in Chinese or English" if cues else "captions"
        raise NoCaptionsFound(f"{work.name} has no {what}", "ask for the files without sep")
    names = [file.name for file in files]
    missing = [
        language
        for language in _SEPARATED
        if work.params.sep and not any(name.startswith(f"captions.{language}.") for name in names)
    ]
    return Outcome(
        {"files": names}, [f"no caption is in {language}: no file for it" for language in missing]
    )


CAPTION_FILES = Stage(
    name="caption_files",
    group="captions",
    description="The captions as SRT, WebVTT, ASS or JSON files.",
    version="1",
    params=Params,
    inputs=("captions",),
    outputs=(FileOutput("captions*"),),
    run=_run,
    kinds=("srt", "vtt", "ass"),
)
