"""A text without times, found in the sound word by word.

Most scripts are what is said: each chunk of speech takes as many of the next words as it holds.
From where that loses its way (sentences left out, added or changed) the text is listened for all
over the rest of the sound, and only what lies between the words found for certain is aligned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby, islice, pairwise

import numpy as np

from media_pipeline.asr.align import ALIGNED, believed, close_gaps, is_english
from media_pipeline.asr.anchors import find_anchors
from media_pipeline.asr.base import Progress, Span, quiet
from media_pipeline.asr.fill import fill, in_order
from media_pipeline.asr.sound import Samples, seconds
from media_pipeline.asr.sphinx import find_words, forget
from media_pipeline.asr.spoken import Reading, spoken
from media_pipeline.asr.stretches import SLACK_S
from media_pipeline.asr.vad import CHUNK_S, chunks, overlap, speech_spans
from media_pipeline.text.cues import Cue, Word
from media_pipeline.text.phrases import phrased_tokens

_TOKENS_PER_SECOND, _AHEAD = 4.5, 6  # nobody speaks faster for longer
_ON_THE_WAY = 0.8  # of the words that a chunk passes are placed, while the text is what is said
_LEAST_PACE = 0.5  # words a second that a chunk of speech holds at least
_SHORT_CHUNK_S = 15.0  # recognition does better on shorter stretches
_LEAST_WORD_S = 0.12  # of speech per word where lines are taken for said unheard


@dataclass(frozen=True)
class Script:
    """A script's lines as they are said."""

    lines: list[tuple[Cue, list[Word]]]
    """Each line with its words, in order. The cue's confidence is the mean score of its words."""
    unsaid: list[str]
    """Lines that are not in the sound."""


@dataclass(frozen=True)
class _Text:
    """The words of a script in a row, and in how many ways each may be said."""

    tokens: Sequence[str]
    readings: Sequence[Sequence[Reading]]

    def between(self, first: int, last: int | None = None) -> _Text:
        return _Text(self.tokens[first:last], self.readings[first:last])

    def __len__(self) -> int:
        return len(self.tokens)


def align_script(
    samples: Samples,
    script: str,
    *,
    language: str | None = None,
    speech: Sequence[Span] | None = None,
    progress: Progress = quiet,
) -> Script:
    """Find the lines of a text in the sound.

    English lines are found where they are said, and lines that are not said are left out; other
    languages are spread over all the speech by length.

    Parameters
    ----------
    samples : 16 kHz mono sound.
    script : a line per segment.
    language : of the speech, ISO 639-1.
    speech : where speech is; found when not given.
    """
    forget()
    speech = speech_spans(samples) if speech is None else speech
    lines = [(line.strip(), own) for line in script.splitlines() if (own := phrased_tokens(line))]
    if not lines or not speech:
        return Script([], [line for line, _ in lines])
    texts = [own for _, own in lines]
    said = [True] * len(lines)
    placed: list[Word | None] = [None] * sum(map(len, texts))
    if is_english(script, language):
        # Line by line, so that a bracket that is never closed hides one line at most.
        readings = [ways for own in texts for ways in spoken(own)]
        text = _Text([token for own in texts for token in own], readings)
        placed = _place(samples, speech, text, progress)
        said = _said(texts, placed, speech)
    words = iter(_all_words(samples, speech, texts, said, placed))
    heard = [
        _line(line, list(islice(words, len(own))))
        for (line, own), here in zip(lines, said, strict=True)
        if here
    ]
    return Script(heard, [line for (line, _), here in zip(lines, said, strict=True) if not here])


def _line(text: str, words: list[Word]) -> tuple[Cue, list[Word]]:
    score = float(np.mean([w.score for w in words]))
    return Cue(words[0].start, max(w.end for w in words), text, score), words


def _place(
    samples: Samples, speech: Sequence[Span], text: _Text, progress: Progress
) -> list[Word | None]:
    """The words of an English text that can be placed in the sound; None for the others."""
    end = speech[-1][1]
    placed, lost = _follow(samples, speech, text, lambda at: progress(at / end))
    if lost is None:
        return placed
    share = lost / end
    rest = [(max(a, lost), b) for a, b in speech if b > lost]
    return placed + _search(
        samples,
        rest,
        text.between(len(placed)),
        lambda done: progress(share + (1 - share) * done),
    )


def _follow(
    samples: Samples, speech: Sequence[Span], text: _Text, passed: Progress
) -> tuple[list[Word | None], float | None]:
    """Walk through the chunks of speech, each taking the next words.

    Returns
    -------
    The words up to the last that was found before the way was lost, and the time in seconds from
    where on it was; to the end of the text, and None, where it never was.
    """
    windows = chunks(samples, speech)
    placed: list[Word | None] = []
    before = 0
    for done, window in enumerate(windows):
        step = _step(samples, speech, window, text.between(len(placed)))
        both = (windows[max(0, done - 1)][0], window[1])
        if step is None and done:
            # The chunk before may have taken a word too many or too few.
            del placed[before:]
            if both[1] - both[0] <= CHUNK_S:
                step = _step(samples, speech, both, text.between(before))
        if step is None:
            return placed, both[0]
        before = len(placed)
        placed += step
        passed(window[1])
    if not placed:
        return [], speech[0][0]
    return placed + [None] * (len(text) - len(placed)), None


def _step(
    samples: Samples, speech: Sequence[Span], window: Span, text: _Text
) -> list[Word | None] | None:
    """The first words of a text that are said in a window, up to the last that is found there; None
    where they are too few to believe that this is the place.
    """
    start, end = max(0.0, window[0] - SLACK_S), window[1] + SLACK_S
    ahead = text.between(0, int((end - start) * _TOKENS_PER_SECOND) + _AHEAD)
    hits = find_words(samples, start, end, ahead.readings, may_leave=True)
    kept = believed(samples, ahead.tokens, hits, (start, end))
    passed = 1 + max((i for i, word in enumerate(kept) if word), default=-1)
    count = sum(word is not None for word in kept)
    expected = _LEAST_PACE * overlap(speech, *window) - 1
    return kept[:passed] if count >= max(_ON_THE_WAY * passed, expected) else None


def _search(
    samples: Samples, speech: Sequence[Span], text: _Text, progress: Progress
) -> list[Word | None]:
    """Find a text's certain words all over the speech, and align what is between them."""
    windows = chunks(samples, speech, longest=_SHORT_CHUNK_S)
    anchors = find_anchors(samples, windows, text.readings, progress=progress)
    placed = [
        Word(hit.start, hit.end, token.rstrip(), hit.score, ALIGNED) if hit else None
        for token, hit in zip(text.tokens, anchors, strict=True)
    ]
    whole = (max(0.0, speech[0][0] - SLACK_S), speech[-1][1] + SLACK_S)
    return close_gaps(samples, text.tokens, text.readings, placed, whole)


def _said(
    texts: Sequence[Sequence[str]], placed: Sequence[Word | None], speech: Sequence[Span]
) -> list[bool]:
    """Which lines are said: those with a word that was placed, and those between whose neighbours
    there is speech enough for them.
    """
    edges = list(accumulate(map(len, texts), initial=0))
    said = [any(placed[first:last]) for first, last in pairwise(edges)]
    for _, group in groupby(range(len(texts)), key=said.copy().__getitem__):
        run = list(group)
        first, last = edges[run[0]], edges[run[-1] + 1]
        if not said[run[0]]:
            before = next((w.end for w in reversed(placed[:first]) if w), speech[0][0])
            after = next((w.start for w in placed[last:] if w), speech[-1][1])
            enough = overlap(speech, before, after) >= _LEAST_WORD_S * (last - first)
            said[run[0] : run[-1] + 1] = [enough] * len(run)
    return said


def _all_words(
    samples: Samples,
    speech: Sequence[Span],
    texts: Sequence[Sequence[str]],
    said: Sequence[bool],
    placed: Sequence[Word | None],
) -> list[Word]:
    """The words of all lines that are said, those without a place between those that have one."""
    mine = [here for own, here in zip(texts, said, strict=True) for _ in own]
    flat = [token for own, here in zip(texts, said, strict=True) if here for token in own]
    kept = [word for word, here in zip(placed, mine, strict=True) if here]
    words = fill(samples, (speech[0][0], speech[-1][1]), flat, kept, speech)
    return in_order([words], seconds(samples))[0]
