"""Giving every word of a known text its time in the sound.

English is aligned by force, stretch by stretch; whatever that does not place well, and every other
language, keeps the engine's time or is interpolated inside the speech. Nothing is left out: each
word carries its source.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, islice

import numpy as np

from media_pipeline.asr.accept import UNPLACED, plausible
from media_pipeline.asr.base import Progress, Span, quiet
from media_pipeline.asr.fill import fill, in_order
from media_pipeline.asr.sound import HOP_S, Samples, levels, piece, seconds, speech_floor
from media_pipeline.asr.sphinx import Found, find_words, forget
from media_pipeline.asr.spoken import Reading, spoken
from media_pipeline.asr.stretches import PAD_S, SLACK_S, exclusive, grouped, window
from media_pipeline.asr.vad import CHUNK_S, speech_spans
from media_pipeline.text.cues import Cue, Word
from media_pipeline.text.phrases import phrased_tokens
from media_pipeline.text.scripts import main_script

ALIGNED = "pocketsphinx"

_OTHER_SCRIPTS = frozenset(
    ("zh", "yue", "ja", "ko", "ru", "uk", "bg", "sr", "be", "mk", "el", "he", "ar", "fa", "ur",
     "th", "hi", "bn", "ta", "hy")
)  # fmt: skip
"""Languages that Latin letters in a caption do not belong to: there, Latin text is English."""

_BELIEVED = 0.25  # score of a single word
_TEXT_FITS = (
    0.32  # mean score of a text; right ones have 0.31 in loud noise to 0.75, wrong ones less
)
_ENOUGH = 0.8  # of a text's words
_ASTRAY_S = 0.5
_CLOSURE_S = 0.12
_LEAST_SOUND_S = 0.05


def align(
    samples: Samples,
    cues: Sequence[Cue],
    *,
    language: str | None = None,
    known: Sequence[Sequence[Word]] | None = None,
    realign: bool = True,
    speech: Sequence[Span] | None = None,
    progress: Progress = quiet,
) -> list[list[Word]]:
    """The words of timed texts with their times.

    Parameters
    ----------
    samples : 16 kHz mono sound.
    cues : texts with rough times, in order of their starts.
    language : of the speech, ISO 639-1. Latin text is aligned as English when it is ``en``, unknown
        or a language in another script; each cue's own script decides.
    known : per cue the words that an engine gave, which are then the words of the cue; those with
        the source ``unplaced`` lack a time, and are looked for between the others. An empty list
        stands for no words from the engine.
    realign : align English anew even where the engine gave times, which then only stand in.
    speech : where speech is; found when not given.

    Returns
    -------
    list of lists of Word
        one list per cue, starts never going back over all of them; empty for a cue without words.
        The source is ``pocketsphinx`` for forced alignment, the engine's name for its own times, or
        ``interpolated``.
    """
    forget()
    speech = speech_spans(samples) if speech is None else speech
    given = known or [()] * len(cues)
    texts = [
        [w.word for w in own] if own else phrased_tokens(cue.text)
        for own, cue in zip(given, cues, strict=True)
    ]
    placed: list[list[Word | None]] = [[None] * len(text) for text in texts]
    stretches = exclusive(cues, seconds(samples))
    english = [i for i, c in enumerate(cues) if texts[i] and is_english(c.text, language)]
    forced = [i for i in english if realign or not given[i]]
    groups = grouped(forced, stretches)
    for done, group in enumerate(groups):
        _align_group(samples, group, stretches, texts, placed)
        progress((done + 1) / (len(groups) + 1))
    words = []
    for i, text in enumerate(texts):
        _stand_in(placed[i], given[i], stretches[i])
        if i in english and i not in forced:
            placed[i] = close_gaps(samples, text, spoken(text), placed[i], stretches[i])
        words.append(fill(samples, stretches[i], text, placed[i], speech))
    return in_order(words, seconds(samples))


def is_english(text: str, language: str | None) -> bool:
    """Whether a text is to be aligned as English, given the language of the film."""
    if main_script(text) != "latin":
        return False
    return language is None or language == "en" or language in _OTHER_SCRIPTS


def trim(samples: Samples, span: Span, floor: float) -> Span:
    """A word's span without what is below a level in dB at its ends, but for plosives' closures."""
    loud = np.flatnonzero(levels(piece(samples, *span)) >= floor)
    if not loud.size:
        return span
    low, high = span[0] + int(loud[0]) * HOP_S, span[0] + (int(loud[-1]) + 1) * HOP_S
    if high - low < _LEAST_SOUND_S:
        return span
    return (
        low if low - span[0] >= _CLOSURE_S else span[0],
        high if span[1] - high >= _CLOSURE_S else span[1],
    )


def believed(
    samples: Samples, text: Sequence[str], hits: Sequence[Found | None], stretch: Span
) -> list[Word | None]:
    """The words of a text whose places in the sound can be believed; None for the others."""
    kept: list[Word | None] = []
    previous = stretch[0] - SLACK_S
    floor = speech_floor(levels(piece(samples, *stretch)))
    for token, hit in zip(text, hits, strict=True):
        kept.append(None)
        if hit is not None and hit.score >= _BELIEVED:
            start, end = trim(samples, (hit.start, hit.end), floor)
            if plausible(start, end, stretch, previous):
                kept[-1] = Word(start, end, token.rstrip(), hit.score, ALIGNED)
                previous = end
    return kept


def close_gaps(
    samples: Samples,
    tokens: Sequence[str],
    readings: Sequence[Sequence[Reading]],
    placed: Sequence[Word | None],
    stretch: Span,
) -> list[Word | None]:
    """Look for English words without a place between their neighbours that have one.

    Parameters
    ----------
    samples : 16 kHz mono sound.
    tokens, readings : the words in order, and for each the ways in which it may be said.
    placed : per word its time, or None.
    stretch : where all of them are said, in seconds.

    Returns
    -------
    list of Word or None
        the same with those that were found and can be believed. Gaps that are too long to align at
        once are left as they are.
    """
    found = list(placed)
    at = 0
    for missing, group in groupby(placed, key=lambda word: word is None):
        first, at = at, at + len(list(group))
        if not missing:
            continue
        before = placed[first - 1] if first else None
        after = placed[at] if at < len(placed) else None
        gap = before.end if before else stretch[0], after.start if after else stretch[1]
        if gap[1] - gap[0] <= CHUNK_S:
            ways = readings[first:at]
            hits = find_words(samples, *gap, ways)
            found[first:at] = _said(samples, tokens[first:at], ways, hits, gap)
    return found


def _align_group(
    samples: Samples,
    group: Sequence[int],
    stretches: Sequence[Span],
    texts: Sequence[Sequence[str]],
    placed: list[list[Word | None]],
) -> None:
    """Align the texts of a group together and keep the words that can be believed.

    Texts with few such words are tried again alone: a neighbour that is not what is said may
    have pulled them away.
    """
    low, high = window(group, stretches, seconds(samples))
    ways = {i: spoken(texts[i]) for i in group}
    hits = iter(find_words(samples, low, high, [way for i in group for way in ways[i]]))
    for i in group:
        own = list(islice(hits, len(texts[i])))
        near = (stretches[i][0] - PAD_S, stretches[i][1] + PAD_S)
        placed[i] = _said(samples, texts[i], ways[i], own, near)
        if len(group) > 1 and sum(w is not None for w in placed[i]) < _ENOUGH * len(texts[i]):
            alone = (max(0.0, stretches[i][0] - SLACK_S), stretches[i][1] + SLACK_S)
            again = find_words(samples, *alone, ways[i])
            placed[i] = max(placed[i], _said(samples, texts[i], ways[i], again, near), key=_worth)


def _said(
    samples: Samples,
    text: Sequence[str],
    readings: Sequence[Sequence[Reading]],
    hits: Sequence[Found | None],
    stretch: Span,
) -> list[Word | None]:
    """The words of a text that can be believed; none where the whole does not fit the sound."""
    scores = [hit.score if hit else 0.0 for hit, ways in zip(hits, readings, strict=True) if ways]
    if not scores or sum(scores) / len(scores) < _TEXT_FITS:
        return [None] * len(text)
    return believed(samples, text, hits, stretch)


def _worth(words: Sequence[Word | None]) -> float:
    return sum(word.score for word in words if word)


def _stand_in(placed: list[Word | None], given: Sequence[Word], stretch: Span) -> None:
    """Fill gaps with the engine's own times where they fit between the words already placed.

    A word that alignment found far from where the engine heard it was not found.
    """
    for i, word in enumerate(given):
        found = placed[i]
        if found and word.source != UNPLACED and abs(found.start - word.start) > _ASTRAY_S:
            placed[i] = None
    for i, word in enumerate(given):
        if placed[i] is not None or word.source == UNPLACED:
            continue
        before = next((w.end for w in reversed(placed[:i]) if w), stretch[0] - SLACK_S)
        after = next((w.start for w in placed[i + 1 :] if w), stretch[1] + SLACK_S)
        if plausible(word.start, word.end, stretch, before) and word.end <= after + 1e-6:
            placed[i] = word
