"""What all engines share, with an engine that says what it is told to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pytest

from media_pipeline.asr.base import Recogniser, Segment, Span, Task
from media_pipeline.errors import EngineUnavailable
from media_pipeline_tests.generators.speech import noise

SOUND = noise(10)
WINDOWS: list[Span] = [(0.0, 2.0), (3.0, 5.0), (6.0, 8.0), (9.0, 10.0)]


class Parrot(Recogniser):
    """Says the start of each window, or what ``says`` makes of it."""

    name = "parrot"
    batch = 2

    def __init__(self, says: Callable[[Span], str] = lambda window: f"at {window[0]:g}") -> None:
        self.says = says
        self.asked: list[Sequence[Span]] = []

    @property
    def identity(self) -> Mapping[str, str]:
        return {"name": self.name}

    def recognise(self, task: Task, windows: Sequence[Span]) -> list[Segment]:
        self.asked.append(list(windows))
        return [Segment(*window, self.says(window), 1.0) for window in windows]


def _failing_at(start: float) -> Callable[[Span], str]:
    def says(window: Span) -> str:
        if window[0] == start:
            raise KeyError("<|phantom|>")
        return "well"

    return says


def test_windows_are_recognised_in_batches() -> None:
    engine, shares = Parrot(), list[float]()
    found = engine.transcribe(SOUND, "en", WINDOWS, progress=shares.append)
    assert [s.text for s in found] == ["at 0", "at 3", "at 6", "at 9"]
    assert engine.asked == [WINDOWS[:2], WINDOWS[2:]]
    assert shares == [0.5, 1.0]
    assert engine.transcribe(SOUND, None, []) == []


def test_one_bad_chunk_is_reported_and_the_others_are_kept() -> None:
    warnings: list[str] = []
    engine = Parrot(_failing_at(3.0))
    found = engine.transcribe(SOUND, "en", WINDOWS, warn=warnings.append)
    assert [s.start for s in found] == [0.0, 6.0, 9.0]
    assert len(warnings) == 1
    assert "3.0 to 5.0 s was not recognised (KeyError" in warnings[0]


def test_an_engine_that_always_fails_is_an_error() -> None:
    def says(_window: Span) -> str:
        raise RuntimeError("out of memory")

    with pytest.raises(EngineUnavailable, match="parrot failed on all 4"):
        Parrot(says).transcribe(SOUND, "en", WINDOWS)


def test_more_text_than_can_be_said_is_made_up() -> None:
    warnings: list[str] = []
    engine = Parrot(lambda w: "thanks for watching this video " * (8 if w[0] == 9 else 1))
    found = engine.transcribe(SOUND, "en", WINDOWS, warn=warnings.append)
    assert [s.start for s in found] == [0.0, 3.0, 6.0]
    assert "in 1.0 s at 9.0 s: left out" in warnings[0]


def test_cancelling_is_no_bad_chunk() -> None:
    class Cancelled(Exception):
        pass

    def cancel(_share: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        Parrot().transcribe(SOUND, "en", WINDOWS, progress=cancel)
