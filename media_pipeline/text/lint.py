"""Subtitles held against the rules: what a reader or a player would stumble over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from media_pipeline.text.cues import Cue
from media_pipeline.text.rules import Rules, characters, too_fast
from media_pipeline.text.wrap import width_in_columns

_TIMING_S = 0.0015  # subtitle files hold milliseconds

Level = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that one cue breaks."""

    cue: int
    """Number of the cue, from 1."""
    start: float
    rule: str
    level: Level
    detail: str


def lint_cues(cues: Sequence[Cue], rules: Rules) -> list[Finding]:
    """What in the cues breaks the rules, in file order.

    Errors are what cannot be read or shown as it is: overlaps, too fast, too wide, too many rows.
    Warnings are matters of style: too short, too long, too little of a gap.

    Parameters
    ----------
    cues : in order of their starts.
    rules : see :func:`media_pipeline.text.rules.rules_for`.
    """
    findings = [f for number, cue in enumerate(cues, 1) for f in _alone(number, cue, rules)]
    for number, (one, following) in enumerate(pairwise(cues), start=1):
        findings += _between(number, one, following, rules)
    return sorted(findings, key=lambda f: f.cue)


def _alone(number: int, cue: Cue, rules: Rules) -> Iterator[Finding]:
    def finding(rule: str, level: Level, detail: str) -> Finding:
        return Finding(number, cue.start, rule, level, detail)

    rows = cue.text.split("\n")
    if len(rows) > rules.lines:
        yield finding("rows", "error", f"{len(rows)} rows, at most {rules.lines}")
    widest = max(width_in_columns(row) for row in rows)
    if widest > rules.columns:
        shown, limit = (n / 2 if rules.wide else n for n in (widest, rules.columns))
        yield finding("width", "error", f"a row of {shown:g} characters, at most {limit:g}")
    if too_fast(cue, rules):
        speed = characters(cue.text, rules) / cue.duration
        detail = f"{speed:.1f} characters a second, at most {rules.speed:g}"
        yield finding("reading speed", "error", detail)
    if cue.duration < rules.min_duration - _TIMING_S:
        detail = f"{cue.duration:.2f} s, at least {rules.min_duration:.2f} s"
        yield finding("duration", "warning", detail)
    elif cue.duration > rules.max_duration + _TIMING_S:
        detail = f"{cue.duration:.2f} s, at most {rules.max_duration:.2f} s"
        yield finding("duration", "warning", detail)


def _between(number: int, one: Cue, following: Cue, rules: Rules) -> Iterator[Finding]:
    gap = following.start - one.end
    if gap < -_TIMING_S:
        detail = f"runs {-gap:.2f} s into cue {number + 1}"
        yield Finding(number, one.start, "overlap", "error", detail)
    elif gap < rules.gap - _TIMING_S:
        detail = f"{gap:.3f} s before cue {number + 1}, at least {rules.gap:.3f} s"
        yield Finding(number, one.start, "gap", "warning", detail)
