"""Fit how much each measure of a family of repeats says that it is the chorus.

    python benchmarks/fit_chorus.py [--songs 96] [--write]

The songs are generated (seeds from 31000; ``audio_functions.py`` judges on others), and so are the
pieces in which nothing comes again. Printed are the chorus-time F and the share of starts found
within 3 s, for songs that were left out of the fit. ``--write`` replaces the weights of the stage
``chorus``.

A weight may only have the sign that it has in all music; the rest is the greatest mean score of the
family drawn in proportion to the exponential of the weighted measures.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from media_pipeline.stages.beats import track_beats
from media_pipeline.stages.chorus.choose import FILE, REPEATED, SIGNS
from media_pipeline.stages.chorus.families import MEASURES, families, measures
from media_pipeline.stages.chorus.form import form_of
from media_pipeline.stages.chorus.listen import listen
from media_pipeline_tests.generators.songs import FORMS, Song, make_whole_song, whole_songs
from media_pipeline_tests.spans import Span, shared_time, starts_found

FIRST_SEED, FIRST_UNREPEATED = 31_000, 33_000
_PULL, _PULL_REPEATED = 0.005, 0.002
_PARTS = 7
_STARTS = 0.3  # of the score: a chorus may be found and cut wrongly
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Example:
    """The families of a song, and how good each is."""

    form: str
    spans: list[list[Span]]
    rows: Floats
    good: Floats
    truth: list[Span]


def example(song: Song, kind: str) -> Example:
    """Measure a song."""
    form = form_of(track_beats([song.samples]), listen([song.samples]))
    found = list(families(form)) if form is not None else []
    truth = song.spans("chorus")
    spans = [
        [(float(form.times[s]), float(form.times[s + f.length])) for s in f.starts]
        for f in found
        if form is not None
    ]
    good = [(1 - _STARTS) * shared_time(truth, s) + _STARTS * starts_found(truth, s) for s in spans]
    rows = measures(form, found) if form is not None else np.zeros((0, len(MEASURES)))
    return Example(kind, spans, rows, np.array(good), truth)


def fit_choice(examples: Sequence[Example], scale: Floats) -> Floats:
    """The weights of the measures."""
    signs = np.array([SIGNS[name] for name in MEASURES])
    known = [(e.rows / scale, e.good) for e in examples if e.truth and len(e.good)]

    def loss(weights: Floats) -> tuple[float, Floats]:
        total, slope = 0.0, np.zeros(len(weights))
        for rows, good in known:
            odds = rows @ weights
            share = np.exp(odds - odds.max())
            share /= share.sum()
            mean = float(share @ good)
            total -= mean
            slope -= (share * (good - mean)) @ rows
        pull = _PULL * len(known)
        return total + pull * float(weights @ weights), slope + 2 * pull * weights

    bounds = [(0, None) if sign > 0 else (None, 0) for sign in signs]
    tries = [
        minimize(loss, first * signs, jac=True, bounds=bounds, method="L-BFGS-B")
        for first in (0.3, 1.0)
    ]
    return np.asarray(min(tries, key=lambda t: float(t.fun)).x)


def fit_repeated(rows: Floats, repeated: NDArray[np.bool_]) -> Floats:
    """A constant and the weights of REPEATED: log odds that anything comes again."""
    columns = [MEASURES.index(name) for name in REPEATED]
    scale = rows[:, columns].std(axis=0)
    given = np.column_stack([np.ones(len(rows)), rows[:, columns] / scale])
    sign = np.where(repeated, 1, -1)
    share = np.where(repeated, 1 / repeated.sum(), 1 / (~repeated).sum())

    def loss(weights: Floats) -> float:
        pull = _PULL_REPEATED * float(weights[1:] @ weights[1:])
        return float(share @ np.logaddexp(0, -sign * (given @ weights))) + pull

    found = minimize(loss, np.zeros(given.shape[1])).x
    return np.append(found[0], found[1:] / scale)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--songs", type=int, default=96)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    named = whole_songs(FIRST_SEED, args.songs)
    named += whole_songs(FIRST_UNREPEATED, args.songs // 2, ("none",))
    report([example(make_whole_song(*name), name[2]) for name in named], write=args.write)


def report(examples: list[Example], *, write: bool) -> None:
    """Fit, print what songs left out get, and store the weights if asked."""
    scale = np.vstack([e.rows for e in examples if len(e.good)]).std(axis=0)
    chosen: list[tuple[Example, int]] = []
    for part in range(_PARTS):
        weights = fit_choice([e for i, e in enumerate(examples) if i % _PARTS != part], scale)
        chosen += [
            (e, int((e.rows / scale @ weights).argmax()))
            for e in examples[part::_PARTS]
            if len(e.good)
        ]
    scores = {
        kind: [
            (shared_time(e.truth, e.spans[n]), starts_found(e.truth, e.spans[n]))
            for e, n in chosen
            if e.form == kind
        ]
        for kind in FORMS
        if kind != "none"
    }
    for kind, rows in scores.items():
        print(f"{kind:8s}", np.round(np.mean(rows, axis=0), 3))
    print("all     ", np.round(np.mean([r for rows in scores.values() for r in rows], axis=0), 3))
    rows = np.array([e.rows[n] for e, n in chosen])
    repeated = np.array([bool(e.truth) for e, _ in chosen])
    again = fit_repeated(rows, repeated)
    columns = [MEASURES.index(name) for name in REPEATED]
    said = again[0] + rows[:, columns] @ again[1:] > 0
    print(f"taken for repeated: {said[repeated].mean():.3f} of the songs that have choruses, "
          f"{said[~repeated].mean():.3f} of those that have none")  # fmt: skip
    weights = fit_choice(examples, scale) / scale
    print({name: round(float(w), 2) for name, w in zip(MEASURES, weights, strict=True)}, again)
    if write:
        stored = {
            "chorus": {n: round(float(w), 3) for n, w in zip(MEASURES, weights, strict=True)},
            "repeated": {
                n: round(float(w), 2) for n, w in zip(("", *REPEATED), again, strict=True)
            },
        }
        FILE.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
