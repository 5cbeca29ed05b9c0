"""The order in which words of a row stand on the screen, in scripts of either direction."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def visual_order(words: Sequence[str]) -> list[int]:
    """The numbers of the words of a row from left to right.

    The Unicode Bidirectional Algorithm (UAX #9) on whole words, each with the direction of its
    first strong character: rules P2 and P3 for the row, N1 and N2 for words without direction, L2
    for the order. Enough where punctuation hangs on words and words are drawn one by one.

    >>> visual_order(["a", "b", "c"])
    [0, 1, 2]
    >>> visual_order(["قال", "John", "Smith", "نعم"])
    [3, 1, 2, 0]
    """
    own = [_direction(word) for word in words]
    base = next((d for d in own if d), "L")
    levels = [_level(own, i, base) for i in range(len(words))]
    order = list(range(len(words)))
    for level in range(max(levels, default=0), 0, -1):
        at = 0
        while at < len(order):
            last = at
            while last < len(order) and levels[order[last]] >= level:
                last += 1
            order[at:last] = order[at:last][::-1]
            at = last + 1
    return order


def _level(own: Sequence[str], at: int, base: str) -> int:
    direction = own[at]
    if not direction:
        before = next((d for d in reversed(own[:at]) if d), base)
        after = next((d for d in own[at + 1 :] if d), base)
        direction = before if before == after else base
    if base == "L":
        return 1 if direction == "R" else 0
    return 1 if direction == "R" else 2


def _direction(word: str) -> str:
    """``L``, ``R``, or nothing for punctuation; a number runs from left to right."""
    kinds = [unicodedata.bidirectional(c) for c in word]
    for kind in kinds:
        if kind == "L":
            return "L"
        if kind in ("R", "AL"):
            return "R"
    return "L" if any(kind in ("EN", "AN") for kind in kinds) else ""
