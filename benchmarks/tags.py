"""How often a tag is right: films whose parts are known to hold what the tags say, or its like.

    python benchmarks/tags.py [--films 8] [--first-seed 0]

Every film goes through the stage ``frames``; its parts are judged by the rules as highlights are,
with edges up to a second beside the truth. Precision is the share of the tags given that are right,
recall that of the tags due that are given; the kinds that wrongly got a tag are named.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from media_pipeline.asr.vad import speech_spans
from media_pipeline.stages.frames import FRAMES
from media_pipeline.stages.highlights.picture import measure_picture
from media_pipeline.stages.highlights.signals import combine
from media_pipeline.stages.highlights.sound import STEP, measure_sound
from media_pipeline.stages.highlights.tags import TAGS, Measured, tags_of
from media_pipeline.stages.highlights.talk import measure_talk
from media_pipeline_tests.generators import artifacts
from media_pipeline_tests.generators.contest import drawn_footage
from media_pipeline_tests.generators.highlights import RATE, write_film
from media_pipeline_tests.generators.tagged import Part, Tagged, make_tagged


@dataclass
class Count:
    """What became of one tag."""

    right: int = 0
    wrong: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)

    @property
    def precision(self) -> float:
        """Of the tags given; nan where none was."""
        given = self.right + self.wrong.total()
        return self.right / given if given else math.nan

    @property
    def recall(self) -> float:
        """Of the tags due; nan where none was."""
        due = self.right + self.missed.total()
        return self.right / due if due else math.nan


def judge(films: list[Tagged], folder: Path) -> dict[str, Count]:
    """Tag every part of the films."""
    counts = {tag: Count() for tag in TAGS}
    for film in films:
        measured = _measured(film, folder)
        rng = np.random.default_rng(film.seed)
        for part in film.parts:
            start, end = np.array([part.start, part.end]) + rng.uniform(-1, 1, 2)
            _compare(part, set(tags_of(float(start), float(end), measured)), counts)
    return counts


def _compare(part: Part, given: set[str], counts: dict[str, Count]) -> None:
    kind = f"{part.sound} / {part.picture}"
    for tag, count in counts.items():
        count.right += tag in given & part.tags
        count.wrong[kind] += tag in given - part.tags
        count.missed[kind] += tag in part.tags - given


def _measured(film: Tagged, folder: Path) -> Measured:
    video = write_film(film, folder / f"{film.seed}.mp4")
    table = artifacts.run_stage(FRAMES, video, folder / f"frames_{film.seed}").table(
        "frames.parquet"
    )
    cells = math.ceil(film.duration / STEP - 1e-6)
    names = ("time", "motion", "cut", "luma", "signature")
    time, motion, cut, luma, signature = (table[name].to_numpy() for name in names)
    picture = measure_picture(time, motion, cut, cells, luma=luma, signature=signature)
    sound = measure_sound([film.sound], RATE, cells)
    talk = measure_talk(film.words, [], cells)
    voice = np.array(speech_spans(film.sound)).reshape(-1, 2)
    signals = combine(cells, sound, picture, talk, voice=voice, clip_duration=8.0)
    words = np.empty((0, 2)) if talk is None else talk.words
    return Measured(signals, sound, picture, words)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", type=int, default=8)
    parser.add_argument("--first-seed", type=int, default=0)
    given = parser.parse_args()
    footage = drawn_footage()
    seeds = range(given.first_seed, given.first_seed + given.films)
    with tempfile.TemporaryDirectory(prefix="media_pipeline_tags_") as folder:
        counts = judge([make_tagged(seed, footage) for seed in seeds], Path(folder))
    print(f"{'':10}{'precision':>10}{'recall':>8}{'given':>7}  wrongly given to, and missed in")
    for tag, count in counts.items():
        given_to = count.right + count.wrong.total()
        wrong = ", ".join(f"{k} {n}" for k, n in (+count.wrong).most_common(4)) or "-"
        missed = ", ".join(f"{k} {n}" for k, n in (+count.missed).most_common(4)) or "-"
        print(f"{tag:10}{count.precision:10.2f}{count.recall:8.2f}{given_to:7}  {wrong}; {missed}")


if __name__ == "__main__":
    main()
