"""``lint``: a subtitle file held against the subtitle rules, and against its film."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from media_pipeline._cli.console import say, table

if TYPE_CHECKING:
    from media_pipeline._cli.direct import Request
    from media_pipeline.text.cues import Cue, Word
    from media_pipeline.text.lint import Finding

_FPS = 25.0


def lint(
    file: Annotated[
        Path, typer.Argument(metavar="FILE.srt", help="SRT, WebVTT, ASS, TTML or JSON")
    ],
    video: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="the film: gives the frame rate, and English cues are held against its speech",
        ),
    ] = None,
    language: Annotated[
        str | None,
        typer.Option(help="ISO 639-1; by default what the script of the text suggests"),
    ] = None,
    fps: Annotated[
        float | None,
        typer.Option(
            min=1, max=240, help="frames per second, for gaps; by default the video's, else 25"
        ),
    ] = None,
) -> None:
    """Check a subtitle file: reading speed, overlaps, rows, breaks, gaps, durations, sync.

    Exits with 1 when there is an error among the findings.
    """
    from media_pipeline.media.timecode import format_timecode
    from media_pipeline.text.formats import read_cues
    from media_pipeline.text.lint import lint_cues
    from media_pipeline.text.rules import rules_for
    from media_pipeline.text.scripts import guess_language

    cues = read_cues(file)
    language = language or guess_language("\n".join(cue.text for cue in cues))
    if video is None:
        findings = lint_cues(cues, rules_for(language, fps or _FPS))
    else:
        findings = _with_film(cues, video, language, fps)
    if findings:
        table(
            f"{file.name}, by the rules for {language or 'an unknown language'}",
            ("cue", "at", "level", "rule", "finding"),
            [(str(f.cue), format_timecode(f.start), f.level, f.rule, f.detail) for f in findings],
        )
    errors = sum(f.level == "error" for f in findings)
    say(f"{len(cues)} cues, {errors} errors, {len(findings) - errors} warnings")
    if errors:
        raise typer.Exit(1)


def _with_film(
    cues: Sequence[Cue], video: str, language: str | None, fps: float | None
) -> list[Finding]:
    from media_pipeline._cli.direct import request
    from media_pipeline.media.probe import MediaInfo
    from media_pipeline.text.lint import lint_cues, lint_sync
    from media_pipeline.text.rules import rules_for

    with request(video) as job:
        info = MediaInfo.model_validate(job.make("source").facts["media"])
        rules = rules_for(language, fps or (info.video.fps if info.video else None) or _FPS)
        heard: list[Sequence[Word]] = [()] * len(cues)
        if info.audio_index is not None:
            heard = _heard(job, cues, language)
    findings = lint_cues(cues, rules) + lint_sync(cues, heard, rules, info.duration)
    return sorted(findings, key=lambda finding: finding.cue)


def _heard(job: Request, cues: Sequence[Cue], language: str | None) -> list[Sequence[Word]]:
    """The words of each cue that were surely heard, if its first and last are among them."""
    from media_pipeline.asr.align import ALIGNED, align
    from media_pipeline.asr.sound import map_wav

    samples = map_wav(job.make("audio").path("speech.wav"))
    words = align(samples, cues, language=language, progress=job.progress.bar("listening"))
    return [own if own and own[0].source == own[-1].source == ALIGNED else () for own in words]
