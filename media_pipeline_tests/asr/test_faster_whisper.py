"""The real faster-whisper on a Whisper whose answer is known: loading, batches, times, faults."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from media_pipeline.asr import faster_whisper
from media_pipeline.asr.accept import UNPLACED
from media_pipeline.asr.base import Span
from media_pipeline.asr.faster_whisper import FasterWhisper, load
from media_pipeline.asr.models import weights_at
from media_pipeline.errors import EngineUnavailable
from media_pipeline_tests.generators.speech import noise

SOUND = noise(70, -30)
WINDOWS: list[Span] = [(1.0, 6.0), (10.0, 13.0), (20.0, 49.5), (60.0, 62.5)]


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here may use the network."""

    def refuse(*_args: object, **_options: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)


def test_every_window_is_recognised_with_word_times(multilingual: Path) -> None:
    engine = FasterWhisper(weights_at(multilingual), cores=1)
    warnings: list[str] = []
    shares: list[float] = []
    found = engine.transcribe(SOUND, "en", WINDOWS, progress=shares.append, warn=warnings.append)
    assert [s.text for s in found] == ["Hello there, my friend."] * len(WINDOWS)
    for segment, (start, end) in zip(found, WINDOWS, strict=True):
        assert start - 1e-6 <= segment.start < segment.end <= end + 1e-6
        assert [w.word for w in segment.words] == ["Hello", "there,", "my", "friend."]
        assert [w.start for w in segment.words] == pytest.approx(
            [start + 0.5 * i for i in range(4)], abs=0.05
        )
        assert all(w.source == "faster-whisper" for w in segment.words)
        assert 0.9 < segment.confidence <= 1
    assert not warnings
    assert shares[-1] == 1.0


def test_sound_mapped_as_integers_is_the_same(multilingual: Path) -> None:
    engine = FasterWhisper(weights_at(multilingual), cores=1)
    whole = (SOUND[: 16000 * 8] * 32767).astype(np.int16)
    [segment] = engine.transcribe(whole, "en", WINDOWS[:1])
    assert segment.text == "Hello there, my friend."


def test_an_english_model(english: Path) -> None:
    engine = FasterWhisper(weights_at(english), cores=1)
    [segment] = engine.transcribe(SOUND, "en", WINDOWS[:1])
    assert segment.text == "Good morning."
    assert engine.detect_language(SOUND, WINDOWS) == ("en", 1.0)


def test_the_language_is_voted_on(multilingual: Path) -> None:
    engine = FasterWhisper(weights_at(multilingual), cores=1)
    language, share = engine.detect_language(SOUND, WINDOWS)
    assert language == "zh"
    assert share > 0.9
    assert engine.detect_language(SOUND, [])[1] == 0.0


def test_without_a_language_the_engine_tells(multilingual: Path) -> None:
    engine = FasterWhisper(weights_at(multilingual), cores=1)
    assert len(engine.transcribe(SOUND, None, WINDOWS[:1])) == 1
    assert engine.transcribe(SOUND, "en", []) == []


def test_the_model_is_loaded_once_per_process(multilingual: Path) -> None:
    assert load(multilingual, 1) is load(multilingual, 1)


def test_a_damaged_model_is_one_clear_error(english: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(english, tmp_path / "tiny.en"))
    (copy / "model.bin").write_bytes((copy / "model.bin").read_bytes()[:1000])
    with pytest.raises(EngineUnavailable, match="cannot be loaded"):
        FasterWhisper(weights_at(copy)).transcribe(SOUND, "en", WINDOWS[:1])


def test_the_identity_names_engine_version_and_model(english: Path) -> None:
    identity = FasterWhisper(weights_at(english)).identity
    assert identity["name"] == "faster-whisper"
    assert identity["version"][0].isdigit()
    assert identity["model"] == weights_at(english).identity


# --- faults, by stand-ins for the model ---


def _segment(text: str, start: float, end: float, **values: float) -> SimpleNamespace:
    given = {"avg_logprob": -0.2, "no_speech_prob": 0.1, "compression_ratio": 1.0, **values}
    return SimpleNamespace(text=text, start=start, end=end, words=None, **given)


class _Batched:
    """Stands for the batched pipeline: says "ok", or fails, where it is told to."""

    said: Any = staticmethod(lambda clip: [_segment(" ok", clip["start"], clip["end"])])

    def __init__(self, _model: Any) -> None:
        pass

    def transcribe(self, _sound: Any, *, clip_timestamps: Any, **_options: Any) -> Any:
        return [s for clip in clip_timestamps for s in self.said(clip)], None


class _Model:
    """Stands for the model itself, which recognises single windows."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)

    def transcribe(self, _sound: Any, **_options: Any) -> Any:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer, None


def _run(
    monkeypatch: pytest.MonkeyPatch, english: Path, said: Any, model: _Model
) -> tuple[list[str], list[str]]:
    monkeypatch.setattr("faster_whisper.BatchedInferencePipeline", _Batched)
    monkeypatch.setattr(_Batched, "said", staticmethod(said))
    monkeypatch.setattr(faster_whisper, "load", lambda _path, _cores: model)
    warnings: list[str] = []
    found = FasterWhisper(weights_at(english)).transcribe(
        SOUND, "en", WINDOWS, warn=warnings.append
    )
    return [s.text for s in found], warnings


def test_one_bad_chunk_does_not_end_the_job(monkeypatch: pytest.MonkeyPatch, english: Path) -> None:
    def said(clip: dict[str, float]) -> Any:
        raise KeyError("<|phantom|>")

    model = _Model([_segment(" one", 0, 1)], KeyError("<|xx|>"), [_segment(" three", 0, 1)], [])
    texts, warnings = _run(monkeypatch, english, said, model)
    assert texts == ["one", "three"]
    assert len(warnings) == 1
    assert "10.0 to 13.0 s was not recognised" in warnings[0]


def test_text_that_repeats_itself_is_tried_again_and_left_out(
    monkeypatch: pytest.MonkeyPatch, english: Path
) -> None:
    def said(clip: dict[str, float]) -> Any:
        ratio = 5.0 if clip["start"] < 10 else 1.0
        return [_segment(" ok", clip["start"], clip["end"], compression_ratio=ratio)]

    model = _Model([_segment(" better", 0, 1)], [_segment(" la la", 0, 1, compression_ratio=9.0)])
    texts, warnings = _run(monkeypatch, english, said, model)
    assert texts == ["better", "ok", "ok"]
    assert len(warnings) == 1
    assert "repeated itself" in warnings[0]


def test_guesses_over_no_speech_are_left_out(
    monkeypatch: pytest.MonkeyPatch, english: Path
) -> None:
    def said(clip: dict[str, float]) -> Any:
        return [
            _segment(" Thanks for watching!", clip["start"], clip["end"], no_speech_prob=0.9,
                     avg_logprob=-1.5),
            _segment("  ", clip["start"], clip["end"]),
        ]  # fmt: skip

    texts, _ = _run(monkeypatch, english, said, _Model())
    assert texts == []


def test_text_without_any_time_is_kept(monkeypatch: pytest.MonkeyPatch, english: Path) -> None:
    monkeypatch.setattr("faster_whisper.BatchedInferencePipeline", _Batched)
    word = SimpleNamespace(word=" Hm.", start=0.0, end=0.0, probability=0.1)

    def said(clip: dict[str, float]) -> Any:
        segment = _segment(" Hm.", clip["start"], clip["start"])
        segment.words = [word]
        return [segment]

    monkeypatch.setattr(_Batched, "said", staticmethod(said))
    monkeypatch.setattr(faster_whisper, "load", lambda _path, _cores: _Model())
    [segment] = FasterWhisper(weights_at(english)).transcribe(SOUND, "en", WINDOWS[:1])
    assert (segment.start, segment.end) == WINDOWS[0]
    assert [w.source for w in segment.words] == [UNPLACED]
