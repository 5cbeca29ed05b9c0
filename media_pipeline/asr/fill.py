"""From the words that were placed in a stretch to all of its words: the rest is interpolated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from media_pipeline.asr.accept import SHORTEST_S
from media_pipeline.asr.base import Span
from media_pipeline.asr.sound import Samples
from media_pipeline.asr.spread import spread
from media_pipeline.asr.stretches import SLACK_S
from media_pipeline.asr.vad import overlap
from media_pipeline.asr.weight import weight
from media_pipeline.text.cues import Word

INTERPOLATED = "interpolated"

_GUESS_SCORE = 0.2
_LONGEST_LETTER_S = 0.12  # no interpolated word lasts longer per letter, plus the slack
_ROOM_S = 0.012  # least time per letter of a word


def fill(
    samples: Samples,
    stretch: Span,
    text: Sequence[str],
    placed: Sequence[Word | None],
    speech: Sequence[Span],
) -> list[Word]:
    """All words of a stretch of speech, given the times of some.

    Parameters
    ----------
    samples : 16 kHz mono sound.
    stretch : where the text is said, about; seconds.
    text : the words, in order; a space at the end of one is the end of a phrase.
    placed : per word its time, or None. Words beside such gaps are given up, too, where a gap is
        too short to be said in: what the sound does not hold pushes its neighbours into wrong
        places.
    speech : where speech is.

    Returns
    -------
    list of Word
        one per word of the text, in order.
    """
    kept = _make_room(list(placed), text, stretch)
    words: list[Word] = []
    for first, last in _runs(kept):
        word = kept[first]
        if word is not None:
            words.append(word)
        else:
            words.extend(_between(samples, stretch, text[first:last], kept, (first, last), speech))
    return words


def in_order(words: Sequence[Sequence[Word]], duration: float) -> list[list[Word]]:
    """The same words with starts that never go back and times inside the sound."""
    ordered: list[list[Word]] = []
    start = 0.0
    latest = max(0.0, duration - SHORTEST_S)
    for group in words:
        ordered.append([])
        for word in group:
            start = max(start, min(word.start, latest))
            end = max(min(word.end, duration), start + SHORTEST_S)
            ordered[-1].append(replace(word, start=start, end=end))
    return ordered


def _between(
    samples: Samples,
    stretch: Span,
    text: Sequence[str],
    kept: Sequence[Word | None],
    run: tuple[int, int],
    speech: Sequence[Span],
) -> list[Word]:
    """Words of a gap between two placed words, or an end of the stretch."""
    low = _end_of(kept, run[0] - 1, min(stretch[0], _start_of(kept, run[1], stretch[0])))
    high = _start_of(kept, run[1], max(stretch[1], low + SHORTEST_S))
    inside = speech if overlap(speech, low, high) >= least_time(text) else ()
    spans = spread(samples, low, high, text, inside)
    return [
        Word(a, min(b, a + _longest(token)), token.rstrip(), _GUESS_SCORE, INTERPOLATED)
        for token, (a, b) in zip(text, spans, strict=True)
    ]


def _longest(token: str) -> float:
    return _LONGEST_LETTER_S * weight(token) + SLACK_S


def _runs(kept: Sequence[Word | None]) -> list[tuple[int, int]]:
    """Single placed words, and runs of words that are not, as (first, one past last)."""
    runs: list[tuple[int, int]] = []
    for i, word in enumerate(kept):
        if runs and word is None and kept[runs[-1][0]] is None:
            runs[-1] = (runs[-1][0], i + 1)
        else:
            runs.append((i, i + 1))
    return runs


def _start_of(kept: Sequence[Word | None], index: int, otherwise: float) -> float:
    word = kept[index] if index < len(kept) else None
    return word.start if word else otherwise


def _end_of(kept: Sequence[Word | None], index: int, otherwise: float) -> float:
    word = kept[index] if index >= 0 else None
    return word.end if word else otherwise


def _make_room(kept: list[Word | None], text: Sequence[str], stretch: Span) -> list[Word | None]:
    for _ in range(len(kept)):
        tight = next((run for run in _runs(kept) if _is_tight(kept, run, text, stretch)), None)
        if tight is None:
            break
        sides = [i for i in (tight[0] - 1, tight[1]) if 0 <= i < len(kept)]
        kept[min(sides, key=lambda i: _score(kept[i]))] = None
    return kept


def _score(word: Word | None) -> float:
    return word.score if word else 0.0


def _is_tight(
    kept: Sequence[Word | None], run: tuple[int, int], text: Sequence[str], stretch: Span
) -> bool:
    first, last = run
    if kept[first] is not None or (first == 0 and last == len(kept)):
        return False
    room = _start_of(kept, last, stretch[1]) - _end_of(kept, first - 1, stretch[0])
    return room < least_time(text[first:last])


def least_time(text: Sequence[str]) -> float:
    """Seconds that words take to say at the very least."""
    return _ROOM_S * sum(weight(t) for t in text)
