from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from media_pipeline.dagster.interrupts import noticing


@pytest.fixture(autouse=True)
def deaf() -> Iterator[None]:
    """Handlers that do nothing, as when what they raise is lost."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
    before = {number: signal.signal(number, lambda *_: None) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_noticed_and_not_forgotten(number: signal.Signals) -> None:
    with noticing() as stopped:
        assert not stopped()
        os.kill(os.getpid(), number)
        assert stopped()
        assert stopped()
    with noticing() as stopped:
        assert not stopped()


def test_other_signals_end_nothing() -> None:
    with noticing() as stopped:
        os.kill(os.getpid(), signal.SIGUSR1)
        assert not stopped()


def test_other_threads_have_no_signals() -> None:
    found: list[bool] = []

    def work() -> None:
        with noticing() as stopped:
            found.append(stopped())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [False]


def test_whoever_listened_before_listens_again() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before = signal.set_wakeup_fd(writing)
    try:
        with noticing():
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        assert os.read(reading, 8) == bytes([signal.SIGTERM])
    finally:
        signal.set_wakeup_fd(before)
        os.close(reading)
        os.close(writing)
