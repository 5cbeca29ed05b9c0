"""The real whisperX on tiny models made here, with sockets blocked.

It needs torch and therefore an environment of its own: ``.ci/whisperx`` makes it and runs this.
"""

from __future__ import annotations

import importlib.util
import socket
from pathlib import Path
from typing import Any

import pytest

from media_pipeline.asr import whisperx
from media_pipeline.asr.base import Span
from media_pipeline.asr.models import weights_at
from media_pipeline.asr.select import choose
from media_pipeline.asr.whisperx import WhisperX
from media_pipeline.stages.base import Environment
from media_pipeline_tests.generators.speech import STATION, needs_flite, scene
from media_pipeline_tests.generators.wav2vec import (
    allow_cuda_torchaudio,
    write_aligner,
    write_sentence_splitter,
)

pytestmark = [
    pytest.mark.skipif(
        not all(importlib.util.find_spec(name) for name in ("torch", "whisperx")),
        reason="whisperX and torch are not installed: `.ci/whisperx` makes an environment for this",
    ),
    pytest.mark.filterwarnings("ignore"),  # of torch, lightning and pyannote, by the dozen
]


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*_args: Any, **_options: Any) -> None:
        raise OSError("a test tried to use the network")

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setenv("NLTK_DATA", str(tmp_path / "nltk"))
    allow_cuda_torchaudio()
    whisperx._pipeline.cache_clear()
    whisperx._aligner.cache_clear()
    whisperx._fault.cache_clear()


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Models and sentence splitter for Dutch."""
    import nltk

    write_sentence_splitter(tmp_path / "nltk")
    monkeypatch.setattr(nltk.data, "path", [str(tmp_path / "nltk")])
    write_aligner(tmp_path / "models")
    return tmp_path / "models"


@needs_flite
def test_windows_are_recognised_and_aligned(
    multilingual: Path, models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = scene([STATION, STATION])
    windows: list[Span] = [(s.start, s.end) for s in said.sentences]
    warnings: list[str] = []
    engine = WhisperX(weights_at(multilingual), cores=1, model_dir=models)
    found = engine.transcribe(said.samples, "nl", windows, warn=warnings.append)
    assert [s.text for s in found] == ["Hello there, my friend."] * 2
    assert not warnings
    for segment, (start, end) in zip(found, windows, strict=True):
        assert start <= segment.start < segment.end <= end
        assert [w.word for w in segment.words] == ["Hello", "there,", "my", "friend."]
        assert {w.source for w in segment.words} <= {"whisperx", "unplaced"}
        placed = [w for w in segment.words if w.source == "whisperx"]
        assert all(start - 0.2 <= w.start < w.end <= end + 0.2 for w in placed)
    assert any(w.source == "whisperx" for s in found for w in s.words)
    assert capsys.readouterr().out == ""


def test_without_an_aligner_on_this_machine_it_says_so(multilingual: Path, tmp_path: Path) -> None:
    said = scene([STATION])
    warnings: list[str] = []
    engine = WhisperX(weights_at(multilingual), cores=1, model_dir=tmp_path)
    windows = [(s.start, s.end) for s in said.sentences]
    [segment] = engine.transcribe(said.samples, "en", windows, warn=warnings.append)
    assert segment.words == ()
    assert "no alignment model for 'en'" in warnings[0]


def test_it_is_preferred_where_it_is_installed(multilingual: Path) -> None:
    choice = choose("auto", "en", False, Environment(model_dir=multilingual.parent))
    assert choice.name == "whisperx"
    assert choice.identity["version"][0].isdigit()
