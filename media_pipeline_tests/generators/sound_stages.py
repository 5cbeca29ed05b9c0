"""Running a stage that listens, or a production function, on a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from media_pipeline.errors import Unavailable
from media_pipeline.media.probe import probe
from media_pipeline.production.base import Job
from media_pipeline.production.functions import FUNCTIONS
from media_pipeline.runner import Runner
from media_pipeline.stages.base import Environment, Outcome, Reason, Stage, Work
from media_pipeline.stages.speech import AUDIO
from media_pipeline.store import Store
from media_pipeline.store.cache import FileCache
from media_pipeline.store.validate import validate
from media_pipeline.transfer.originals import Originals
from media_pipeline_tests.generators.speech import Made


def run_on(
    path: Path,
    stage: Stage,
    folder: Path,
    environment: Environment | None = None,
    **params: Any,
) -> Outcome:
    """Run a stage on the sound of a file, into ``folder``; what it writes is validated."""
    audio, out = folder / "audio", folder / stage.name
    for place in (audio, out):
        place.mkdir(parents=True)
    info = probe(path)
    try:
        heard = AUDIO.run(Work(path, info, {}, AUDIO.params(), audio))
        made = Made(audio, heard.facts)
    except Unavailable as error:
        made = Made(audio, {}, Reason(error.code, error.message, error.remedy))
    shares: list[float] = []
    work = Work(
        path, info, {"audio": made}, stage.params(**params), out, environment or Environment(),
        progress=shares.append,
    )  # fmt: skip
    outcome = stage.run(work)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    validate(stage, out, outcome.facts, info.duration)
    return outcome


@dataclass
class Produced:
    """What a production function gave."""

    result: Any
    folder: Path
    notes: list[str]


def produce(
    name: str,
    media: Path,
    root: Path,
    output: str = "",
    params: Mapping[str, Any] | None = None,
    files: Mapping[str, Path] | None = None,
) -> Produced:
    """Call a production function on a file, with a lake under ``root``."""
    cache = FileCache(root / "cache", 10**9)
    runner = Runner(Store(root / "lake", cache=cache), originals=Originals(cache, max_bytes=10**9))
    task = FUNCTIONS[name].prepare(params or {})
    folder = root / "made"
    folder.mkdir(exist_ok=True)
    notes: list[str] = []
    key = runner.ingest(media).key
    job = Job(runner, key, folder, output, lambda _: None, notes.append, files=files or {})
    return Produced(task.work(job), folder, notes)
