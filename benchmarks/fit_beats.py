"""Fit how much each measure of a sequence of beats, and of a bar, counts.

    python benchmarks/fit_beats.py [--seeds 10] [--any 30] [--write]

The songs are generated (seeds below 100; ``audio_functions.py`` judges on others). Printed is the F
measure of the beats chosen in songs whose seeds were left out of the fit, and the best that any
hypothesis reaches. ``--write`` replaces the weights of the stage ``beats``.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

import mir_eval
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from media_pipeline.stages.beats.bars import MARKS, marks, periodicity
from media_pipeline.stages.beats.hypotheses import hypotheses, signals
from media_pipeline.stages.beats.onsets import FPS, LEAD_S, listen
from media_pipeline.stages.beats.track import heard
from media_pipeline.stages.beats.weights import FILE, METERS, products
from media_pipeline_tests.generators.songs import ANY, STYLES, Song, make_song

_BEAT_PULL, _BAR_PULL = 0.003, 0.02
_GOOD = 0.85
_NOT_FITTED = ("strings",)  # nearly without attacks: what is right there is wrong elsewhere
Floats = NDArray[np.float64]
Choice = tuple[Floats, Floats]
"""Measures of each alternative (n, m), and how good it is (n,)."""


@dataclass(frozen=True)
class Example:
    """What was measured of a song."""

    seed: int
    beats: Choice
    bars: Choice | None


def f_measure(truth: Floats, found: Floats) -> float:
    """At 70 ms."""
    return float(mir_eval.beat.f_measure(truth, found)) if len(found) else 0.0


def songs(seeds: int, more: int) -> Iterator[tuple[int, Song]]:
    """Each style once for each seed, and as many songs of styles that nobody has named.

    With every other seed all notes are as loud as those on beats, which is harder.
    """
    for seed in range(1, seeds + 1):
        accent = 1.0 if seed % 2 else None
        for style in STYLES:
            if style in _NOT_FITTED:
                continue
            yield seed, make_song(style, seed, accent=accent)
        for number in range(more):
            yield seed, make_song(ANY, seed * 1000 + number, accent=accent)


def example(seed: int, song: Song) -> Example:
    onsets = listen([song.samples])
    found = signals(onsets)
    all_of = list(hypotheses(onsets, found))
    times = [heard(onsets, h.beats) for h in all_of]
    good = np.array([f_measure(song.beats, beats / FPS + LEAD_S) for beats in times])
    best = times[int(good.argmax())]
    bars = _bars(song, marks(onsets, found, best), best) if good.max() > _GOOD else None
    return Example(seed, (np.stack([h.measures for h in all_of]), good), bars)


def _bars(song: Song, rows: Floats, beats: NDArray[np.int64]) -> Choice:
    measures, good = [], []
    again = periodicity(rows)
    for meter in METERS:
        for phase in range(meter):
            parts = []
            for other in METERS:
                means = [
                    rows[(place - phase) % meter :: meter].mean(axis=0) for place in range(other)
                ]
                parts.append(np.concatenate(means) * (other == meter))
            likeness = [np.concatenate([[1.0], again]) * (other == meter) for other in METERS]
            measures.append(np.concatenate([*parts, *likeness]))
            first = beats[-phase % meter :: meter]
            good.append(f_measure(song.downbeats, first / FPS + LEAD_S))
    return np.stack(measures), np.array(good)


def fit(choices: list[Choice], pull: float) -> Floats:
    """Weights that make the expected goodness of a softmax choice as high as possible."""
    scale = np.concatenate([m for m, _ in choices]).std(axis=0) + 1e-6
    scaled = [(m / scale, good) for m, good in choices]

    def loss(weights: Floats) -> tuple[float, Floats]:
        total, slope = pull * float(weights @ weights), 2 * pull * weights
        for measures, good in scaled:
            score = measures @ weights
            chance = np.exp(score - score.max())
            chance /= chance.sum()
            expected = float(chance @ good)
            total -= expected / len(scaled)
            slope = slope - measures.T @ (chance * (good - expected)) / len(scaled)
        return total, slope

    start = np.zeros(len(scale))
    return np.asarray(minimize(loss, start, jac=True, method="L-BFGS-B").x) / scale


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--any", type=int, default=30)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    examples = [example(seed, song) for seed, song in songs(args.seeds, args.any)]
    every = np.concatenate([e.beats[0] for e in examples])
    mean, deviation = every.mean(axis=0), every.std(axis=0) + 1e-6
    choices = [(products(m, mean, deviation), good) for m, good in (e.beats for e in examples)]
    print(f"best hypothesis {np.mean([good.max() for _, good in choices]):.3f}")
    chosen = []
    for fold in range(3):
        inside = [c for c, e in zip(choices, examples, strict=True) if e.seed % 3 != fold]
        outside = [c for c, e in zip(choices, examples, strict=True) if e.seed % 3 == fold]
        weights = fit(inside, _BEAT_PULL) if inside and outside else None
        chosen += [] if weights is None else [g[int((m @ weights).argmax())] for m, g in outside]
    print(f"chosen in seeds left out {np.mean(chosen) if chosen else float('nan'):.3f}")
    if args.write:
        bars = fit([e.bars for e in examples if e.bars is not None], _BAR_PULL)
        parts = {"mean": mean, "deviation": deviation, "beats": fit(choices, _BEAT_PULL)}
        at = 0
        for meter in METERS:
            parts[f"bars{meter}"] = bars[at : at + meter * MARKS].reshape(meter, MARKS)
            at += meter * MARKS
        for meter, weights in zip(METERS, np.split(bars[at:], len(METERS)), strict=True):
            parts[f"meter{meter}"] = weights
        np.savez_compressed(FILE, **{k: v.astype(np.float32) for k, v in parts.items()})


if __name__ == "__main__":
    main()
