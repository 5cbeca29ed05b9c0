"""The interface of speech engines, and the little types that they share.

What an engine is and may use belongs here; how one works belongs in its own module.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from media_pipeline.asr.sound import Samples
from media_pipeline.asr.weight import weight
from media_pipeline.errors import EngineUnavailable
from media_pipeline.text.cues import Word
from media_pipeline.text.scripts import tokens

_MOST_LETTERS_PER_S, _SHORT_S = 40.0, 0.5

Span = tuple[float, float]
"""Start and end in seconds."""

WHOLE: Span = (0.0, math.inf)
"""All of a sound, however long it is."""

Progress = Callable[[float], None]
"""Called with the share that is done, from 0 to 1. May raise to cancel."""

Warn = Callable[[str], None]
"""Called with something that people should know about the result."""


def quiet(_share: float) -> None:
    """Discard progress."""


def unheard(_message: str) -> None:
    """Discard warnings."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of recognised speech, with the times of its words where the engine gives them.

    ``confidence`` is in [0, 1].
    """

    start: float
    end: float
    text: str
    confidence: float
    words: tuple[Word, ...] = ()


class ModelPolicy(Protocol):
    """Where models may come from on this machine."""

    @property
    def model_dir(self) -> Path | None:
        """A folder of models besides the Hugging Face cache."""

    @property
    def allow_model_downloads(self) -> bool:
        """Whether a missing model may be fetched."""

    @property
    def max_model_bytes(self) -> int:
        """The largest model that may be fetched."""

    @property
    def cores(self) -> int:
        """How many threads an engine may use."""


@dataclass(frozen=True, slots=True)
class Task:
    """What an engine works on, and where it says what people should know."""

    samples: Samples
    """16 kHz mono sound."""
    language: str | None
    """ISO 639-1."""
    warn: Warn


@dataclass(frozen=True)
class Heard:
    """What an engine made of some windows of a sound, before it is looked at as a whole.

    Attributes
    ----------
    segments : in time order.
    failed : windows that could not be recognised.
    lacking : what the engine said it lacks; the same for all windows.
    warnings : what else people should know.
    """

    segments: Sequence[Segment]
    failed: int = 0
    lacking: Sequence[str] = ()
    warnings: Sequence[str] = ()


class Recogniser(ABC):
    """An engine that turns sound into text, a few chunks of speech at a time.

    An engine says how chunks are recognised; what happens to a chunk that fails, or that holds more
    text than anybody could say in it, is the same for all.
    """

    name: str
    """The engine's name, which its words bear as their source."""
    batch = 1
    """Chunks that are recognised at once."""
    longest = 30.0
    """Seconds of the longest chunk that it takes, or does well on."""
    remembers = False
    """Whether what it hears depends on what it has heard before, so that no sound can be cut."""
    caveat = ""
    """What people should know about everything that it recognises."""

    @property
    @abstractmethod
    def identity(self) -> Mapping[str, str]:
        """``name``, ``version`` and ``model``: whatever changes the result changes this."""

    def prepare(self, task: Task) -> None:  # noqa: B027 - some engines need nothing
        """Load what recognising needs, and warn of what is lacking; called once, first."""

    @abstractmethod
    def recognise(self, task: Task, windows: Sequence[Span]) -> list[Segment]:
        """What is said in at most ``batch`` windows. May raise anything."""

    def retry(self, task: Task, window: Span) -> list[Segment]:
        """What is said in a window of a batch that has failed. May raise anything."""
        return self.recognise(task, [window])

    def tell_language(self, samples: Samples, windows: Sequence[Span]) -> str | None:
        """The language that is spoken, where the engine can tell."""
        return None

    def transcribe(
        self,
        samples: Samples,
        language: str | None,
        windows: Sequence[Span],
        *,
        progress: Progress = quiet,
        warn: Warn = unheard,
    ) -> list[Segment]:
        """What is said in the windows.

        Parameters
        ----------
        samples : 16 kHz mono sound.
        language : ISO 639-1, or None to let the engine tell.
        windows : (start, end) in seconds, in order, at most ``longest`` each, without overlaps.
        progress, warn : see :data:`Progress` and :data:`Warn`. A window that fails is warned of
            and left out; the others are still recognised.

        Returns
        -------
        list of Segment
            in time order.

        Raises
        ------
        EngineUnavailable
            when the engine cannot be loaded, or fails on every one of several windows.
        """
        if windows and language is None:
            language = self.tell_language(samples, windows)
        heard = self.hear(samples, language, windows, progress=progress)
        return self.conclude([heard], windows, warn=warn)

    def hear(
        self,
        samples: Samples,
        language: str | None,
        windows: Sequence[Span],
        *,
        progress: Progress = quiet,
    ) -> Heard:
        """What is said in some of the windows of a sound: as many whole batches of them as may be.

        Windows of different batches know nothing of each other, so that they may be heard side by
        side; :meth:`conclude` makes one result of it. Parameters are those of :meth:`transcribe`.
        """
        lacking: list[str] = []
        warnings: list[str] = []
        if windows:
            self.prepare(Task(samples, language, lacking.append))
        task = Task(samples, language, warnings.append)
        found: list[Segment] = []
        failed = 0
        for at in range(0, len(windows), self.batch):
            batch = windows[at : at + self.batch]
            try:
                found.extend(self.recognise(task, batch))
            except Exception:  # one bad chunk must not end the job: each gets its own try
                failed += sum(not self._alone(task, window, found) for window in batch)
            progress(min(1.0, (at + len(batch)) / len(windows)))
        return Heard(found, failed, lacking, warnings)

    def conclude(
        self, parts: Sequence[Heard], windows: Sequence[Span], *, warn: Warn = unheard
    ) -> list[Segment]:
        """What is said in all windows, from what was heard in some after the other.

        Raises
        ------
        EngineUnavailable
            when the engine has failed on every one of several windows.
        """
        for message in dict.fromkeys(message for part in parts for message in part.lacking):
            warn(message)
        for part in parts:
            for message in part.warnings:
                warn(message)
        failed = sum(part.failed for part in parts)
        if failed == len(windows) > 1:
            raise EngineUnavailable(
                f"{self.name} failed on all {failed} stretches of speech", "choose another engine"
            )
        found = [segment for part in parts for segment in part.segments]
        return [segment for segment in found if _sayable(segment, windows, warn)]

    def _alone(self, task: Task, window: Span, found: list[Segment]) -> bool:
        try:
            found.extend(self.retry(task, window))
        except Exception as error:  # whatever the engine raises: say so and go on
            reason = f"{type(error).__name__}: {error}"
            task.warn(
                f"speech from {window[0]:.1f} to {window[1]:.1f} s was not recognised ({reason})"
            )
            return False
        return True


def _sayable(segment: Segment, windows: Sequence[Span], warn: Warn) -> bool:
    """Whether a text can be said in its window; what cannot, an engine has made up."""
    middle = (segment.start + segment.end) / 2
    start, end = min(windows, key=lambda w: max(w[0] - middle, middle - w[1], 0.0))
    letters = sum(weight(token) for token in tokens(segment.text))
    if letters <= _MOST_LETTERS_PER_S * (end - start + _SHORT_S):
        return True
    warn(f"text of {len(segment.text)} letters in {end - start:.1f} s at {start:.1f} s: left out")
    return False
