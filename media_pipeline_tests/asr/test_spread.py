from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media_pipeline.asr.sphinx import find_words
from media_pipeline.asr.spoken import spoken
from media_pipeline.asr.spread import spread
from media_pipeline.asr.vad import speech_spans
from media_pipeline.asr.weight import weight
from media_pipeline_tests.generators.speech import (
    FOX,
    STATION,
    WINDOW,
    needs_flite,
    noise,
    scene,
    silence,
    tone,
)


@given(
    st.lists(st.sampled_from(["你", "好，", "Hello", "a", "23", "—", "한국어", "さ"]), max_size=30),
    st.floats(0, 1.5),
    st.floats(0, 3),
)
@settings(max_examples=60, deadline=None)
def test_words_lie_in_order_inside(tokens: list[str], start: float, length: float) -> None:
    sound = np.concatenate([silence(0.5), tone(1.0), silence(0.4), noise(0.8, -15), silence(0.3)])
    spans = spread(sound, start, start + length, tokens)
    assert len(spans) == len(tokens)
    assert all(start - 1e-6 <= a <= b <= start + length + 1e-6 for a, b in spans)
    assert all(a[1] <= b[0] + 1e-6 for a, b in pairwise(spans))


def test_pauses_are_left_free_and_fall_after_punctuation() -> None:
    sound = np.concatenate([silence(0.5), tone(1.0), silence(0.5), tone(0.8), silence(0.5)])
    tokens = ["今", "天", "天", "气", "好，", "我", "们", "走", "吧"]
    spans = spread(sound, 0.0, 3.3, tokens)
    assert spans[0][0] == pytest.approx(0.5, abs=0.05)
    assert spans[4][1] == pytest.approx(1.5, abs=0.05)
    assert spans[5][0] == pytest.approx(2.0, abs=0.05)
    assert spans[-1][1] == pytest.approx(2.8, abs=0.05)


def test_only_what_is_speech_counts() -> None:
    sound = np.concatenate([tone(1.0), silence(0.5), noise(1.0, -15)])
    spans = spread(sound, 0.0, 2.5, list("你好吗"), [(1.5, 2.5)])
    assert spans[0][0] >= 1.45


def test_longer_words_take_longer() -> None:
    (a, b), (_, c) = spread(tone(2.0), 0, 2, ["a", "extraordinary"])
    assert 3 * (b - a) < c - b
    assert weight("你") > weight("a") > 0
    assert weight("—") > 0


@needs_flite
@pytest.mark.parametrize("voice", ["slt", "rms", "kal16"])
def test_interpolation_is_near_forced_alignment(voice: str) -> None:
    errors, even = [], []
    for text in (FOX, STATION, WINDOW):
        said = scene([text], voice=voice)
        tokens, [sentence] = text.split(), said.sentences
        truth = find_words(said.samples, 0, said.duration, spoken(tokens))
        spans = spread(said.samples, 0.5, said.duration - 0.5, tokens, speech_spans(said.samples))
        grid = np.linspace(sentence.start, sentence.end, len(tokens) + 1)
        for hit, (start, _), plain in zip(truth, spans, grid, strict=False):
            if hit is not None:
                errors.append(abs(start - hit.start))
                even.append(abs(plain - hit.start))
    assert np.median(errors) < 0.2
    assert np.percentile(errors, 95) < 0.6
    assert np.mean(errors) < np.mean(even)
