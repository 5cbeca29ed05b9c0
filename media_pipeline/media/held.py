"""Models in memory: one place for those of all engines of a process, and a bound on it.

A model counts with the bytes of its files times what they have been measured to take when it is at
work. That is known before it is loaded, so that room is made first: whoever makes it afterwards has
two models of gigabytes in memory for a while. And it is the same in every process, whereas the
growth of a process while it loads something also holds the libraries that are imported for it and
what other threads do, and none of what a network takes when it first computes.
"""

from __future__ import annotations

import ctypes
import functools
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Generic, ParamSpec, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")
_Stamp = tuple[Path, int, int]  # a file, its bytes, and when it was written, ns

MODEL_MEMORY = 3584 * 1024**2
"""Bytes by default: the largest Whisper (files of 2.9 GiB), an aligner (0.4) and what reads
captions (0.1) together. It leaves half a gigabyte for all else up to the 4 GiB after which a worker
is replaced by a fresh one."""


class Models:
    """What engines have loaded, the longest unused first.

    A model that is still in use when its place is given up goes with its last user. One that is
    larger than the bound is loaded all the same, and kept alone.

    Parameters
    ----------
    most : bytes.
    """

    def __init__(self, most: int = MODEL_MEMORY) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._lock = threading.RLock()

    @property
    def size(self) -> int:
        """Bytes of all that is kept."""
        with self._lock:
            return sum(size for _, size in self._kept.values())

    def bound(self, most: int) -> None:
        """Keep at most so many bytes from now on."""
        with self._lock:
            self._most = most
            self._make_room(0)

    def get(self, key: Hashable, size: int, load: Callable[[], Any]) -> Any:
        """What is kept under a key; loaded where nothing is, after room was made for its bytes."""
        with self._lock:
            if key not in self._kept:
                self._make_room(size)
                self._kept[key] = load(), size
            self._kept.move_to_end(key)
            return self._kept[key][0]

    def forget(self, which: Callable[[Any], bool]) -> None:
        """Give up what is kept under some of the keys."""
        with self._lock:
            for key in [key for key in self._kept if which(key)]:
                del self._kept[key]

    def _make_room(self, size: int) -> None:
        gone = False
        while self._kept and self.size + size > self._most:
            self._kept.popitem(last=False)
            gone = True
        if gone:
            _return_memory()


MODELS = Models()
"""Those of this process."""


class Held(Generic[P, T]):
    """A function that loads a model, whose results are kept in :data:`MODELS`.

    A model whose files were replaced is another model.
    """

    def __init__(
        self, load: Callable[P, T], files: Callable[P, Iterable[Path]], times: float
    ) -> None:
        self._load = load
        self._files = files
        self._times = times
        functools.update_wrapper(self, load)

    def __call__(self, *args: P.args, **named: P.kwargs) -> T:
        """What is kept for these arguments, loaded where nothing is."""
        stamps = self._stamps(*args, **named)
        key = (self, args, tuple(sorted(named.items())), stamps)
        return cast("T", MODELS.get(key, self._size(stamps), lambda: self._load(*args, **named)))

    def size(self, *args: P.args, **named: P.kwargs) -> int:
        """Bytes that the model for these arguments counts with."""
        return self._size(self._stamps(*args, **named))

    def _size(self, stamps: tuple[_Stamp, ...]) -> int:
        return round(self._times * sum(size for _, size, _ in stamps))

    def cache_clear(self) -> None:
        """Give all results of this function up."""
        MODELS.forget(lambda key: key[0] is self)

    def _stamps(self, *args: P.args, **named: P.kwargs) -> tuple[_Stamp, ...]:
        found = []
        for path in sorted(self._files(*args, **named)):
            with suppress(OSError):  # loading it says what is wrong
                stat = path.stat()
                found.append((path, stat.st_size, stat.st_mtime_ns))
        return tuple(found)


def held(
    files: Callable[P, Iterable[Path]], *, times: float = 1.0
) -> Callable[[Callable[P, T]], Held[P, T]]:
    """Decorate a function that loads a model, so that it is kept.

    Parameters
    ----------
    files : the files that the model is loaded from, by the same arguments.
    times : what it takes at work, as a multiple of the bytes of its files.
    """
    return lambda load: Held(load, files, times)


def files_below(folder: Path) -> list[Path]:
    """All files of a folder, or the file itself."""
    return [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else [folder]


def _return_memory() -> None:
    """Give freed memory back to the system, which glibc otherwise keeps where it lies between what
    is in use.
    """
    with suppress(AttributeError, OSError):  # another libc
        ctypes.CDLL(None).malloc_trim(0)
