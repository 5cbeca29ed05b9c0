from __future__ import annotations

import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from media_pipeline.asr.accept import UNPLACED
from media_pipeline.asr.align import ALIGNED, align, is_english
from media_pipeline.asr.fill import INTERPOLATED
from media_pipeline.asr.fit import fit
from media_pipeline.asr.sphinx import in_dictionary
from media_pipeline.media.audio import read_audio
from media_pipeline.text.cues import Cue, Word
from media_pipeline.text.scripts import tokens
from media_pipeline_tests.generators.speech import (
    FOX,
    STATION,
    WINDOW,
    needs_flite,
    noise,
    onsets,
    say,
    scene,
    silence,
)

TEXTS = [FOX, STATION, WINDOW]
JFK = Path(__file__).parents[3] / "shared/media/speech/jfk.flac"


def _ordered(words: list[Word]) -> bool:
    return all(a.start <= b.start and a.end <= b.start + 1e-6 for a, b in pairwise(words))


@needs_flite
@pytest.mark.parametrize("shift", [-0.3, 0.0, 0.3])
def test_captions_beside_the_speech_are_aligned_to_it(shift: float) -> None:
    said = scene(TEXTS, pause=0.8)
    cues = [replace(c, start=c.start + shift, end=c.end + shift) for c in said.sentences]
    grouped = align(said.samples, cues, language="en")
    for words, sentence in zip(grouped, said.sentences, strict=True):
        assert [w.word for w in words] == tokens(sentence.text)
        assert _ordered(words)
        assert np.mean([w.source == ALIGNED for w in words]) >= 0.9
        assert words[0].start == pytest.approx(sentence.start, abs=0.12)
        assert words[-1].end == pytest.approx(sentence.end, abs=0.15)


@pytest.mark.slow
@needs_flite
def test_words_begin_where_the_sound_does() -> None:
    """Single words with pauses between them: their onsets are known from energy alone."""
    words = "seven garden market yellow window hammer table kitchen button doctor".split()  # noqa: SIM905
    parts = [silence(0.5)]
    for word in words:
        parts += [say(word, "rms"), silence(0.5)]
    samples = np.concatenate(parts)
    samples = samples + noise(len(samples) / 16000, -65)[: len(samples)]
    truth = onsets(samples, least_gap_s=0.3)
    assert len(truth) == len(words)
    [found] = align(samples, [Cue(0.4, len(samples) / 16000, " ".join(words))], language="en")
    errors = [abs(w.start - t) for w, t in zip(found, truth, strict=True)]
    assert np.median(errors) < 0.05
    assert max(errors) < 0.15
    assert all(w.source == ALIGNED for w in found)


@needs_flite
def test_a_wrong_caption_does_not_spoil_its_neighbours() -> None:
    said = scene(TEXTS, pause=0.6)
    cues = list(said.sentences)
    cues[1] = replace(cues[1], text="Completely different words are written underneath this scene.")
    grouped = align(said.samples, cues, language="en")
    for i in (0, 2):
        assert np.mean([w.source == ALIGNED for w in grouped[i]]) >= 0.85
        assert grouped[i][0].start == pytest.approx(said.sentences[i].start, abs=0.15)
    assert [w.word for w in grouped[1]] == tokens(cues[1].text)
    assert _ordered([w for words in grouped for w in words])


@needs_flite
def test_other_languages_are_interpolated_inside_the_speech() -> None:
    said = scene([FOX], pause=1.0)
    [sentence] = said.sentences
    for language, text in (("zh", "敏捷的棕色狐狸，跳过懒狗。"), ("fr", "Le renard brun saute.")):
        cue = Cue(0.2, said.duration, text)
        [words] = align(said.samples, [cue], language=language)
        assert {w.source for w in words} == {INTERPOLATED}
        assert words[0].start == pytest.approx(sentence.start, abs=0.2)
        assert words[-1].end <= sentence.end + 0.2
        assert [w.word for w in words] == tokens(text)


@needs_flite
def test_engine_times_stand_in_and_are_kept_when_asked() -> None:
    said = scene([STATION])
    [cue] = said.sentences
    grid = np.linspace(cue.start, cue.end, len(tokens(STATION)) + 1)
    known = [
        Word(float(a), float(b), t, 0.5, "engine")
        for t, a, b in zip(tokens(STATION), grid, grid[1:], strict=False)
    ]
    [kept] = align(said.samples, [cue], language="en", known=[known], realign=False)
    assert kept == pytest.approx(known) or [w.source for w in kept] == ["engine"] * len(known)
    known[3] = replace(known[3], source=UNPLACED)
    [filled] = align(said.samples, [cue], language="en", known=[known], realign=False)
    assert filled[3].source == INTERPOLATED
    assert known[2].end <= filled[3].start < filled[3].end <= known[4].start + 1e-6
    far = [replace(w, start=w.start + 1.5, end=w.end + 1.5, source="engine") for w in known]
    [kept] = align(said.samples, [cue], language="en", known=[far], realign=True)
    assert ALIGNED not in {w.source for w in kept}  # the two do not agree on where the words are
    [anew] = align(said.samples, [cue], language="en", known=[known], realign=True)
    assert np.mean([w.source == ALIGNED for w in anew]) >= 0.9


def test_captions_over_silence_get_times_all_the_same() -> None:
    cues = [Cue(0.5, 2.0, "Nobody says this."), Cue(2.5, 3.0, "你好"), Cue(3.2, 3.9, "…")]
    grouped = align(silence(4), cues, language="en")
    words = [w for group in grouped for w in group]
    assert [w.word for w in words[:3]] == ["Nobody", "says", "this."]
    assert _ordered(words)
    assert all(0 <= w.start < w.end <= 4 for w in words)


def test_overlapping_and_late_captions_stay_in_order() -> None:
    cues = [Cue(0, 3, "One two three"), Cue(1, 2, "four five"), Cue(2.5, 9, "six"), Cue(8, 9, "x")]
    words = [w for group in align(noise(4), cues, language="en") for w in group]
    assert [w.word for w in words] == ["One", "two", "three", "four", "five", "six", "x"]
    assert all(a.start <= b.start for a, b in pairwise(words))
    assert all(w.start < w.end <= 4.05 for w in words)


@pytest.mark.slow
@needs_flite
def test_the_right_text_fits_and_others_do_not() -> None:
    said = scene(TEXTS)
    assert fit(said.samples, said.sentences).good
    moved = [TEXTS[1], TEXTS[2], TEXTS[0]]
    wrong = [replace(c, text=t) for c, t in zip(said.sentences, moved, strict=True)]
    assert not fit(said.samples, wrong).good
    assert not fit(noise(5), [Cue(0, 5, FOX)]).good
    assert fit(said.samples, []).words == 0


@pytest.mark.slow
@needs_flite
def test_the_right_text_fits_in_noise() -> None:
    said = scene(TEXTS)
    loud = 20 * np.log10(np.sqrt(np.mean(np.square(said.samples))))
    noisy = said.samples + noise(said.duration, loud - 15)[: len(said.samples)]
    assert fit(noisy, said.sentences).good


def test_which_text_is_aligned_as_english() -> None:
    assert is_english("Hello there", "en")
    assert is_english("Hello there", "zh")
    assert is_english("Hello there", None)
    assert not is_english("Bonjour", "fr")
    assert not is_english("你好", "zh")
    assert not is_english("123", "en")


@needs_flite
def test_alignment_is_far_faster_than_the_sound() -> None:
    said = scene(TEXTS)
    align(said.samples, said.sentences, language="en")
    started = time.process_time()
    align(said.samples, said.sentences, language="en")
    assert (time.process_time() - started) / said.duration < 0.1


@pytest.mark.skipif(not JFK.is_file(), reason="the shared recording jfk.flac is not here")
def test_a_real_recording_is_aligned_around_its_pauses() -> None:
    samples = read_audio(JFK)
    text = (
        "And so, my fellow Americans, ask not what your country can do for you, "
        "ask what you can do for your country."
    )
    [words] = align(samples, [Cue(0, 11, text)], language="en")
    assert [w.word for w in words] == tokens(text)
    assert all(w.source == ALIGNED for w in words)
    starts = {i: w.start for i, w in enumerate(words)}
    for index, expected in ((0, 0.3), (5, 3.3), (7, 5.4), (14, 8.2)):  # after the pauses
        assert starts[index] == pytest.approx(expected, abs=0.15)
    for index, expected in ((4, 2.2), (6, 4.35), (13, 7.65), (21, 10.5)):  # before them
        assert words[index].end == pytest.approx(expected, abs=0.2)


@needs_flite
def test_words_are_where_they_are_whatever_was_heard_before() -> None:
    said = scene([FOX])
    cue = Cue(0.0, said.duration, FOX)
    first = align(said.samples, [cue], language="en")
    other = scene(["The great Zorblatt went home to his children."], voice="rms")
    align(other.samples, [Cue(0.0, other.duration, "The great Zorblatt")], language="en")
    assert not in_dictionary("Zorblatt")
    assert align(said.samples, [cue], language="en") == first
