"""Captions and the words that were heard, laid against each other by text and order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rapidfuzz.distance import Indel

from media_pipeline.text.cues import Cue, Word
from media_pipeline.text.scripts import rows_in_script, tokens

_SPOKEN_SHARE = 0.5  # of a cue's words must be heard for it to be what is said
_NEAR_S = 4.0  # a word further from its cue is another one


@dataclass(frozen=True, slots=True)
class Heard:
    """A caption and the words of it that were heard."""

    cue: Cue
    """With only its rows in the spoken language; without text where it has none."""
    words: Sequence[Word]

    @property
    def count(self) -> int:
        """How many words the caption has."""
        return sum(bool(letters(token)) for token in tokens(self.cue.text))

    @property
    def said(self) -> bool:
        """Whether the caption is what is said."""
        return bool(self.words) and len(self.words) >= _SPOKEN_SHARE * self.count


def listen_for(
    captions: Sequence[Cue], words: Sequence[Word], language: str | None = None
) -> list[Heard]:
    """Each caption with its words among those that were heard, by text and order.

    Letters count, not case or punctuation; a heard word belongs to one caption at most, and not to
    one that is shown more than a few seconds away.

    Parameters
    ----------
    captions : in order of their starts.
    words : what was heard, or the captions' own words as they were aligned.
    language : that is spoken, ISO 639-1; of bilingual captions only its rows are said.
    """
    if language:
        captions = [replace(cue, text=rows_in_script(cue.text, language)) for cue in captions]
    owners = [(i, letters(t)) for i, cue in enumerate(captions) for t in tokens(cue.text)]
    owners = [(i, said) for i, said in owners if said]
    found: list[list[Word]] = [[] for _ in captions]
    same = Indel.opcodes([letters(w.word) for w in words], [said for _, said in owners])
    for op in same:
        for step in range(op.src_end - op.src_start if op.tag == "equal" else 0):
            word, row = words[op.src_start + step], owners[op.dest_start + step][0]
            if captions[row].start - _NEAR_S <= word.start <= captions[row].end + _NEAR_S:
                found[row].append(word)
    return [Heard(cue, own) for cue, own in zip(captions, found, strict=True)]


def letters(text: str) -> str:
    """What of a word counts: its letters and digits, in lower case."""
    return re.sub(r"[\W_]+", "", text).lower()
