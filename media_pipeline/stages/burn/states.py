"""Which word is the current one, and when: what a word style shows from one moment to the next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from media_pipeline.text.pieces import Piece

_HOLD_S = 0.1  # a word stays current over a shorter silence, which is no pause but a flicker


@dataclass(frozen=True, slots=True)
class State:
    """From ``start`` to ``end`` seconds: the number of the current word, or None in a pause, and
    how many words have begun.
    """

    start: float
    end: float
    current: int | None
    begun: int


def states(pieces: Sequence[Piece], start: float, end: float) -> Iterator[State]:
    """The states of words that are shown together from ``start`` to ``end``, without gaps.

    A word is current from its start to its end, or to the next word when that comes within a tenth
    of a second.
    """
    edges: list[tuple[float, int | None, int]] = [(start, None, 0)]
    for number, (piece, following) in enumerate(pairwise([*pieces, None])):
        assert piece is not None  # noqa: S101 - only the last of the pairs ends with None
        edges.append((piece.start, number, number + 1))
        if following is None or following.start - piece.end > _HOLD_S:
            edges.append((piece.end, None, number + 1))
    for (a, current, begun), (b, _, _) in pairwise([*edges, (end, None, 0)]):
        first, last = max(a, start), min(b, end)
        if last > first:
            yield State(first, last, current, begun)
