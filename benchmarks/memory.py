"""Peak memory of the streaming stages on a long film, made by looping a clip with stream copy.

    python benchmarks/memory.py [VIDEO] [--hours 2] [--stages frames ocr_cues audio]
    python benchmarks/memory.py --sound [--hours 2] [--rate 48000]

Each stage runs in its own process; the figure is that process's peak resident set. With ``--sound``
they are those that listen, on bursts of noise in two channels: ``beats``, ``chorus`` with two beats
a second, ``audio_quality``, ``denoised``, and ``mixed`` with a second sound of a minute.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from media_pipeline.media.ffmpeg import run, source
from media_pipeline.media.probe import probe
from media_pipeline.media.wav import open_wav
from media_pipeline.sample import make_sample

WATCHING = ("frames", "ocr_cues", "audio")
LISTENING = ("beats", "chorus", "audio_quality", "denoised", "mixed")


def loop(video: Path, hours: float, out: Path) -> None:
    times = int(hours * 3600 / probe(video).duration)
    run(["-stream_loop", str(times), "-i", source(video), "-map", "0", "-c", "copy", str(out)])


def peak_mib() -> float:
    # Not ru_maxrss, which a child inherits from the process that started it.
    status = Path("/proc/self/status").read_text()
    return (
        int(next(row for row in status.splitlines() if row.startswith("VmHWM")).split()[1]) / 1024
    )


def sounding(out: Path, hours: float, rate: int) -> None:
    """A WAV of bursts of noise over fainter noise, in two channels."""
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((60 * rate, 2)).astype(np.float32)
    bursts = (np.arange(len(noise)) % rate < rate // 2)[:, np.newaxis]
    minute = noise * np.where(bursts, 0.1, 0.01).astype(np.float32)
    with open_wav(out, rate, 2) as wav:
        for _ in range(round(hours * 60)):
            wav.write(minute)


class Made:
    """The asset ``audio`` of a WAV, as a stage sees it; both of its sounds are that file."""

    reason = None
    fingerprint = "0" * 16

    def __init__(self, sound: Path, rate: int) -> None:
        info = probe(sound)
        self.facts = {"sample_rate": rate, "channels": 2, "duration": info.duration}
        self._sound = sound

    def path(self, name: str) -> Path:
        return self._sound.with_name("speech.wav") if name == "speech.wav" else self._sound


class Beaten:
    """The asset ``beats`` of a sound with two beats a second, in bars of four."""

    facts: ClassVar[dict[str, int]] = {"meter": 4}

    def __init__(self, duration: float) -> None:
        number = np.arange(int(duration * 2))
        self._beats = pa.table({"time": number / 2, "place": number % 4 + 1})

    def table(self, _: str) -> pa.Table:
        return self._beats


def peak_of_listening(
    stage_name: str, sound: Path, rate: int, result: multiprocessing.Queue[tuple[float, float]]
) -> None:
    from media_pipeline.stages.base import Environment, Work
    from media_pipeline.stages.registry import STAGES

    stage = STAGES[stage_name]
    out = sound.parent / stage_name
    out.mkdir()
    asked = {"file": str(sound.with_name("second.wav")), "duck": 6} if stage_name == "mixed" else {}
    inputs: Any = {"audio": Made(sound, rate), "beats": Beaten(probe(sound).duration)}
    started = time.perf_counter()
    stage.run(Work(sound, probe(sound), inputs, stage.params(**asked), out, Environment()))
    result.put((peak_mib(), time.perf_counter() - started))


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


def listen(stages: Sequence[str], hours: float, rate: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        sound = Path(folder) / "sound.wav"
        sounding(sound, hours, rate)
        sounding(sound.with_name("second.wav"), 1 / 60, rate)
        sounding(sound.with_name("speech.wav"), hours, 16000)
        run(
            ["-i", source(sound.with_name("speech.wav")), "-ac", "1", str(sound.with_name("m.wav"))]
        )
        sound.with_name("m.wav").rename(sound.with_name("speech.wav"))
        context = multiprocessing.get_context("spawn")
        for name in stages:
            result = context.Queue()
            process = context.Process(target=peak_of_listening, args=(name, sound, rate, result))
            process.start()
            peak, seconds = result.get()
            process.join()
            speed = f"{hours * 3600 / seconds:6.1f} x real time"
            print(f"{name:14} peak {peak:7.0f} MiB {seconds:8.1f} s {speed}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("video", nargs="?", type=Path)
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--stages", nargs="+")
    parser.add_argument("--sound", action="store_true")
    parser.add_argument("--rate", type=int, default=48000)
    arguments = parser.parse_args()
    if arguments.sound:
        listen(arguments.stages or LISTENING, arguments.hours, arguments.rate)
        return
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        clip = arguments.video.resolve() if arguments.video else make_sample(root / "sample").video
        film = root / f"film{clip.suffix}"
        loop(clip, arguments.hours, film)
        duration = probe(film).duration
        print(f"{film.stat().st_size >> 20} MiB, {duration / 3600:.2f} h")
        context = multiprocessing.get_context("spawn")
        for name in arguments.stages or WATCHING:
            result = context.Queue()
            process = context.Process(target=peak_of, args=(name, film, root, result))
            process.start()
            peak, seconds = result.get()
            process.join()
            speed = f"{duration / seconds:6.1f} x real time"
            print(f"{name:12} peak {peak:7.0f} MiB {seconds:8.1f} s {speed}", flush=True)


if __name__ == "__main__":
    main()
