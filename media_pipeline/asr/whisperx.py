"""Recognition by whisperX (https://github.com/m-bain/whisperX), where the extra is installed.

It uses the same weights as faster-whisper and the chunks found here; its own aligner gives the word
times where its model for the language is on this machine. Nothing is fetched while a film is being
worked on.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.util
import logging
import math
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from media_pipeline.asr.accept import accepted
from media_pipeline.asr.base import Recogniser, Segment, Span, Task
from media_pipeline.asr.faster_whisper import FasterWhisper
from media_pipeline.asr.models import Weights
from media_pipeline.asr.sound import Samples, piece
from media_pipeline.errors import EngineUnavailable
from media_pipeline.media.held import files_below, held
from media_pipeline.text.cues import Word

NAME = "whisperx"

_BATCH = 8
_PARTS = ("whisperx.asr", "whisperx.alignment", "whisperx.vads")
_LOG = logging.getLogger(__name__)


def installed() -> bool:
    """Whether whisperX and torch are installed; neither is imported for that."""
    return all(importlib.util.find_spec(name) is not None for name in ("whisperx", "torch"))


def require() -> None:
    """Check that whisperX is installed and can be imported, before anything is done with it.

    Raises
    ------
    EngineUnavailable
        when it is not, or cannot.
    """
    if not installed():
        raise EngineUnavailable(
            "whisperX is not installed", 'run `pip install "media-pipeline[whisperx]"`'
        )
    if fault := _fault():
        raise EngineUnavailable(
            f"whisperX cannot be imported ({fault})",
            "reinstall torch, torchaudio and torchcodec in versions that belong together, "
            "or use faster-whisper",
        )


@functools.lru_cache(maxsize=1)
def _fault() -> str:
    """What is wrong with the installation, found by importing all of it; "" when nothing is.

    A torchaudio or torchcodec built for another torch is there, and fails only when it is imported.
    """
    try:
        with _to_stderr():
            for part in _PARTS:
                importlib.import_module(part)
    except Exception as error:  # torch and its relatives fail to import in many ways
        return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    return ""


class WhisperX(Recogniser):
    """Whisper by whisperX with its aligner.

    Parameters
    ----------
    weights : the model to use, as for :class:`~media_pipeline.asr.faster_whisper.FasterWhisper`.
    cores : threads on a CPU.
    model_dir : where alignment models may lie besides the caches of torch and Hugging Face.

    Raises
    ------
    EngineUnavailable
        when the extra is not installed, or broken.
    """

    name = NAME
    batch = _BATCH

    def __init__(self, weights: Weights, *, cores: int = 2, model_dir: Path | None = None) -> None:
        require()
        self.weights = weights
        self.cores = cores
        self.model_dir = model_dir

    @property
    def identity(self) -> Mapping[str, str]:
        """Name, version, model and its digest."""
        return identity(self.weights.identity)

    def tell_language(self, samples: Samples, windows: Sequence[Span]) -> str | None:
        """The language that is spoken, by vote over some windows."""
        return FasterWhisper(self.weights, cores=self.cores).tell_language(samples, windows)

    def prepare(self, task: Task) -> None:
        """Load the models; says when there is no aligner for the language."""
        if self._models(task)[1] is None:
            task.warn(
                f"whisperX has no alignment model for {task.language!r} here: words are placed "
                "without"
            )

    def recognise(self, task: Task, windows: Sequence[Span]) -> list[Segment]:
        """What is said in some windows, with the aligner's word times where there is one."""
        return _recognise(*self._models(task), task, windows)

    def _models(self, task: Task) -> tuple[Any, Any]:
        language = task.language or "en"
        with _to_stderr():
            pipeline = _pipeline(self.weights.path, self.cores, language)
            return pipeline, _aligner(language, self.model_dir)


def identity(model: str) -> Mapping[str, str]:
    """Name, version and model of whisperX."""
    try:
        number = version(NAME)
    except PackageNotFoundError:  # a source tree on the path
        number = "unknown"
    return {"name": NAME, "version": number, "model": model}


def _recognise(pipeline: Any, aligner: Any, task: Task, windows: Sequence[Span]) -> list[Segment]:
    """Recognise a few windows at once, and align what was recognised."""
    import whisperx

    start, end = windows[0][0], windows[-1][1]
    sound = piece(task.samples, start, end)
    pipeline.vad_model.windows = [(a - start, b - start) for a, b in windows]
    with _to_stderr():
        raw = pipeline.transcribe(sound, batch_size=_BATCH, language=task.language)["segments"]
        raw = [s for s in raw if s["text"].strip()]
        if aligner is not None and raw:
            model, metadata = aligner
            raw = whisperx.align(raw, model, metadata, sound, _device())["segments"]
    return [found for segment in raw if (found := _segment(segment, start, end))]


def _segment(raw: Mapping[str, Any], offset: float, latest: float) -> Segment | None:
    start = max(offset, offset + float(raw["start"]))
    end = min(latest, offset + float(raw["end"]))
    text = str(raw["text"]).strip()
    if not text or not end > start:
        return None
    words = []
    for word in raw.get("words") or ():
        begins, ends = word.get("start"), word.get("end")
        placed = begins is not None and ends is not None and math.isfinite(begins + ends)
        low, high = (offset + begins, offset + ends) if placed else (0.0, 0.0)
        words.append(Word(low, high, str(word["word"]), float(word.get("score") or 0.0), NAME))
    confidence = math.exp(min(0.0, float(raw.get("avg_logprob") or 0.0)))
    return Segment(start, end, text, confidence, accepted(words, (start, end)))


@held(lambda path, cores, language: files_below(path))
def _pipeline(path: Path, cores: int, language: str) -> Any:
    """The recogniser in memory; our chunks stand in for its own VAD."""
    try:
        import whisperx
        from whisperx.vads import Vad

        class Given(Vad):  # type: ignore[misc]
            """Hands on the chunks that were found already."""

            windows: Sequence[Span] = ()

            def __call__(self, _audio: Any, **_options: Any) -> Sequence[Span]:
                return self.windows

            @staticmethod
            def preprocess_audio(audio: Any) -> Any:
                return audio

            @staticmethod
            def merge_chunks(segments: Any, *_args: Any, **_options: Any) -> list[dict[str, Any]]:
                return [{"start": a, "end": b, "segments": [(a, b)]} for a, b in segments]

        return whisperx.load_model(
            str(path),
            _device(),
            compute_type="float16" if _device() == "cuda" else "int8",
            language=language,
            vad_model=Given(0.5),
            local_files_only=True,
            threads=cores,
        )
    except Exception as error:  # torch, torchaudio and pyannote fail to import in many ways
        raise EngineUnavailable(
            f"whisperX cannot be loaded ({type(error).__name__}: {error})",
            'check the installation with `pip install "media-pipeline[whisperx]"`, '
            "or use faster-whisper",
        ) from error


def _aligner_files(language: str, model_dir: Path | None) -> list[Path]:
    """Where the alignment model of a language would be."""
    from whisperx import alignment

    name = alignment.DEFAULT_ALIGN_MODELS_TORCH.get(language)
    if name is not None:
        return [_bundle(name, model_dir)]
    name = alignment.DEFAULT_ALIGN_MODELS_HF.get(language)
    if name is None:
        return []
    from huggingface_hub.constants import HF_HUB_CACHE

    return files_below(Path(model_dir or HF_HUB_CACHE) / f"models--{name.replace('/', '--')}")


@held(_aligner_files)
def _aligner(language: str, model_dir: Path | None) -> tuple[Any, Any] | None:
    """The alignment model of a language and its description; None where it is not on this machine.

    Loading is done with the hub offline. Torchaudio's own bundles have no such switch, so their
    file is looked for first.
    """
    import whisperx
    from whisperx import alignment

    name = alignment.DEFAULT_ALIGN_MODELS_TORCH.get(language)
    if name is not None and not _bundle(name, model_dir).is_file():
        return None
    if name is None and language not in alignment.DEFAULT_ALIGN_MODELS_HF:
        return None
    if not _sentence_splitter_is_here():
        return None
    try:
        model, metadata = whisperx.load_align_model(
            language,
            _device(),
            model_dir=str(model_dir) if model_dir else None,
            model_cache_only=True,
        )
    except Exception as error:  # absent or broken: words are placed by our own alignment
        _LOG.info("no whisperX aligner for %s: %s", language, error)
        return None
    return model, metadata


def _bundle(name: str, model_dir: Path | None) -> Path:
    import torch
    import torchaudio

    bundle = getattr(torchaudio.pipelines, name)
    folder = model_dir or Path(torch.hub.get_dir()) / "checkpoints"
    return folder / Path(bundle._path).name


def _sentence_splitter_is_here() -> bool:
    """Whether NLTK's sentence splitter is here, which alignment would otherwise download."""
    import nltk

    try:
        nltk.data.find("tokenizers/punkt_tab")
    except LookupError:
        return False
    return True


def _device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def _to_stderr() -> contextlib.AbstractContextManager[Any]:
    """WhisperX prints to stdout, which is for results only."""
    return contextlib.redirect_stdout(sys.stderr)
