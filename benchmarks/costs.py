"""Means of scores, and what they cost."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

Result = TypeVar("Result")


def timed(work: Callable[[], Result], seconds: float) -> tuple[Result, float]:
    """What the work gives, and its CPU seconds for each of so many seconds of film."""
    before = sum(os.times()[:4])
    result = work()
    return result, (sum(os.times()[:4]) - before) / seconds


class Means:
    """Scores of several ways on several films, and their means as a table."""

    def __init__(self) -> None:
        self._scores: dict[str, list[dict[str, float]]] = {}

    def add(self, way: str, scores: Mapping[str, float], cost: float) -> None:
        """Take in one film."""
        self._scores.setdefault(way, []).append({**scores, "CPU s/s": cost})

    def table(self) -> Iterator[str]:
        """A heading and a row for each way."""
        names = list(next(iter(self._scores.values()))[0])
        yield f"{'':34}" + "".join(f"{name:>11}" for name in names)
        for way, films in self._scores.items():
            means = (sum(f[name] for f in films) / len(films) for name in names)
            yield f"{way:34}" + "".join(f"{mean:11.3f}" for mean in means)
