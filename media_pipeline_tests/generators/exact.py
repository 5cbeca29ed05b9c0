"""Running speech whose every word has a known start and end: words said one by one, put together.

Each word is synthesised alone and trimmed to its sound, so its place in the whole is exact to the
sample. That is harder than a read sentence (no word leans on its neighbour, and short ones are
said in full), and it is the only truth that no aligner has a part in.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from media_pipeline.text.cues import Cue, Word
from media_pipeline_tests.generators.speech import RATE, Sound, noise, say, silence

VOICES = ("slt", "rms", "kal16", "awb")

STORY = """
    The old harbor was quiet that morning, and nobody had opened the market.
    My brother carried three heavy boxes across the wet stones.
    He wanted to sell them before the first boat came back from the island.
    Why would anyone buy a broken clock?
    Because the wood is beautiful, and the numbers are made of silver.
    She laughed and asked him for the price of the smallest one.
    Twenty dollars, he said, but you may have it for fifteen.
    In the evening the rain stopped and the lights came on along the water.
    We counted the money under a yellow lamp in the kitchen.
    It was enough for bread, coffee, and a new window.
    Tomorrow we will try again with the other clocks.
    Perhaps the captain remembers what he promised us last winter.
    Nothing in this town is ever finished before it is late.
    The children were already asleep when the telephone rang.
    Somebody at the station had found our missing dog.
    Please wait there, I answered, we are leaving right now.
"""
"""Sixteen sentences of everyday words, short and long, with commas and questions."""


@dataclass(frozen=True)
class Told:
    """Sound, its sentences with their times, and each sentence's words with theirs."""

    samples: Sound
    sentences: list[Cue]
    words: list[list[Word]]

    @property
    def duration(self) -> float:
        return len(self.samples) / RATE


def sentences(text: str = STORY) -> list[str]:
    """The sentences of a text, one per line."""
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def tell(
    texts: Sequence[str],
    *,
    voice: str = "slt",
    seed: int = 0,
    gap: tuple[float, float] = (0.02, 0.06),
    pause: tuple[float, float] = (0.5, 1.2),
    ground_db: float = -60.0,
) -> Told:
    """Say sentences word by word over faint noise.

    Parameters
    ----------
    gap : least and most seconds between the words of a sentence; after a comma six times that.
    pause : likewise between sentences, and before the first.
    ground_db : level of the noise, dB of full scale.
    """
    chance = random.Random(seed)
    parts: list[Sound] = []
    cues: list[Cue] = []
    told: list[list[Word]] = []
    at = 0

    def rest(seconds: float) -> None:
        nonlocal at
        parts.append(silence(seconds))
        at += len(parts[-1])

    for text in texts:
        rest(chance.uniform(*pause))
        told.append([])
        for token in text.split():
            if told[-1]:
                rest(chance.uniform(*gap) * (6 if told[-1][-1].word[-1] in ",;:" else 1))
            sound = say(re.sub(r"[^\w']", "", token), voice)
            told[-1].append(Word(at / RATE, (at + len(sound)) / RATE, token, 1.0, "truth"))
            parts.append(sound)
            at += len(sound)
        cues.append(Cue(told[-1][0].start, told[-1][-1].end, text))
    rest(pause[1])
    samples = np.concatenate(parts)
    samples = samples + noise(len(samples) / RATE, ground_db, seed)[: len(samples)]
    return Told(samples.astype(np.float32), cues, told)
