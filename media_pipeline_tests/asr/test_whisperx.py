"""The adapter to whisperX around stand-ins: the package itself needs torch and is an extra."""

from __future__ import annotations

import importlib.machinery
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from media_pipeline.asr import whisperx
from media_pipeline.asr.accept import UNPLACED
from media_pipeline.asr.base import Span
from media_pipeline.asr.models import weights_at
from media_pipeline.asr.select import choose
from media_pipeline.asr.whisperx import WhisperX, require
from media_pipeline.errors import EngineUnavailable
from media_pipeline.stages.base import Environment
from media_pipeline_tests.generators.speech import noise

SOUND = noise(30, -30)
WINDOWS: list[Span] = [(1.0, 4.0), (10.0, 12.0)]


class _Pipeline:
    """Says one sentence in each of the windows that its voice activity detector gives."""

    def __init__(self, vad_model: Any) -> None:
        self.vad_model = vad_model
        self.broken: float | None = None

    def transcribe(self, sound: np.ndarray[Any, Any], batch_size: int, language: str) -> Any:
        print("whisperX prints to stdout")
        assert sound.dtype == np.float32
        found = self.vad_model({"waveform": sound, "sample_rate": 16000})
        merged = self.vad_model.merge_chunks(found, 30, onset=0.5, offset=0.36)
        if self.broken is not None and len(sound) / 16000 >= self.broken:
            raise RuntimeError("phantom language")
        return {
            "language": language,
            "segments": [
                {"text": " Room 23, please.", "start": w["start"], "end": w["end"],
                 "avg_logprob": -0.1}
                for w in merged
            ],
        }  # fmt: skip


def _align(raw: Any, model: Any, _metadata: Any, _sound: Any, _device: str) -> Any:
    assert model == "wav2vec2"
    for segment in raw:
        start = segment["start"]
        segment["words"] = [
            {"word": "Room", "start": start + 0.1, "end": start + 0.4, "score": 0.9},
            {"word": "23,"},  # whisperX leaves numbers without a time
            {"word": "please.", "start": start + 0.9, "end": start + 1.3, "score": 0.8},
        ]
    return {"segments": raw}


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A stand-in for the whisperx package, and for what of torch is asked."""
    module = ModuleType("whisperx")
    module.__spec__ = importlib.machinery.ModuleSpec("whisperx", None)
    calls: list[dict[str, Any]] = []

    def load_model(path: str, device: str, **options: Any) -> _Pipeline:
        calls.append({"path": path, "device": device, **options})
        return _Pipeline(options["vad_model"])

    module.load_model = load_model  # type: ignore[attr-defined]
    module.align = _align  # type: ignore[attr-defined]
    module.calls = calls  # type: ignore[attr-defined]
    vads = ModuleType("whisperx.vads")
    vads.Vad = type("Vad", (), {"__init__": lambda self, vad_onset: None})  # type: ignore[attr-defined]
    torch = ModuleType("torch")
    torch.__spec__ = importlib.machinery.ModuleSpec("torch", None)
    torch.cuda = SimpleNamespace(is_available=lambda: False)  # type: ignore[attr-defined]
    parts = {"whisperx": module, "whisperx.vads": vads, "torch": torch}
    for name in ("whisperx.asr", "whisperx.alignment"):
        parts[name] = ModuleType(name)
    for name, stand_in in parts.items():
        monkeypatch.setitem(sys.modules, name, stand_in)
    monkeypatch.setattr(whisperx, "_aligner", lambda _language, _folder: ("wav2vec2", {}))
    whisperx._pipeline.cache_clear()
    whisperx._fault.cache_clear()
    yield module
    whisperx._pipeline.cache_clear()
    whisperx._fault.cache_clear()


def test_windows_are_recognised_and_aligned(
    package: ModuleType, multilingual: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = WhisperX(weights_at(multilingual), cores=1)
    warnings: list[str] = []
    found = engine.transcribe(SOUND, "en", WINDOWS, warn=warnings.append)
    assert [s.text for s in found] == ["Room 23, please."] * 2
    for segment, (start, end) in zip(found, WINDOWS, strict=True):
        assert (segment.start, segment.end) == pytest.approx((start, end))
        assert [w.word for w in segment.words] == ["Room", "23,", "please."]
        assert [w.source for w in segment.words] == ["whisperx", UNPLACED, "whisperx"]
        assert segment.words[0].start == pytest.approx(start + 0.1)
    assert not warnings
    assert capsys.readouterr().out == ""  # stdout is for results
    [call] = package.calls
    assert call["path"] == str(multilingual)
    assert call["local_files_only"] is True


def test_without_an_aligner_words_are_left_to_ours(
    package: ModuleType, multilingual: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whisperx, "_aligner", lambda _language, _folder: None)
    warnings: list[str] = []
    engine = WhisperX(weights_at(multilingual), cores=1)
    found = engine.transcribe(SOUND, "en", WINDOWS, warn=warnings.append)
    assert [len(s.words) for s in found] == [0, 0]
    assert "no alignment model" in warnings[0]


def test_one_bad_chunk_does_not_end_the_job(package: ModuleType, multilingual: Path) -> None:
    engine = WhisperX(weights_at(multilingual), cores=1)
    whisperx._pipeline(multilingual, 1, "en").broken = 2.5  # seconds: fails on all but the second
    warnings: list[str] = []
    found = engine.transcribe(SOUND, "en", WINDOWS, warn=warnings.append)
    assert [s.start for s in found] == pytest.approx([10.0])
    assert "1.0 to 4.0 s was not recognised" in warnings[0]


def test_a_package_that_cannot_be_loaded_is_one_clear_error(
    package: ModuleType, multilingual: Path
) -> None:
    def load_model(*_args: Any, **_options: Any) -> None:
        raise OSError("libcudart.so.13: cannot open shared object file")

    package.load_model = load_model  # type: ignore[attr-defined]
    with pytest.raises(EngineUnavailable, match="whisperX cannot be loaded"):
        WhisperX(weights_at(multilingual)).transcribe(SOUND, "en", WINDOWS)


def test_a_broken_installation_is_told_before_anything_starts(
    package: ModuleType, multilingual: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A torchaudio for another torch is installed all the same, and fails when it is imported."""

    def broken(name: str) -> ModuleType:
        print(f"importing {name}")
        raise OSError("libtorchaudio.so:\n undefined symbol")

    monkeypatch.setattr(whisperx.importlib, "import_module", broken)
    with pytest.raises(EngineUnavailable) as told:
        choose("whisperx", "en", False, Environment(), model=str(multilingual))
    assert str(told.value).count("\n") == 0
    assert "OSError: libtorchaudio.so: undefined symbol" in told.value.message
    assert "torchaudio and torchcodec" in told.value.remedy
    choice = choose("auto", "en", False, Environment(), model=str(multilingual))
    assert choice.name == "faster-whisper"
    assert "whisperx: whisperX cannot be imported" in choice.why
    assert package.calls == []


def test_without_the_extra_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, multilingual: Path
) -> None:
    monkeypatch.setattr(whisperx, "installed", lambda: False)
    for call in (require, lambda: WhisperX(weights_at(multilingual))):
        with pytest.raises(EngineUnavailable, match=r'pip install "media-pipeline\[whisperx\]"'):
            call()
