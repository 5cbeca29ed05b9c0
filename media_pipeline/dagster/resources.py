"""The one resource of assets, jobs, sensors and schedules: the runner with its settings, made when
first needed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import dagster as dg

from media_pipeline.dagster import handover, liveness
from media_pipeline.profiles import Profile, load_profile
from media_pipeline.runner import Parts, Runner
from media_pipeline.settings import Settings
from media_pipeline.stages.base import Progress, Stage
from media_pipeline.store.places import local_path, open_filesystem

RESOURCE = "pipeline"
_LOG_EVERY_S = 30.0

AssetProgress = Callable[[str, float], None]
"""Called with an asset's name and the share of it that is done."""


class Pipeline:
    """What orchestration works with.

    Parameters
    ----------
    stages : by name, in the order in which data flows.
    settings : by default read from the environment when first needed, so that definitions load
        without any.
    runner : by default made from the settings.
    filesystem : an fsspec file system that holds the inbox; by default the one its path or URI
        names.
    progress : told of the progress of assets.
    parts_tried : stages whose parts were asked for already; None where no parts can be asked for.
    """

    def __init__(
        self,
        stages: Mapping[str, Stage],
        *,
        settings: Settings | None = None,
        runner: Runner | None = None,
        filesystem: Any = None,
        progress: AssetProgress | None = None,
        parts_tried: frozenset[str] | None = None,
    ) -> None:
        self.stages = stages
        self._parts_tried = parts_tried
        self._settings = settings
        self._runner = runner
        self._filesystem = filesystem
        self._progress = progress

    def listening(self, progress: AssetProgress | None) -> Pipeline:
        """The same with another listener to progress."""
        return Pipeline(
            self.stages,
            settings=self.settings,
            runner=self.runner,
            filesystem=self._filesystem,
            progress=progress,
        )

    @cached_property
    def settings(self) -> Settings:
        """The settings."""
        return self._settings or Settings()

    @cached_property
    def runner(self) -> Runner:
        """The runner on the lake of the settings."""
        runner = self._runner or Runner.from_settings(self.settings, stages=self.stages)
        if self._parts_tried is not None and self.settings.split_minutes > 0:
            runner.parts = Parts(60 * self.settings.split_minutes, self._parts_tried)
        return runner

    def profile(self, name: str) -> Profile:
        """The profile of that name in the inbox.

        Raises
        ------
        InvalidParameter
            when there is none, or its file is wrong.
        """
        inbox = self.settings.inbox
        return load_profile(
            name, inbox, stages=self.stages, storage_options=self.settings.storage_options(inbox)
        )

    def inbox(self) -> tuple[Any, str]:
        """The file system of the inbox, and the inbox's path in it."""
        uri = self.settings.inbox
        folder = local_path(uri)
        if folder is not None:
            import fsspec

            return self._filesystem or fsspec.filesystem("file"), str(folder)
        if self._filesystem is not None:
            return self._filesystem, uri.split("://", 1)[1].rstrip("/")
        return open_filesystem(uri, self.settings.storage_options(uri))

    def progress(self, name: str, log: Callable[[str], None]) -> Progress:
        """A stage's progress callback: tells who listens, else logs a line every half minute."""
        last = time.monotonic()

        def report(share: float) -> None:
            nonlocal last
            if self._progress is not None:
                self._progress(name, share)
            elif time.monotonic() - last >= _LOG_EVERY_S:
                last = time.monotonic()
                log(f"{name}: {share:.0%}")

        return report


def pipeline_resource(stages: Mapping[str, Stage]) -> dg.ResourceDefinition:
    """The resource as runs get it; it also notes which process carries out the run."""

    def make(context: dg.InitResourceContext) -> Pipeline:
        run, instance = context.run, context.instance
        if run is None or instance is None:
            return Pipeline(stages)
        liveness.sign_on(instance, run)
        queued = handover.may_hand_over(instance, run)
        return Pipeline(stages, parts_tried=handover.tried(run) if queued else None)

    return dg.ResourceDefinition(
        make, description="The runner of stages on the lake that the settings name."
    )
