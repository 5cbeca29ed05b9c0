"""``process``: films through Dagster, a summary of what was made, and the results in a folder."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from media_pipeline._cli.console import bars, fail, note, say, table, timed
from media_pipeline._cli.options import read_profile
from media_pipeline._cli.outputs import check_folder
from media_pipeline.errors import MediaPipelineError

if TYPE_CHECKING:
    from media_pipeline.dagster.launch import AssetOutcome, RunSummary
    from media_pipeline.profiles import Profile
    from media_pipeline.runner import Runner
    from media_pipeline.store import MediaItem, StoredArtifact

_WHY = 90  # characters of an engine's why in the table; the report has all of it


def process(
    videos: Annotated[list[str], typer.Argument(metavar="VIDEO...", help="files or URIs")],
    out: Annotated[
        Path | None,
        typer.Option(
            help="folder for the results; a sub-folder each for several films",
            show_default="./<name>_output",
        ),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="which stages run and how: a folder of the inbox, or a YAML file",
        ),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="STAGE.PARAM=VALUE", help="set a parameter; may be given several times"
        ),
    ] = None,
) -> None:
    """Run every main stage on films through Dagster, and export the results.

    These are captions, transcript, words, highlights, clips, the captioned film and report.html.
    """
    chosen = read_profile(profile, set_ or [])
    folders = _folders(videos, None if out is None else check_folder(out))
    from media_pipeline.runner import Runner
    from media_pipeline.settings import Settings

    runner = Runner.from_settings(Settings())
    failed = 0
    for video, folder in zip(videos, folders, strict=True):
        try:
            done = process_one(runner, video, chosen, folder)
        except MediaPipelineError as error:
            fail(error)
            failed += 1
            continue
        print_summary(done)
        if done.artifacts:
            say(f"results in {folder}")
        failed += not done.run.success
        for error_text in done.errors:
            note(f"media-pipeline: {error_text}")
    if failed:
        raise typer.Exit(1)


@dataclass(frozen=True)
class Processed:
    """A film after its run: what was made, and where the copies are."""

    item: MediaItem
    run: RunSummary
    artifacts: Mapping[str, StoredArtifact]
    folder: Path
    seconds: float

    @property
    def errors(self) -> list[str]:
        """The errors of assets that failed, one line each."""
        return [
            f"{asset}: {' '.join(outcome.error.split())}"
            for asset, outcome in self.run.assets.items()
            if outcome.error
        ]


def process_one(runner: Runner, video: str, profile: Profile, folder: Path) -> Processed:
    """Add one film, run the main job on it with progress bars, and export what was made.

    Raises
    ------
    MediaPipelineError
        when the film cannot be added; what fails later stands in the result.
    """
    from media_pipeline._cli.export import export
    from media_pipeline.dagster.launch import process as launch

    began = time.monotonic()
    with bars() as progress:
        item = runner.ingest(video, progress=progress.bar("reading the file"))
        artifacts: dict[str, StoredArtifact] = {}
        with timed(lambda: _duration(artifacts)):
            try:
                run = launch([item.key], profile=profile, progress=progress.show)[item.key]
            except KeyboardInterrupt:
                note("media-pipeline: what is finished will be found again")
                raise
            artifacts |= _artifacts(runner, item, run)
    if artifacts:
        export(artifacts, folder, name=item.name)
    return Processed(item, run, artifacts, folder, time.monotonic() - began)


def _duration(artifacts: Mapping[str, StoredArtifact]) -> float | None:
    source = artifacts.get("source")
    seconds = source.facts.get("media", {}).get("duration") if source is not None else None
    return float(seconds) if seconds else None


def _artifacts(runner: Runner, item: MediaItem, run: RunSummary) -> dict[str, StoredArtifact]:
    found = {
        asset: runner.store.get(asset, item.key, outcome.fingerprint)
        for asset, outcome in run.assets.items()
        if outcome.fingerprint
    }
    return {asset: artifact for asset, artifact in found.items() if artifact is not None}


def _folders(videos: Sequence[str], out: Path | None) -> list[Path]:
    from media_pipeline._cli.export import default_folder, free_folder

    taken: set[Path] = set()
    if out is not None and len(videos) == 1:
        return [out]
    if out is None:
        return [default_folder(video, taken) for video in videos]
    return [
        free_folder(out / default_folder(video, set()).name.removesuffix("_output"), taken)
        for video in videos
    ]


# --- the summary ----------------------------------------------------------------------------------


def print_summary(done: Processed) -> None:
    """The table of what became of each asset, on stdout."""
    seen: set[str] = set()
    rows = [
        _row(asset, outcome, done.artifacts.get(asset), seen)
        for asset, outcome in done.run.assets.items()
    ]
    table(
        f"{done.item.name} ({done.item.key})",
        ("asset", "result", "engine and why", "seconds", "× real time", "notes"),
        rows,
    )


def _row(
    asset: str, outcome: AssetOutcome, artifact: StoredArtifact | None, seen: set[str]
) -> tuple[str, ...]:
    """One row of the summary; a note that stands above already is not told again in full."""
    if artifact is None:
        state = "failed" if outcome.error else "not made"
        return (asset, state, "", _seconds(outcome.seconds), "", outcome.error or "")
    from media_pipeline.report.html import engine_text, notes_of, result_parts, speed

    manifest, reason = artifact.manifest, artifact.reason
    notes = notes_of(artifact)
    if reason is not None:
        again = reason.message in seen
        notes[0] = f"{reason.code}, as above" if again else f"{reason.code}: {notes[0]}"
        seen.add(reason.message)
    why = "" if reason is not None else _cut(manifest.why)
    return (
        asset,
        "\n".join(result_parts(artifact)),
        "\n".join(part for part in (engine_text(artifact), why) if part),
        "reused" if outcome.reused else _seconds(outcome.seconds),
        speed(manifest.realtime),
        "\n".join(notes),
    )


def _cut(text: str) -> str:
    return text if len(text) <= _WHY else text[: _WHY - 1] + "…"


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.1f}"
