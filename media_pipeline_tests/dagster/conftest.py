from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from media_pipeline.dagster.assembly import build_catalogue
from media_pipeline.dagster.config import run_config
from media_pipeline.dagster.partitions import add_keys
from media_pipeline.dagster.resources import Pipeline
from media_pipeline.runner import Runner
from media_pipeline.settings import Settings
from media_pipeline.stages.base import Environment, Stage
from media_pipeline.store import Store
from media_pipeline.store.cache import FileCache
from media_pipeline.transfer.originals import Originals
from media_pipeline_tests.generators.stages import STAGES, calls, write_tone


@dataclass
class Workshop:
    """Toy stages on a lake and an instance of their own."""

    folder: Path
    instance: dg.DagsterInstance
    stages: Mapping[str, Stage] = field(default_factory=lambda: STAGES)

    def __post_init__(self) -> None:
        (self.folder / "models").mkdir(exist_ok=True)
        (self.folder / "inbox").mkdir(exist_ok=True)
        self.settings = Settings(
            lake=str(self.folder / "lake"),
            inbox=str(self.folder / "inbox"),
            cache_dir=self.folder / "cache",
        )
        cache = FileCache(self.folder / "cache" / "files", 10**9)
        self.runner = Runner(
            Store(self.folder / "lake", cache=cache),
            Environment(model_dir=self.folder / "models"),
            stages=self.stages,
            originals=Originals(cache, max_bytes=10**7),
            max_media_seconds=100,
        )
        self.pipeline = Pipeline(self.stages, settings=self.settings, runner=self.runner)

    def add(self, pitch: float = 440.0, name: str = "A film.wav") -> str:
        """A new media item that the lake and Dagster know."""
        key = self.runner.ingest(write_tone(self.folder / name, pitch=pitch)).key
        add_keys(self.instance, [key])
        return key

    def run(
        self,
        key: str,
        *,
        select: list[str] | None = None,
        params: Mapping[str, Mapping[str, Any]] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> dg.ExecuteInProcessResult:
        return build_catalogue(self.pipeline).execute_in_process(
            partition_key=key,
            instance=self.instance,
            asset_selection=[dg.AssetKey(name) for name in select] if select else None,
            run_config=run_config(self.stages, params or {}),
            tags=tags,
            raise_on_error=False,
        )

    def calls(self) -> dict[str, int]:
        return dict(calls(self.folder / "models"))

    def fingerprint(self, asset: str, key: str) -> str:
        artifact = self.runner.store.current(asset, key)
        assert artifact is not None
        return artifact.fingerprint


@contextmanager
def opened(home: Path) -> Iterator[dg.DagsterInstance]:
    """The instance in a home; its settings refer to it by the environment variable."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(home))
        with dg.DagsterInstance.from_config(str(home)) as instance:
            yield instance


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def make_workshop(
    tmp_path: Path, instance: dg.DagsterInstance
) -> Callable[[Mapping[str, Stage]], Workshop]:
    """A workshop with other stages on the same lake and instance."""
    return lambda stages: Workshop(tmp_path, instance, stages)


@pytest.fixture
def workshop(make_workshop: Callable[[Mapping[str, Stage]], Workshop]) -> Workshop:
    return make_workshop(STAGES)
