"""What working on a long film in parts gains, and what it costs.

A film of some minutes is made by looping a clip with captions. Each stage is run on the whole of it
and then in parts, two processes side by side, as runs are; the artifacts are compared. Wall time
says what is gained where two cores are free, CPU seconds what it costs in any case.

    python -m benchmarks.split [--minutes 20] [--longest 10] [--stages frames,ocr_cues]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from media_pipeline.media.ffmpeg import run as ffmpeg
from media_pipeline.media.ffmpeg import source
from media_pipeline.runner import PartOrder, Parts, PartsWanted, Runner
from media_pipeline.settings import Settings
from media_pipeline.store import StoredArtifact
from media_pipeline.text.cues import Cue
from media_pipeline_tests.generators.captions import Film, make_clip

_CUES = [
    Cue(0.4, 2.0, "他今天会来"),
    Cue(2.4, 4.4, "我在公司加班"),
    Cue(5.0, 7.2, "快走，他们追上来了"),
    Cue(8.0, 9.6, "这是第10号实验室"),
]
_CHILD = """
import sys
from benchmarks.split import make_one
make_one(sys.argv[1], sys.argv[2], sys.argv[3])
"""


def main() -> None:
    """Measure, and print a row for each stage."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    arguments.add_argument("--minutes", type=float, default=20.0)
    arguments.add_argument("--longest", type=float, default=10.0, help="minutes of a part at most")
    arguments.add_argument("--stages", default="frames,ocr_cues")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        film = looped(Path(folder), given.minutes * 60)
        for stage in given.stages.split(","):
            measure(Path(folder) / stage, film, stage, given.longest * 60)


def looped(folder: Path, seconds: float) -> Path:
    """Ten seconds of captions over a moving ground, as often as it takes."""
    clip = make_clip(folder / "clip.mp4", Film(_CUES, 10.0, size=(640, 360)))
    film = folder / "film.mp4"
    count = str(round(seconds / 10.0) - 1)
    ffmpeg(["-stream_loop", count, "-i", source(clip.path), "-c", "copy", source(film)])
    return film


def measure(folder: Path, film: Path, stage: str, longest: float) -> None:
    """Run a stage both ways and print a row."""
    found: dict[str, tuple[float, float]] = {}
    made: dict[str, StoredArtifact] = {}
    for way in ("whole", "parts"):
        runner = runner_at(folder / way)
        key = runner.ingest(film).key
        runner.run(key, "source")
        with timed(found, way):
            if way == "whole":
                in_a_process(folder / way, key, stage)
            else:
                in_parts(runner, folder / way, key, stage, longest)
        artifact = runner_at(folder / way).store.current(stage, key)
        assert artifact is not None
        made[way] = artifact
    assert made["whole"].fingerprint == made["parts"].fingerprint
    same = all(
        made["whole"].path(file.name).read_bytes() == made["parts"].path(file.name).read_bytes()
        for file in made["whole"].manifest.files
    ) and (made["whole"].facts == made["parts"].facts)
    (wall, cpu), (split_wall, split_cpu) = found["whole"], found["parts"]
    print(
        f"{stage}: whole {wall:.1f} s wall, {cpu:.1f} s CPU; in parts {split_wall:.1f} s wall, "
        f"{split_cpu:.1f} s CPU; {wall / split_wall:.2f} times as fast for "
        f"{split_cpu / cpu - 1:+.1%} CPU; the artifacts are {'the same' if same else 'DIFFERENT'}",
        flush=True,
    )


def runner_at(folder: Path) -> Runner:
    """A runner on a lake of its own."""
    settings = Settings(lake=str(folder / "lake"), cache_dir=folder / "cache")
    return Runner.from_settings(settings)


def in_parts(runner: Runner, folder: Path, key: str, stage: str, longest: float) -> None:
    """Make the parts in two processes at a time, then join them in one."""
    runner.parts = Parts(longest)
    try:
        runner.run(key, stage)
    except PartsWanted as wanted:
        with ThreadPoolExecutor(2) as pool:
            orders = [order.model_dump_json() for order in wanted.orders]
            list(pool.map(lambda order: in_a_process(folder, "part", order), orders))
    in_a_process(folder, key, stage, longest)


def in_a_process(folder: Path, key: str, what: str, longest: float = 0.0) -> None:
    """Make one thing in a process of its own, as a run does."""
    subprocess.run(
        [sys.executable, "-c", _CHILD, str(folder), key, f"{longest} {what}"],
        check=True,
    )


def make_one(folder: str, key: str, what: str) -> None:
    """The work of such a process."""
    longest, _, rest = what.partition(" ")
    runner = runner_at(Path(folder))
    if key == "part":
        runner.part(PartOrder.model_validate_json(rest))
        return
    runner.parts = Parts(float(longest)) if float(longest) else None
    runner.run(key, rest)


@contextmanager
def timed(found: dict[str, tuple[float, float]], name: str) -> Iterator[None]:
    """Note wall time and CPU seconds of this process and of those it has waited for."""
    before = os.times()
    began = time.perf_counter()
    yield
    after = os.times()
    cpu = sum(after[:4]) - sum(before[:4])
    found[name] = (time.perf_counter() - began, cpu)


if __name__ == "__main__":
    main()
