from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from media_pipeline.asr import vad
from media_pipeline.asr.sound import RATE, map_wav
from media_pipeline.asr.vad import chunks, overlap, spans_of, speech_spans
from media_pipeline.errors import EngineUnavailable
from media_pipeline.media.wav import write_wav
from media_pipeline_tests.generators.speech import (
    FOX,
    STATION,
    WINDOW,
    Sound,
    needs_flite,
    noise,
    scene,
    silence,
    tone,
)


@needs_flite
@pytest.mark.parametrize("voice", ["slt", "rms", "kal16"])
def test_sentences_are_found_where_they_are(voice: str) -> None:
    said = scene([FOX, STATION, WINDOW], pause=1.0, voice=voice)
    spans = speech_spans(said.samples)
    for sentence in said.sentences:
        inside = [s for s in spans if s[0] < sentence.end and s[1] > sentence.start]
        assert inside[0][0] == pytest.approx(sentence.start, abs=0.15)
        assert inside[-1][1] == pytest.approx(sentence.end, abs=0.25)
        assert overlap(spans, sentence.start, sentence.end) >= 0.9 * sentence.duration
    spoken = sum(b - a for a, b in spans)
    assert spoken <= 1.1 * sum(s.duration for s in said.sentences)


@pytest.mark.parametrize(
    "sound", [silence(3), noise(3, -20), tone(3), silence(0), silence(0.01)], ids=len
)
def test_other_sounds_hold_no_speech(sound: Sound) -> None:
    assert speech_spans(sound) == []


@needs_flite
def test_blocks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = scene([FOX, STATION], pause=0.7).samples
    whole = vad.speech_probabilities(sound)
    monkeypatch.setattr(vad, "_BLOCK", 50)
    assert vad.speech_probabilities(sound) == pytest.approx(whole, abs=1e-4)


@pytest.mark.slow
@needs_flite
def test_memory_does_not_grow_with_the_sound(tmp_path: Path) -> None:
    said = scene([FOX], pause=10.0).samples
    write_wav(tmp_path / "long.wav", np.tile(said, 24), RATE)
    mapped = map_wav(tmp_path / "long.wav")
    speech_spans(mapped[: 5 * RATE])  # the network is loaded once
    tracemalloc.start()
    spans = speech_spans(mapped)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(mapped) > 590 * RATE
    assert len(spans) >= 24
    assert peak < 20 * 2**20


def test_progress_reaches_its_end() -> None:
    shares: list[float] = []
    speech_spans(silence(70), progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_short_gaps_are_bridged_and_short_bursts_dropped() -> None:
    frame = vad.FRAME_S
    probabilities = np.zeros(200, np.float32)
    probabilities[20:50] = probabilities[53:80] = 0.9  # a gap of 0.1 s
    probabilities[120:122] = 0.9  # a burst of 0.06 s
    [(start, end)] = spans_of(probabilities, 200 * frame)
    assert start == pytest.approx(20 * frame, abs=0.07)
    assert end == pytest.approx(80 * frame, abs=0.07)


def test_chunks_hold_all_speech_and_are_short() -> None:
    spans = [(1.0, 9.0), (9.3, 20.0), (20.5, 38.0), (60.0, 61.0)]
    found = chunks(silence(70), spans)
    assert found == [(1.0, 20.0), (20.5, 38.0), (60.0, 61.0)]


def test_a_long_chunk_is_cut_in_its_pause() -> None:
    sound = noise(70, -20)
    sound[round(27 * RATE) : round(27.5 * RATE)] = 0
    found = chunks(sound, [(0.0, 70.0)])
    assert all(b - a <= 30 for a, b in found)
    assert found[0][0] == 0
    assert found[-1][1] == 70
    assert [a for a, _ in found[1:]] == [b for _, b in found[:-1]]
    assert 27.0 <= found[0][1] <= 27.5


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vad.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(EngineUnavailable, match="faster-whisper"):
        vad.network_path()
