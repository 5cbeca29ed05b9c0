"""The interface of speech engines, and the little types that they share.

What an engine is and may use belongs here; how one works belongs in its own module.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from media_pipeline.asr.sound import Samples
from media_pipeline.text.cues import Word

Span = tuple[float, float]
"""Start and end in seconds."""

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


class Recogniser(Protocol):
    """An engine that turns sound into text."""

    @property
    def name(self) -> str:
        """The engine's name, which its words bear as their source."""

    @property
    def identity(self) -> Mapping[str, str]:
        """``name``, ``version`` and ``model``: whatever changes the result changes this."""

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
        windows : (start, end) in seconds, in order, at most 30 s each, without overlaps.
        progress, warn : see :data:`Progress` and :data:`Warn`. A window that fails is warned of
            and left out; the others are still recognised.

        Returns
        -------
        list of Segment
            in time order.
        """
