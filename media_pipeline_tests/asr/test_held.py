from __future__ import annotations

import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from media_pipeline.asr import faster_whisper, whisperx
from media_pipeline.asr.held import Held, held


class Model:
    alive = 0
    most = 0

    def __init__(self) -> None:
        Model.alive += 1
        Model.most = max(Model.most, Model.alive)
        weakref.finalize(self, self._gone)

    @staticmethod
    def _gone() -> None:
        Model.alive -= 1


@pytest.fixture(autouse=True)
def nothing_alive() -> None:
    Model.alive = Model.most = 0


@pytest.mark.parametrize("most", [1, 2])
def test_no_more_are_in_memory_than_are_kept_also_while_one_is_loaded(most: int) -> None:
    @held(most)
    def load(_name: str) -> Model:
        return Model()

    for name in "abcabcb":
        load(name)
    assert (Model.alive, Model.most) == (most, most)
    load.cache_clear()
    assert Model.alive == 0


def test_the_longest_unused_goes_first() -> None:
    loaded: list[str] = []

    @held(2)
    def load(name: str, cores: int = 1) -> str:
        loaded.append(name)
        return name

    for name in ("a", "b", "a", "c", "a", "b"):
        assert load(name, cores=2) == name
    assert loaded == ["a", "b", "c", "b"]


def test_what_cannot_be_loaded_is_tried_again() -> None:
    tries: list[int] = []

    @held(1)
    def load() -> int:
        tries.append(1)
        if len(tries) == 1:
            raise OSError("half of it")
        return 5

    with pytest.raises(OSError, match="half"):
        load()
    assert load() == load() == 5
    assert len(tries) == 2


def test_threads_load_a_model_once() -> None:
    together = threading.Barrier(4)

    @held(1)
    def load() -> Model:
        return Model()

    def ask(_: int) -> Model:
        together.wait()
        return load()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(map(id, pool.map(ask, range(4))))) == 1


@pytest.mark.parametrize(
    ("load", "most"),
    [(faster_whisper.load, 1), (whisperx._pipeline, 1), (whisperx._aligner, 2)],
)
def test_engines_keep_few(load: Held[..., object], most: int) -> None:
    assert isinstance(load, Held)
    assert load._most == most


def test_a_second_whisper_takes_the_place_of_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faster_whisper.WhisperModel", lambda *_, **__: Model())
    faster_whisper.load.cache_clear()
    try:
        first = faster_whisper.load(Path("one"), 1)
        assert faster_whisper.load(Path("one"), 1) is first
        del first
        faster_whisper.load(Path("two"), 1)
        assert Model.most == 1
    finally:
        faster_whisper.load.cache_clear()
