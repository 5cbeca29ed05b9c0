"""What working on a long film in parts gains, and what it costs.

A film of some minutes is made by looping a clip with captions and sentences with silence between
them. Each stage is run on the whole of it and then in parts, two processes side by side, as runs
are; the artifacts are compared. Every process has one core to itself as far as others leave it one.
Wall time says what is gained on this machine, CPU seconds what it costs in any case, and the CPU
seconds one after the other (cuts, longest part, join) what would be gained on idle cores.

    python -m benchmarks.split [--minutes 20] [--longest 10] [--stages frames,ocr_cues,transcript]

``transcript`` is made by faster-whisper with a model of made-up weights, whose encoder has the size
of Whisper's tiny one: what it hears is worth nothing, what it costs is. The embedded engine
remembers what it has heard, so that its films are never cut.
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
from queue import Queue
from unittest import mock

import numpy as np

from media_pipeline.media.ffmpeg import run as ffmpeg
from media_pipeline.media.ffmpeg import source
from media_pipeline.media.wav import write_wav
from media_pipeline.profiles import upstream
from media_pipeline.runner import PartOrder, Parts, PartsWanted, Runner
from media_pipeline.settings import Settings
from media_pipeline.store import StoredArtifact
from media_pipeline.text.cues import Cue
from media_pipeline_tests.generators import speech, whisper
from media_pipeline_tests.generators.captions import Film, make_clip

_CUES = [
    Cue(0.4, 2.0, "他今天会来"),
    Cue(2.4, 4.4, "我在公司加班"),
    Cue(5.0, 7.2, "快走，他们追上来了"),
    Cue(8.0, 9.6, "这是第10号实验室"),
]
_SENTENCES = (speech.FOX, speech.STATION, speech.WINDOW, speech.SOLDIERS)
_TINY_LAYERS = 4
_PARAMS = {"transcript": {"engine": "faster-whisper"}, "language": {"language": "en"}}
_CORES = sorted(os.sched_getaffinity(0))
_CHILD = """
import os, sys
os.sched_setaffinity(0, {int(sys.argv[4])})
from benchmarks.split import make_one
make_one(sys.argv[1], sys.argv[2], sys.argv[3])
"""


def main() -> None:
    """Measure, and print a row for each stage."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    arguments.add_argument("--minutes", type=float, default=20.0)
    arguments.add_argument("--longest", type=float, default=10.0, help="minutes of a part at most")
    arguments.add_argument("--stages", default="frames,ocr_cues,transcript")
    given = arguments.parse_args()
    os.sched_setaffinity(0, {_CORES[0]})
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        film = looped(folder, given.minutes * 60)
        if "transcript" in given.stages:
            with mock.patch.multiple(whisper, _WIDTH=384, _INNER=1536):
                says = [" Nobody", " has", " said", " this."]
                whisper.write_whisper(folder / "models" / "tiny", says, layers=_TINY_LAYERS)
        for stage in given.stages.split(","):
            measure(folder / stage, film, stage, given.longest * 60)


def looped(folder: Path, seconds: float) -> Path:
    """Ten seconds of captions over a moving ground, and some sentences, as often as it takes."""
    clip = make_clip(folder / "clip.mp4", Film(_CUES, 10.0, size=(640, 360)))
    pauses = (0.8, 1.3, 2.1, 0.6)
    said = [x for text, s in zip(_SENTENCES, pauses, strict=True) for x in (text, s)]
    sound = [speech.say(x) if isinstance(x, str) else speech.silence(x) for x in said]
    write_wav(folder / "said.wav", np.concatenate(sound), speech.RATE)
    film = folder / "film.mkv"
    inputs = [
        ["-stream_loop", "-1", "-i", source(path)] for path in (clip.path, folder / "said.wav")
    ]
    kept = ["-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "flac", "-t", str(seconds)]
    ffmpeg([*inputs[0], *inputs[1], *kept, source(film)])
    return film


def measure(folder: Path, film: Path, stage: str, longest: float) -> None:
    """Run a stage both ways and print a row."""
    found: dict[str, tuple[float, float]] = {}
    made: dict[str, StoredArtifact] = {}
    longest_way = 0.0
    for way in ("whole", "parts"):
        runner = runner_at(folder / way)
        key = runner.ingest(film).key
        for name in upstream(runner.stages, runner.stages[stage].inputs, without=["captions"]):
            runner.run(key, name, _PARAMS.get(name))
        with timed(found, way):
            if way == "whole":
                in_a_process(folder / way, key, stage)
            else:
                longest_way = in_parts(runner, folder / way, key, stage, longest)
        artifact = runner_at(folder / way).store.current(stage, key)
        assert artifact is not None
        assert artifact.reason is None, artifact.reason
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
        f"{split_cpu / cpu - 1:+.1%} CPU; {cpu / longest_way:.2f} times on idle cores; "
        f"the artifacts are {'the same' if same else 'DIFFERENT'}",
        flush=True,
    )


def runner_at(folder: Path) -> Runner:
    """A runner on a lake of its own."""
    settings = Settings(
        lake=str(folder / "lake"),
        cache_dir=folder / "cache",
        model_dir=folder.parents[1] / "models",
    )
    return Runner.from_settings(settings)


def in_parts(runner: Runner, folder: Path, key: str, stage: str, longest: float) -> float:
    """Make the parts in two processes at a time, then join them in one; CPU seconds of what has to
    be done one after the other.
    """
    runner.parts = Parts(longest)
    began = time.process_time()
    try:
        runner.run(key, stage, _PARAMS.get(stage))
    except PartsWanted as wanted:
        cut = time.process_time() - began
        cores: Queue[int] = Queue()
        for core in (_CORES[0], _CORES[-1]):
            cores.put(core)

        def make(order: PartOrder) -> float:
            core = cores.get()
            try:
                return in_a_process(folder, "part", order.model_dump_json(), core=core)
            finally:
                cores.put(core)

        with ThreadPoolExecutor(2) as pool:
            parts = list(pool.map(make, wanted.orders))
        return cut + max(parts) + in_a_process(folder, key, stage, longest)
    raise SystemExit(f"{stage} is not worked on in parts: the film is too short for two")


def in_a_process(
    folder: Path, key: str, what: str, longest: float = 0.0, *, core: int = _CORES[0]
) -> float:
    """Make one thing in a process of its own, as a run does, on one core; its CPU seconds."""
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(folder), key, f"{longest} {what}", str(core)]
    )
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"a process has failed: {child.returncode}")
    return used.ru_utime + used.ru_stime


def make_one(folder: str, key: str, what: str) -> None:
    """The work of such a process."""
    longest, _, rest = what.partition(" ")
    runner = runner_at(Path(folder))
    if key == "part":
        runner.part(PartOrder.model_validate_json(rest))
        return
    runner.parts = Parts(float(longest)) if float(longest) else None
    runner.run(key, rest, _PARAMS.get(rest))


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
