"""One film and what is made from it without Dagster, and the command ``highlights``."""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from media_pipeline._cli.console import Bars, bars, note, say, timed
from media_pipeline._cli.options import stage_option, stage_params
from media_pipeline._cli.outputs import check_folder, new_file

if TYPE_CHECKING:
    from media_pipeline.runner import Runner
    from media_pipeline.store import MediaItem, StoredArtifact

_Media = Annotated[str, typer.Argument(metavar="INPUT", help="file or URI")]


@dataclass(frozen=True)
class Request:
    """One film and the runner that makes things from it."""

    runner: Runner
    item: MediaItem
    progress: Bars

    def make(
        self,
        stage: str,
        params: Mapping[str, Mapping[str, Any]] | None = None,
        *,
        without: Collection[str] = (),
    ) -> StoredArtifact:
        """An artifact, made with what it needs; its typed errors are raised."""
        artifact = self.runner.request(
            self.item.key,
            stage,
            params or {},
            without=without,
            progress=self.progress.bar(stage),
        )
        for warning in artifact.manifest.warnings:
            note(f"warning: {warning}")
        return artifact


@contextmanager
def request(media: str) -> Iterator[Request]:
    """Add a film to the lake and serve the block with it; says at the end how long that took."""
    from media_pipeline.runner import Runner
    from media_pipeline.settings import Settings

    runner = Runner.from_settings(Settings())
    with bars() as progress:
        item = runner.ingest(media, progress=progress.bar("reading the file"))

        def seconds() -> float:
            return float(runner.request(item.key, "source").facts["media"]["duration"])

        with timed(seconds):
            yield Request(runner, item, progress)


def highlights(
    media: _Media,
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
) -> None:
    """Find the highlights of a film; write highlights.json, and the clips when asked."""
    params = stage_params(highlight_candidates={"count": count, "clip_duration": clip_duration})
    folder = check_folder(outdir)
    from media_pipeline._cli.export import highlights_json
    from media_pipeline.report.film import Film

    with request(media) as job:
        found = {"highlight_candidates": job.make("highlight_candidates", params)}
        if export and found["highlight_candidates"].manifest.rows.get("highlights"):
            found["rendered_clips"] = job.make("rendered_clips", params)
        film = Film(found)
        for clip in film.clips:
            with new_file(folder / clip["file"]) as target:
                shutil.copyfile(found["rendered_clips"].path(clip["file"]), target)
        result = highlights_json(film, media, link=(lambda file: file) if export else None)
        with new_file(folder / "highlights.json") as target:
            target.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", "utf-8")
    for number, one in enumerate(film.highlights, start=1):
        tags = f"  {', '.join(one.tags)}" if one.tags else ""
        say(f"{number:2d}  {one.start:8.2f} – {one.end:8.2f} s  score {one.score:.2f}{tags}")
    say(str(folder / "highlights.json"))
