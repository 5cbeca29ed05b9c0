"""What the main job costs: each stage's seconds, x real time, and its ratio to a pure decode.

    python benchmarks/main_job.py [VIDEO] [--no-process]

Without VIDEO the demo's sample is made and used. Three things are measured in one run, so that
their ratios hold on a noisy machine:

1. the floor: a pure decode of the file by PyAV, nothing done with the frames;
2. every stage called directly, one after the other, without lake and without Dagster;
3. `media-pipeline process` on the same file with an empty lake, as a fresh process.

CPU seconds include child processes (ffmpeg).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import pyarrow as pa
import pyarrow.parquet as pq

from media_pipeline.errors import Unavailable
from media_pipeline.media.probe import MediaInfo, probe
from media_pipeline.sample import make_sample
from media_pipeline.stages.base import Environment, Reason, Stage, Work
from media_pipeline.stages.registry import STAGES


@dataclass(frozen=True)
class Folder:
    """An artifact that is nothing but a folder."""

    folder: Path
    facts: Mapping[str, Any]
    reason: Reason | None = None
    fingerprint: str = ""

    def path(self, name: str) -> Path:
        return self.folder / name

    def files(self, pattern: str = "*") -> Sequence[Path]:
        return sorted(self.folder.glob(pattern))

    def table(self, name: str) -> pa.Table:
        return pq.read_table(self.folder / name)


def cpu_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


@dataclass(frozen=True)
class Cost:
    wall: float
    cpu: float


class Clock:
    """Wall and CPU seconds since it was made."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), cpu_seconds()

    def read(self) -> Cost:
        return Cost(time.perf_counter() - self._wall, cpu_seconds() - self._cpu)


def pure_decode(video: Path) -> Cost:
    clock = Clock()
    with av.open(f"file:{video}") as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for _ in container.decode(stream):
            pass
    return clock.read()


def run_directly(
    stage: Stage, video: Path, info: MediaInfo, done: dict[str, Folder], root: Path
) -> Cost:
    out = root / stage.name
    out.mkdir()
    names = (*stage.inputs, *stage.optional_inputs)
    inputs = {name: done[name] for name in names if name in done}
    work = Work(video, info, inputs, stage.params(), out, Environment(), name=video.name)
    clock = Clock()
    resolution = stage.resolve(work)
    work = Work(
        video,
        info,
        inputs,
        resolution.params,
        out,
        Environment(),
        resolution.engine,
        name=video.name,
    )
    try:
        done[stage.name] = Folder(out, stage.run(work).facts)
    except Unavailable as error:
        for output in stage.tables:
            pq.write_table(output.spec.empty(), out / output.name)
        done[stage.name] = Folder(out, {}, Reason(error.code, error.message, error.remedy))
    return clock.read()


def run_process(video: Path, root: Path) -> Cost:
    environment = {
        **os.environ,
        "MEDIA_PIPELINE_LAKE": str(root / "lake"),
        "MEDIA_PIPELINE_INBOX": str(root / "inbox"),
        "DAGSTER_HOME": str(root / "dagster_home"),
    }
    command = [
        sys.executable,
        "-m",
        "media_pipeline.cli",
        "process",
        "--out",
        str(root / "out"),
        "--",
        str(video),
    ]
    clock = Clock()
    subprocess.run(command, check=True, env=environment, capture_output=True)
    return clock.read()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("video", nargs="?", type=Path)
    parser.add_argument(
        "--no-process", action="store_true", help="skip the run through the command"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        video = arguments.video.resolve() if arguments.video else make_sample(root / "sample").video
        info = probe(video)
        print(f"{video.name}: {info.duration:.1f} s", end="")
        print(
            f", {info.video.width}x{info.video.height} {info.video.fps:.2f} fps"
            if info.video
            else ""
        )
        floor = pure_decode(video) if info.video else Cost(0.0, 0.0)
        heads = {"wall s": 8, "CPU s": 8, "CPU s per s": 13, "x real time": 13, "CPU / decode": 14}
        print(" " * 20 + "".join(f"{head:>{width}}" for head, width in heads.items()))
        report("pure decode", floor, info.duration, floor)
        done: dict[str, Folder] = {}
        whole = Clock()
        direct = root / "direct"
        direct.mkdir()
        for stage in STAGES.values():
            report(stage.name, run_directly(stage, video, info, done, direct), info.duration, floor)
        total = whole.read()
        report("all stages directly", total, info.duration, floor)
        facts = done["ocr_cues"].facts
        if facts.get("sampled"):
            share = facts["recognised"] / facts["sampled"]
            print(
                "recognition ran on {recognised} of {sampled} samples".format(**facts),
                f"({share:.1%})",
            )
            print(json.dumps({k: v for k, v in facts.items() if isinstance(v, int | float)}))
        if not arguments.no_process:
            process = run_process(video, root)
            report("process (command)", process, info.duration, floor)
            print(f"overhead of process over direct calls: {process.wall - total.wall:.1f} s wall")


def report(name: str, cost: Cost, duration: float, floor: Cost) -> None:
    ratio = f"{cost.cpu / floor.cpu:14.2f}" if floor.cpu else f"{'-':>14}"
    speed = duration / cost.wall if cost.wall > 0 else float("inf")
    row = f"{name:20}{cost.wall:8.2f}{cost.cpu:8.2f}{cost.cpu / duration:13.3f}{speed:13.1f}"
    print(row + ratio, flush=True)


if __name__ == "__main__":
    main()
