"""One film and what is made from it without Dagster."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from media_pipeline._cli.console import Bars, bars, note, timed

if TYPE_CHECKING:
    from media_pipeline.production.base import Job
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

    def job(self, bar: str) -> Job:
        """The film as production functions take it; ``bar`` names their progress bar."""
        from media_pipeline.production.base import Job

        # their files go to places of the command's own choice
        return Job(self.runner, self.item.key, Path(), "", self.progress.bar(bar), note)


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
