"""What is said and written, on the grid: how fast, how excitedly, and where one must not cut."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from media_pipeline.asr.fill import INTERPOLATED
from media_pipeline.stages.highlights.sound import STEP, Array
from media_pipeline.text.cues import Cue, Word
from media_pipeline.text.scripts import is_cjk, join_tokens

_SENTENCE_END = re.compile(r"[.!?…。！？]['\"”’)\]」』]*$")
_EXCLAMATION = re.compile(r"[!！]")
_QUESTION = re.compile(r"[?？]")
_BREAK_S = 0.8  # a silence that ends a sentence where nobody wrote a full stop
_LONGEST_WORD_S = 4.0  # a longer "word" is an error of its alignment
# what people write when something happens, in the languages most often seen here
_INTERJECTIONS = (
    "wow", "whoa", "oh my god", "omg", "no way", "amazing", "incredible", "unbelievable",
    "watch out", "look out", "help", "天哪", "天啊", "哇", "太棒", "小心", "救命", "快跑", "不可能",
    "すごい", "やった", "危ない", "대박",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Talk:
    """The words of a film on the grid.

    ``rate``: (cells,) words per second, unsmoothed; None where no words are known.
    ``emphasis``: (cells,) 1 where an exclamation or keyword is said or shown, 0.3 for a question.
    ``words``: (k, 2) times inside which nothing may be cut, merged where they overlap; without
    those whose times are guessed.
    ``sentences``: (m, 2) times of whole sentences.
    """

    rate: Array | None
    emphasis: Array
    words: NDArray[np.float64]
    sentences: NDArray[np.float64]


def measure_talk(
    words: Sequence[Word], cues: Sequence[Cue], cells: int, *, keywords: Sequence[str] = ()
) -> Talk | None:
    """Measure the words said and the captions shown.

    Parameters
    ----------
    words : in time order; may be empty.
    cues : captions in time order; may be empty.
    cells : how many cells of 0.1 s the result has.
    keywords : counted like exclamations, besides a few interjections that are always looked for.

    Returns
    -------
    Talk or None
        None where there are neither words nor captions.
    """
    if not words and not cues:
        return None
    pattern = _pattern((*_INTERJECTIONS, *keywords))
    sentences = _sentences(words)
    emphasis = np.zeros(cells, np.float32)
    said = [Cue(s[0].start, s[-1].end, join_tokens(w.word for w in s)) for s in sentences]
    for cue in (*said, *cues):
        weight = _emphasis(cue.text, pattern)
        if weight:
            part = emphasis[int(cue.start / STEP) : int(cue.end / STEP) + 1]
            np.maximum(part, weight, out=part)
    known = [w for w in words if _is_known(w)]
    spans = [(s[0].start, s[-1].end) for s in sentences if _is_known(s[0]) and _is_known(s[-1])]
    if not sentences:
        spans = [(c.start, c.end) for c in cues]
    return Talk(
        rate=_rate(words, cells) if words else None,
        emphasis=emphasis,
        words=merge_spans((w.start, w.end) for w in known),
        sentences=np.array(spans, np.float64).reshape(-1, 2),
    )


def merge_spans(spans: Iterable[tuple[float, float]]) -> NDArray[np.float64]:
    """Spans in order, (k, 2), those that overlap made one; spans that only touch stay apart."""
    merged: list[list[float]] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    return np.array(merged, np.float64).reshape(-1, 2)


def _rate(words: Sequence[Word], cells: int) -> Array:
    middles = np.array([(w.start + w.end) / 2 for w in words])
    index = np.clip((middles / STEP).astype(int), 0, cells - 1)
    return (np.bincount(index, minlength=cells) / STEP).astype(np.float32)


def _is_known(word: Word) -> bool:
    """Whether the word was heard where it stands."""
    return word.source != INTERPOLATED and word.end - word.start <= _LONGEST_WORD_S


def _sentences(words: Sequence[Word]) -> list[list[Word]]:
    """Words as sentences: up to a full stop or a silence."""
    found: list[list[Word]] = []
    run: list[Word] = []
    for i, word in enumerate(words):
        run.append(word)
        last = i + 1 == len(words)
        if last or _SENTENCE_END.search(word.word) or words[i + 1].start - word.end > _BREAK_S:
            found.append(run)
            run = []
    return found


def _pattern(keywords: Iterable[str]) -> re.Pattern[str]:
    """A pattern of literal keywords: whole words, except in scripts without spaces."""
    parts = []
    for keyword in keywords:
        literal = re.escape(keyword.strip())
        if literal:
            unspaced = any(is_cjk(c) or "가" <= c <= "힣" for c in keyword)
            parts.append(literal if unspaced else rf"\b{literal}\b")
    return re.compile("|".join(parts), re.IGNORECASE)


def _emphasis(text: str, pattern: re.Pattern[str]) -> float:
    if _EXCLAMATION.search(text) or pattern.search(text):
        return 1.0
    return 0.3 if _QUESTION.search(text) else 0.0
