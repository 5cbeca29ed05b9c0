"""Rough recognition of English by pocketsphinx, whose small model comes with the package.

About one word in four is wrong even on clean speech and there is no punctuation: it is the engine
of last resort, and what it gives is labelled so.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from media_pipeline.asr.accept import SHORTEST_S
from media_pipeline.asr.base import Recogniser, Segment, Span, Task
from media_pipeline.asr.sound import RATE, pcm
from media_pipeline.asr.sphinx import FRAME_S, MODEL, is_word, model_folder, plain
from media_pipeline.media.held import files_below, held
from media_pipeline.text.cues import Word

NAME = "pocketsphinx"

_SENTENCE_PAUSE_S = 0.6  # there is no punctuation: a longer pause ends a segment
_LOCK = threading.Lock()  # a decoder is not safe to share between threads


def identity() -> Mapping[str, str]:
    """Name, version and model of pocketsphinx."""
    return {"name": NAME, "version": version(NAME), "model": MODEL}


class PocketSphinx(Recogniser):
    """The embedded recogniser of English; it needs no download and no GPU.

    Examples
    --------
    >>> segments = PocketSphinx().transcribe(samples, "en", speech_spans(samples))  # doctest: +SKIP
    """

    name = NAME
    longest = 15.0
    remembers = True
    caveat = "pocketsphinx's transcript is rough: about one word in four is wrong"

    @property
    def identity(self) -> Mapping[str, str]:
        """Name, version and model."""
        return identity()

    def prepare(self, task: Task) -> None:
        """Begin with a decoder that has heard nothing: see :func:`~.sphinx.forget`."""
        with _LOCK:
            _decoder.cache_clear()

    def recognise(self, task: Task, windows: Sequence[Span]) -> list[Segment]:
        """What is said in the windows, in any language as if it were English: choosing the engine
        is the caller's business.
        """
        found: list[Segment] = []
        for start, end in windows:
            found.extend(_sentences(_recognise(pcm(task.samples, start, end), start)))
        return found


@held(lambda: files_below(model_folder()), times=2.6)
def _decoder() -> Any:
    """The decoder with the language model of US English."""
    from pocketsphinx import Decoder

    return Decoder(samprate=RATE, loglevel="FATAL")


def _recognise(sound: bytes, offset: float) -> list[Word]:
    with _LOCK:
        decoder = _decoder()
        try:
            decoder.start_utt()
            decoder.process_raw(sound, full_utt=True)
            decoder.end_utt()
        except BaseException:
            _decoder.cache_clear()  # it is stuck inside an utterance
            raise
        return [
            Word(
                offset + s.start_frame * FRAME_S,
                offset + max((s.end_frame + 1) * FRAME_S, s.start_frame * FRAME_S + SHORTEST_S),
                plain(s.word),
                min(1.0, max(0.0, float(s.prob))),
                NAME,
            )
            for s in decoder.seg() or ()
            if is_word(s.word)
        ]


def _sentences(words: Sequence[Word]) -> list[Segment]:
    """Words in segments that end where speech rests."""
    groups: list[list[Word]] = []
    for word in words:
        if groups and word.start - groups[-1][-1].end < _SENTENCE_PAUSE_S:
            groups[-1].append(word)
        else:
            groups.append([word])
    return [
        Segment(
            group[0].start,
            group[-1].end,
            " ".join(w.word for w in group),
            sum(w.score for w in group) / len(group),
            tuple(group),
        )
        for group in groups
    ]
