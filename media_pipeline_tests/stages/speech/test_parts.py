"""Speech recognised in parts is what it is as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from media_pipeline.asr.base import Recogniser, Segment, Span, Task
from media_pipeline.errors import EngineUnavailable
from media_pipeline.stages.base import Environment
from media_pipeline.stages.speech import LANGUAGE, TRANSCRIPT
from media_pipeline.stages.speech.parts import cut, shared_out
from media_pipeline.text.cues import Cue
from media_pipeline_tests.generators.artifacts import FolderArtifact, assert_same, in_parts
from media_pipeline_tests.generators.speech import (
    FOX,
    SOLDIERS,
    STATION,
    WINDOW,
    Film,
    film,
    needs_flite,
    scene,
)
from media_pipeline_tests.generators.whisper import write_whisper


@pytest.fixture(autouse=True)
def no_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))


def whole_and_split(
    made: Film, folder: Path, longest: float, **params: str
) -> tuple[FolderArtifact, FolderArtifact, int]:
    (folder / "whole").mkdir()
    work = made.work(TRANSCRIPT, folder / "whole", **params)
    outcome = TRANSCRIPT.run(work)
    whole = FolderArtifact(work.out, outcome.facts, warnings=tuple(outcome.warnings))
    work = made.work(TRANSCRIPT, folder / "split", **params)
    split, parts = in_parts(TRANSCRIPT, work, longest)
    return whole, split, len(parts)


@needs_flite
def test_whisper(tmp_path: Path) -> None:
    """With parts that are whole batches of what is recognised at once."""
    write_whisper(tmp_path / "models" / "tiny", [" Hello", " there,", " my", " friend."])
    sentences = [
        FOX,
        STATION,
        WINDOW,
        SOLDIERS,
        "Yes.",
        "Come in.",
        "No.",
        "Stay.",
        "Oh, my.",
        WINDOW,
    ]
    said = scene(sentences, pause=2.0)
    environment = Environment(model_dir=tmp_path / "models", cores=1)
    made = film(tmp_path, said.samples, environment=environment)
    made.run(LANGUAGE, language="en")
    whole, split, parts = whole_and_split(made, tmp_path, 20.0, engine="faster-whisper")
    assert parts == 2
    assert whole.facts["segments"] > 8
    assert_same(whole, split)


@needs_flite
def test_what_is_not_cut(tmp_path: Path) -> None:
    """Neither what is only aligned, nor what an engine hears that remembers."""
    said = scene([FOX, STATION], pause=1.5)
    made = film(tmp_path, said.samples, [Cue(1.0, 4.0, FOX)])
    made.run(LANGUAGE, language="en")
    for params in ({"engine": "captions"}, {"script": FOX}, {"engine": "pocketsphinx"}):
        assert cut(made.work(TRANSCRIPT, tmp_path, **params), 3.0) == []


def test_parts_are_whole_batches_with_about_as_much_speech_in_each() -> None:
    lengths = np.random.default_rng(1).uniform(1, 30, 100)
    ends = np.cumsum(lengths + 1)
    windows = [(float(e - n), float(e)) for e, n in zip(ends, lengths, strict=True)]
    for number, batch in ((2, 8), (3, 8), (7, 1)):
        parts = shared_out(windows, number, batch)
        assert [w for part in parts for w in part] == windows
        assert all(len(part) % batch == 0 for part in parts[:-1])
        spoken = [sum(b - a for a, b in part) for part in parts]
        assert len(parts) == number
        assert max(spoken) < min(spoken) + 30 * (batch + 1)
    assert shared_out(windows[:3], 5, 8) == [windows[:3]]


class Deaf(Recogniser):
    """An engine that fails, lacks something, and makes things up."""

    name = "deaf"
    batch = 2

    @property
    def identity(self) -> Mapping[str, str]:
        return {"name": self.name}

    def prepare(self, task: Task) -> None:
        task.warn("it has no ears")

    def recognise(self, task: Task, windows: Sequence[Span]) -> list[Segment]:
        if any(a >= 40 for a, _ in windows):
            raise RuntimeError("too late")
        text = "made up " * 40
        return [Segment(a, b, text if a == 10 else "said", 1.0) for a, b in windows]


def test_faults_and_warnings_are_those_of_the_whole() -> None:
    windows = [(float(t), t + 5.0) for t in range(0, 80, 10)]
    sound = np.zeros(16000, np.float32)
    warned: list[str] = []
    found = Deaf().transcribe(sound, "en", windows, warn=warned.append)
    for middle in (2, 4, 6):
        parts = [Deaf().hear(sound, "en", some) for some in (windows[:middle], windows[middle:])]
        again: list[str] = []
        assert Deaf().conclude(parts, windows, warn=again.append) == found
        assert again == warned
    assert [s.start for s in found] == [0, 20, 30]
    assert warned[0] == "it has no ears" and len(warned) == 6
    lost = [Deaf().hear(sound, "en", some) for some in (windows[4:6], windows[6:])]
    with pytest.raises(EngineUnavailable, match="failed on all 4"):
        Deaf().conclude(lost, windows[4:])
