"""Recognition by faster-whisper (https://github.com/SYSTRAN/faster-whisper), without torch.

Chunks of speech go through Whisper in batches, without conditioning on earlier text, and words get
their times from its cross-attention. Weights are found by :mod:`media_pipeline.asr.models`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from media_pipeline.asr.accept import accepted
from media_pipeline.asr.base import Recogniser, Segment, Span, Task
from media_pipeline.asr.models import Weights
from media_pipeline.asr.sound import Samples, piece
from media_pipeline.errors import EngineUnavailable
from media_pipeline.media.held import files_below, held
from media_pipeline.text.cues import Word

NAME = "faster-whisper"

_BATCH = 8
_BEAM = 5
_REPEATS = 2.4  # compression ratio of text that repeats itself; Whisper's own threshold
_NO_SPEECH, _UNSURE = 0.6, -1.0  # likewise: no speech, and log probability of a guess
_LANGUAGE_WINDOWS = 4


class FasterWhisper(Recogniser):
    """Whisper by faster-whisper.

    Parameters
    ----------
    weights : the model to use, as :func:`~media_pipeline.asr.models.find_weights` finds it.
    cores : threads on a CPU.

    Examples
    --------
    >>> engine = FasterWhisper(find_weights("small", "en", policy))  # doctest: +SKIP
    >>> engine.transcribe(samples, "en", chunks(samples, speech_spans(samples)))  # doctest: +SKIP
    """

    name = NAME
    batch = _BATCH

    def __init__(self, weights: Weights, *, cores: int = 2) -> None:
        self.weights = weights
        self.cores = cores

    @property
    def identity(self) -> Mapping[str, str]:
        """Name, version, model and its digest."""
        return {"name": NAME, "version": version(NAME), "model": self.weights.identity}

    def prepare(self, task: Task) -> None:
        """Load the model."""
        load(self.weights.path, self.cores)

    def recognise(self, task: Task, windows: Sequence[Span]) -> list[Segment]:
        """What is said in some windows, at once; see :class:`Recogniser`."""
        return _batched(load(self.weights.path, self.cores), task, windows)

    def retry(self, task: Task, window: Span) -> list[Segment]:
        """What is said in one window, with Whisper's own ways out of trouble."""
        return _patiently(load(self.weights.path, self.cores), task, window)

    def tell_language(self, samples: Samples, windows: Sequence[Span]) -> str | None:
        """The language that is spoken by vote."""
        return self.detect_language(samples, windows)[0]

    def detect_language(self, samples: Samples, windows: Sequence[Span]) -> tuple[str, float]:
        """The language that is spoken by vote over some windows, and its share of the vote.

        Parameters
        ----------
        windows : chunks of speech; the longest ones are listened to.
        """
        if not self.weights.multilingual:
            return "en", 1.0
        model = load(self.weights.path, self.cores)
        votes: dict[str, float] = {}
        chosen = sorted(windows, key=lambda w: w[0] - w[1])[:_LANGUAGE_WINDOWS]
        for window in chosen:
            _, _, shares = model.detect_language(piece(samples, *window))
            for language, share in shares:
                votes[language] = votes.get(language, 0.0) + share / len(chosen)
        if not votes:
            return "en", 0.0
        best = max(votes, key=lambda v: votes[v])
        return best, votes[best]


@held(lambda path, cores: files_below(path))
def load(path: Path, cores: int) -> Any:
    """The model in memory, kept in :data:`~media_pipeline.media.held.MODELS`.

    Raises
    ------
    EngineUnavailable
        when the files cannot be loaded.
    """
    import ctranslate2
    from faster_whisper import WhisperModel

    device = "cuda" if ctranslate2.get_cuda_device_count() else "cpu"
    try:
        return WhisperModel(
            str(path),
            device=device,
            compute_type="float16" if device == "cuda" else "int8",
            cpu_threads=cores,
            local_files_only=True,
        )
    except (RuntimeError, ValueError, OSError) as error:
        raise EngineUnavailable(
            f"the Whisper model in {path} cannot be loaded ({error})", "fetch it again"
        ) from error


def _batched(model: Any, task: Task, windows: Sequence[Span]) -> list[Segment]:
    """Recognise a few windows at once; those that only repeat themselves once more alone."""
    from faster_whisper import BatchedInferencePipeline

    start, end = windows[0][0], windows[-1][1]
    raw, _ = BatchedInferencePipeline(model).transcribe(
        piece(task.samples, start, end),
        language=task.language,
        beam_size=_BEAM,
        batch_size=_BATCH,
        word_timestamps=True,
        without_timestamps=False,
        condition_on_previous_text=False,
        vad_filter=False,
        clip_timestamps=[{"start": a - start, "end": b - start} for a, b in windows],
    )
    by_window: dict[Span, list[Any]] = {window: [] for window in windows}
    for segment in raw:
        by_window[_window_of(segment, start, windows)].append(segment)
    found: list[Segment] = []
    for window, segments in by_window.items():
        if any(s.compression_ratio > _REPEATS for s in segments):
            found.extend(_patiently(model, task, window))
        else:
            found.extend(_segments(segments, start, window))
    return found


def _patiently(model: Any, task: Task, window: Span) -> list[Segment]:
    """Recognise one window with Whisper's own fall-back to higher temperatures."""
    raw, _ = model.transcribe(
        piece(task.samples, *window),
        language=task.language,
        beam_size=_BEAM,
        word_timestamps=True,
        condition_on_previous_text=False,
        vad_filter=False,
    )
    segments = list(raw)
    kept = [s for s in segments if s.compression_ratio <= _REPEATS]
    if len(kept) < len(segments):
        task.warn(f"text from {window[0]:.1f} to {window[1]:.1f} s only repeated itself: left out")
    return _segments(kept, window[0], window)


def _window_of(segment: Any, offset: float, windows: Sequence[Span]) -> Span:
    middle = offset + (segment.start + segment.end) / 2
    return min(windows, key=lambda w: max(w[0] - middle, middle - w[1], 0.0))


def _segments(raw: Iterable[Any], offset: float, window: Span) -> list[Segment]:
    """The engine's segments as ours: on the clock of the film, inside the window, words checked."""
    found: list[Segment] = []
    for segment in raw:
        text = segment.text.strip()
        guess = segment.no_speech_prob > _NO_SPEECH and segment.avg_logprob < _UNSURE
        start = max(window[0], offset + float(segment.start))
        end = min(window[1], offset + float(segment.end))
        if not text or guess:
            continue
        if end <= start:  # its attention found no time at all: the text is still what is said
            start, end = window
        words = [
            Word(
                offset + float(w.start),
                offset + float(w.end),
                w.word.strip(),
                float(w.probability),
                NAME,
            )
            for w in segment.words or ()
        ]
        confidence = math.exp(min(0.0, segment.avg_logprob))
        found.append(Segment(start, end, text, confidence, accepted(words, (start, end))))
    return found
