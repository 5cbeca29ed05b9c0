"""Whether an English text is what is said: its fit to the sound against that of its own words
in other orders.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from media_pipeline.asr.base import Span
from media_pipeline.asr.sound import Samples, seconds
from media_pipeline.asr.sphinx import find_words, forget
from media_pipeline.asr.spoken import spoken
from media_pipeline.asr.stretches import exclusive, grouped, window
from media_pipeline.text.cues import Cue
from media_pipeline.text.scripts import tokens

GOOD_FIT = 0.1
"""How much better than in another order the words of a text must fit to be what is said.

Right texts measure 0.17 to 0.54, and 0.12 in white noise at 10 dB; wrong texts and other languages
under 0.05, in noise under 0.1.
"""
_LEAST_WORDS = 3
_SHUFFLES = 2


@dataclass(frozen=True, slots=True)
class Fit:
    """How a text fits: mean score of its words, of the same words shuffled, and their count."""

    score: float
    shuffled: float
    words: int

    @property
    def good(self) -> bool:
        """Whether the text is what is said."""
        return self.words >= _LEAST_WORDS and self.score - self.shuffled >= GOOD_FIT


def fit(samples: Samples, cues: Sequence[Cue]) -> Fit:
    """How well English texts fit the sound at their times.

    Parameters
    ----------
    samples : 16 kHz mono sound.
    cues : texts with rough times, in order of their starts.

    Returns
    -------
    Fit
        whose ``good`` tells whether the texts are said there. Words that are not found count as 0.
    """
    forget()
    texts = [tokens(c.text) for c in cues]
    stretches = exclusive(cues, seconds(samples))
    chance = random.Random(0)  # noqa: S311 - the same orders every time
    right = wrong = 0.0
    words = 0
    for group in grouped([i for i, t in enumerate(texts) if t], stretches):
        flat = [token for i in group for token in texts[i]]
        span = window(group, stretches, seconds(samples))
        orders = [flat[::-1], *(chance.sample(flat, len(flat)) for _ in range(_SHUFFLES))]
        right += _score(samples, span, flat)
        wrong += sum(_score(samples, span, order) for order in orders) / len(orders)
        words += len(flat)
    return Fit(right / max(1, words), wrong / max(1, words), words)


def _score(samples: Samples, span: Span, flat: Sequence[str]) -> float:
    hits = find_words(samples, *span, spoken(flat))
    return sum(hit.score for hit in hits if hit)
