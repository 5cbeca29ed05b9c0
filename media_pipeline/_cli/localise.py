"""``localise``: a film with translated captions in the place of those in its picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from media_pipeline._cli.console import note, say
from media_pipeline._cli.direct import request
from media_pipeline._cli.options import read_json
from media_pipeline._cli.outputs import check_output, new_file
from media_pipeline.errors import InvalidParameter


def localise(
    media: Annotated[str, typer.Argument(metavar="VIDEO", help="file or URI")],
    translated: Annotated[
        Path, typer.Argument(metavar="TRANSLATED.srt", help="the captions in the new language")
    ],
    output: Annotated[Path, typer.Argument(metavar="OUTPUT.mp4", help="film to write")],
    settings: Annotated[
        str | None,
        typer.Option(
            metavar="JSON", help="how captions look, as of `caption`; their place is the old one"
        ),
    ] = None,
) -> None:
    """Put translated captions in the place of those in the picture.

    The captions in the picture are read, removed where a stage can do that, else covered, and the
    translation is drawn where they were. Get a file to translate by
    `media-pipeline run CaptionExtraction VIDEO captions.srt`.
    """
    output = check_output(output, media, (".mp4",))
    from media_pipeline.production.localising import localise as put
    from media_pipeline.stages.burn import caption_settings
    from media_pipeline.text.given import read_given

    look = None if settings is None else caption_settings(read_json("--settings", settings))
    given = read_given(str(translated.absolute()), 0.0)  # no duration: plain text has no times
    if not given.captions or given.captions[-1].end <= 0:
        raise InvalidParameter(f"{translated.name} has no times", "give an SRT file")
    with request(media) as job, new_file(output) as target:
        done = put(job.job("localising"), given, target, look)
    way = {"absent": "no old ones in the picture", "covered": f"{done.old} old ones covered"}
    what = way.get(done.way, f"{done.old} old ones removed")
    note(f"{done.captions} captions drawn, {what}")
    say(str(output))
