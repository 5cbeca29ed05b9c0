"""Placing the words of a text inside the speech of a known stretch, where nothing can align them.

Only the energy of the sound and the length of the words are used, so it works for every language;
the times are estimates and words placed like this say ``interpolated``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from media_pipeline.asr.base import Span
from media_pipeline.asr.sound import HOP_S, Samples, levels, piece, speech_floor
from media_pipeline.asr.weight import weight

_PAUSE_S = 0.14  # shorter gaps are closures of plosives
_ISLAND_S = 0.06
_MID_CLAUSE = 0.08  # cost of a pause without punctuation, as a share of the stretch
_EMPTY = 0.1  # cost of an island without words, likewise
_ENDS = re.compile(r"[,.;:!?…，。、；：！？—–-][\"'”’」』）)\]]*$|\s$")


def spread(
    samples: Samples, start: float, end: float, tokens: Sequence[str], speech: Sequence[Span] = ()
) -> list[Span]:
    """Times for words that are known to be said between two times.

    The stretch is cut into islands of speech at its pauses, the words are shared out among them so
    that their lengths agree with the islands' and pauses fall after punctuation where they can, and
    inside an island each word gets a share of the time and energy after its number of sounds.

    Parameters
    ----------
    samples : 16 kHz mono sound.
    start, end : seconds.
    tokens : words in order, punctuation attached; characters in Chinese and Japanese.
    speech : spans known to be speech; what lies outside is taken for a pause.

    Returns
    -------
    list of (start, end)
        one per token, in order, without overlaps, inside the stretch.
    """
    if not tokens:
        return []
    islands = _islands(samples, start, end, speech)
    weights = np.array([weight(t) for t in tokens])
    shares = _share_out(weights, [bool(_ENDS.search(t)) for t in tokens], islands)
    found: list[Span] = []
    at = 0
    for (low, high, curve), count in zip(islands, shares, strict=True):
        found.extend(_within(low, high, curve, weights[at : at + count]))
        at += count
    return found


Island = tuple[float, float, NDArray[np.float64]]
"""Start, end, and activity per hop inside."""


def _islands(samples: Samples, start: float, end: float, speech: Sequence[Span]) -> list[Island]:
    sound = piece(samples, start, end)
    level = levels(sound)
    if level.size < 2:
        return [(start, end, np.ones(1))]
    heard = _inside(start, level.size, speech) if speech else np.ones(level.size, bool)
    if not heard.any():
        heard[:] = True
    floor = speech_floor(level[heard])
    activity = np.where(heard, np.clip((level - floor) / 20, 0, 1), 0.0)
    runs = _runs(activity > 0)
    islands = [(start + a * HOP_S, min(end, start + b * HOP_S), activity[a:b]) for a, b in runs]
    return islands or [(start, end, np.ones(level.size))]


def _inside(start: float, count: int, spans: Sequence[Span]) -> NDArray[np.bool_]:
    """Which hops from ``start`` on lie in one of the spans."""
    mask = np.zeros(count, bool)
    for a, b in spans:
        mask[max(0, round((a - start) / HOP_S)) : max(0, round((b - start) / HOP_S))] = True
    return mask


def _runs(active: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Runs of active hops, with short gaps closed and short runs dropped."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], active, [False]]).astype(np.int8)))
    joined: list[tuple[int, int]] = []
    for a, b in edges.reshape(-1, 2).tolist():
        if joined and (a - joined[-1][1]) * HOP_S < _PAUSE_S:
            joined[-1] = (joined[-1][0], b)
        else:
            joined.append((a, b))
    return [(a, b) for a, b in joined if (b - a) * HOP_S >= _ISLAND_S]


def _share_out(
    weights: NDArray[np.float64], ends: Sequence[bool], islands: Sequence[Island]
) -> list[int]:
    """How many tokens each island gets, by dynamic programming over the cuts.

    The cost of a cut is the squared difference between the share of the words before it and the
    share of the speech before it, plus a toll where no punctuation stands.
    """
    if len(islands) == 1:
        return [len(weights)]
    spoken = np.concatenate([[0.0], np.cumsum(weights)]) / weights.sum()
    heard = np.cumsum([curve.size for _, _, curve in islands])[:-1] / sum(
        curve.size for _, _, curve in islands
    )
    toll = np.array([0.0, *(0.0 if e else _MID_CLAUSE for e in ends[:-1]), 0.0])
    best = np.square(spoken - heard[0]) + toll**2
    back: list[NDArray[np.intp]] = []
    for share in heard[1:]:
        before, empty = _cheapest_before(best), best + _EMPTY**2
        stay = empty < best[before]
        stay[0] = True
        back.append(np.where(stay, np.arange(best.size), before))
        best = np.where(stay, empty, best[before]) + np.square(spoken - share) + toll**2
    cuts = [int(np.argmin(best))]
    for origin in reversed(back):
        cuts.append(int(origin[cuts[-1]]))
    edges = [0, *reversed(cuts), len(weights)]
    return [b - a for a, b in pairwise(edges)]


def _cheapest_before(cost: NDArray[np.float64]) -> NDArray[np.intp]:
    """For each place the place of the smallest cost left of it (0 for the first)."""
    shifted = np.concatenate([[np.inf], cost[:-1]])
    lowest = np.minimum.accumulate(shifted)
    places = np.where(shifted == lowest, np.arange(cost.size) - 1, -1)
    return np.maximum(np.maximum.accumulate(places), 0)


def _within(
    low: float, high: float, curve: NDArray[np.float64], weights: NDArray[np.float64]
) -> list[Span]:
    """Spans of tokens inside one island, in proportion to weight along time and energy."""
    if not weights.size:
        return []
    pace = np.concatenate([[0.0], np.cumsum(0.5 + curve)])
    shares = np.concatenate([[0.0], np.cumsum(weights)]) / weights.sum()
    times = np.interp(shares * pace[-1], pace, np.linspace(low, high, pace.size))
    return [(float(a), float(b)) for a, b in pairwise(times)]
