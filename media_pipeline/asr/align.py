"""Giving every word of a known text its time in the sound.

English is aligned by force, stretch by stretch; whatever that does not place well, and every other
language, is interpolated inside the speech. Nothing is left out: each word carries its source.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from media_pipeline.asr.base import Progress, Span, quiet
from media_pipeline.asr.sound import HOP_S, Samples, levels, piece, seconds, speech_floor
from media_pipeline.asr.sphinx import Found, find_words
from media_pipeline.asr.spoken import spoken
from media_pipeline.asr.spread import spread, weight
from media_pipeline.asr.stretches import PAD_S, SLACK_S, exclusive, grouped, window
from media_pipeline.asr.vad import chunks, overlap, speech_spans
from media_pipeline.text.cues import Cue, Word
from media_pipeline.text.scripts import main_script, tokens

ALIGNED = "pocketsphinx"
INTERPOLATED = "interpolated"

SHORTEST_S, LONGEST_S = 0.03, 2.0
"""A word lasts between these; other times are not believed."""
_OTHER_SCRIPTS = frozenset(
    ("zh", "yue", "ja", "ko", "ru", "uk", "bg", "sr", "be", "mk", "el", "he", "ar", "fa", "ur")
    + ("th", "hi", "bn", "ta", "hy")
)
"""Languages that Latin letters in a caption do not belong to: there, Latin text is English."""

_BELIEVED = 0.25  # score of a single word
_GUESS_SCORE = 0.2  # of interpolated words
_LONGEST_LETTER_S = 0.12  # no interpolated word lasts longer per letter, plus the slack
_TOKENS_PER_SECOND = 7.0  # nobody speaks faster
_CLOSURE_S = 0.12
_LEAST_SOUND_S = 0.05
_ROOM_S = 0.012  # least time per letter of a word


def align(
    samples: Samples,
    cues: Sequence[Cue],
    *,
    language: str | None = None,
    speech: Sequence[Span] | None = None,
    progress: Progress = quiet,
) -> list[list[Word]]:
    """The words of timed texts with their times.

    Parameters
    ----------
    samples : 16 kHz mono sound.
    cues : texts with rough times, in order of their starts.
    language : of the speech, ISO 639-1. Latin text is aligned as English when it is ``en`` or a
        language in another script; each cue's own script decides.
    speech : where speech is; found when not given.

    Returns
    -------
    list of lists of Word
        one list per cue, starts never going back over all of them; empty for a cue without words.
        Words that were placed by forced alignment have the source ``pocketsphinx``, others
        ``interpolated``.
    """
    speech = speech_spans(samples) if speech is None else speech
    texts = [tokens(c.text) for c in cues]
    found: list[list[Found | None]] = [[None] * len(t) for t in texts]
    stretches = exclusive(cues, seconds(samples))
    english = [i for i, c in enumerate(cues) if texts[i] and is_english(c.text, language)]
    groups = grouped(english, stretches)
    for done, group in enumerate(groups):
        _align_group(samples, group, stretches, texts, found)
        progress((done + 1) / (len(groups) + 1))
    words = [
        _fill(samples, stretch, text, hits, speech)
        for stretch, text, hits in zip(stretches, texts, found, strict=True)
    ]
    return _in_order(words, seconds(samples))


def align_script(
    samples: Samples,
    script: str,
    *,
    language: str | None = None,
    speech: Sequence[Span] | None = None,
    progress: Progress = quiet,
) -> list[tuple[Cue, list[Word]]]:
    """A script without times, found in the sound: each of its lines as a cue with its words.

    English is aligned chunk by chunk, each chunk of speech taking as many of the next words as are
    said in it; other languages are spread over all the speech by length.

    Returns
    -------
    list of (Cue, list of Word)
        one per line of the script that has words, in order.
    """
    speech = speech_spans(samples) if speech is None else speech
    lines = [(line, parts) for line in script.splitlines() if (parts := tokens(line))]
    if not lines or not speech:
        return []
    flat = [token for _, parts in lines for token in parts]
    whole = (speech[0][0], speech[-1][1])
    hits: list[Found | None] = [None] * len(flat)
    if is_english(script, language):
        hits = _follow(samples, chunks(samples, speech), flat, progress)
    [words] = _in_order([_fill(samples, whole, flat, hits, speech)], seconds(samples))
    found, at = [], 0
    for line, parts in lines:
        own = words[at : at + len(parts)]
        at += len(parts)
        score = float(np.mean([w.score for w in own]))
        found.append((Cue(own[0].start, own[-1].end, line.strip(), score), own))
    return found


def is_english(text: str, language: str | None) -> bool:
    """Whether a text is to be aligned as English, given the language of the film."""
    if main_script(text) != "latin":
        return False
    return language is None or language == "en" or language in _OTHER_SCRIPTS


def plausible(start: float, end: float, stretch: Span, previous_end: float) -> bool:
    """The rule for a word's time: after the word before, inside its stretch, of sane length."""
    return (
        start >= previous_end - 1e-6
        and start >= stretch[0] - SLACK_S
        and end <= stretch[1] + SLACK_S
        and SHORTEST_S <= end - start <= LONGEST_S
    )


def trim(samples: Samples, span: Span) -> Span:
    """A word's span without the silence at its ends; what a plosive's closure may be, stays."""
    level = levels(piece(samples, *span))
    if level.size < 8:
        return span
    loud = np.flatnonzero(level >= speech_floor(level))
    low, high = span[0] + int(loud[0]) * HOP_S, span[0] + (int(loud[-1]) + 1) * HOP_S
    if high - low < _LEAST_SOUND_S:
        return span
    return (
        low if low - span[0] >= _CLOSURE_S else span[0],
        high if span[1] - high >= _CLOSURE_S else span[1],
    )


def _align_group(
    samples: Samples,
    group: Sequence[int],
    stretches: Sequence[Span],
    texts: Sequence[Sequence[str]],
    found: list[list[Found | None]],
) -> None:
    """Align the texts of a group together and keep the words that can be believed."""
    low, high = window(group, stretches, seconds(samples))
    hits = find_words(samples, low, high, spoken([token for i in group for token in texts[i]]))
    at = 0
    for i in group:
        own = hits[at : at + len(texts[i])]
        at += len(texts[i])
        near = (stretches[i][0] - PAD_S, stretches[i][1] + PAD_S)
        found[i] = _believed(samples, own, near)


def _believed(samples: Samples, hits: Sequence[Found | None], stretch: Span) -> list[Found | None]:
    kept: list[Found | None] = []
    previous = stretch[0] - SLACK_S
    for hit in hits:
        if hit is not None:
            start, end = trim(samples, (hit.start, hit.end))
            hit = Found(start, end, hit.score)  # noqa: PLW2901
        if hit and hit.score >= _BELIEVED and plausible(hit.start, hit.end, stretch, previous):
            kept.append(hit)
            previous = hit.end
        else:
            kept.append(None)
    return kept


def _follow(
    samples: Samples, windows: Sequence[Span], flat: Sequence[str], progress: Progress
) -> list[Found | None]:
    """Walk through the chunks of speech; each takes as many of the next tokens as it holds."""
    hits: list[Found | None] = [None] * len(flat)
    at = 0
    for done, (start, end) in enumerate(windows):
        ahead = flat[at : at + int((end - start) * _TOKENS_PER_SECOND) + 10]
        low, high = max(0.0, start - SLACK_S), end + SLACK_S
        found = find_words(samples, low, high, spoken(ahead), may_leave=True)
        kept = _believed(samples, found, (low, high))
        hits[at : at + len(kept)] = kept
        at += 1 + max((i for i, hit in enumerate(kept) if hit), default=-1)
        progress((done + 1) / len(windows))
    return hits


def _fill(
    samples: Samples,
    stretch: Span,
    text: Sequence[str],
    hits: Sequence[Found | None],
    speech: Sequence[Span],
) -> list[Word]:
    """Words of one stretch: what was found, and between it what has to be interpolated."""
    hits = _make_room(list(hits), text, stretch)
    words: list[Word] = []
    for first, last in _runs(hits):
        hit = hits[first]
        if hit:
            words.append(Word(hit.start, hit.end, text[first], hit.score, ALIGNED))
            continue
        low = hits[first - 1].end if first else min(stretch[0], _start_of(hits, last, stretch[0]))  # type: ignore[union-attr]
        high = _start_of(hits, last, max(stretch[1], low + SHORTEST_S))
        inside = speech if overlap(speech, low, high) >= _need(text[first:last]) else ()
        for token, (a, b) in zip(
            text[first:last], spread(samples, low, high, text[first:last], inside), strict=True
        ):
            longest = _LONGEST_LETTER_S * weight(token) + SLACK_S
            words.append(Word(a, min(b, a + longest), token, _GUESS_SCORE, INTERPOLATED))
    return words


def _runs(hits: Sequence[Found | None]) -> list[tuple[int, int]]:
    """Single words that were found, and runs of words that were not, as (first, one past last)."""
    runs: list[tuple[int, int]] = []
    for i, hit in enumerate(hits):
        if runs and hit is None and hits[runs[-1][0]] is None:
            runs[-1] = (runs[-1][0], i + 1)
        else:
            runs.append((i, i + 1))
    return runs


def _start_of(hits: Sequence[Found | None], index: int, otherwise: float) -> float:
    hit = hits[index] if index < len(hits) else None
    return hit.start if hit else otherwise


def _make_room(hits: list[Found | None], text: Sequence[str], stretch: Span) -> list[Found | None]:
    """Give up found words beside words that were not, until these have room to be said in.

    A word that the sound does not hold as it is written pushes its neighbours into wrong places.
    """
    for _ in range(len(hits)):
        tight = next((r for r in _runs(hits) if _is_tight(hits, r, text, stretch)), None)
        if tight is None:
            break
        sides = [i for i in (tight[0] - 1, tight[1]) if 0 <= i < len(hits)]
        worst = min(sides, key=lambda i: hits[i].score if hits[i] else 0.0)  # type: ignore[union-attr]
        hits[worst] = None
    return hits


def _is_tight(
    hits: Sequence[Found | None], run: tuple[int, int], text: Sequence[str], stretch: Span
) -> bool:
    first, last = run
    if hits[first] is not None or (first == 0 and last == len(hits)):
        return False
    low = hits[first - 1].end if first else stretch[0]  # type: ignore[union-attr]
    high = _start_of(hits, last, stretch[1])
    return high - low < _need(text[first:last])


def _need(text: Sequence[str]) -> float:
    return _ROOM_S * sum(weight(t) for t in text)


def _in_order(words: Sequence[Sequence[Word]], duration: float) -> list[list[Word]]:
    """The same words with starts that never go back and times inside the sound."""
    ordered: list[list[Word]] = []
    start = 0.0
    for group in words:
        ordered.append([])
        for word in group:
            start = max(start, min(word.start, duration - SHORTEST_S), 0.0)
            end = min(max(word.end, start + SHORTEST_S), max(duration, start + SHORTEST_S))
            ordered[-1].append(replace(word, start=start, end=end))
    return ordered
