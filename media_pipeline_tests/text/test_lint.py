"""Subtitles held against the rules."""

from __future__ import annotations

import pytest

from media_pipeline.text.cues import Cue
from media_pipeline.text.lint import lint_cues
from media_pipeline.text.rules import rules_for


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
        (Cue(0, 5, "a\nb\nc"), "en", (1, "rows", "error")),
        (Cue(0, 1, "x" * 21), "en", (1, "reading speed", "error")),
        (Cue(0, 1, "一" * 10), "zh", (1, "reading speed", "error")),
        (Cue(0, 0.8, "short"), "en", (1, "duration", "warning")),
        (Cue(0, 7.1, "long"), "en", (1, "duration", "warning")),
    ],
)
def test_each_rule_on_a_cue(cue: Cue, language: str, finding: tuple[int, str, str]) -> None:
    assert found([cue], language) == [finding]


def test_each_rule_between_cues() -> None:
    assert found([Cue(0, 2, "one"), Cue(1.5, 3, "two")]) == [(1, "overlap", "error")]
    assert found([Cue(0, 2, "one"), Cue(2.04, 3, "two")]) == [(1, "gap", "warning")]
    assert found([Cue(0, 2, "one"), Cue(2.079, 3, "two")]) == []


def test_findings_name_numbers() -> None:
    (finding,) = lint_cues([Cue(0, 1, "一" * 12)], rules_for("zh", 25))
    assert finding.detail == "12.0 characters a second, at most 9"
