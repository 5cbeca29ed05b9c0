"""Drawing what is said onto clips that were cut out of a film."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from media_pipeline.media.encode import written_size
from media_pipeline.media.probe import probe
from media_pipeline.production.base import Job
from media_pipeline.stages.burn import CaptionSettings, burn, draw_given, said
from media_pipeline.stages.burn.settings import Style
from media_pipeline.text.cues import cues_from_table
from media_pipeline.text.given import Given
from media_pipeline.text.pieces import Caption

Draw = Callable[[Path, float, float], None]
"""Draws on a clip, in place, what is said from a start to an end (seconds of the film)."""


def drawer(job: Job, style: Style) -> Draw | None:
    """What draws the film's captions, or else its speech, in a style.

    None where captions are in the picture already: a second text never goes over the first; the
    caller is told.

    Raises
    ------
    NothingToDo, NoEngineForLanguage
        when there is no text.
    """
    canonical, words, speech = (
        job.runner.request(job.key, name) for name in ("captions", "words", "speech_subtitles")
    )
    name = job.runner.store.media.get(job.key).name
    cues = cues_from_table(canonical.table("captions.parquet"))
    if cues and canonical.facts.get("source") not in ("human", "embedded"):
        job.note(f"{name} has captions in its picture already: its clips get no others")
        return None
    captions = said(cues, speech, words, name)

    def draw(clip: Path, start: float, end: float) -> None:
        info = probe(clip)
        inside = shifted(captions, start, end)
        if info.video is None or not inside:
            return
        size = written_size(info.video)
        drawing = draw_given(Given(tuple(inside)), *size, CaptionSettings(style=style))
        for warning in drawing.warnings:
            job.note(warning)
        burn(clip, info, clip, drawing)

    return draw


def shifted(captions: Sequence[Caption], start: float, end: float) -> list[Caption]:
    """The captions from ``start`` to ``end`` as they stand in a clip cut there."""

    def at(time: float) -> float:
        return min(max(time, start), end) - start

    return [
        replace(
            caption,
            start=at(caption.start),
            end=at(caption.end),
            pieces=tuple(replace(p, start=at(p.start), end=at(p.end)) for p in caption.pieces),
        )
        for caption in captions
        if caption.end > start and caption.start < end
    ]
