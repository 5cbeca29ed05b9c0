"""Models in memory: as many as are wanted, and never an old one beside the one that replaces it."""

from __future__ import annotations

import functools
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Held(Generic[P, T]):
    """A function that loads something, whose last results are kept.

    It is what ``functools.lru_cache`` is, but gives up the longest unused *before* it loads
    another: that one does so afterwards, and for a while two models of gigabytes are in memory.
    """

    def __init__(self, load: Callable[P, T], most: int) -> None:
        self._load = load
        self._most = most
        self._kept: OrderedDict[object, T] = OrderedDict()
        self._lock = threading.Lock()
        functools.update_wrapper(self, load)

    def __call__(self, *args: P.args, **named: P.kwargs) -> T:
        """What is kept for these arguments, loaded where nothing is."""
        key = (args, tuple(sorted(named.items())))
        with self._lock:
            if key not in self._kept:
                while len(self._kept) >= self._most:
                    self._kept.popitem(last=False)
                self._kept[key] = self._load(*args, **named)
            self._kept.move_to_end(key)
            return self._kept[key]

    def cache_clear(self) -> None:
        """Give all of them up."""
        with self._lock:
            self._kept.clear()


def held(most: int) -> Callable[[Callable[P, T]], Held[P, T]]:
    """Decorate a function so that its last results are kept; see :class:`Held`."""
    return lambda load: Held(load, most)
