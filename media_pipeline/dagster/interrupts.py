"""Signals that arrive where an exception cannot pass.

Dagster turns Ctrl-C and SIGTERM into an exception wherever the main thread happens to be. In a
finalizer, or in a function that C code calls, Python reports that exception as ignored, and the run
goes on to its end. But the interpreter also writes the number of every signal into a pipe, whatever
becomes of its handler: who looks there misses none.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

_ENDING = {int(signal.SIGINT), int(signal.SIGTERM)}


@contextmanager
def noticing() -> Iterator[Callable[[], bool]]:
    """What it gives says whether SIGINT or SIGTERM has come since the block began.

    Signals go on to their handlers as ever. Outside of the main thread, where Python handles none,
    the answer is always no.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    reading, writing = os.pipe()
    for end in (reading, writing):
        os.set_blocking(end, False)
    before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    came: set[int] = set()

    def stopped() -> bool:
        with suppress(BlockingIOError):
            came.update(os.read(reading, 512))
        return bool(came & _ENDING)

    try:
        yield stopped
    finally:
        signal.set_wakeup_fd(before)
        os.close(writing)
        os.close(reading)
