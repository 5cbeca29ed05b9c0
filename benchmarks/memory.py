"""Peak memory of the streaming stages on a long film, made by looping a clip with stream copy.

    python benchmarks/memory.py [VIDEO] [--hours 2] [--stages frames ocr_cues audio]

Each stage runs in its own process; the figure is that process's peak resident set.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
from pathlib import Path

from media_pipeline.media.ffmpeg import run, source
from media_pipeline.media.probe import probe
from media_pipeline.sample import make_sample


def loop(video: Path, hours: float, out: Path) -> None:
    times = int(hours * 3600 / probe(video).duration)
    run(["-stream_loop", str(times), "-i", source(video), "-map", "0", "-c", "copy", str(out)])


def peak_mib() -> float:
    # Not ru_maxrss, which a child inherits from the process that started it.
    status = Path("/proc/self/status").read_text()
    return (
        int(next(row for row in status.splitlines() if row.startswith("VmHWM")).split()[1]) / 1024
    )


def peak_of(
    stage_name: str, video: Path, root: Path, result: multiprocessing.Queue[tuple[float, float]]
) -> None:
    from media_pipeline.errors import Unavailable
    from media_pipeline.stages.base import Environment, Work
    from media_pipeline.stages.registry import STAGES

    stage = STAGES[stage_name]
    out = root / stage_name
    out.mkdir()
    started = time.perf_counter()
    work = Work(video, probe(video), {}, stage.params(), out, Environment(), name=video.name)
    resolution = stage.resolve(work)
    try:
        stage.run(
            Work(video, work.info, {}, resolution.params, out, Environment(), resolution.engine)
        )
    except Unavailable as reason:
        print(f"{stage_name}: {reason}")
    result.put((peak_mib(), time.perf_counter() - started))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("video", nargs="?", type=Path)
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--stages", nargs="+", default=["frames", "ocr_cues", "audio"])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        clip = arguments.video.resolve() if arguments.video else make_sample(root / "sample").video
        film = root / f"film{clip.suffix}"
        loop(clip, arguments.hours, film)
        duration = probe(film).duration
        print(f"{film.stat().st_size >> 20} MiB, {duration / 3600:.2f} h")
        context = multiprocessing.get_context("spawn")
        for name in arguments.stages:
            result = context.Queue()
            process = context.Process(target=peak_of, args=(name, film, root, result))
            process.start()
            peak, seconds = result.get()
            process.join()
            speed = f"{duration / seconds:6.1f} x real time"
            print(f"{name:12} peak {peak:7.0f} MiB {seconds:8.1f} s {speed}", flush=True)


if __name__ == "__main__":
    main()
