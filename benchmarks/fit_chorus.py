"""Fit how much each measure of a family of repeats says that it is the chorus.

    python benchmarks/fit_chorus.py [--songs 96] [--write]

The songs are generated (seeds from 31000; ``audio_functions.py`` judges on others), and so are the
pieces in which nothing comes again. Of every second song its beginning to the end of the second
chorus is one more: all have three or more, and many songs have two. Printed are the chorus-time F
and the share of starts found within 3 s, for songs that were left out of the fit. ``--write``
replaces the weights of the stage ``chorus``.

A weight may only have the sign that it has in all music; the rest is the greatest mean score of the
family drawn in proportion to the exponential of the weighted measures.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from media_pipeline.stages.beats import track_beats
from media_pipeline.stages.chorus.choose import FILE, REPEATED, SIGNS, best_of
from media_pipeline.stages.chorus.families import MEASURES, families, measures
from media_pipeline.stages.chorus.form import form_of
from media_pipeline.stages.chorus.listen import listen
from media_pipeline_tests.generators.songs import FORMS, Song, make_whole_song, whole_songs
from media_pipeline_tests.spans import Span, shared_time, starts_found

FIRST_SEED, FIRST_UNREPEATED = 31_000, 33_000
_PULL, _PULL_REPEATED = 0.005, 0.002
_PARTS = 7
_STARTS = 0.3  # of the score: a chorus may be found and cut wrongly
_ROUNDS = 6
TWO = "two"
"""The form of songs that were cut after their second chorus."""
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


def fit_repeated(examples: Sequence[Example], chorus: Floats) -> Floats:
    """A constant and the weights of REPEATED: log odds that a family comes again.

    Fitted to the family of each song that is chosen, and then to those that are with that.
    """
    repeated = np.append(1.0, np.zeros(len(REPEATED)))
    for _ in range(_ROUNDS):
        chosen = [e.rows[best_of(e.rows, chorus, repeated)[0]] for e in examples]
        repeated = _odds(np.array(chosen), np.array([bool(e.truth) for e in examples]))
    return repeated


def _odds(rows: Floats, again: NDArray[np.bool_]) -> Floats:
    """A constant and the weights of REPEATED that tell apart rows of MEASURES."""
    columns = [MEASURES.index(name) for name in REPEATED]
    scale = rows[:, columns].std(axis=0)
    given = np.column_stack([np.ones(len(rows)), rows[:, columns] / scale])
    sign = np.where(again, 1, -1)
    share = np.where(again, 1 / again.sum(), 1 / (~again).sum())

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
    groups = []
    for place, name in enumerate(named):
        song = make_whole_song(*name)
        groups.append([example(song, name[2])])
        if place % 2 and groups[-1][0].truth:
            groups[-1].append(example(cut_after_two(song), TWO))
    report(groups, write=args.write)


def cut_after_two(song: Song) -> Song:
    """The song to the end of its second chorus."""
    end = song.spans("chorus")[1][1]
    return replace(
        song,
        samples=song.samples[: round(end * song.rate)],
        sections=[section for section in song.sections if section[1] <= end],
    )


def fit(groups: Sequence[Sequence[Example]]) -> tuple[Floats, Floats]:
    """The weights of MEASURES, and a constant and those of REPEATED."""
    examples = [e for group in groups for e in group if len(e.good)]
    scale = np.vstack([e.rows for e in examples]).std(axis=0)
    chorus = fit_choice(examples, scale) / scale
    return chorus, fit_repeated(examples, chorus)


def report(groups: Sequence[Sequence[Example]], *, write: bool) -> None:
    """Fit, print what songs left out get, and store the weights if asked.

    Parameters
    ----------
    groups : examples, those of one song together: all of them are fitted to or left out.
    """
    scores: dict[str, list[tuple[float, float]]] = {kind: [] for kind in (*FORMS, TWO)}
    for part in range(_PARTS):
        weights = fit([group for i, group in enumerate(groups) if i % _PARTS != part])
        for one in (e for group in groups[part::_PARTS] for e in group):
            best, odds = best_of(one.rows, *weights) if len(one.good) else (0, -np.inf)
            said = one.spans[best] if odds > 0 else []
            scores[one.form].append((shared_time(one.truth, said), starts_found(one.truth, said)))
    for kind, rows in scores.items():
        print(f"{kind:8s}{len(rows):4d}", np.round(np.mean(rows, axis=0), 3))
    songs = [row for kind in FORMS if kind != "none" for row in scores[kind]]
    print(f"all     {len(songs):4d}", np.round(np.mean(songs, axis=0), 3))
    stored = {
        name: {n: round(float(w), 3) for n, w in zip(names, weights, strict=True)}
        for name, names, weights in zip(
            ("chorus", "repeated"), (MEASURES, ("", *REPEATED)), fit(groups), strict=True
        )
    }
    print(stored)
    if write:
        FILE.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
