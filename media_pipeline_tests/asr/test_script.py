"""Scripts found in sound whose every word has a known time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from media_pipeline.asr import align, script
from media_pipeline.asr.align import ALIGNED
from media_pipeline.asr.anchors import find_anchors
from media_pipeline.asr.base import Span
from media_pipeline.asr.script import Script, align_script
from media_pipeline.asr.sound import Samples
from media_pipeline.asr.sphinx import find_words
from media_pipeline_tests.generators.exact import Told, sentences, tell
from media_pipeline_tests.generators.speech import FOX, needs_flite, scene, silence

LINES = sentences()[:10]
NEVER_SAID = "This paragraph was never recorded by anyone at all."


@pytest.fixture(scope="module")
def told() -> Told:
    return tell(LINES)


def _errors(found: Script, told: Told) -> list[float]:
    """Seconds by which the words of the lines start beside the truth."""
    truth = {cue.text: words for cue, words in zip(told.sentences, told.words, strict=True)}
    return [
        abs(word.start - known.start)
        for cue, words in found.lines
        if cue.text in truth
        for word, known in zip(words, truth[cue.text], strict=True)
    ]


@pytest.mark.slow
@needs_flite
def test_what_is_said_is_followed_word_by_word(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script, "_search", None)  # the way is never lost
    found = align_script(told.samples, "\n\n".join(LINES), language="en")
    assert [cue.text for cue, _ in found.lines] == LINES
    assert not found.unsaid
    errors = _errors(found, told)
    assert np.median(errors) < 0.03
    assert max(errors) < 0.2
    for (cue, words), sentence in zip(found.lines, told.sentences, strict=True):
        assert all(w.source == ALIGNED for w in words)
        assert (cue.start, cue.end) == pytest.approx((sentence.start, sentence.end), abs=0.15)


@needs_flite
@pytest.mark.slow
def test_a_script_that_lacks_lines_and_has_others(told: Told) -> None:
    """Three sentences are said that it lacks, and two lines are in it that nobody says."""
    kept = LINES[:2] + LINES[5:]
    found = align_script(
        told.samples, "\n".join([NEVER_SAID, *kept[:4], NEVER_SAID, *kept[4:]]), language="en"
    )
    assert [cue.text for cue, _ in found.lines] == kept
    assert found.unsaid == [NEVER_SAID] * 2
    errors = _errors(found, told)
    assert np.percentile(errors, 95) < 0.15
    assert max(errors) < 0.5


@needs_flite
def test_a_script_that_goes_on_after_the_sound(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script, "_search", None)
    part = told.samples[: round((told.sentences[2].end + 0.3) * 16000)]
    found = align_script(part, "\n".join(LINES), language="en")
    assert [cue.text for cue, _ in found.lines] == LINES[:3]
    assert found.unsaid == LINES[3:]
    assert max(_errors(found, told)) < 0.2


@needs_flite
@pytest.mark.slow
def test_wrong_words_cost_only_themselves(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = [
        " ".join("banana" if i % 7 == 3 else word for i, word in enumerate(line.split()))
        for line in LINES
    ]
    aligned: list[float] = []

    def counted(samples: Samples, start: float, end: float, *rest: Any) -> Any:
        aligned.append(end - start)
        return find_words(samples, start, end, *rest)

    monkeypatch.setattr(align, "find_words", counted)
    found = align_script(told.samples, "\n".join(changed), language="en")
    assert 0 < sum(aligned) < told.duration / 3  # the words found for certain are not aligned again
    assert [cue.text for cue, _ in found.lines] == changed
    for (cue, _), sentence in zip(found.lines, told.sentences, strict=True):
        assert cue.start == pytest.approx(sentence.start, abs=0.4)
        assert cue.end == pytest.approx(sentence.end, abs=0.4)
    right = [
        abs(word.start - known.start)
        for (_, words), own in zip(found.lines, told.words, strict=True)
        for word, known in zip(words, own, strict=True)
        if word.word == known.word
    ]
    assert np.median(right) < 0.03
    assert np.percentile(right, 95) < 0.15


@needs_flite
@pytest.mark.slow
def test_only_the_rest_is_searched_where_the_way_is_lost_late(monkeypatch: Any) -> None:
    """What was followed is not listened to again for a sentence that is missing later."""
    told = tell(sentences())
    searched: list[float] = []

    def noted(samples: Samples, windows: Sequence[Span], *rest: Any, **options: Any) -> Any:
        searched.extend(windows[0])
        return find_anchors(samples, windows, *rest, **options)

    monkeypatch.setattr(script, "find_anchors", noted)
    kept = sentences()[:8] + sentences()[11:]
    found = align_script(told.samples, "\n".join(kept), language="en")
    assert [cue.text for cue, _ in found.lines] == kept
    assert searched[0] > 5
    errors = _errors(found, told)
    assert np.percentile(errors, 95) < 0.15
    assert max(errors) < 0.5


@pytest.mark.slow
@needs_flite
def test_a_bracket_that_is_never_closed_hides_one_line_at_most(told: Told) -> None:
    part = told.samples[: round((told.sentences[2].end + 0.3) * 16000)]
    lines = [LINES[0], LINES[1].replace("across", "(across"), LINES[2]]
    found = align_script(part, "\n".join(lines), language="en")
    assert [cue.text for cue, _ in found.lines] == lines
    assert all(word.source == ALIGNED for word in found.lines[2][1])


@pytest.mark.slow
@needs_flite
def test_a_text_that_is_not_said_is_not_found(told: Told) -> None:
    found = align_script(told.samples[: 16000 * 4], "\n".join([NEVER_SAID] * 12), language="en")
    assert len(found.unsaid) >= 10
    assert all(word.source != ALIGNED for _, words in found.lines for word in words)


@needs_flite
def test_a_script_of_another_language_is_spread_over_the_speech() -> None:
    said = scene([FOX, FOX])
    found = align_script(said.samples, "今天天气很好。\n我们去公园吧。", language="zh").lines
    assert [cue.text for cue, _ in found] == ["今天天气很好。", "我们去公园吧。"]
    assert found[0][0].start == pytest.approx(said.sentences[0].start, abs=0.2)
    assert align_script(said.samples, " \n ") == Script([], [])


def test_nothing_is_said_in_silence() -> None:
    assert align_script(silence(2), FOX) == Script([], [FOX])
