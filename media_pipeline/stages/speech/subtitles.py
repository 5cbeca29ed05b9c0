"""Subtitles of what is said, by the rules that professional subtitles keep, in several formats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, get_args

import pyarrow.parquet as pq
from pydantic import Field, field_validator

from media_pipeline.errors import NoSpeech
from media_pipeline.stages.base import (
    FileOutput,
    Outcome,
    Stage,
    StageParams,
    TableOutput,
    Work,
    raise_reason,
)
from media_pipeline.stages.tables import SPEECH_CUES
from media_pipeline.text.cues import Cue, Word, cues_to_table, words_from_table
from media_pipeline.text.formats import FORMATS, write_cues
from media_pipeline.text.lint import lint_cues
from media_pipeline.text.phrases import phrased_tokens
from media_pipeline.text.rules import Rules, rules_for, segment

Format = Literal["srt", "vtt", "ass", "ttml", "json", "words.json", "asr.json"]


class Params(StageParams):
    """What can be asked of the subtitles stage. Empty numbers are those of the language."""

    formats: list[Format] = Field(
        default=["srt", "vtt", "ass", "ttml", "json", "words.json", "asr.json"],
        min_length=1,
        description="files to write: srt, vtt, ass, ttml, json (cues with their words), "
        "words.json (only words), asr.json (content, from and to, as ICE answers)",
    )
    columns: int | None = Field(
        default=None,
        ge=8,
        le=120,
        description="widest row; a Chinese character takes two (42; zh and ko 32, ja 26)",
    )
    lines: int = Field(default=2, ge=1, le=4, description="rows per subtitle")
    speed: float | None = Field(
        default=None,
        gt=0,
        le=60,
        description="characters per second (17; en 20, zh 9, ko 12, ja 4)",
    )
    min_duration: float = Field(default=5 / 6, gt=0, le=5, description="shortest subtitle, s")
    max_duration: float = Field(default=7.0, ge=1, le=30, description="longest subtitle, s")
    gap_frames: int = Field(default=2, ge=0, le=12, description="least frames between subtitles")

    @field_validator("formats")
    @classmethod
    def _once(cls, value: list[Format]) -> list[Format]:
        return [name for name in get_args(Format) if name in value]


def write_subtitles(
    words: Sequence[Word],
    folder: Path,
    *,
    rules: Rules,
    formats: Sequence[str] = FORMATS,
    groups: Sequence[int] | None = None,
    duration: float | None = None,
    language: str | None = None,
) -> list[Cue]:
    """Cut words into subtitles and write ``speech.srt`` and its like into a folder.

    Parameters
    ----------
    words : in order of their starts; a space at the end of one is the end of a phrase.
    rules, groups, duration : see :func:`media_pipeline.text.rules.segment`.
    formats : any of :data:`~media_pipeline.text.formats.FORMATS`.

    Returns
    -------
    list of Cue
        the subtitles.
    """
    cues = segment(words, rules, groups=groups, duration=duration)
    bare = [replace(w, word=w.word.rstrip()) for w in words]
    for name in formats:
        write_cues(cues, folder / f"speech.{name}", words=bare, language=language)
    return cues


def phrased(words: Sequence[Word], rows: Sequence[int], texts: Sequence[str]) -> list[Word]:
    """The words with a space after those that end a Chinese phrase in the texts they come from.

    Parameters
    ----------
    words, rows : words, and for each the number of its text.
    texts : as they are written, phrases parted by spaces or line breaks.
    """
    at = {row: iter(phrased_tokens(texts[row])) for row in set(rows)}
    found = []
    for word, row in zip(words, rows, strict=True):
        token = next(at[row], "")
        same = token.rstrip() == word.word
        found.append(replace(word, word=token) if same else word)
    return found


def _rules(params: Params, language: str | None, fps: float | None) -> Rules:
    base = rules_for(language, fps)
    return Rules(
        columns=params.columns or base.columns,
        lines=params.lines,
        speed=params.speed or base.speed,
        wide=base.wide,
        min_duration=params.min_duration,
        max_duration=params.max_duration,
        frame=base.frame,
        gap_frames=params.gap_frames,
    )


def _run(work: Work) -> Outcome:
    said, transcript = work.inputs["words"], work.inputs["transcript"]
    raise_reason(said)
    table = said.table("words.parquet")
    if not table.num_rows:
        raise NoSpeech("there are no words to make subtitles of")
    language = transcript.facts.get("language")
    rules = _rules(work.params, language, work.info.video.fps if work.info.video else None)
    rows = table["cue"].to_pylist()
    texts = said.table("segments.parquet")["text"].to_pylist()
    cues = write_subtitles(
        phrased(words_from_table(table), rows, texts),
        work.out,
        rules=rules,
        formats=work.params.formats,
        groups=rows,
        duration=work.info.duration,
        language=language,
    )
    pq.write_table(cues_to_table(cues, SPEECH_CUES.schema), work.out / "cues.parquet")
    hurried = {f.cue for f in lint_cues(cues, rules)}
    work.progress(1.0)
    warnings = []
    if hurried:
        warnings.append(
            f"{len(hurried)} of {len(cues)} subtitles break the rules, for the speech is too fast "
            "(`media-pipeline lint` lists them)"
        )
    return Outcome({"cues": len(cues), "too_fast": len(hurried)}, warnings)


SPEECH_SUBTITLES = Stage(
    name="speech_subtitles",
    group="speech",
    description="Subtitles of what is said, cut by the rules of professional subtitles: rows, "
    "reading speed, durations, gaps, breaks.",
    version="3",
    params=Params,
    outputs=(TableOutput("cues.parquet", SPEECH_CUES), FileOutput("speech.*")),
    run=_run,
    inputs=("words", "transcript"),
    kinds=("srt", "vtt", "ttml"),
    pool="asr",
)
