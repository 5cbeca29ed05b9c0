"""What comes again: families of stretches that are alike, and what is measured of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from media_pipeline.stages.chorus.form import KEY_COST, KEYS, Floats, Form, Places
from media_pipeline.stages.chorus.listen import Features

SHORTEST_S, LONGEST_S = 7.0, 45.0
_BARS = (4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 32)
_USUAL_BARS = (4, 8, 12, 16, 32)
_USUAL_S = 18.0
_USUAL_SHARE = 0.4
_LEAST_ALIKE = 0.3
_COLOUR = 0.15
"""By which likeness of sound counts beside that of tones, where repeats are looked for."""
_STEP = 0.05
"""By which the last of a family is more alike than the first that is left out: else both belong."""
_MOST_REPEATS = 8
_APART = 0.5
"""Between some two of them lies other music, half as long as they are at least: what only goes on
is no repeat, and neither is what comes again with the same in other bars between."""
_SPREAD = 0.25
"""Share of the piece from the first to the last of a family, at least: what comes again within one
part and nowhere else is a phrase of that part."""

MEASURES = (
    "alike", "least alike", "gap", "count", "sound alike", "fresh start", "fresh end",
    "fresh inside", "melody", "entry", "rest", "share", "length", "other keys", "last in other key",
    "more alike", "alike before", "alike after", "rise", "usual bars", "rise inside", "new sound",
    "apart",
)  # fmt: skip
"""What is known of a family; see :func:`measures`."""


@dataclass(frozen=True)
class Family:
    """Stretches of ``length`` steps that begin at ``starts``, in order, with their keys in
    semitones above the first, and the likeness of each to the one that was looked for (1 for it).
    """

    length: int
    starts: Places
    keys: Places
    likeness: Floats
    first: int
    """Index of the one that was looked for."""
    left: float
    """Likeness of the best stretch that does not belong to it."""
    between: float
    """Likeness of the music between two of them, where that is least alike."""


def families(form: Form) -> Iterator[Family]:
    """All families: for every bar and length the repeats from the likeliest down to each."""
    for bars in _BARS:
        length = bars * form.per_bar
        if 2 * length > form.steps:
            return
        seconds = float(np.median(form.times[length:] - form.times[:-length]))
        starts = form.bars[form.bars <= form.steps - length]
        if not SHORTEST_S <= seconds <= LONGEST_S or not len(starts):
            continue
        alike, keys = _best_key(form, starts, length)
        others = np.arange(form.steps - length + 1)
        sound = form.along(form.colours, starts[:, np.newaxis], length, others)
        for row, start in enumerate(starts):
            yield from _of(form, int(start), length, alike[row], keys[row], sound[row])


def _best_key(form: Form, starts: Places, length: int) -> tuple[Features, Places]:
    """(starts, places) likeness to all stretches of a length, and the keys that these are in."""
    others = np.arange(form.steps - length + 1)
    best = np.full((len(starts), len(others)), -1.0, np.float32)
    keys = np.zeros(best.shape, np.int64)
    for key in range(KEYS):
        value = form.along(form.repeats[key], starts[:, np.newaxis], length, others)
        value = value - KEY_COST * (key > 0)
        # a roll by ``key`` lifts the other stretch to the first one: that one stands lower
        keys[value > best] = -key % KEYS
        np.maximum(best, value, out=best)
    return best, keys


def _of(
    form: Form, start: int, length: int, alike: Features, keys: Places, sound: Features
) -> Iterator[Family]:
    waiting = alike + _COLOUR * sound
    waiting[max(0, start - length + 1) : start + length] = -np.inf
    found: list[int] = []
    worth: list[float] = []
    while len(found) < _MOST_REPEATS:
        place = int(waiting.argmax())
        if not np.isfinite(waiting[place]) or alike[place] < _LEAST_ALIKE:
            break
        found.append(place)
        worth.append(float(waiting[place]))
        waiting[max(0, place - length + 1) : place + length] = -np.inf
    for count in range(1, len(found) + 1):
        if count < len(found) and worth[count - 1] - worth[count] < _STEP:
            continue
        chosen = np.array([start, *found[:count]])
        order = chosen.argsort()
        chosen = chosen[order]
        values = np.append(1.0, alike[found[:count]])[order]
        between = _between(chosen, length, alike)
        if chosen[-1] + length - chosen[0] < _SPREAD * form.steps:
            continue
        if between > values.min() - _STEP:
            continue
        tones = np.append(0, keys[found[:count]])[order]
        left = float(alike[found[count]]) if count < len(found) else _LEAST_ALIKE
        yield Family(
            length,
            chosen,
            (tones - tones[0]) % KEYS,
            values,
            int(np.flatnonzero(order == 0)[0]),
            left,
            between,
        )


def _between(starts: Places, length: int, alike: Features) -> float:
    """Likeness of what lies between two of them, where it is least; 1 where nothing does.

    Of what lies between two, the stretch counts that is most alike: a turn of chords that goes on
    is as alike there as where it is looked at.
    """
    wide = np.flatnonzero(np.diff(starts) >= (1 + _APART) * length)
    edges = np.sort([starts[wide] + length, starts[wide + 1] - length], axis=0)
    return min((float(alike[first : last + 1].max()) for first, last in edges.T), default=1.0)


def measures(form: Form, found: list[Family]) -> Floats:
    """(families, MEASURES) of all families of a piece.

    Likeness is a mean over the repeats; ``gap`` is what the least alike is above what was left out,
    ``count`` the binary logarithm of how many there are; ``fresh`` and ``new sound`` are changes at
    the family's edges, or the greatest within; ``entry`` and ``rest`` are the shares of the piece
    before the first and after the last; ``share`` and ``length`` are departures from what choruses
    usually have; ``more alike`` compares with the best families of the piece; ``alike before`` and
    ``after`` say how far the repeats go on outside; ``rise`` is that of the level, in dB; ``apart``
    is what the least alike is above the music between.
    """
    if not found:
        return np.zeros((0, len(MEASURES)))
    means = [(f.likeness.sum() - 1) / (len(f.starts) - 1) for f in found]
    best = float(np.percentile(means, 97))
    middle = float(np.median(np.diff(form.melody)))
    return np.array(
        [_measured(form, f, mean, best, middle) for f, mean in zip(found, means, strict=True)]
    )


def _measured(form: Form, family: Family, alike: float, best: float, middle: float) -> list[float]:
    starts, length = family.starts, family.length
    ends = starts + length
    bar = form.per_bar
    seconds = float(np.median(form.times[ends] - form.times[starts]))
    whole = form.times[-1] - form.times[0]
    least = float(family.likeness.min())
    away = family.keys != 0
    before, after = _beyond(form, family)
    near = max(bar * 2, length // 4)
    later = starts[starts >= near]
    rises = _mean(form.level, later, later + near) - _mean(form.level, later - near, later)
    inside = [form.fresh[s + 2 * bar : s + length - 2 * bar + 1].max(initial=0) for s in starts]
    lifts = [form.lift[s + bar : s + length * 2 // 3].max(initial=0) for s in starts]
    return [
        alike,
        least,
        least - family.left,
        float(np.log2(min(len(starts), 6))),
        _sound(form, family),
        float(form.fresh[starts].mean()),
        float(form.fresh[ends].mean()),
        float(np.mean(inside)),
        float(_mean(form.melody, starts, ends).mean()) - middle,
        min(float(form.times[starts[0]] - form.times[0]) / whole, 0.3),
        min(1 - float(form.times[ends[-1]] - form.times[0]) / whole, 0.4),
        abs(len(starts) * length / form.steps - _USUAL_SHARE),
        abs(float(np.log2(seconds / _USUAL_S))),
        float(away.mean()),
        float(away.any() and (np.diff(away.astype(int)) >= 0).all()),
        alike - best,
        before,
        after,
        float(rises.mean()) if len(later) else 0.0,
        float(length / bar in _USUAL_BARS),
        float(np.mean(lifts)),
        float(form.recoloured[starts].mean()),
        least - family.between,
    ]


def _sound(form: Form, family: Family) -> float:
    """Mean likeness of the sound, of those in one key where some are: another key sounds otherwise,
    though the same play.
    """
    starts = family.starts
    each = form.along(form.colours, starts[:, np.newaxis], family.length, starts)
    others = ~np.eye(len(starts), dtype=bool)
    same = others & (family.keys[:, np.newaxis] == family.keys)
    return float(each[same if same.any() else others].mean())


def _beyond(form: Form, family: Family) -> tuple[float, float]:
    """How alike the music before the stretches is, and that after them, in the stretches' keys."""
    span = max(form.per_bar * 2, family.length // 4)
    one = int(family.starts[family.first])
    before, after = [], []
    for place, start in enumerate(map(int, family.starts)):
        if place == family.first:
            continue
        key = int(family.keys[family.first] - family.keys[place]) % KEYS
        sums = form.repeats[key]
        fits = min(one, start) >= span
        before.append(float(form.along(sums, one - span, span, start - span)) if fits else 0.0)
        end, other = one + family.length, start + family.length
        fits = max(end, other) + span <= form.steps
        after.append(float(form.along(sums, end, span, other)) if fits else 0.0)
    return float(np.mean(before)), float(np.mean(after))


def _mean(sums: Floats, first: Places, last: Places) -> Floats:
    return np.asarray((sums[last] - sums[first]) / np.maximum(last - first, 1))
