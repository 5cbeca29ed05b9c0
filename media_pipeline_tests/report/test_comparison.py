"""Found held against known."""

from __future__ import annotations

import pytest

from media_pipeline.report.comparison import iou, match_cues, match_highlights, match_speech
from media_pipeline.text.cues import Cue, Word


def test_cues_are_matched_by_time_and_text() -> None:
    known = [Cue(0, 2, "Good morning."), Cue(3, 5, "你好吗？"), Cue(6, 8, "gone")]
    found = [Cue(0.04, 2.0, "good morning"), Cue(3, 4.9, "你好马"), Cue(6, 8, "entirely other")]
    first, second, third = match_cues(known, found)
    assert (first.character_errors, first.start_error) == (0, pytest.approx(0.04))
    assert (second.character_errors, second.end_error) == (1, pytest.approx(-0.1))
    assert (third.found, third.start_error) == (None, None)


def test_a_cue_is_not_matched_to_one_at_another_time() -> None:
    assert match_cues([Cue(0, 1, "a text")], [Cue(1, 2, "a text")])[0].found is None


def test_highlights_are_matched_by_overlap() -> None:
    one, two = match_highlights([(0, 10), (20, 30)], [(5, 15), (0, 8)])
    assert (one.found, one.iou) == ((0, 8), pytest.approx(0.8))
    assert (two.found, two.iou) == (None, 0.0)
    assert match_highlights([(0, 1)], [])[0].found is None
    assert iou((0, 1), (0, 1)) == 1.0


def test_spoken_words_are_counted_in_their_order() -> None:
    words = [
        Word(i * 0.3, i * 0.3 + 0.2, w, 1, "x") for i, w in enumerate(["we", "no", "have", "left"])
    ]
    (match,) = match_speech([Cue(0, 1.5, "We have no time left.")], words)
    assert (match.words, match.found) == (5, 3)
    (late,) = match_speech([Cue(10, 11, "We have")], words)
    assert late.found == 0
