"""How good found cues are against the truth: F1, exact texts, character error rate, boundary
errors.

A found cue matches a true one when they share at least half of the time that either covers and at
least half of their characters; the assignment is one to one and maximises what is shared (Hungarian
method). The character error rate counts the edits of matched cues, all characters of missed ones
and all characters of spurious ones, so nothing that is wrong can hide in what is left unmatched.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz.distance import Levenshtein
from scipy.optimize import linear_sum_assignment

from media_pipeline.text.cues import Cue

_SHARED = 0.5


def plain(text: str) -> str:
    """A text as it is compared: compatibility forms folded (？ is ?), white space collapsed."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


@dataclass(frozen=True)
class Score:
    """What comes out of :func:`score_cues`; errors are found minus true, in seconds, of matched
    cues.
    """

    matched: int
    missed: tuple[Cue, ...]
    spurious: tuple[Cue, ...]
    wrong: tuple[tuple[Cue, Cue], ...]
    """Matched pairs (true, found) whose texts differ."""
    edits: int
    characters: int
    start_errors: tuple[float, ...]
    end_errors: tuple[float, ...]

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall of cues."""
        total = 2 * self.matched + len(self.missed) + len(self.spurious)
        return 2 * self.matched / total if total else 1.0

    @property
    def exact(self) -> int:
        """Matched cues whose text is right to the character."""
        return self.matched - len(self.wrong)

    @property
    def cer(self) -> float:
        """Character edits over the characters of the truth."""
        return self.edits / max(1, self.characters)

    def boundary(self, percent: float, side: str = "both") -> float:
        """A percentile of the absolute boundary errors: of ``start``, ``end`` or ``both``."""
        sides = {"start": self.start_errors, "end": self.end_errors}
        errors = sides.get(side, self.start_errors + self.end_errors)
        return float(np.percentile(np.abs(errors), percent)) if errors else 0.0

    def __str__(self) -> str:
        return (
            f"F1 {self.f1:.3f}  exact {self.exact}/{self.matched + len(self.missed)}  "
            f"CER {self.cer:.4f}  "
            f"start {self.boundary(50, 'start'):.3f}/{self.boundary(95, 'start'):.3f}  "
            f"end {self.boundary(50, 'end'):.3f}/{self.boundary(95, 'end'):.3f}  "
            f"missed {len(self.missed)}  spurious {len(self.spurious)}"
        )


def score_cues(truth: Sequence[Cue], found: Sequence[Cue]) -> Score:
    """Hold found cues against the true ones."""
    pairs = _assign(truth, found)
    matched = [(truth[i], found[j]) for i, j in pairs]
    missed = tuple(c for i, c in enumerate(truth) if i not in {i for i, _ in pairs})
    spurious = tuple(c for j, c in enumerate(found) if j not in {j for _, j in pairs})
    edits = sum(Levenshtein.distance(plain(t.text), plain(f.text)) for t, f in matched)
    edits += sum(len(plain(c.text)) for c in (*missed, *spurious))
    return Score(
        matched=len(matched),
        missed=missed,
        spurious=spurious,
        wrong=tuple((t, f) for t, f in matched if plain(t.text) != plain(f.text)),
        edits=edits,
        characters=sum(len(plain(c.text)) for c in truth),
        start_errors=tuple(f.start - t.start for t, f in matched),
        end_errors=tuple(f.end - t.end for t, f in matched),
    )


def _assign(truth: Sequence[Cue], found: Sequence[Cue]) -> list[tuple[int, int]]:
    if not truth or not found:
        return []
    shared = np.array([[_shared(t, f) for f in found] for t in truth])
    rows, columns = linear_sum_assignment(-shared)
    return [(i, j) for i, j in zip(rows.tolist(), columns.tolist(), strict=True) if shared[i, j]]


def _shared(truth: Cue, found: Cue) -> float:
    common = min(truth.end, found.end) - max(truth.start, found.start)
    total = max(truth.end, found.end) - min(truth.start, found.start)
    if common < _SHARED * total:
        return 0.0
    same = Levenshtein.normalized_similarity(plain(truth.text), plain(found.text))
    return same + common / total if same >= _SHARED else 0.0
