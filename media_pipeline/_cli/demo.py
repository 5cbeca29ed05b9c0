"""``demo``: make the sample film, run everything, compare what was found with what was planted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from media_pipeline._cli.console import bars, note, say, table
from media_pipeline._cli.outputs import check_folder

if TYPE_CHECKING:
    from media_pipeline.report.film import Film
    from media_pipeline.sample import Sample

_GOOD_IOU = 0.5


def demo(
    out: Annotated[Path, typer.Option(help="folder for the sample film and the results")] = Path(
        "demo_output"
    ),
) -> None:
    """Make a sample film, run everything on it, and compare what was found with what was planted.

    Needs no model, no key and no network. Everything runs through Dagster, as with `process`.
    """
    folder = check_folder(out)
    from media_pipeline._cli.options import read_profile
    from media_pipeline._cli.process import print_summary, process_one
    from media_pipeline.report.film import Film
    from media_pipeline.runner import Runner
    from media_pipeline.sample import make_sample
    from media_pipeline.settings import Settings

    with bars() as progress:
        sample = make_sample(folder, progress.bar("making the sample film"))
    for text in sample.notes:
        note(f"note: {text}")
    settings = ["highlight_candidates.count=3", "highlight_candidates.clip_duration=9"]
    done = process_one(
        Runner.from_settings(Settings()), str(sample.video), read_profile(None, settings), folder
    )
    print_summary(done)
    missed = print_comparison(sample, Film(done.artifacts))
    say(f"sample film   {sample.video}")
    say(f"results       {folder}")
    say(f"report        {folder / 'report.html'}")
    for error in done.errors:
        note(f"media-pipeline: {error}")
    if missed:
        note(f"media-pipeline: {missed} of {len(sample.captions)} planted captions were not found")
    if missed or not done.run.success:
        raise typer.Exit(1)


def print_comparison(sample: Sample, film: Film) -> int:
    """Print planted and found side by side; the number of planted captions that were missed."""
    from media_pipeline.report.comparison import match_cues, match_highlights, match_speech

    cues = match_cues(sample.captions, film.cues)
    table(
        "captions: planted and found",
        ("planted", "found", "wrong characters", "start error", "end error"),
        [
            (
                match.known.text,
                "MISSED" if match.found is None else match.found.text,
                "" if match.found is None else str(match.character_errors),
                _error(match.start_error),
                _error(match.end_error),
            )
            for match in cues
        ],
    )
    highlights = match_highlights(
        sample.highlights, [(one.start, one.end) for one in film.highlights]
    )
    table(
        "highlights: planted and found",
        ("planted", "found", "overlap (IoU)", ""),
        [
            (
                _span(match.known),
                "none" if match.found is None else _span(match.found),
                f"{match.iou:.2f}",
                "ok" if match.iou > _GOOD_IOU else "poor",
            )
            for match in highlights
        ],
    )
    if sample.speech:
        table(
            "speech: said and found",
            ("said", "at", "words found"),
            [
                (match.known.text, f"{match.known.start:.2f} s", f"{match.found} of {match.words}")
                for match in match_speech(sample.speech, film.words)
            ],
        )
    return sum(match.found is None for match in cues)


def _span(span: tuple[float, float]) -> str:
    return f"{span[0]:.2f} – {span[1]:.2f} s"


def _error(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds * 1000:+.0f} ms"
