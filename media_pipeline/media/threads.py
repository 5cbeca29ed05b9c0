"""Work beside work: what comes before and after a step, each on a thread of its own.

Decoders, encoders and OpenCV let go of Python's lock while they work, so that threads use all
cores.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, Full, Queue
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_AHEAD = 6
_WAIT_S = 0.2


def cores() -> int:
    """How many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS
        return os.cpu_count() or 1


def each(work: Callable[..., Result], *items: Iterable[Any]) -> list[Result]:
    """What a function makes of each of the items (of the first of each, and so on), in order, on as
    many threads as there are cores. What goes wrong is raised here.
    """
    with ThreadPoolExecutor(cores()) as pool:
        return list(pool.map(work, *items))


class _End:
    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def ahead(items: Iterator[Item], count: int = _AHEAD) -> Iterator[Item]:
    """The items, of which up to ``count`` are made on a thread before they are asked for.

    What goes wrong there is raised here. Closing the iterator ends the thread.
    """
    queue: Queue[Any] = Queue(count)
    stop = threading.Event()

    def work() -> None:
        end = _End()
        try:
            for item in items:
                if not _put(queue, item, stop):
                    return
        except BaseException as error:
            end = _End(error)
        finally:
            _put(queue, end, stop)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while not isinstance(item := queue.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        stop.set()
        thread.join()


def _put(queue: Queue[Any], item: Any, stop: threading.Event) -> bool:
    while not stop.is_set():
        try:
            queue.put(item, timeout=_WAIT_S)
        except Full:
            continue
        return True
    return False


class Behind(Generic[Item]):
    """Calls a function with items, one after another, on a thread: a context manager.

    :meth:`put` waits while ``count`` items are waiting. What goes wrong is raised by the next call,
    or at the end.
    """

    def __init__(self, take: Callable[[Item], None], count: int = _AHEAD) -> None:
        self._take = take
        self._queue: Queue[Any] = Queue(count)
        self._error: BaseException | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> Behind[Item]:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._stop.set()
        _put(self._queue, _End(), self._stop)
        self._thread.join()
        if kind is None and self._error is not None:
            raise self._error

    def put(self, item: Item) -> None:
        """Hand an item over."""
        if not _put(self._queue, item, self._stop) and self._error is not None:
            raise self._error

    def _work(self) -> None:
        while not self._stop.is_set():
            try:
                item = self._queue.get(timeout=_WAIT_S)
            except Empty:
                continue
            if isinstance(item, _End):
                return
            try:
                self._take(item)
            except BaseException as error:
                self._error = error
                self._stop.set()
