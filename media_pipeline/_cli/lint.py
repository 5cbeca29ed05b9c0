"""``lint``: a subtitle file held against the subtitle rules."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from media_pipeline._cli.console import say, table


def lint(
    file: Annotated[Path, typer.Argument(metavar="FILE.srt", help="SRT, WebVTT, ASS or JSON")],
    language: Annotated[
        str | None,
        typer.Option(help="ISO 639-1; by default what the script of the text suggests"),
    ] = None,
    fps: Annotated[
        float, typer.Option(min=1, max=240, help="frames per second of the film, for gaps")
    ] = 25.0,
) -> None:
    """Check a subtitle file: reading speed, overlaps, length of rows, gaps, durations.

    Exits with 1 when there is an error among the findings.
    """
    from media_pipeline.media.timecode import format_timecode
    from media_pipeline.text.formats import read_cues
    from media_pipeline.text.lint import lint_cues
    from media_pipeline.text.rules import rules_for
    from media_pipeline.text.scripts import guess_language

    cues = read_cues(file)
    language = language or guess_language("\n".join(cue.text for cue in cues))
    findings = lint_cues(cues, rules_for(language, fps))
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
