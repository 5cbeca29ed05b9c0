"""Rough recognition of English by pocketsphinx, whose small model comes with the package.

About one word in four is wrong even on clean speech and there is no punctuation: it is the engine
of last resort, and what it gives is labelled so.
"""

from __future__ import annotations

import functools
import importlib.util
import threading
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from media_pipeline.asr.accept import SHORTEST_S
from media_pipeline.asr.base import Recogniser, Segment, Span, Task
from media_pipeline.asr.sound import RATE, pcm
from media_pipeline.asr.sphinx import FRAME_S, is_word, plain
from media_pipeline.errors import EngineUnavailable
from media_pipeline.text.cues import Word

NAME = "pocketsphinx"
MODEL = "en-us"

_SENTENCE_PAUSE_S = 0.6  # there is no punctuation: a longer pause ends a segment
_LOCK = threading.Lock()  # a decoder is not safe to share between threads


def model_folder() -> Path:
    """The model of English inside the pocketsphinx package, which is not imported for it.

    Raises
    ------
    EngineUnavailable
        when pocketsphinx is not installed or brings no model.
    """
    spec = importlib.util.find_spec(NAME)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(place) / "model" / MODEL
        if folder.is_dir():
            return folder
    raise EngineUnavailable(
        "pocketsphinx's model of English is missing",
        "run `pip install --force-reinstall pocketsphinx`",
    )


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

    def recognise(self, task: Task, windows: Sequence[Span]) -> list[Segment]:
        """What is said in the windows, in any language as if it were English: choosing the engine
        is the caller's business.
        """
        found: list[Segment] = []
        for start, end in windows:
            found.extend(_sentences(_recognise(pcm(task.samples, start, end), start)))
        return found


@functools.lru_cache(maxsize=1)
def _decoder() -> Any:
    """The decoder with the language model of US English, loaded once per process."""
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
