"""A text without times, found in the sound line by line.

Most scripts are what is said: each chunk of speech takes as many of the next words as it holds.
Where that loses its way (sentences left out, added or changed) the text is looked for anew all over
the sound, and aligned around what was found for certain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby, islice, pairwise

import numpy as np

from media_pipeline.asr.accept import UNPLACED
from media_pipeline.asr.align import ALIGNED, align, believed, is_english
from media_pipeline.asr.anchors import find_anchors
from media_pipeline.asr.base import Progress, Span, quiet
from media_pipeline.asr.fill import fill, in_order
from media_pipeline.asr.sound import Samples, seconds
from media_pipeline.asr.sphinx import find_words
from media_pipeline.asr.spoken import spoken
from media_pipeline.asr.stretches import SLACK_S
from media_pipeline.asr.vad import CHUNK_S, chunks, overlap, speech_spans
from media_pipeline.text.cues import Cue, Word
from media_pipeline.text.phrases import phrased_tokens

_TOKENS_PER_SECOND, _AHEAD = 4.5, 6  # nobody speaks faster for longer
_ON_THE_WAY = 0.8  # of the words that a chunk passes are placed, while the text is what is said
_LEAST_PACE = 0.5  # words a second that a chunk of speech holds at least
_SHORT_CHUNK_S = 15.0  # recognition does better on shorter stretches
_PACE_S = 0.4  # a word, about
_ANCHOR_SCORE = 0.5  # between an aligned word's and a guess
_LEAST_SHARE = 0.3  # of the usual time must be speech where lines are taken for said unheard


@dataclass(frozen=True)
class Script:
    """A script's lines as they are said."""

    lines: list[tuple[Cue, list[Word]]]
    """Each line with its words, in order. The cue's confidence is the mean score of its words."""
    unsaid: list[str]
    """Lines that are not in the sound."""


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
    speech = speech_spans(samples) if speech is None else speech
    lines = [(line, parts) for line in script.splitlines() if (parts := phrased_tokens(line))]
    texts = [parts for _, parts in lines]
    if not lines or not speech:
        return Script([], [line.strip() for line, _ in lines])
    if is_english(script, language):
        found = _follow(samples, speech, texts, progress) or _search(
            samples, speech, lines, progress
        )
    else:
        found = _spread(samples, speech, texts, [None] * sum(len(text) for text in texts))
    heard, unsaid = [], []
    for (line, _), words in zip(lines, found, strict=True):
        if words:
            score = float(np.mean([w.score for w in words]))
            end = max(w.end for w in words)
            heard.append((Cue(words[0].start, end, line.strip(), score), words))
        else:
            unsaid.append(line.strip())
    return Script(heard, unsaid)


def _follow(
    samples: Samples, speech: Sequence[Span], texts: Sequence[Sequence[str]], progress: Progress
) -> list[list[Word]] | None:
    """Walk through the chunks of speech, each taking the next words; None when the way is lost."""
    flat = [token for text in texts for token in text]
    placed: list[Word | None] = [None] * len(flat)
    at = before = 0
    windows = chunks(samples, speech)
    for done, window in enumerate(windows):
        step = _step(samples, speech, window, flat, at)
        both = (windows[max(0, done - 1)][0], window[1])
        if step is None and done and both[1] - both[0] <= CHUNK_S:
            # The chunk before may have taken a word too many or too few: both once more together.
            placed[before:at], at = [None] * (at - before), before
            step = _step(samples, speech, both, flat, at)
        if step is None:
            return None
        placed[at : at + len(step)] = step
        before, at = at, at + len(step)
        progress((done + 1) / len(windows))
    if not at:
        return None
    # All speech is accounted for: lines that nothing of was found are not said in it.
    starts = [0, *accumulate(len(text) for text in texts)]
    said = sum(first < at for first in starts[:-1])
    found = _spread(samples, speech, texts[:said], placed[: starts[said]])
    return found + [[] for _ in texts[said:]]


def _step(
    samples: Samples, speech: Sequence[Span], window: Span, flat: Sequence[str], at: int
) -> list[Word | None] | None:
    """The words from ``at`` on that are said in a window, up to the last that is found there; None
    where they are too few to believe that this is the place.
    """
    start, end = max(0.0, window[0] - SLACK_S), window[1] + SLACK_S
    ahead = flat[at : at + int((end - start) * _TOKENS_PER_SECOND) + _AHEAD]
    hits = find_words(samples, start, end, spoken(ahead), may_leave=True)
    kept = believed(samples, ahead, hits, (start, end))
    passed = 1 + max((i for i, word in enumerate(kept) if word), default=-1)
    count = sum(word is not None for word in kept)
    expected = _LEAST_PACE * overlap(speech, *window) - 1
    return kept[:passed] if count >= max(_ON_THE_WAY * passed, expected) else None


def _spread(
    samples: Samples,
    speech: Sequence[Span],
    texts: Sequence[Sequence[str]],
    placed: Sequence[Word | None],
) -> list[list[Word]]:
    """All words of all lines, those without a place between those that have one."""
    flat = [token for text in texts for token in text]
    whole = (speech[0][0], speech[-1][1])
    words = fill(samples, whole, flat, placed, speech)
    return _by_line(in_order([words], seconds(samples))[0], texts)


def _by_line(words: Sequence[Word], texts: Sequence[Sequence[str]]) -> list[list[Word]]:
    rest = iter(words)
    return [list(islice(rest, len(text))) for text in texts]


def _search(
    samples: Samples,
    speech: Sequence[Span],
    lines: Sequence[tuple[str, Sequence[str]]],
    progress: Progress,
) -> list[list[Word]]:
    """Find the text's certain words all over the sound, and align its lines around them.

    A line without any is kept where there is speech enough for it between its neighbours.
    """
    texts = [parts for _, parts in lines]
    flat = [token for text in texts for token in text]
    windows = chunks(samples, speech, longest=_SHORT_CHUNK_S)
    anchors = find_anchors(
        samples, windows, spoken(flat), progress=lambda share: progress(0.6 * share)
    )
    spans = _around(anchors, texts, seconds(samples))
    for first, last in _without(spans):
        before = spans[first - 1] if first else None
        after = spans[last] if last < len(spans) else None
        gap = (before[1] if before else 0.0, after[0] if after else seconds(samples))
        needed = _LEAST_SHARE * _PACE_S * sum(len(text) for text in texts[first:last])
        if overlap(speech, *gap) >= needed:
            spans[first:last] = _divided(gap, texts[first:last])
    said = [i for i, span in enumerate(spans) if span is not None]
    known = _by_line([_certain(*pair) for pair in zip(flat, anchors, strict=True)], texts)
    aligned = align(
        samples,
        [Cue(*span, lines[i][0]) for i in said if (span := spans[i])],
        language="en",
        known=[known[i] for i in said],
        speech=speech,
        progress=lambda share: progress(0.6 + 0.4 * share),
    )
    found: list[list[Word]] = [[] for _ in lines]
    for i, words in zip(said, aligned, strict=True):
        found[i] = words
    return found


def _around(
    anchors: Sequence[Span | None], texts: Sequence[Sequence[str]], duration: float
) -> list[Span | None]:
    """About when each line is said, from the words of it that were found; None without any.

    The words before the first and after the last of them take their usual time, where their
    neighbours leave it.
    """
    spans: list[Span | None] = []
    at, previous = 0, 0.0
    for text in texts:
        own = [(i, span) for i, span in enumerate(anchors[at : at + len(text)]) if span]
        at += len(text)
        if not own:
            spans.append(None)
            continue
        following = next((span[0] for span in anchors[at:] if span), duration)
        (first, (start, _)), (last, (_, end)) = own[0], own[-1]
        spans.append(
            (
                max(min(previous, start), start - first * _PACE_S),
                min(max(following, end), end + (len(text) - 1 - last) * _PACE_S),
            )
        )
        previous = end
    return spans


def _certain(token: str, span: Span | None) -> Word:
    """A word where it was found, to be aligned anew near there; without a place if it was not."""
    if span is None:
        return Word(0.0, 0.0, token, 0.0, UNPLACED)
    return Word(*span, token.rstrip(), _ANCHOR_SCORE, ALIGNED)


def _without(spans: Sequence[Span | None]) -> list[tuple[int, int]]:
    """Runs of lines without a span, as (first, one past last)."""
    runs = []
    for missing, group in groupby(enumerate(spans), key=lambda pair: pair[1] is None):
        if missing:
            indices = [i for i, _ in group]
            runs.append((indices[0], indices[-1] + 1))
    return runs


def _divided(gap: Span, texts: Sequence[Sequence[str]]) -> list[Span]:
    """A stretch shared out among lines by their lengths."""
    edges = np.cumsum([0, *(len(text) for text in texts)]) / sum(len(text) for text in texts)
    times = gap[0] + edges * (gap[1] - gap[0])
    return [(float(a), float(b)) for a, b in pairwise(times)]
