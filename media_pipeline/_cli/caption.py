"""``caption``: a film with captions drawn on it, from a file, from text, or of what is said."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from media_pipeline._cli.console import note, say
from media_pipeline._cli.direct import Request, request
from media_pipeline._cli.options import read_json, read_time, stage_params
from media_pipeline._cli.outputs import check_output, new_file

if TYPE_CHECKING:
    from media_pipeline.production.captioning import Wishes


def caption(
    media: Annotated[str, typer.Argument(metavar="INPUT", help="file or URI")],
    output: Annotated[
        Path,
        typer.Argument(metavar="OUTPUT.mp4", help="film to write; .mov or .webm if transparent"),
    ],
    captions: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|TEXT",
            help="SRT, WebVTT or ASS, JSON of words with times, or a text that is shown all the "
            "time; by default what is said in the film",
        ),
    ] = None,
    settings: Annotated[
        str | None,
        typer.Option(
            metavar="JSON", help='how captions look, such as {"style": "karaoke", "font_size": 48}'
        ),
    ] = None,
    replace: Annotated[
        str | None,
        typer.Option(
            metavar="JSON", help='words to replace, such as [{"find": "um", "replace": ""}]'
        ),
    ] = None,
    exclude: Annotated[
        str | None,
        typer.Option(
            metavar="JSON",
            help="times without captions, such as "
            '[{"start": "00:00:10.000", "end": "00:00:20.000"}]',
        ),
    ] = None,
    language: Annotated[
        str | None,
        typer.Option(help="language of speech and captions, such as en; empty to find out"),
    ] = None,
    preview: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="seconds or HH:MM:SS: write only that frame, as .png or .jpg"
        ),
    ] = None,
) -> None:
    """Write a film with captions drawn on it.

    Styles: classic, karaoke, highlight, underline, word_by_word, pop and box. Further settings:
    position, alignment, x, y, font_family, font_size, line_color, word_color, outline_color,
    outline_width, shadow_offset, spacing, angle, bold, italic, underline, strikeout, all_caps,
    max_words_per_line, estimate_word_times. ASS captions keep their own styling.

    Without any option, in a film whose picture carries captions already, the word that is being
    spoken is marked in those.
    """
    at = None if preview is None else read_time("--preview", preview)
    output = check_output(
        output, media, (".mp4", ".mov", ".webm") if at is None else (".png", ".jpg")
    )
    wishes = _wishes(settings, replace, exclude, language)
    if language is not None:
        stage_params(language={"language": language})
    if at is not None and captions is not None and Path(media).is_file():
        _preview(wishes, captions, Path(media), at, output)
        return
    with request(media) as job:
        if captions is None and at is None and not (settings or replace or exclude):
            shown = _catalogue(job, output, language)
        else:
            shown = _draw(job, wishes, captions, at, output)
    say(f"{output}: {shown}")


def _wishes(
    settings: str | None, replace: str | None, exclude: str | None, language: str | None
) -> Wishes:
    from media_pipeline.production import captioning

    return captioning.wishes(
        {
            "settings": read_json("--settings", settings),
            "replace": read_json("--replace", replace),
            "exclude_time_ranges": read_json("--exclude", exclude),
            "language": language,
        }
    )


def _catalogue(job: Request, output: Path, language: str | None) -> str:
    """The artifact that the catalogue has or makes: what was drawn."""
    made = job.make("captioned_video", stage_params(language={"language": language}))
    with new_file(output) as target:
        shutil.copyfile(made.path("captioned.mp4"), target)
    boxes = made.facts.get("mode") == "boxes"
    return "the spoken word marked in the picture's captions" if boxes else "subtitles"


def _preview(wishes: Wishes, captions: str, media: Path, at: float, output: Path) -> None:
    """One frame of a film of this machine, which leaves nothing in the lake."""
    from media_pipeline.media.probe import probe
    from media_pipeline.production.captioning import write_frame
    from media_pipeline.text.given import read_given

    info = probe(media)
    given = read_given(captions, info.duration)
    with new_file(output) as target:
        write_frame(media, info, given, wishes, at, target, note)
    say(str(output))


def _draw(
    request: Request, wishes: Wishes, captions: str | None, at: float | None, output: Path
) -> str:
    """Write the film, or the frame at a time, and say what is on it."""
    from media_pipeline.production import captioning
    from media_pipeline.text.given import read_given

    job = request.job("drawing captions")
    info = captioning.media_info(job)
    if captions is not None:
        given = read_given(captions, info.duration)
    else:
        given = captioning.captions_of(job, info, wishes)
    with new_file(output) as target:
        if at is not None:
            media = request.runner.originals.path(request.item)
            captioning.write_frame(media, info, given, wishes, at, target, note)
            return f"the frame at {at:g} s"
        share, why = captioning.write_film(job, info, given, wishes, target)
    note(f"{share:.0%} of the picture was coded anew{f', because {why}' if why else ''}")
    style = "their own styles" if given.ass is not None else f"style {wishes.settings.style}"
    return f"{len(given.captions)} captions in {style}"
