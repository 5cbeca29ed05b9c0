from __future__ import annotations

import time
from itertools import pairwise

import numpy as np
import pytest
from rapidfuzz.distance import Indel, Levenshtein

from media_pipeline.asr import pocketsphinx
from media_pipeline.asr.pocketsphinx import PocketSphinx
from media_pipeline.asr.vad import chunks, speech_spans
from media_pipeline.text.cues import Word
from media_pipeline_tests.generators.exact import sentences, tell
from media_pipeline_tests.generators.speech import STATION, WINDOW, needs_flite, noise, scene


@pytest.mark.slow
@needs_flite
def test_english_is_recognised_roughly() -> None:
    said = scene([STATION, WINDOW], pause=1.0)
    windows = chunks(said.samples, speech_spans(said.samples), longest=15)
    shares: list[float] = []
    started = time.process_time()
    found = PocketSphinx().transcribe(said.samples, "en", windows, progress=shares.append)
    spent = time.process_time() - started
    assert len(found) >= 2  # the pause between the sentences ends a segment
    words = [w for segment in found for w in segment.words]
    expected = {w.strip(".,").lower() for w in (STATION + " " + WINDOW).split()}
    assert len(expected & {w.word for w in words}) >= 0.7 * len(expected)
    assert all(a.start <= b.start for a, b in pairwise(words))
    assert all(0 <= w.start < w.end <= said.duration for w in words)
    assert all(w.word.isascii() and "(" not in w.word for w in words)
    assert all(0 <= segment.confidence <= 1 for segment in found)
    assert shares[-1] == 1.0
    assert spent / said.duration < 3


@pytest.mark.slow
@needs_flite
def test_how_many_words_are_wrong_and_how_far_the_right_ones_are_off() -> None:
    told = tell(sentences()[:6], voice="rms")
    windows = chunks(told.samples, speech_spans(told.samples), longest=PocketSphinx.longest)
    found = PocketSphinx().transcribe(told.samples, "en", windows)
    words = [word for segment in found for word in segment.words]
    truth = [word for own in told.words for word in own]
    said = [word.word.strip(",.?").lower() for word in truth]
    heard = [word.word for word in words]
    assert Levenshtein.distance(heard, said) / len(said) < 0.45  # rough, as it says itself
    pairs = [
        (words[op.src_start + i], truth[op.dest_start + i])
        for op in Indel.opcodes(heard, said)
        if op.tag == "equal"
        for i in range(op.src_end - op.src_start)
    ]
    off = [abs(a.start - b.start) for a, b in pairs] + [abs(a.end - b.end) for a, b in pairs]
    assert np.median(off) < 0.05
    assert np.percentile(off, 95) < 0.25


@pytest.mark.slow
def test_noise_gives_no_sentences() -> None:
    found = PocketSphinx().transcribe(noise(2.0, -60), "en", [(0.0, 2.0)])
    assert sum(len(segment.words) for segment in found) <= 3
    assert PocketSphinx().transcribe(noise(1.0), "en", []) == []


def test_one_bad_chunk_does_not_end_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_sound: bytes, offset: float) -> list[Word]:
        if offset < 1:
            raise RuntimeError("Failed to process")
        return [Word(1.2, 1.6, "hello", 0.5, "pocketsphinx")]

    monkeypatch.setattr(pocketsphinx, "_recognise", fail)
    warnings: list[str] = []
    windows = [(0.0, 1.0), (1.0, 2.0)]
    [found] = PocketSphinx().transcribe(noise(2.0), "en", windows, warn=warnings.append)
    assert found.text == "hello"
    assert "0.0 to 1.0 s was not recognised" in warnings[0]


def test_the_identity_names_engine_version_and_model() -> None:
    assert PocketSphinx().identity["name"] == "pocketsphinx"
    assert PocketSphinx().identity["model"] == "en-us"
    assert PocketSphinx().identity["version"][0].isdigit()
