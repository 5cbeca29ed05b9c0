"""How well planted highlights are found, against the loudest windows, uniform and random ones.

    python benchmarks/highlights.py [--films 12] [--first-seed 0] [--footage VIDEO ...] [--keep DIR]

Every film has two loud and two quiet highlights and four distractors (a hum, a steady crowd, a
flashing picture, a test tone); its sound is judged as it is and with levels compressed as in
broadcast. The picture goes through the stage ``frames``, the sound and the tables through
``highlight_candidates``; Count is 5. Without --footage the shots are drawn. The generators are
those of the tests, so run it from a checkout.

Columns: recall of the planted highlights at IoU 0.3 and 0.5; the share of the distractors picked
(half of it covered by a pick, or half of a pick in it); the share of edges that cut a voice. "ours,
no text" is given neither words nor captions, only picture and sound.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from media_pipeline.media.wav import write_wav
from media_pipeline.stages.frames import FRAMES
from media_pipeline.stages.highlights import HIGHLIGHT_CANDIDATES
from media_pipeline_tests.generators import artifacts
from media_pipeline_tests.generators.contest import (
    Contest,
    Footage,
    drawn_footage,
    make_contest,
    real_footage,
)
from media_pipeline_tests.generators.highlights import RATE, write_film

COUNT, CLIP_S, DURATION_S = 5, 8.0, 150.0
Span = tuple[float, float]


@dataclass
class Tally:
    """What one way of choosing got right."""

    iou: list[float] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    distractors: list[tuple[str, bool]] = field(default_factory=list)
    edges: list[bool] = field(default_factory=list)

    def add(self, contest: Contest, spans: Sequence[Span]) -> None:
        """Judge the spans chosen in one film."""
        for p in contest.film.planted:
            self.iou.append(max((p.iou(*span) for span in spans), default=0.0))
            self.kinds.append(p.kind)
        for name, (start, end) in contest.film.extra.items():
            shared = [(max(0.0, min(b, end) - max(a, start)), b - a) for a, b in spans]
            hit = any(both > 0.5 * min(end - start, long) for both, long in shared)
            self.distractors.append((name, hit))
        duration = contest.film.duration
        self.edges += [contest.in_speech(t) for s in spans for t in s if 0 < t < duration]

    def row(self) -> list[float]:
        """Recall at 0.3 and 0.5, distractors, edges."""
        iou = np.array(self.iou)
        return [
            float((iou >= 0.3).mean()),
            float((iou >= 0.5).mean()),
            float(np.mean([hit for _, hit in self.distractors])),
            float(np.mean(self.edges)) if self.edges else 0.0,
        ]

    def by_kind(self) -> str:
        """Recall at 0.5 of each kind of highlight, and how often each distractor was picked."""
        kinds, iou = np.array(self.kinds), np.array(self.iou)
        parts = [f"{k} {(iou[kinds == k] >= 0.5).mean():.2f}" for k in sorted(set(self.kinds))]
        names = sorted({name for name, _ in self.distractors})
        picked = [
            f"{n} {np.mean([hit for name, hit in self.distractors if name == n]):.2f}"
            for n in names
        ]
        return f"found {', '.join(parts)}; picked {', '.join(picked)}"


def windows_by(value: NDArray[np.float64], duration: float, length: float = CLIP_S) -> list[Span]:
    """The best windows one after another; ``value`` is on a grid of 0.1 s."""
    cells = round(length * 10)
    sums = np.convolve(value, np.ones(cells), "valid")
    spans = []
    for _ in range(COUNT):
        i = int(np.argmax(sums))
        spans.append((i / 10, min(duration, i / 10 + length)))
        sums[max(0, i - cells + 1) : i + cells] = -np.inf
    return spans


def loudest(contest: Contest) -> list[Span]:
    """The loudest windows."""
    sound = contest.film.sound.astype(np.float64)
    power = np.add.reduceat(sound**2, np.arange(0, len(sound), RATE // 10))
    return windows_by(power, contest.film.duration)


def uniform(contest: Contest) -> list[Span]:
    """Windows at even distances."""
    part = contest.film.duration / COUNT
    return [((i + 0.5) * part - CLIP_S / 2, (i + 0.5) * part + CLIP_S / 2) for i in range(COUNT)]


def random_windows(contest: Contest) -> list[Span]:
    """Windows anywhere, without overlap."""
    rng = np.random.default_rng(contest.film.seed)
    slack = np.sort(rng.uniform(0, contest.film.duration - COUNT * CLIP_S, COUNT))
    return [(float(s) + i * CLIP_S, float(s) + (i + 1) * CLIP_S) for i, s in enumerate(slack)]


@dataclass
class Ours:
    """The pipeline's stages on one film, and the CPU seconds they took."""

    folder: Path
    cpu: dict[str, float] = field(default_factory=dict)

    def picture(self, contest: Contest) -> artifacts.FolderArtifact:
        """The artifact ``frames``, made once per film."""
        seed = contest.film.seed
        made = self.folder / f"frames_{seed}"
        video = self.folder / f"film_{seed}.mp4"
        if not made.exists():
            contest.film.frames = contest.frames  # type: ignore[method-assign]
            write_film(contest.film, video)
            before = _cpu()
            with av.open(str(video)) as container:
                for frame in container.decode(video=0):
                    assert frame.width
            between = _cpu()
            artifacts.run_stage(FRAMES, video, made)
            self._count("decode", between - before)
            self._count("frames", _cpu() - between)
            self._count("film", contest.film.duration)
        return artifacts.FolderArtifact(made)

    def find(self, contest: Contest, label: str, *, text: bool) -> list[Span]:
        """The highlights that the pipeline finds."""
        frames = self.picture(contest)
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            folder = Path(name)
            (folder / "audio").mkdir()
            write_wav(folder / "audio" / "speech.wav", contest.film.sound, RATE)
            inputs = {
                "frames": frames,
                "audio": artifacts.FolderArtifact(folder / "audio"),
                "words": artifacts.words(folder / "words", contest.film.words if text else []),
                "captions": artifacts.captions(folder / "captions", contest.cues if text else []),
            }
            before = _cpu()
            found = artifacts.run_stage(
                HIGHLIGHT_CANDIDATES,
                self.folder / f"film_{contest.film.seed}.mp4",
                folder / "out",
                inputs,
                HIGHLIGHT_CANDIDATES.params(count=COUNT, clip_duration=CLIP_S),
            )
            self._count(label, _cpu() - before)
            rows = found.table("highlights.parquet").to_pylist()
        return [(row["start"], row["end"]) for row in rows]

    def _count(self, name: str, seconds: float) -> None:
        self.cpu[name] = self.cpu.get(name, 0.0) + seconds


def _cpu() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def compare(folder: Path, footage: Footage, seeds: range) -> None:
    """Run everything and print the table."""
    ours = Ours(folder)
    ways: dict[str, Callable[[Contest], list[Span]]] = {
        "ours": lambda c: ours.find(c, "candidates", text=True),
        "ours, no text": lambda c: ours.find(c, "no text", text=False),
        "loudest windows": loudest,
        "uniform": uniform,
        "random": random_windows,
    }
    tallies = {(way, sound): Tally() for way in ways for sound in (False, True)}
    for seed in seeds:
        for compressed in (False, True):
            contest = make_contest(
                seed, footage, duration=DURATION_S, clip=CLIP_S, compressed=compressed
            )
            for way, choose in ways.items():
                tallies[way, compressed].add(contest, choose(contest))
    print(f"{'':18}{'plain sound':^32}{'compressed sound':^32}")
    names = ("@0.3", "@0.5", "distr", "edges")
    print(f"{'':18}" + "".join(f"{name:>8}" for name in (*names, *names)) + f"{'mean':>8}")
    for way in ways:
        row = tallies[way, False].row() + tallies[way, True].row()
        good = [1 - v if i % 4 >= 2 else v for i, v in enumerate(row)]
        print(f"{way:18}" + "".join(f"{v:8.2f}" for v in (*row, float(np.mean(good)))))
    for sound, name in ((False, "plain"), (True, "compressed")):
        for way in ("ours", "ours, no text"):
            print(f"{way}, {name}: {tallies[way, sound].by_kind()}")
    if ours.cpu.get("film"):
        seconds = ours.cpu["film"]
        beyond = ours.cpu["frames"] - ours.cpu["decode"] + ours.cpu["candidates"] / 2
        print(
            f"CPU per second of film: decode {ours.cpu['decode'] / seconds:.4f}, "
            f"analysis beyond it {beyond / seconds:.4f} "
            f"(of which highlight_candidates {ours.cpu['candidates'] / 2 / seconds:.4f})"
        )


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", type=int, default=12)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--footage", type=Path, nargs="+", help="real films to take shots from")
    parser.add_argument("--keep", type=Path, help="folder for the films, used again when there")
    given = parser.parse_args()
    footage = real_footage(given.footage) if given.footage else drawn_footage()
    seeds = range(given.first_seed, given.first_seed + given.films)
    if given.keep:
        given.keep.mkdir(parents=True, exist_ok=True)
        compare(given.keep, footage, seeds)
    else:
        with tempfile.TemporaryDirectory(prefix="media_pipeline_highlights_") as folder:
            compare(Path(folder), footage, seeds)


if __name__ == "__main__":
    main()
