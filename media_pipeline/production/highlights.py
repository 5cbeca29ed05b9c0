"""HighlightExtraction: the moments worth showing of up to five films, and clips of them when asked.

One prepared work serves all films of a request, one after another: what an earlier film has shown
is not shown again.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from pydantic import Field

from media_pipeline.errors import InvalidParameter, NoSpeech, Unavailable
from media_pipeline.media.files import atomic_path
from media_pipeline.media.probe import MediaInfo
from media_pipeline.production.base import (
    Function,
    Job,
    Result,
    Task,
    checked,
    checked_stage,
    stage_fields,
)
from media_pipeline.production.captioned import drawer
from media_pipeline.stages.burn.settings import Style
from media_pipeline.stages.highlights import HIGHLIGHT_CANDIDATES, RENDERED_CLIPS, render_clips
from media_pipeline.stages.highlights.clips import Params as ClipParams
from media_pipeline.stages.highlights.prints import Print, alike
from media_pipeline.stages.portrait import crop_film
from media_pipeline.store import StoredArtifact
from media_pipeline.text.cues import Cue, cues_from_table

_OF_STAGE = (
    *("count", "clip_duration", "keywords", "weights", "min_score"),
    *("enable_action_recog", "custom_actions"),
)
_OF_CLIPS = ("crf", "preset", "width", "height", "fit", "bitrate", "codec")
INDEX = "{index}"
MOST_FILMS, MOST_SECONDS = 5, 2 * 3600.0

Row = Mapping[str, Any]


class HighlightParams(
    stage_fields(HIGHLIGHT_CANDIDATES, *_OF_STAGE),  # type: ignore[misc]
    stage_fields(RENDERED_CLIPS, *_OF_CLIPS),  # type: ignore[misc]
):
    """What can be asked of highlights."""

    export: bool = Field(False, description="write a clip of each")
    portrait: bool = Field(False, description="crop the clips to an upright picture")
    caption: Style | None = Field(None, description="draw what is said on the clips")
    allow_non_speech: bool = Field(False, description="take films without captions and voices")


def prepare(values: Mapping[str, Any]) -> Task:
    """Check the parameters, and say what they ask for."""
    params = checked(HighlightParams, values, "")
    given = params.model_fields_set
    stage = {HIGHLIGHT_CANDIDATES.name: params.model_dump(include=given & set(_OF_STAGE))}
    coding = params.model_dump(include=given & set(_OF_CLIPS), exclude_none=True)
    # what the stages refuse besides ranges
    checked_stage(HIGHLIGHT_CANDIDATES, stage[HIGHLIGHT_CANDIDATES.name], "")
    checked_stage(RENDERED_CLIPS, coding, "")
    seen: list[Print] = []

    def work(job: Job) -> Result:
        share = 0.6 if params.export else 1.0
        found = job.runner.request(
            job.key, HIGHLIGHT_CANDIDATES, stage, progress=lambda s: job.progress(s * share)
        )
        if not params.allow_non_speech:
            _require_words(job, found)
        rows = _unseen(found.table("candidates").to_pylist(), seen, params.count)
        ranges = [_range(row) for row in rows]
        if params.export and rows:
            files = _clips(job, found, rows, stage, coding)
            if params.portrait:
                whole = not (params.width or params.height)  # else captions are elsewhere
                _make_upright(job, rows, files, captions=whole)
            _draw(job, rows, files, params.caption)
            for entry, name in zip(ranges, files, strict=True):
                entry["OutputURL"] = name
        result: dict[str, Any] = {"TimeRanges": ranges}
        if found.facts.get("unsupported_actions"):
            result["UnsupportedActions"] = list(found.facts["unsupported_actions"])
        if found.manifest.warnings:
            result["Notes"] = list(found.manifest.warnings)
        return result

    return Task(work, (".mp4",))


def check_request(films: int, *, export_to: str | None = None) -> None:
    """What holds of a request as a whole.

    Parameters
    ----------
    films : how many.
    export_to : the name that the clips get; None without clips.

    Raises
    ------
    InvalidParameter
        in the words of the ICE API.
    """
    if not 1 <= films <= MOST_FILMS:
        raise InvalidParameter(
            f"'InputConfig.MediaArray' is invalid, input: {films} media, value range: "
            f"1-{MOST_FILMS} items"
        )
    if export_to is not None and INDEX not in export_to.rsplit("/", 1)[-1]:
        raise InvalidParameter(
            f"'OutputConfig.ObjectKey' is invalid, input: {export_to}: its last part must hold "
            f"{INDEX}"
        )


def check_seconds(seconds: float) -> None:
    """How long all films of a request may last together.

    Raises
    ------
    InvalidParameter
    """
    if seconds > MOST_SECONDS:
        raise InvalidParameter(
            f"the media last {seconds:.0f} s together, value range: <= {MOST_SECONDS:.0f}"
        )


def _unseen(candidates: Sequence[Row], seen: list[Print], count: int) -> list[Row]:
    """The best candidates that neither this film nor an earlier one shows already, in film order;
    they count as seen from now on.
    """
    chosen: list[Row] = []
    fresh: list[Print] = []
    for row in candidates:
        mark = Print(
            np.asarray(row["picture_print"], np.uint64), np.asarray(row["sound_print"], np.uint32)
        )
        if len(chosen) < count and not row["like"] and not any(alike(mark, s) for s in seen):
            chosen.append(row)
            fresh.append(mark)
    seen += fresh
    return sorted(chosen, key=lambda row: float(row["start"]))


def _range(row: Row) -> dict[str, Any]:
    return {
        "In": round(row["start"], 3),
        "Out": round(row["end"], 3),
        "Score": round(row["score"], 4),
        "Tags": list(row["tags"] or ()),
        "Signals": {name: round(value, 3) for name, value in row["signals"]},
    }


def _require_words(job: Job, found: StoredArtifact) -> None:
    """Refuse a film in which there is neither text to read nor a voice to hear.

    Raises
    ------
    NoSpeech
    """
    if found.facts.get("worded") or found.facts.get("speech_seconds"):
        return
    name = job.runner.store.media.get(job.key).name
    raise NoSpeech(
        f"{name} has neither captions nor voices",
        "give a film with words, or allow others: Strategy.AllowNonSpeech, --allow-non-speech",
    )


def _draw(job: Job, rows: Sequence[Row], files: Sequence[str], style: Style | None) -> None:
    """Draw what is said on the clips, where a style was asked for."""
    draw = None if style is None else drawer(job, style)
    if draw is not None:
        for row, file in zip(rows, files, strict=True):
            draw(job.folder / file, row["start"], row["end"])


def _make_upright(job: Job, rows: Sequence[Row], files: Sequence[str], *, captions: bool) -> None:
    """Crop the clips, in place; ``captions`` that are in the film's picture stay readable."""
    read: list[Cue] = []
    if captions:
        with suppress(Unavailable):
            read = cues_from_table(job.runner.request(job.key, "ocr_cues").table("cues.parquet"))
    for row, file in zip(rows, files, strict=True):
        begin, stop = row["start"], row["end"]
        inside = [
            replace(cue, start=max(0.0, cue.start - begin), end=min(cue.end, stop) - begin)
            for cue in read
            if cue.start < stop and cue.end > begin
        ]
        if file.endswith(".mp4") and not crop_film(job.folder / file, inside):
            job.note(f"{file} is as narrow already as an upright picture")


def _clips(
    job: Job,
    found: StoredArtifact,
    rows: Sequence[Row],
    stage: Mapping[str, Mapping[str, Any]],
    coding: Mapping[str, Any],
) -> list[str]:
    """Write the clips under the names asked for; those of the stage where they are the same."""

    def progress(share: float) -> None:
        job.progress(0.6 + share * 0.4)

    names = [job.name.replace(INDEX, str(job.index + n)) for n in range(len(rows))]
    with TemporaryDirectory(prefix="media_pipeline_clips_") as scratch:
        if all(row["chosen"] for row in rows):
            made = job.runner.request(
                job.key, RENDERED_CLIPS, {**stage, RENDERED_CLIPS.name: coding}, progress=progress
            )
            by_start = {r["start"]: made.path(r["file"]) for r in made.table("clips").to_pylist()}
            paths = [by_start[row["start"]] for row in rows]
        else:
            source = job.runner.request(job.key, "source")
            item = job.runner.store.media.get(job.key)
            clips = render_clips(
                job.runner.originals.path(item),
                MediaInfo.model_validate(source.facts["media"]),
                [(row["start"], row["end"]) for row in rows],
                Path(scratch),
                ClipParams.model_validate(dict(coding)),
                progress=progress,
            )
            paths = [Path(scratch) / file for file, _ in clips]
        # sound alone becomes M4A, whatever the name says
        names = [str(Path(n).with_suffix(p.suffix)) for n, p in zip(names, paths, strict=True)]
        for name, path in zip(names, paths, strict=True):
            with atomic_path(job.folder / name) as target:
                shutil.copyfile(path, target)
    return names


HIGHLIGHT_EXTRACTION = Function(prepare, pool="encode", max_seconds=MOST_SECONDS)
