"""Commands on what the lake holds: add, remove, correct, search."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from media_pipeline._cli.console import bars, fail, note, say, table
from media_pipeline.errors import MediaPipelineError, printable

if TYPE_CHECKING:
    from media_pipeline.store import Store


def add(
    places: Annotated[
        list[str], typer.Argument(metavar="PATH|URI...", help="files or URIs to add")
    ],
) -> None:
    """Add media to the lake without running anything; print the key of each.

    Keys are Dagster's partition keys: process them from Dagster's UI, or with `process`.
    """
    from media_pipeline.dagster.launch import add_partitions
    from media_pipeline.runner import Runner
    from media_pipeline.settings import Settings

    runner = Runner.from_settings(Settings())
    keys, failed = [], False
    with bars() as progress:
        for place in places:
            try:
                keys.append(runner.ingest(place, progress=progress.bar(place)).key)
            except MediaPipelineError as error:
                fail(error)
                failed = True
    add_partitions(keys)
    for key in keys:
        say(key)
    if failed:
        raise typer.Exit(1)


def remove(
    media: Annotated[str, typer.Argument(help="key, the beginning of a key, or file name")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="do not ask")] = False,
) -> None:
    """Remove a media item and everything that was made from it.

    The original file stays where it is.
    """
    from media_pipeline.settings import Settings
    from media_pipeline.store import Store

    store = Store.from_settings(Settings())
    item = store.media.find(media)
    if not yes:
        question = (
            f"Remove {printable(item.key)} ({printable(item.name)}) and all that was made from it?"
        )
        typer.confirm(question, abort=True, err=True)
    from media_pipeline.dagster.launch import remove_partitions

    freed = store.remove(item.key)
    remove_partitions([item.key])
    say(f"removed {item.key}: {freed / 1e6:.1f} MB freed")


def correct(
    media: Annotated[str, typer.Argument(help="key, the beginning of a key, or file name")],
    captions: Annotated[Path, typer.Argument(metavar="FILE.srt", help="the corrected captions")],
) -> None:
    """Put a person's captions in the place of those that were read.

    No later run replaces them. What is made from the captions is stale from then on; `process`
    makes it anew. Says how many characters the machine had read wrong; the notebook caption_quality
    shows that over all films.
    """
    from media_pipeline.report.preview import preview
    from media_pipeline.report.quality import FACT
    from media_pipeline.runner import Runner
    from media_pipeline.settings import Settings

    runner = Runner.from_settings(Settings())
    item = runner.store.media.find(media)
    artifact = runner.correct(item.key, captions.absolute())
    from media_pipeline.dagster.launch import report_artifact

    report_artifact(artifact, preview=preview(artifact, runner.store))
    rows = artifact.manifest.rows.get("captions", 0)
    say(f"{item.key}: {rows} corrected captions are now canonical")
    figures = artifact.facts.get(FACT)
    if figures:
        say(
            f"the reading had {figures['errors']} wrong of {figures['characters']} characters "
            f"({figures['character_error']:.2%}); {figures['exact']} of {figures['cues']} captions "
            f"were right, {figures['missed']} missed, {figures['spurious']} too many"
        )
    note(f"run `media-pipeline process` on {item.name} to renew what is made from them")


def search(
    text: Annotated[str, typer.Argument(help='what to look for; "" lists the media items')],
) -> None:
    """Find a text in the captions and spoken words of all media in the lake."""
    from media_pipeline.settings import Settings
    from media_pipeline.store import Store

    store = Store.from_settings(Settings())
    if not text.strip():
        _list_items(store)
        return
    from media_pipeline.report.film import Film
    from media_pipeline.report.search import find_text

    rows = []
    for item in store.media.all():
        found = {asset: store.current(asset, item.key) for asset in ("captions", "words")}
        film = Film({asset: artifact for asset, artifact in found.items() if artifact is not None})
        rows += [
            (item.key, _clock(hit.start), hit.where, hit.text) for hit in find_text(film, text)
        ]
    if rows:
        table(f"{text!r} in {store.uri}", ("media", "time", "in", "text"), rows)
    else:
        note(f"nothing found in the captions and words of {store.uri}")


def _list_items(store: Store) -> None:
    rows = []
    for item in store.media.all():
        made = [asset for asset in store.assets() if store.current(asset, item.key) is not None]
        source = store.current("source", item.key)
        seconds = source.facts.get("media", {}).get("duration") if source is not None else None
        rows.append(
            (
                item.key,
                ", ".join(item.names),
                _clock(seconds) if seconds is not None else "",
                f"{item.size / 1e6:.1f} MB",
                f"{len(made)}: {', '.join(made)}" if made else "none yet",
            )
        )
    if rows:
        table(f"media in {store.uri}", ("media", "names", "duration", "size", "artifacts"), rows)
    else:
        note(f"{store.uri} holds no media yet")


def _clock(seconds: float) -> str:
    from media_pipeline.media.timecode import format_timecode

    return format_timecode(seconds)
