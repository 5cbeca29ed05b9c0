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
    function: Annotated[str, typer.Argument(help="one of those above")],
    media: Annotated[str, typer.Argument(metavar="INPUT", help="file or URI")],
    output: Annotated[Path | None, typer.Argument(help="file to write, where there is one")] = None,
    params: Annotated[
        str,
        typer.Option("--params", metavar="JSON", help="the function's JobParams, a JSON object"),
    ] = "{}",
    clicks: Annotated[
        Path | None,
        typer.Option(metavar="OUT.wav", help="AudioBeatDetection: the sound with clicks on it"),
    ] = None,
) -> None:
    """Run one production function by its ICE name and print its Result as JSON.

    CaptionExtraction writes an SRT file and takes fps, roi, lang, track, sep and formatter.
    VideoClip writes a shorter mp4 of the best moments and takes duration (seconds).
    Cover writes a picture, up to five with {sequenceId} in the name, or with Model=gif a loop.
    VideoH2V writes an upright mp4 and takes ratio (0.5625 for 9:16).
    VideoDelogo writes an mp4 without marks; takes Boxes ([[x, y, w, h]], 0 to 1) or LogoModel.
    VideoDetext writes an mp4 without captions and takes LimitRegion and Time.
    FaceBeauty writes an mp4 with faces retouched and takes beauty_params ("whiten=20,smooth=50").
    MusicSegmentDetect prints the choruses of a song, and writes them as JSON where asked.
    AudioBeatDetection writes beats, bars and tempo of music as JSON.
    AudioQualityAssessment prints facts and indexes of each channel.
    VideoGreenScreenMatting writes a transparent webm, or with bgimage (and fit) an mp4 before it.
    SpeechDenoise takes the noise out of WAV of 16 or 48 kHz; of any sound and film with any_sound.
    AudioMixing puts inputs.file under the sound and takes level, duck, loop, loudness, true_peak.
    Further files that parameters name are paths or URIs.
    """
    from media_pipeline.production.base import Job
    from media_pipeline.production.functions import FUNCTIONS
    from media_pipeline.production.sound import clicks_name
    from media_pipeline.transfer.deliver import deliver

    if function not in FUNCTIONS:
        raise InvalidParameter(
            f"there is no function {function!r}", f"choose one of {', '.join(FUNCTIONS)}"
        )
    given = _object(params)
    if clicks is not None:
        given["clicks"] = True
        clicks = check_output(clicks, media, (".wav",))
    task = FUNCTIONS[function].prepare(given)
    if output is None and task.needs_output:
        raise typer.BadParameter(f"{function} writes a file: name it after the input")
    target = check_output(output, media, task.suffixes) if output and task.suffixes else None
    from media_pipeline.runner import Runner
    from media_pipeline.settings import Settings

    runner = Runner.from_settings(Settings())
    with bars() as progress:
        item = runner.ingest(media, progress=progress.bar("reading the file"))
        files = {n: runner.originals.locate(place).path for n, place in task.files.items()}
        with timed(lambda: _seconds(runner, item.key)), runner.store.scratch() as folder:
            name = target.name if target else ""
            bar = progress.bar(function)
            result = task.work(Job(runner, item.key, folder, name, bar, note, files=files))
            if clicks is not None:
                made = folder / clicks_name(name)
                deliver({clicks.name: made}, clicks.parent)
                made.unlink()
            if target:
                deliver(sorted(folder.iterdir()), target.parent)
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
