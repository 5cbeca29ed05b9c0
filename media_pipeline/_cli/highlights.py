"""``highlights``: the moments worth showing of up to five films, and clips of them when asked."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from media_pipeline._cli.console import Bars, bars, note, say
from media_pipeline._cli.options import stage_option, stage_params, usage
from media_pipeline._cli.outputs import check_folder, new_file

if TYPE_CHECKING:
    from media_pipeline.runner import Runner
    from media_pipeline.store import MediaItem

_NAME = "clip_{index}.mp4"


def highlights(
    media: Annotated[
        list[str], typer.Argument(metavar="INPUT...", help="files or URIs, up to five")
    ],
    outdir: Annotated[
        Path, typer.Argument(metavar="OUTDIR", help="folder for highlights.json and the clips")
    ],
    count: Annotated[int | None, stage_option("highlight_candidates", "count")] = None,
    clip_duration: Annotated[
        float | None, stage_option("highlight_candidates", "clip_duration")
    ] = None,
    export: Annotated[
        bool, typer.Option("--export", help="write each highlight as a clip")
    ] = False,
    name: Annotated[
        str | None,
        typer.Option(help="name of the clips with {index}, which counts from 0", metavar="NAME"),
    ] = None,
    width: Annotated[int | None, stage_option("rendered_clips", "width")] = None,
    height: Annotated[int | None, stage_option("rendered_clips", "height")] = None,
    fit: Annotated[str | None, stage_option("rendered_clips", "fit")] = None,
    crf: Annotated[int | None, stage_option("rendered_clips", "crf")] = None,
    bitrate: Annotated[int | None, stage_option("rendered_clips", "bitrate")] = None,
    codec: Annotated[str | None, stage_option("rendered_clips", "codec")] = None,
    portrait: Annotated[
        bool, typer.Option("--portrait", help="crop the clips to an upright picture")
    ] = False,
    caption: Annotated[
        str | None,
        typer.Option(
            metavar="STYLE", help="draw what is said on the clips, as `caption` does: karaoke, pop…"
        ),
    ] = None,
    action: Annotated[
        list[str] | None,
        typer.Option(help="an action to tag, for instance Fight; may be given several times"),
    ] = None,
    allow_non_speech: Annotated[
        bool,
        typer.Option("--allow-non-speech", help="take films with neither captions nor voices"),
    ] = False,
) -> None:
    """Find the highlights of films; write highlights.json, and the clips when asked.

    Without a size, quality or codec of their own, clips keep the pictures of the film as they are
    and only their edges are coded anew. What one film shows is not taken from another again.
    """
    actions = {"enable_action_recog": bool(action) or None, "custom_actions": action or None}
    found = stage_params(
        highlight_candidates={"count": count, "clip_duration": clip_duration, **actions},
        rendered_clips={
            **{"width": width, "height": height, "fit": fit},
            **{"crf": crf, "bitrate": bitrate, "codec": codec},
        },
    )
    folder = check_folder(outdir)
    from media_pipeline.production.highlights import check_request, prepare

    with usage():
        check_request(len(media), export_to=name if export and name else None)
    values = {k: v for stage in found.values() for k, v in stage.items()}
    with usage():
        task = prepare(
            {
                **values,
                "export": export,
                "portrait": portrait,
                "caption": caption,
                "allow_non_speech": allow_non_speech,
            }
        )
    with bars() as progress:
        results = _results(media, task.work, folder, name, progress)
    for one in results:
        _tell(one)
    with new_file(folder / "highlights.json") as target:
        text = json.dumps({"HighlightResults": results}, ensure_ascii=False, indent=1)
        target.write_text(text + "\n", "utf-8")
    say(str(folder / "highlights.json"))


def _results(
    media: list[str], work: Any, folder: Path, name: str | None, progress: Bars
) -> list[dict[str, Any]]:
    """What is found in each film; its clips are in the folder then."""
    from media_pipeline.errors import printable
    from media_pipeline.production.base import Job
    from media_pipeline.runner import Runner
    from media_pipeline.settings import Settings

    runner = Runner.from_settings(Settings())
    items = _items(media, runner, progress)
    results: list[dict[str, Any]] = []
    with runner.store.scratch() as scratch:
        for given, item in zip(media, items, strict=True):
            there = len(list(scratch.iterdir()))
            bar = progress.bar(f"highlights of {printable(item.name)}")
            job = Job(runner, item.key, scratch, name or _NAME, bar, note, there)
            made = work(job)
            for warning in made.get("Notes", ()):
                note(f"warning: {warning}")
            results.append({"Media": printable(given), **made})
        for entry in (entry for one in results for entry in one["TimeRanges"]):
            if "OutputURL" in entry:
                file = scratch / entry["OutputURL"]
                entry["OutputURL"] = file.name if name else _numbered(file)
                with new_file(folder / entry["OutputURL"]) as target:
                    shutil.move(file, target)
    return results


def _items(media: list[str], runner: Runner, progress: Bars) -> list[MediaItem]:
    from media_pipeline.production.highlights import check_seconds

    items, seconds = [], 0.0
    for one in media:
        item = runner.ingest(one, progress=progress.bar("reading the file"))
        seconds += float(runner.request(item.key, "source").facts["media"]["duration"])
        items.append(item)
    check_seconds(seconds)
    return items


def _numbered(file: Path) -> str:
    """``clip_0.mp4`` as ``process`` names it: ``clip_01.mp4``."""
    return f"clip_{int(file.stem.rpartition('_')[2]) + 1:02d}{file.suffix}"


def _tell(found: dict[str, Any]) -> None:
    say(found["Media"])
    for number, one in enumerate(found["TimeRanges"], start=1):
        tags = f"  {', '.join(one['Tags'])}" if one["Tags"] else ""
        say(f"{number:2d}  {one['In']:8.2f} – {one['Out']:8.2f} s  score {one['Score']:.2f}{tags}")
