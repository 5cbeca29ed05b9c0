"""Peak memory of the functions that make a film anew, on a short film and on a longer one.

    python benchmarks/picture_memory.py [--minutes 4 16] [--rate 10] [--only detexted matte ...]

Each function runs in its own process, whose peak resident set is the figure. The films are eight
seconds of 160 x 90 at ``--rate`` pictures a second, repeated by stream copy: a face before things
that move, with a caption, a mark and a cut each time; for ``matte`` and ``matte before a picture``
a person before a screen. Small pictures, so that what is kept of each one is not lost in what a
function needs anyway. Printed are both peaks in MiB, what they differ by for each picture more in
bytes and for each hour more in MiB, and the CPU seconds of the longer film.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from memory import loop, peak_mib

from media_pipeline.media.geometry import Box
from media_pipeline.media.probe import probe
from media_pipeline.text.cues import Cue
from media_pipeline_tests.generators import artifacts
from media_pipeline_tests.generators.captions import draw_text
from media_pipeline_tests.generators.faces import FaceFilm, make_faces
from media_pipeline_tests.generators.screens import SCENES, make_screened, write_screened
from media_pipeline_tests.generators.video import write_video

SECONDS, SIZE = 8, (160, 90)
CAPTION = (2.0, 6.0)  # seconds of each repetition
BEFORE = "matte before a picture"
FUNCTIONS = ("cover", "detexted", "delogoed", "beautified", "portrait", "matte", BEFORE)


def people(out: Path, rate: int) -> None:
    """A face, a caption for half of the time, and a mark."""
    film = FaceFilm(size=SIZE, rate=rate, seconds=SECONDS, width=44.0, moves=0.1, ground="busy")
    shown = make_faces(film).spotted
    for number, picture in enumerate(shown):
        draw_text(picture, "TV", 138, 4, 10)
        if CAPTION[0] <= number / rate < CAPTION[1]:
            draw_text(picture, "Where have you been", 20, 74, 11)
    write_video(out, shown, fps=rate, crf=18)


def screened(out: Path, rate: int) -> None:
    """A person before a green screen."""
    scene = replace(SCENES[0], size=SIZE, rate=rate, count=SECONDS * rate, strands=20)
    write_screened(out, make_screened(scene))


def cues(minutes: float) -> list[Cue]:
    """The captions of the repeated film."""
    place = Box.from_pixels(20, 74, 142, 87, *SIZE)
    times = range(0, round(minutes * 60), SECONDS)
    return [Cue(t + CAPTION[0], t + CAPTION[1], "Where have you been", box=place) for t in times]


def inputs_of(film: Path, minutes: float, folder: Path) -> dict[str, artifacts.FolderArtifact]:
    """What the functions read besides the film."""
    from media_pipeline.stages.registry import STAGES

    frames = artifacts.run_stage(STAGES["frames"], film, folder / "frames")
    return {"frames": frames, "ocr_cues": artifacts.ocr_cues(folder / "ocr_cues", cues(minutes))}


def peak_of(
    name: str,
    film: Path,
    out: Path,
    inputs: Mapping[str, artifacts.FolderArtifact],
    result: multiprocessing.Queue[tuple[float, float]],
) -> None:
    cv2.setNumThreads(1)
    if name == BEFORE:
        from media_pipeline.stages.matte import put_before

        out.mkdir()
        cv2.imwrite(str(out / "ground.png"), np.full((90, 160, 3), 90, np.uint8))
        put_before(film, probe(film), out / "made.mp4", out / "ground.png")
    else:
        from media_pipeline.stages.registry import STAGES

        stage = STAGES[name]
        wanted = {n: inputs[n] for n in (*stage.inputs, *stage.optional_inputs) if n in inputs}
        artifacts.run_stage(stage, film, out, wanted)
    times = os.times()
    spent = times.user + times.system + times.children_user + times.children_system
    result.put((peak_mib(), spent))


class Material:
    """The films of one length, and what the functions read besides them."""

    def __init__(self, minutes: float, folder: Path, rate: int) -> None:
        self.folder, self.minutes, self.rate = folder, minutes, rate
        self.pictures = round(minutes * 60 * rate)
        folder.mkdir()

    @cached_property
    def people(self) -> Path:
        return self._repeated("people", people)

    @cached_property
    def screened(self) -> Path:
        return self._repeated("screened", screened)

    @cached_property
    def inputs(self) -> dict[str, artifacts.FolderArtifact]:
        return inputs_of(self.people, self.minutes, self.folder)

    def _repeated(self, name: str, make: Callable[[Path, int], None]) -> Path:
        clip, film = self.folder / f"{name}.mp4", self.folder / f"{name}_long.mp4"
        make(clip, self.rate)
        loop(clip, self.minutes / 60, film)
        return film

    def peak(self, name: str) -> tuple[float, float]:
        """The peak of a function, MiB, and the CPU seconds it took."""
        alone = name.startswith("matte")
        film, inputs = (self.screened, {}) if alone else (self.people, self.inputs)
        context = multiprocessing.get_context("spawn")
        result = context.Queue()
        args = (name, film, self.folder / name, inputs, result)
        process = context.Process(target=peak_of, args=args)
        process.start()
        process.join()
        if process.exitcode:
            raise SystemExit(f"{name} failed")
        peak, spent = result.get()
        return float(peak), float(spent)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", nargs=2, type=float, default=(4.0, 16.0))
    parser.add_argument("--rate", type=int, default=10)
    parser.add_argument("--only", nargs="+", choices=FUNCTIONS, default=FUNCTIONS)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        short, long = (
            Material(minutes, Path(folder) / str(number), asked.rate)
            for number, minutes in enumerate(asked.minutes)
        )
        print(
            f"{'pictures':24}{short.pictures:10}{long.pictures:10}"
            f"{'bytes':>10}{'MiB/h':>10}{'CPU s':>10}",
            flush=True,
        )
        for name in asked.only:
            less, _ = short.peak(name)
            more, spent = long.peak(name)
            each = (more - less) * 2**20 / (long.pictures - short.pictures)
            hourly = each * asked.rate * 3600 / 2**20
            print(
                f"{name:24}{less:10.0f}{more:10.0f}{each:10.0f}{hourly:10.2f}{spent:10.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
