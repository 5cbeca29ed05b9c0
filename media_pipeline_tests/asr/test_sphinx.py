from __future__ import annotations

from itertools import pairwise

import pytest

from media_pipeline.asr.sphinx import Found, find_words, in_dictionary
from media_pipeline.asr.spoken import spoken
from media_pipeline_tests.generators.speech import (
    FOX,
    SOLDIERS,
    STATION,
    Scene,
    Sound,
    needs_flite,
    noise,
    scene,
    silence,
)


def _find(said: Scene, text: str, *, may_leave: bool = False) -> list[Found | None]:
    readings = spoken(text.split())
    return find_words(said.samples, 0.0, said.duration, readings, may_leave=may_leave)


@needs_flite
@pytest.mark.parametrize("voice", ["slt", "rms", "awb", "kal16"])
def test_every_word_is_found_in_order_inside_the_speech(voice: str) -> None:
    said = scene([FOX], voice=voice)
    found = [hit for hit in _find(said, FOX) if hit]
    assert len(found) == len(FOX.split())
    [sentence] = said.sentences
    assert found[0].start == pytest.approx(sentence.start, abs=0.1)
    assert all(a.end <= b.start + 1e-6 for a, b in pairwise(found))
    assert all(0.03 <= hit.end - hit.start <= 1.0 for hit in found)
    assert sum(hit.score for hit in found) / len(found) > 0.6


@needs_flite
def test_numbers_are_found_as_they_are_said() -> None:
    said = scene([SOLDIERS])
    [sentence] = said.sentences
    for written in ("In 1984, 23 soldiers walked across the bridge.", SOLDIERS):
        found = _find(said, written)
        assert all(found)
        assert found[-1] is not None
        assert found[-1].start < sentence.end
    _, year, count, soldiers, *_ = _find(said, "In 1984, 23 soldiers walked across the bridge.")
    assert year is not None
    assert count is not None
    assert soldiers is not None
    assert 0.6 < year.end - year.start < 1.6
    assert count.end == pytest.approx(soldiers.start, abs=0.1)


@needs_flite
def test_a_word_that_no_dictionary_has_is_found() -> None:
    assert not in_dictionary("Zorblatt")
    said = scene(["The great Zorblatt went home to his children."])
    found = _find(said, "The great Zorblatt went home to his children.")
    assert all(found)
    assert found[2] is not None
    assert 0.3 < found[2].end - found[2].start < 0.9


@needs_flite
def test_what_is_written_but_not_said_is_left_out() -> None:
    said = scene(["He went into the garden and picked the flowers."])
    text = "He went [whistling] into the garden because of something and picked the flowers."
    words = text.split()
    found = _find(said, text)
    spoken_words = {words[i] for i, hit in enumerate(found) if hit and hit.score > 0.3}
    assert {"went", "garden", "picked", "flowers."} <= spoken_words
    assert not {"[whistling]", "because", "something"} & spoken_words


@needs_flite
def test_a_longer_text_is_followed_as_far_as_the_sound_goes() -> None:
    said = scene([FOX])
    found = _find(said, f"{FOX} {STATION}", may_leave=True)
    count = len(FOX.split())
    assert all(found[:count])
    assert sum(hit is not None for hit in found[count:]) <= 2


@needs_flite
def test_another_text_scores_low() -> None:
    right, wrong = (
        sum(hit.score if hit else 0.0 for hit in _find(scene([FOX]), text)) / len(text.split())
        for text in (FOX, STATION)
    )
    assert right > 0.6
    assert wrong < 0.4


@pytest.mark.parametrize("sound", [silence(2), noise(2, -20), silence(0), silence(0.02)], ids=len)
def test_nothing_is_found_where_nothing_is_said(sound: Sound) -> None:
    found = find_words(sound, 0.0, 2.0, spoken(["Hello", "my", "old", "friend"]))
    assert sum(hit is not None and hit.score > 0.5 for hit in found) <= 1


def test_a_text_without_words_needs_no_sound() -> None:
    assert find_words(silence(1), 0, 1, []) == []
    assert find_words(silence(1), 0, 1, spoken(["—", "♪"])) == [None, None]


@needs_flite
def test_repeated_words_keep_their_order() -> None:
    said = scene(["No no no, I said no to you and no to them."])
    found = _find(said, "No no no, I said no to you and no to them.")
    assert all(found)
    starts = [hit.start for hit in found if hit]
    assert starts == sorted(starts)
    assert len(set(starts)) == len(starts)
