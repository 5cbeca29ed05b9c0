"""Where a highlight may begin and end: at pauses, sentence ends and cuts, never inside a word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from media_pipeline.stages.highlights.sound import STEP, Times

REACH = 0.2
"""How far an edge may move, as a share of the clip duration; twice as far to leave speech."""
SHORTEST, LONGEST = 0.6, 1.4
"""What may come of it, as shares of the clip duration."""

_LEAD_S = 0.15  # sound kept before the first word
_TAIL_S = 0.25  # sound kept after the last one: the end of a word is the part most often lost
_LATE_S = 0.3  # kept from a voice whose words are unknown: its detector hears it late
_WORDED = 0.5  # of a voice, from which on its words say where one may cut
_RUNNING_S = 0.04  # words with less between them are one breath: the cut is heard
_CUT_S = 0.02  # an edge this near to a cut is at the cut
# what speaks for a place, in units of REACH
_AT_CUT, _IN_PAUSE, _AT_SENTENCE = 0.6, 0.4, 0.5
_STRAY_S, _STRAY = 0.6, 0.8  # against a place that leaves so little of a shot in the clip
_CALM_S, _DB_PER_S = 0.4, 5.0  # within which an edge goes to where the sound is low, and how far
_IN_SENTENCE = 0.6  # what speaks against a place inside a sentence
_FOREIGN = 1.0  # against one that takes in a whole utterance from beside the highlight
_WORTH = 2.0  # for a pair of places, by what lies between them
_IN_QUIET = 0.4  # for a place without sound, where voices are only what their detector hears
_IN_VOICE = 1.2  # against a place where somebody speaks and no words are known
_IN_SOUND = 0.6  # against one where words are unknown and somebody may be speaking


@dataclass(frozen=True, slots=True)
class Landmarks:
    """What the edges are moved to. All times in seconds, in order; spans are (k, 2).

    ``words``: spans inside which nothing is cut, not overlapping.
    ``voice``: spans in which somebody speaks whose words are unknown.
    ``level``: (cells,) dB of the sound every 0.1 s; empty where unknown.
    ``quiet``: spans in which no sound is to be heard, whatever it is.
    """

    duration: float
    pauses: Times
    cuts: Times
    words: Times
    sentences: Times
    voice: Times
    level: NDArray[np.float32]
    quiet: Times

    @classmethod
    def of(
        cls,
        duration: float,
        *,
        pauses: Times | None = None,
        cuts: Times | None = None,
        words: Times | None = None,
        sentences: Times | None = None,
        voice: Times | None = None,
        level: NDArray[np.float32] | None = None,
        quiet: Times | None = None,
    ) -> Landmarks:
        """Landmarks of which some kinds may be unknown."""
        none, nowhere = np.empty((0, 2)), np.empty(0)
        return cls(
            duration,
            none if pauses is None else pauses,
            nowhere if cuts is None else cuts,
            none if words is None else words,
            none if sentences is None else sentences,
            none if voice is None else voice,
            np.empty(0, np.float32) if level is None else level,
            none if quiet is None else quiet,
        )

    def cuts_speech(self, at: float) -> bool:
        """Whether an edge at that time is inside a word or between two that run into each other, or
        in a voice whose words are unknown.
        """
        ended = (self.words[:, 1] <= at + _RUNNING_S) & (self.words[:, 1] > at - _RUNNING_S)
        begins = (self.words[:, 0] >= at - _RUNNING_S) & (self.words[:, 0] < at + _RUNNING_S)
        running = bool(ended.any() and begins.any())
        return _word_at(at, self) is not None or running or _inside(self.voice, at)


def _indifferent(_start: float, _end: float) -> float:
    return 0.0


def unworded(voice: Times, words: Times) -> Times:
    """The spans of voices, (k, 2), of which known words cover less than half."""
    if not words.size:
        return voice
    said = np.zeros(words.size)  # seconds of words before the start and the end of each
    said[1::2] = np.cumsum(words[:, 1] - words[:, 0])
    said[2::2] = said[1:-1:2]
    covered = np.diff(np.interp(voice, words.reshape(-1), said))[:, 0]
    kept: Times = voice[covered < _WORDED * (voice[:, 1] - voice[:, 0])]
    return kept


def pauses_of(quiet: Times, voice: Times | None, duration: float) -> Times:
    """Where nobody speaks, (k, 2), from 0.2 s.

    Parameters
    ----------
    quiet : spans in which the sound is low: what is known where no voice detector is installed.
    voice : spans of speech; None where they are unknown.
    duration : of the film, seconds.
    """
    if voice is None:
        return quiet
    edges = np.concatenate([[0.0], voice.reshape(-1), [duration]])
    between: Times = edges.reshape(-1, 2)
    return between[between[:, 1] - between[:, 0] >= 0.2]


def move_edges(
    start: float,
    end: float,
    landmarks: Landmarks,
    clip_duration: float,
    worth: Callable[[float, float], float] = _indifferent,
) -> tuple[float, float] | None:
    """Move the two edges of a highlight to the best places near by.

    Parameters
    ----------
    start, end : seconds.
    landmarks : of the film.
    clip_duration : seconds asked for; edges move by at most a fifth of it, two fifths where speech
        or a few frames of a shot would be cut else, and the result lasts 60 to 140 % of it.
    worth : what a start and an end are worth as a highlight, -1 to 1.

    Returns
    -------
    tuple or None
        the new ``(start, end)``, or None where no pair of places fits.
    """
    found = _best_edges(start, end, landmarks, clip_duration, REACH, worth)
    if found is None or _is_poor(found, landmarks):
        farther = _best_edges(start, end, landmarks, clip_duration, 2 * REACH, worth)
        found = found if farther is None else farther
    return found


def _is_poor(found: tuple[float, float], marks: Landmarks) -> bool:
    """Whether an edge cuts speech or leaves a few frames of another shot."""
    cut = any(marks.cuts_speech(at) for at in found)
    return cut or _strays(found[0], 1, marks) or _strays(found[1], -1, marks)


def _strays(at: float, inward: int, marks: Landmarks) -> bool:
    inside = (marks.cuts - at) * inward
    return bool(((inside > _CUT_S) & (inside < _STRAY_S)).any())


def _best_edges(
    start: float,
    end: float,
    landmarks: Landmarks,
    clip_duration: float,
    share: float,
    worth: Callable[[float, float], float],
) -> tuple[float, float] | None:
    reach = share * clip_duration
    starts = _priced(start, reach, _places_to_start(start, reach, landmarks), landmarks, 1)
    ends = _priced(end, reach, _places_to_end(end, reach, landmarks), landmarks, -1)
    fitting = [
        (cost_in + cost_out - _WORTH * worth(a, b), a, b)
        for (a, cost_in), (b, cost_out) in product(starts, ends)
        if SHORTEST * clip_duration <= b - a <= LONGEST * clip_duration
    ]
    if not fitting:
        return None
    _, a, b = min(fitting)
    return a, b


def _places_to_start(at: float, reach: float, marks: Landmarks) -> list[float]:
    pauses = _near(marks.pauses, at, reach)
    lead = _LATE_S if marks.voice.size else _LEAD_S
    places = [max(b - lead, a + _CUT_S) for a, b in pauses]
    places += [min(a + _TAIL_S, b - _CUT_S) for a, b in pauses]  # when what follows is no voice
    for sentence, _ in _near(marks.sentences, at, reach):
        before = marks.words[marks.words[:, 1] <= sentence + 1e-6, 1]
        places.append(max(sentence - _LEAD_S, before[-1] if len(before) else 0.0))
    return [*places, *_anywhere(at, reach, marks)]


def _places_to_end(at: float, reach: float, marks: Landmarks) -> list[float]:
    pauses = _near(marks.pauses, at, reach)
    places = [min(a + _TAIL_S, b - _CUT_S) for a, b in pauses]
    # well before somebody speaks again: a voice is noticed late where there is other sound
    places += [max(b - _LATE_S, a + _CUT_S) for a, b in pauses]
    for _, sentence in _near(marks.sentences, at, reach):
        after = marks.words[marks.words[:, 0] >= sentence - 1e-6, 0]
        places.append(min(sentence + _TAIL_S, after[0] if len(after) else marks.duration))
    return [*places, *_anywhere(at, reach, marks)]


def _anywhere(at: float, reach: float, marks: Landmarks) -> list[float]:
    """Places for either edge: cuts, the ends of the film, and the nearest that is in no word."""
    ends = [t for t in (0.0, marks.duration) if abs(t - at) <= reach]
    word = _word_at(at, marks)
    stay = [_calm(at, marks)] if word is None else [float(word[0]), float(word[1])]
    return [*marks.cuts[np.abs(marks.cuts - at) <= reach].tolist(), *ends, *stay]


def _calm(at: float, marks: Landmarks) -> float:
    """Where near by the sound is lowest: music is left between two notes rather than in one."""
    first = max(0, round((at - _CALM_S) / STEP))
    near = marks.level[first : round((at + _CALM_S) / STEP)]
    if not len(near):
        return at
    places = (first + np.arange(len(near)) + 0.5) * STEP
    return float(places[np.argmin(near + _DB_PER_S * np.abs(places - at))])


def _priced(
    at: float, reach: float, places: list[float], marks: Landmarks, inward: int
) -> list[tuple[float, float]]:
    """Each place in the film and outside words with its cost: distance less what speaks for it.

    ``inward``: 1 where the clip lies after the place, -1 where before.
    """
    within = {min(max(p, 0.0), marks.duration) for p in places}
    return [
        (
            p,
            abs(p - at) / reach
            + _context(p, marks)
            + _STRAY * _strays(p, inward, marks)
            + _FOREIGN * _takes_in(p, at, inward, marks),
        )
        for p in within
        if _word_at(p, marks) is None and abs(p - at) <= reach + 1e-6
    ]


def _takes_in(place: float, at: float, inward: int, marks: Landmarks) -> bool:
    """Whether a whole utterance lies outside ``at`` and inside ``place``."""
    first, last = (place, at) if inward > 0 else (at, place)
    said = np.concatenate([marks.sentences, marks.voice])
    return bool(((said[:, 0] >= first) & (said[:, 1] <= last)).any())


def _context(at: float, marks: Landmarks) -> float:
    cost = 0.0
    if marks.cuts.size and np.abs(marks.cuts - at).min() <= _CUT_S:
        cost -= _AT_CUT
    if marks.cuts_speech(at):
        cost += _IN_VOICE
    elif _inside(marks.pauses, at):
        cost -= _IN_PAUSE
    elif marks.pauses.size and not marks.words.size and not marks.voice.size:
        cost += _IN_SOUND
    if marks.voice.size and _inside(marks.quiet, at):
        cost -= _IN_QUIET
    return cost + _sentence_cost(at, marks.sentences)


def _sentence_cost(at: float, sentences: Times) -> float:
    """What speaks for a place just before or after a sentence, or against one inside it."""
    slack = 1e-6
    to_start, from_end = sentences[:, 0] - at, at - sentences[:, 1]
    before = (to_start >= -slack) & (to_start <= _LEAD_S + slack)
    after = (from_end >= -slack) & (from_end <= _TAIL_S + slack)
    if (before | after).any():
        return -_AT_SENTENCE
    inside = (to_start < -slack) & (from_end < -slack)
    return _IN_SENTENCE if inside.any() else 0.0


def _near(spans: Times, at: float, reach: float) -> Times:
    """The spans that come within reach of a time."""
    near: Times = spans[(spans[:, 1] >= at - reach) & (spans[:, 0] <= at + reach)]
    return near


def _inside(spans: Times, at: float, slack: float = 0.0) -> bool:
    return bool(((spans[:, 0] - slack <= at) & (at <= spans[:, 1] + slack)).any())


def _word_at(at: float, marks: Landmarks) -> NDArray[np.float64] | None:
    """The word that would be cut at that time."""
    hit = np.flatnonzero((marks.words[:, 0] < at) & (at < marks.words[:, 1]))
    return marks.words[hit[0]] if len(hit) else None
