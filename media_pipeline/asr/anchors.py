"""Where the words of a long English text are said, though the text is not quite what is said.

The sound is recognised with a language model of this text alone, and the recognised words are laid
against the text: where several agree in a row, both are known to be at the same place. Sentences
that are left out, added or changed cost only themselves.
"""

from __future__ import annotations

import math
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from rapidfuzz.distance import Indel

from media_pipeline.asr.base import Progress, Span, quiet
from media_pipeline.asr.sound import RATE, Samples, pcm
from media_pipeline.asr.sphinx import Found, is_word, joined, learn, plain
from media_pipeline.asr.spoken import Reading

_FOLLOWS = 0.8  # probability that a word is followed by one that follows it in the text
_AROUND = 4  # words looked at on either side of an agreement
_AGREEING = 3  # of them must agree as well, or it is chance
_DRIFT = 2  # words that may be missed or added between two agreements that belong together
_EVERY = 2  # frame whose Gaussians are computed anew: a third cheaper, and the same words are found


def find_anchors(
    samples: Samples,
    windows: Sequence[Span],
    readings: Sequence[Sequence[Reading]],
    *,
    progress: Progress = quiet,
) -> list[Found | None]:
    """Where those tokens of an English text are that are surely said.

    Parameters
    ----------
    samples : 16 kHz mono sound.
    windows : stretches of speech in order, in seconds.
    readings : for each token the ways in which it may be said, as
        :func:`~media_pipeline.asr.spoken.spoken` gives them; the first is listened for.

    Returns
    -------
    list of Found or None
        one per token, in order of time. Of a token of several words all were found.

    References
    ----------
    P. J. Moreno et al., A recursive algorithm for the forced alignment of very long audio segments,
    ICSLP 1998.
    """
    owners = [i for i, ways in enumerate(readings) if ways for _ in ways[0]]
    text = [word for ways in readings if ways for word in ways[0]]
    heard = _recognise(samples, windows, text, progress) if text else []
    parts: list[list[Found]] = [[] for _ in readings]
    for at, place in _agreements([word for word, _ in heard], text):
        parts[owners[place]].append(heard[at][1])
    return [
        _whole(own) if own and len(own) == len(ways[0]) else None
        for own, ways in zip(parts, readings, strict=True)
    ]


def _whole(parts: Sequence[Found]) -> Found:
    score = sum(part.score for part in parts) / len(parts)
    return Found(parts[0].start, parts[-1].end, score)


def _recognise(
    samples: Samples, windows: Sequence[Span], text: Sequence[str], progress: Progress
) -> list[tuple[str, Found]]:
    from pocketsphinx import Decoder

    # One pass over a tree of the text's few words: the later passes would only polish the times.
    decoder = Decoder(
        samprate=RATE, loglevel="FATAL", lm=None, fwdflat=False, bestpath=False, ds=_EVERY
    )
    learn(decoder, set(text))
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "text.lm"
        model.write_text(language_model(text), encoding="utf-8")
        decoder.add_lm_file("text", str(model))
    decoder.activate_search("text")
    heard: list[tuple[str, Found]] = []
    for done, (start, end) in enumerate(windows):
        decoder.start_utt()
        decoder.process_raw(pcm(samples, start, end), full_utt=True)
        decoder.end_utt()
        heard.extend(
            (plain(s.word), joined([s], start)) for s in decoder.seg() or () if is_word(s.word)
        )
        progress((done + 1) / len(windows))
    return heard


def language_model(text: Sequence[str]) -> str:
    """A bigram model of a text in ARPA's format: what follows a word there follows it, mostly."""
    counts = Counter(text)
    follow: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for word, after in pairwise(text):
        follow[word][after] += 1
    share = {word: 0.9 * count / len(text) for word, count in counts.items()}
    ones = ["-99 <s> 0.0", f"{math.log10(0.1):.4f} </s>"]
    twos = []
    for word in sorted(counts):
        followers = follow[word]
        rest = 1.0 - sum(share[other] for other in followers)
        back = math.log10((1 - _FOLLOWS) / max(rest, 1e-6)) if followers else 0.0
        ones.append(f"{math.log10(share[word]):.4f} {word} {back:.4f}")
        total = followers.total()
        for other, count in followers.items():
            twos.append(f"{math.log10(_FOLLOWS * count / total):.4f} {word} {other}")
    head = ["\\data\\", f"ngram 1={len(ones)}", f"ngram 2={len(twos)}", ""]
    return "\n".join([*head, "\\1-grams:", *ones, "", "\\2-grams:", *twos, "", "\\end\\", ""])


def _agreements(heard: Sequence[str], text: Sequence[str]) -> list[tuple[int, int]]:
    """Places in both that belong together, in order: (index in ``heard``, index in ``text``)."""
    same = [
        (op.src_start + i, op.dest_start + i)
        for op in Indel.opcodes(heard, text)
        if op.tag == "equal"
        for i in range(op.src_end - op.src_start)
    ]
    kept = []
    for i, (at, place) in enumerate(same):
        near = same[max(0, i - _AROUND) : i] + same[i + 1 : i + 1 + _AROUND]
        agreeing = sum(
            abs(p - place) <= _AROUND + _DRIFT and abs((a - at) - (p - place)) <= _DRIFT
            for a, p in near
        )
        if agreeing >= _AGREEING:
            kept.append((at, place))
    return kept
