"""Subtitles held against the rules."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media_pipeline.text.cues import Cue, Word
from media_pipeline.text.lint import lint_cues, lint_sync
from media_pipeline.text.rules import rules_for, segment, too_fast
from media_pipeline_tests.text.test_rules import timed_words


def found(cues: list[Cue], language: str = "en") -> list[tuple[int, str, str]]:
    return [(f.cue, f.rule, f.level) for f in lint_cues(cues, rules_for(language, 25))]


def test_good_subtitles_have_no_findings() -> None:
    cues = [Cue(0, 2, "Good morning."), Cue(2.08, 4, "How are you?\nI am well.")]
    assert found(cues) == []
    assert found([Cue(0, 2, "你终于来了，我等了很久。")], "zh") == []


@pytest.mark.parametrize(
    ("cue", "language", "finding"),
    [
        (Cue(0, 7, "x" * 43), "en", (1, "width", "error")),
        (Cue(0, 7, "一" * 17), "zh", (1, "width", "error")),
        (Cue(0, 5, "x\ny\nz"), "en", (1, "rows", "error")),
        (Cue(0, 1, "x" * 21), "en", (1, "reading speed", "error")),
        (Cue(0, 1, "一" * 10), "zh", (1, "reading speed", "error")),
        (Cue(0, 0.8, "short"), "en", (1, "duration", "warning")),
        (Cue(0, 7.1, "long"), "en", (1, "duration", "warning")),
        (Cue(0, 3, "He went to the\nhouse."), "en", (1, "break", "warning")),
        (Cue(0, 3, "I spoke to Mr.\nSmith."), "en", (1, "break", "warning")),
    ],
)
def test_each_rule_on_a_cue(cue: Cue, language: str, finding: tuple[int, str, str]) -> None:
    assert found([cue], language) == [finding]


def test_each_rule_between_cues() -> None:
    assert found([Cue(0, 2, "one"), Cue(1.5, 3, "two")]) == [(1, "overlap", "error")]
    assert found([Cue(0, 2, "one"), Cue(2.04, 3, "two")]) == [(1, "gap", "warning")]
    assert found([Cue(0, 2, "one"), Cue(2.079, 3, "two")]) == []
    assert found([Cue(0, 2, "one"), Cue(2.12, 3, "two")]) == [(1, "gap", "warning")]
    assert found([Cue(0, 2, "one"), Cue(2.49, 4, "two")]) == [(1, "gap", "warning")]
    assert found([Cue(0, 2, "one"), Cue(2.5, 4, "two")]) == []
    assert found([Cue(0, 6.9, "one"), Cue(7.2, 9, "two")]) == []  # it would be too long


def test_findings_name_numbers() -> None:
    (finding,) = lint_cues([Cue(0, 1, "一" * 12)], rules_for("zh", 25))
    assert finding.detail == "12.0 characters a second, at most 9"


def _sync(start: float, end: float, duration: float = 60.0) -> list[tuple[int, str, str]]:
    words = [[Word(2.0, 2.4, "Good", 1, "x"), Word(2.4, 3.0, "morning.", 1, "x")], []]
    cues = [Cue(start, end, "Good morning."), Cue(20, 22, "never heard")]
    findings = lint_sync(cues, words, rules_for("en", 25), duration)
    return [(f.cue, f.rule, f.detail) for f in findings]


def test_cues_in_time_with_their_speech_and_film() -> None:
    assert _sync(2.0, 3.4) == []
    assert _sync(1.8, 3.05) == []
    assert _sync(1.5, 3.2) == [(1, "sync", "comes 0.50 s before its speech")]
    assert _sync(2.4, 3.3) == [(1, "sync", "comes 0.40 s after its speech")]
    assert _sync(2.0, 2.6) == [(1, "sync", "goes 0.40 s before its speech ends")]
    assert _sync(2.0, 4.5) == [(1, "sync", "stays 1.50 s after its speech")]
    assert _sync(2.0, 3.2, 21.0) == [(2, "end of film", "ends 1.00 s after the film")]


def _one_after_the_other(words: list[Word]) -> list[Word]:
    """The words as somebody could say them: each after the one before, none in no time."""
    said: list[Word] = []
    for word in words:
        start = max(word.start, said[-1].end if said else 0.0)
        said.append(replace(word, start=start, end=start + max(0.12, word.end - word.start)))
    return said


@given(timed_words().map(_one_after_the_other), st.sampled_from(["en", "zh", "ja", "ko", None]))
@settings(max_examples=150, deadline=None)
def test_our_own_subtitles_break_no_rule_but_where_speech_is_too_fast(
    words: list[Word], language: str | None
) -> None:
    rules = rules_for(language)
    cues = segment(words, rules)
    for finding in lint_cues(cues, rules):
        cue = cues[finding.cue - 1]
        assert too_fast(cue, rules) or finding.rule == "duration"
        assert cues[finding.cue].start - cue.end == pytest.approx(rules.gap)  # there is no room
