"""``run``: one production function by its ICE name, with its JobParams; the Result JSON goes to
stdout.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from media_pipeline._cli.console import bars, note, timed
from media_pipeline._cli.outputs import check_output
from media_pipeline.errors import InvalidParameter

if TYPE_CHECKING:
    from media_pipeline.runner import Runner


def run(
    function: Annotated[str, typer.Argument(help="CaptionExtraction or VideoClip")],
    media: Annotated[str, typer.Argument(metavar="INPUT", help="file or URI")],
    output: Annotated[Path, typer.Argument(help="file to write")],
    params: Annotated[
        str,
        typer.Option("--params", metavar="JSON", help="the function's JobParams, a JSON object"),
    ] = "{}",
) -> None:
    """Run one production function by its ICE name and print its Result as JSON.

    CaptionExtraction writes an SRT file and takes fps, roi, lang, track, sep and formatter.
    VideoClip writes a shorter mp4 of the best moments and takes duration (seconds).
    """
    from media_pipeline.production.base import Job
    from media_pipeline.production.functions import FUNCTIONS
    from media_pipeline.transfer.deliver import deliver

    if function not in FUNCTIONS:
        raise InvalidParameter(
            f"there is no function {function!r}", f"choose one of {', '.join(FUNCTIONS)}"
        )
    work = FUNCTIONS[function].prepare(_object(params))
    output = check_output(output, media, (FUNCTIONS[function].suffix,))
    from media_pipeline.runner import Runner
    from media_pipeline.settings import Settings

    runner = Runner.from_settings(Settings())
    with bars() as progress:
        item = runner.ingest(media, progress=progress.bar("reading the file"))
        with timed(lambda: _seconds(runner, item.key)), runner.store.scratch() as folder:
            result = work(Job(runner, item.key, folder, output.name, progress.bar(function), note))
            deliver(sorted(folder.iterdir()), output.parent)
    sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")


def _object(text: str) -> dict[str, Any]:
    """JobParams as the gateway reads them, unquoted names and bare backslashes included."""
    from media_pipeline.gateway.ice.faults import Fault
    from media_pipeline.gateway.ice.relaxed import read_object

    try:
        return read_object(text, "JobParams")
    except Fault as fault:
        raise InvalidParameter(fault.message, 'write it as {"name": value}') from None


def _seconds(runner: Runner, key: str) -> float | None:
    source = runner.request(key, "source")
    return float(source.facts["media"]["duration"])
