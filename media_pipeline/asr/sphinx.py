"""Finding known English words in sound with pocketsphinx: one stretch of at most half a minute.

The text is a chain of words in which each token may be said in several ways or not at all; what is
found where belongs here, which stretches to look at belongs to :mod:`media_pipeline.asr.align`.
"""

from __future__ import annotations

import importlib.util
import math
import threading
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from media_pipeline.asr.letters import sounds
from media_pipeline.asr.sound import RATE, Samples, pcm
from media_pipeline.asr.spoken import Reading
from media_pipeline.errors import EngineUnavailable
from media_pipeline.media.held import files_below, held

MODEL = "en-us"
_PACKAGE = "pocketsphinx"
FRAME_S = 0.01
"""Seconds of one frame of pocketsphinx."""
_SKIP = 1e-6  # probability of a token that is written but not said
_LEAVE = 1e-3  # probability of the sound ending before the text, where it may
_LEAST_BYTES = 2 * RATE // 20  # 50 ms: less is no word, and pocketsphinx takes no empty sound
_SCORE_SCALE = 4.0
_NARROW, _WIDE = 1e-40, 1e-60
"""Beams: paths less likely than this, relative to the best, are dropped. The narrow one costs half
as much and is enough where the text is what is said; elsewhere a word that is not said must survive
until the words after it are heard."""
_MOST_MISSING = 0.1  # share of the tokens that may be missing before the wide beam is tried
_ASTRAY = 0.2  # with more missing where the text may end later it is another, for any beam
_LOCK = threading.Lock()  # a decoder is not safe to share between threads


@dataclass(frozen=True, slots=True)
class Found:
    """Where a token was found: seconds, and how well the sound fits it, in [0, 1].

    The score is ``exp(m / 4)`` with ``m`` the mean log likelihood per frame of 10 ms relative to
    the best sound that was considered: about 0.7 for clear speech, under 0.25 for other words.
    """

    start: float
    end: float
    score: float


def find_words(
    samples: Samples,
    start: float,
    end: float,
    readings: Sequence[Sequence[Reading]],
    *,
    may_leave: bool = False,
) -> list[Found | None]:
    """Find known English words, in their order, between two times.

    Parameters
    ----------
    samples : 16 kHz mono sound.
    start, end : where to look, in seconds; half a minute at most.
    readings : for each token the ways in which it may be said, as :func:`spoken` gives them.
    may_leave : the sound may end before the text does.

    Returns
    -------
    list of Found or None
        one per token; None where a token is not said, or nothing fits.

    References
    ----------
    Viterbi search over a finite-state grammar with the US English model that comes with
    pocketsphinx (https://cmusphinx.github.io).
    """
    sound = pcm(samples, start, end)
    if not any(readings) or len(sound) < _LEAST_BYTES:
        return [None] * len(readings)
    with _LOCK:
        found = _find(_aligner(_NARROW), sound, start, readings, may_leave)
        missing = _missing(found, readings, may_leave)
        if missing > _MOST_MISSING and not (may_leave and missing > _ASTRAY):
            again = _find(_aligner(_WIDE), sound, start, readings, may_leave)
            found = max(found, again, key=lambda hits: sum(h.score for h in hits if h))
    return found


def _find(
    aligner: _Aligner,
    sound: bytes,
    offset: float,
    readings: Sequence[Sequence[Reading]],
    may_leave: bool,
) -> list[Found | None]:
    aligner.learnt.update(
        learn(aligner.decoder, {word for ways in readings for way in ways for word in way})
    )
    segments = _search(aligner, sound, _arcs(readings, may_leave))
    words = [s for s in segments if is_word(s.word)]
    path = _path([plain(s.word) for s in words], readings)
    found: list[Found | None] = [None] * len(readings)
    for token, (first, last) in path.items():
        found[token] = joined(words[first:last], offset)
    return found


def _missing(
    found: Sequence[Found | None], readings: Sequence[Sequence[Reading]], may_leave: bool
) -> float:
    """The share of the tokens that were not found; where the sound may end first, up to there."""
    last = max((i for i, hit in enumerate(found) if hit), default=-1)
    said = [hit for i, hit in enumerate(found) if readings[i] and (i <= last or not may_leave)]
    return sum(hit is None for hit in said) / len(said) if said else 1.0


def model_folder() -> Path:
    """The model of English inside the pocketsphinx package, which is not imported for it.

    Raises
    ------
    EngineUnavailable
        when pocketsphinx is not installed or brings no model.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(place) / "model" / MODEL
        if folder.is_dir():
            return folder
    raise EngineUnavailable(
        "pocketsphinx's model of English is missing",
        "run `pip install --force-reinstall pocketsphinx`",
    )


def in_dictionary(word: str) -> bool:
    """Whether pocketsphinx's English dictionary of 134,000 words has the word."""
    with _LOCK:
        aligner = _aligner(_NARROW)
        known = aligner.decoder.lookup_word(word.lower()) is not None
        return known and word.lower() not in aligner.learnt


def forget() -> None:
    """Go on with decoders that have heard nothing and learnt no words.

    They take noise out by what they have heard before. Whoever looks through a film calls this
    first: what is found then depends on that film alone, and not on what a worker had before it.
    New ones are loaded in 0.1 s.
    """
    with _LOCK:
        _aligner.cache_clear()


@dataclass(slots=True)
class _Aligner:
    decoder: Any
    search: str = ""  # name of the active search, which the decoder cannot be asked for
    learnt: set[str] = field(default_factory=set)


@held(lambda beam: files_below(model_folder()))
def _aligner(beam: float) -> _Aligner:
    """The decoder without a language model."""
    from pocketsphinx import Decoder

    beams = dict.fromkeys(("beam", "pbeam", "wbeam"), beam)
    # lw=1 takes the grammar's probabilities as they are.
    return _Aligner(Decoder(samprate=RATE, loglevel="FATAL", lm=None, lw=1.0, **beams))


def is_word(name: str) -> bool:
    """Whether a segment's name is that of a word, and not of silence or noise."""
    return name[0] not in "<[(+"


def plain(name: str) -> str:
    """The word without the number of the pronunciation: ``for(2)`` is ``for``."""
    return name.partition("(")[0]


def learn(decoder: Any, words: Set[str]) -> list[str]:
    """Give every word a pronunciation; those that had none. The dictionary is updated once, at the
    end.
    """
    new = sorted(word for word in words if decoder.lookup_word(word) is None)
    for i, word in enumerate(new):
        decoder.add_word(word, _pronounce(decoder, word), i == len(new) - 1)
    return new


def _pronounce(decoder: Any, word: str) -> str:
    base, _, ending = word.partition("'")
    known = decoder.lookup_word(base) if base else None
    if ending == "s" and base:
        return f"{known or sounds(base) or 'AH'} Z"
    if word.endswith("in") and (known := decoder.lookup_word(f"{word}g")):
        return str(known).removesuffix("NG") + "N"  # goin' is going with another end
    return sounds(word) or "AH"  # foreign letters: one vowel, so that there is something to find


def _arcs(readings: Sequence[Sequence[Reading]], may_leave: bool) -> list[tuple[Any, ...]]:
    """The grammar: state ``i`` is before token ``i``; states beyond are inside readings."""
    last = len(readings)
    spare = last + 1
    arcs: list[tuple[Any, ...]] = []
    for i, ways in enumerate(readings):
        arcs.append((i, i + 1, _SKIP if ways else 1.0))
        for way in ways:
            state = i
            for j, word in enumerate(way):
                closes = j == len(way) - 1
                target = i + 1 if closes else spare
                spare += not closes
                arcs.append((state, target, 1.0 / len(ways) if j == 0 else 1.0, word))
                state = target
        if may_leave and i:
            arcs.append((i, last, _LEAVE))
    return arcs


def _search(aligner: _Aligner, sound: bytes, arcs: list[tuple[Any, ...]]) -> list[Any]:
    """Segments of the best path through the grammar; [] when nothing fits the sound."""
    decoder, old = aligner.decoder, aligner.search
    last = max(arc[1] for arc in arcs if len(arc) == 3)
    aligner.search = "b" if old == "a" else "a"  # an active search cannot be replaced in place
    decoder.add_fsg(aligner.search, decoder.create_fsg(aligner.search, 0, last, arcs))
    decoder.activate_search(aligner.search)
    if old:
        decoder.remove_search(old)
    try:
        decoder.start_utt()
        decoder.process_raw(sound, full_utt=True)
        decoder.end_utt()
    except BaseException:
        _aligner.cache_clear()  # it is stuck inside an utterance
        raise
    segments = decoder.seg()
    return [] if segments is None else list(segments)


def _path(
    words: Sequence[str], readings: Sequence[Sequence[Reading]]
) -> dict[int, tuple[int, int]]:
    """Which token each word belongs to: token -> (first word, one past its last).

    The words are one way through the readings with some tokens left out; of several such ways the
    one that leaves out the fewest is taken.
    """
    count, worst = len(words), len(readings) + 1
    best = [[worst] * (count + 1) for _ in range(len(readings) + 1)]
    best[-1][count] = 0
    step: dict[tuple[int, int], int] = {}
    for t in range(len(readings) - 1, -1, -1):
        for w in range(count, -1, -1):
            best[t][w], step[t, w] = best[t + 1][w] + bool(readings[t]), 0
            for way in readings[t]:
                n = len(way)
                fits = list(words[w : w + n]) == way
                if fits and best[t + 1][w + n] <= best[t][w]:
                    best[t][w], step[t, w] = best[t + 1][w + n], n
    found, w = {}, 0
    if best[0][0] >= worst:
        return {}
    for t in range(len(readings)):
        n = step[t, w]
        if n:
            found[t] = (w, w + n)
            w += n
    return found


def joined(segments: Sequence[Any], offset: float) -> Found:
    """The place and score of neighbouring segments of a decoder whose sound began at a time."""
    frames = sum(s.end_frame + 1 - s.start_frame for s in segments)
    logs = sum(math.log(max(s.ascore, 1e-300)) for s in segments)
    return Found(
        offset + segments[0].start_frame * FRAME_S,
        offset + (segments[-1].end_frame + 1) * FRAME_S,
        math.exp(min(0.0, logs / max(1, frames)) / _SCORE_SCALE),
    )
