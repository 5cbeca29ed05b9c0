"""``caption``: a film with captions drawn on it, from a file, from text, or of what is said."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from media_pipeline._cli.console import note, say
from media_pipeline._cli.direct import Request, request
from media_pipeline._cli.options import read_time, stage_params
from media_pipeline._cli.outputs import check_output, new_file
from media_pipeline.errors import InvalidParameter, NoVideoStream, Unavailable

if TYPE_CHECKING:
    from media_pipeline.media.probe import MediaInfo, VideoStream
    from media_pipeline.stages.burn import CaptionSettings, Drawing
    from media_pipeline.text.exclusion import TimeRange
    from media_pipeline.text.given import Given
    from media_pipeline.text.replacing import Replacement


@dataclass(frozen=True)
class Wishes:
    """How captions shall look and what shall be changed in them, all of it checked."""

    settings: CaptionSettings
    replacements: Sequence[Replacement]
    exclude: Sequence[TimeRange]
    language: str | None
    plain: bool
    """Whether nothing was asked for."""

    def drawing(self, given: Given, video: VideoStream) -> Drawing:
        """Captions as they are drawn on a film; says what could not be drawn."""
        from media_pipeline.media.encode import written_size
        from media_pipeline.stages.burn import draw_given

        drawing = draw_given(
            given,
            *written_size(video),
            self.settings,
            replace_by=self.replacements,
            exclude=self.exclude,
            language=self.language,
        )
        for warning in drawing.warnings:
            note(f"warning: {warning}")
        return drawing


def caption(
    media: Annotated[str, typer.Argument(metavar="INPUT", help="file or URI")],
    output: Annotated[Path, typer.Argument(metavar="OUTPUT.mp4", help="film to write")],
    captions: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|TEXT",
            help="SRT, WebVTT or ASS, JSON of words with times, or a text that is shown all the "
            "time; by default what is said in the film",
        ),
    ] = None,
    settings: Annotated[
        str,
        typer.Option(
            metavar="JSON", help='how captions look, such as {"style": "karaoke", "font_size": 48}'
        ),
    ] = "{}",
    replace: Annotated[
        str,
        typer.Option(
            metavar="JSON", help='words to replace, such as [{"find": "um", "replace": ""}]'
        ),
    ] = "[]",
    exclude: Annotated[
        str,
        typer.Option(
            metavar="JSON",
            help="times without captions, such as "
            '[{"start": "00:00:10.000", "end": "00:00:20.000"}]',
        ),
    ] = "[]",
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
    output = check_output(output, media, (".mp4",) if at is None else (".png", ".jpg"))
    wishes = _wishes(settings, replace, exclude, language)
    if language is not None:
        stage_params(language={"language": language})
    if at is not None and captions is not None and Path(media).is_file():
        from media_pipeline.media.probe import probe
        from media_pipeline.text.given import read_given

        info = probe(Path(media))  # a preview leaves nothing in the lake
        given = read_given(captions, info.duration)
        _still(wishes, given, Path(media), info, at, output)
        return
    with request(media) as job:
        if captions is None and wishes.plain and at is None:
            say(f"{output}: {_catalogue(job, output, language)}")
            return
        info = _info(job)
        given = _given(job, captions, info.duration, language)
        if at is not None:
            _still(wishes, given, job.runner.originals.path(job.item), info, at, output)
            return
        shown = _draw(job, wishes, given, info, output)
    say(f"{output}: {shown}")


def _wishes(settings: str, replace: str, exclude: str, language: str | None) -> Wishes:
    from media_pipeline.media.fonts import check_family
    from media_pipeline.stages.burn import caption_settings
    from media_pipeline.text.exclusion import time_ranges
    from media_pipeline.text.replacing import replacements

    asked = [
        _json("--settings", settings),
        _json("--replace", replace),
        _json("--exclude", exclude),
    ]
    look = caption_settings(asked[0])
    check_family(look.font_family)
    rules, ranges = replacements(asked[1]), time_ranges(asked[2])
    return Wishes(look, rules, ranges, language, plain=not any(asked))


def _json(option: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise InvalidParameter(f"{option} is not JSON ({error})", "see --help") from None


def _catalogue(job: Request, output: Path, language: str | None) -> str:
    """The artifact that the catalogue has or makes: what was drawn."""
    made = job.make("captioned_video", stage_params(language={"language": language}))
    with new_file(output) as target:
        shutil.copyfile(made.path("captioned.mp4"), target)
    boxes = made.facts.get("mode") == "boxes"
    return "the spoken word marked in the picture's captions" if boxes else "subtitles"


def _info(job: Request) -> MediaInfo:
    from media_pipeline.media.probe import MediaInfo

    return MediaInfo.model_validate(job.make("source").facts["media"])


def _given(job: Request, captions: str | None, duration: float, language: str | None) -> Given:
    """The captions that were given, else what a person wrote, the file holds or is said."""
    from media_pipeline.stages.burn import said
    from media_pipeline.text.cues import Cue, cues_from_table
    from media_pipeline.text.given import Given, read_given

    if captions is not None:
        return read_given(captions, duration)
    params = stage_params(language={"language": language})
    words, speech = (job.make(name, params) for name in ("words", "speech_subtitles"))
    cues: list[Cue] = []
    with suppress(Unavailable):  # a film without captions of its own has what is said
        canonical = job.make("captions")
        if canonical.facts.get("source") in ("human", "embedded"):
            cues = cues_from_table(canonical.table("captions.parquet"))
    return Given(tuple(said(cues, speech, words, job.item.name)))


def _still(
    wishes: Wishes, given: Given, media: Path, info: MediaInfo, at: float, output: Path
) -> None:
    from media_pipeline.stages.burn import still

    if info.video is None:
        raise NoVideoStream(media.name)
    drawing = wishes.drawing(given, info.video)
    with new_file(output) as target:
        still(media, info.video, drawing, at, target)
    say(str(output))


def _draw(job: Request, wishes: Wishes, given: Given, info: MediaInfo, output: Path) -> str:
    from media_pipeline.media.verify import verify_media
    from media_pipeline.stages.burn import burn

    if info.video is None:
        raise NoVideoStream(job.item.name)
    drawing = wishes.drawing(given, info.video)
    media = job.runner.originals.path(job.item)
    with new_file(output) as target:
        done = burn(media, info, target, drawing, progress=job.progress.bar("drawing captions"))
        verify_media(target, duration=info.video.duration)
    style = "their own styles" if given.ass is not None else f"style {wishes.settings.style}"
    why = f", because {done.why}" if done.why else ""
    note(f"{done.share:.0%} of the picture was coded anew{why}")
    return f"{len(given.captions)} captions in {style}"
