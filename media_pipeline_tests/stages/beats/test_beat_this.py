"""The optional engine Beat This!, by a stand-in of the package's interface: it hears clicks."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from media_pipeline.errors import EngineUnavailable
from media_pipeline.media.audio import write_wav
from media_pipeline.stages.base import Environment, Work
from media_pipeline.stages.beats import BEATS_STAGE, beat_this
from media_pipeline.stages.beats.onsets import RATE
from media_pipeline_tests.generators.sound_stages import run_on

WEIGHTS = b"weights of the stand-in"
HOP = RATE // beat_this.FPS


class Audio2Frames:
    """As the package's: a checkpoint, then sound and rate to the log odds of beat and downbeat."""

    longest = 0

    def __init__(self, checkpoint_path: str, device: str = "cpu") -> None:
        if Path(checkpoint_path).read_bytes() != WEIGHTS:
            raise RuntimeError("Invalid magic number; corrupt file?\nmore lines")
        assert device == "cpu"

    def __call__(self, signal: NDArray[np.float32], sr: int) -> tuple[Any, Any]:
        assert sr == RATE
        Audio2Frames.longest = max(Audio2Frames.longest, len(signal))
        padded = np.pad(signal, (HOP // 2, HOP))  # frames are centred, and there is one more
        level = np.abs(padded[: len(padded) // HOP * HOP]).reshape(-1, HOP).max(axis=1)
        level = level[: len(signal) // HOP + 1]
        return np.where(level > 0.2, 4.0, -4.0), np.where(level > 0.6, 4.0, -4.0)


@pytest.fixture
def model_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    package, inference = ModuleType("beat_this"), ModuleType("beat_this.inference")
    inference.Audio2Frames = Audio2Frames  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "beat_this", package)
    monkeypatch.setitem(sys.modules, "beat_this.inference", inference)
    monkeypatch.setattr(beat_this, "version", lambda _: "1.0")
    Audio2Frames.longest = 0
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "final0.ckpt").write_bytes(WEIGHTS)
    yield folder


def clicks(seconds: float, meter: int = 3, gap: float = 0.5) -> NDArray[np.float32]:
    sound = np.zeros(round(seconds * RATE), np.float32)
    for number, at in enumerate(np.arange(1.0, seconds - 0.1, gap)):
        sound[round(at * RATE)] = 0.9 if number % meter == 1 else 0.4
    return sound


def test_beats_bars_and_tempo_are_those_of_the_network(model_dir: Path) -> None:
    network = beat_this.load(beat_this.find_weights(model_dir))
    found = beat_this.track_with(network, np.array_split(clicks(20), 7), 20)
    np.testing.assert_allclose(found.beats, np.arange(1.0, 19.9, 0.5), atol=0.021)
    assert found.meter == 3
    assert found.places[:5].tolist() == [2, 0, 1, 2, 0]
    assert found.bpm == pytest.approx(120, rel=0.01)
    assert found.confidence == pytest.approx(1 / (1 + np.exp(-4)))


@pytest.mark.parametrize("seconds", [119.99, 130.0, 250.3])
def test_long_sound_is_heard_in_parts_that_join(model_dir: Path, seconds: float) -> None:
    network = beat_this.load(beat_this.find_weights(model_dir))
    found = beat_this.track_with(network, np.array_split(clicks(seconds), 30), seconds)
    np.testing.assert_allclose(found.beats, np.arange(1.0, seconds - 0.1, 0.5), atol=0.021)
    assert Audio2Frames.longest <= 140 * RATE


@pytest.mark.parametrize("seconds", [0.0, 1 / RATE, 3.0])
def test_silence_has_no_beat(model_dir: Path, seconds: float) -> None:
    network = beat_this.load(beat_this.find_weights(model_dir))
    silent = np.zeros(round(seconds * RATE), np.float32)
    assert not len(beat_this.track_with(network, [silent], seconds).beats)


def test_the_stage_uses_it_when_asked_and_says_which_weights(
    model_dir: Path, tmp_path: Path
) -> None:
    write_wav(tmp_path / "clicks.wav", clicks(8), RATE)
    environment = Environment(model_dir=model_dir)
    outcome = run_on(
        tmp_path / "clicks.wav", BEATS_STAGE, tmp_path, environment, engine="beat-this"
    )
    assert outcome.facts["meter"] == 3
    engine = resolved(environment)
    assert (engine["name"], engine["version"]) == ("beat-this", "1.0")
    (model_dir / "final0.ckpt").write_bytes(b"others")
    assert resolved(environment) != engine


def resolved(environment: Environment) -> dict[str, str]:
    params = BEATS_STAGE.params(engine="beat-this")
    work: Any = Work(Path("x.wav"), None, {}, params, Path(), environment)  # type: ignore[arg-type]
    return dict(BEATS_STAGE.resolve(work).engine or {})


def test_what_is_missing_is_one_error_with_a_remedy(
    model_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (model_dir / "final0.ckpt").write_bytes(b"nonsense")
    with pytest.raises(EngineUnavailable, match=r"no weights of beat-this \(Invalid magic.*\?\)"):
        beat_this.load(model_dir / "final0.ckpt")
    (model_dir / "final0.ckpt").unlink()
    for place in (model_dir, None, model_dir / "nowhere"):
        with pytest.raises(EngineUnavailable) as raised:
            beat_this.identity(place)
        assert "MEDIA_PIPELINE_MODEL_DIR" in raised.value.remedy

    def missing(_: str) -> str:
        raise PackageNotFoundError

    monkeypatch.setattr(beat_this, "version", missing)
    with pytest.raises(EngineUnavailable, match="not installed") as raised:
        beat_this.identity(model_dir)
    assert "media-pipeline[beat-this]" in raised.value.remedy
    monkeypatch.setitem(sys.modules, "beat_this.inference", None)
    with pytest.raises(EngineUnavailable, match="cannot be loaded"):
        beat_this.load(model_dir / "final0.ckpt")
