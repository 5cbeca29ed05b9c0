"""Subtitles held against the rules: what a reader or a player would stumble over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from media_pipeline.text.cues import Cue, Word
from media_pipeline.text.rules import Rules, characters, too_fast
from media_pipeline.text.scripts import tokens
from media_pipeline.text.wrap import break_cost, width_in_columns, wrap

_TIMING_S = 0.0015  # subtitle files hold milliseconds
_HEARD_S = 0.1  # by so much the times of words may be wrong themselves
_IN_FRAMES = 3

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
    Warnings are matters of style: too short, too long, too little or a needless gap, a row that
    ends inside a phrase.

    Parameters
    ----------
    cues : in order of their starts.
    rules : see :func:`media_pipeline.text.rules.rules_for`.
    """
    findings = [f for number, cue in enumerate(cues, 1) for f in _alone(number, cue, rules)]
    for number, (one, following) in enumerate(pairwise(cues), start=1):
        findings += _between(number, one, following, rules)
    return sorted(findings, key=lambda f: f.cue)


def lint_sync(
    cues: Sequence[Cue], words: Sequence[Sequence[Word]], rules: Rules, duration: float
) -> list[Finding]:
    """Where cues are not in time with their film: its end, and the words that were heard in it.

    A cue comes within three frames of its first word and goes up to twelve after its last, later
    where reading takes longer or the next cue comes at once.

    Parameters
    ----------
    cues : in order of their starts.
    words : of each cue, with their times; empty for a cue that was not heard.
    duration : of the film, seconds.
    """
    findings = []
    for number, (cue, own) in enumerate(zip(cues, words, strict=True), start=1):
        if cue.end > duration + rules.frame + _TIMING_S:
            detail = f"ends {cue.end - duration:.2f} s after the film"
            findings.append(Finding(number, cue.start, "end of film", "error", detail))
        if own:
            following = cues[number].start if number < len(cues) else None
            findings += _out_of_sync(number, cue, own, rules, following)
    return findings


def _out_of_sync(
    number: int, cue: Cue, words: Sequence[Word], rules: Rules, following: float | None
) -> Iterator[Finding]:
    early = words[0].start - cue.start
    if abs(early) > _IN_FRAMES * rules.frame + _HEARD_S:
        beside = "before" if early > 0 else "after"
        detail = f"comes {abs(early):.2f} s {beside} its speech"
        yield Finding(number, cue.start, "sync", "warning", detail)
    last = max(word.end for word in words)
    if cue.end < last - _HEARD_S:
        detail = f"goes {last - cue.end:.2f} s before its speech ends"
        yield Finding(number, cue.start, "sync", "warning", detail)
    needed = cue.start + max(rules.min_duration, characters(cue.text, rules) / rules.speed)
    latest = max(last + rules.out_frames * rules.frame, needed) + _HEARD_S
    if following is not None and following - cue.end <= rules.gap + _TIMING_S:
        latest += rules.close_gap  # it was prolonged to close a gap
    if cue.end > latest:
        detail = f"stays {cue.end - last:.2f} s after its speech"
        yield Finding(number, cue.start, "sync", "warning", detail)


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
    broken = _broken(rows)
    if broken and not _broken(wrap(tokens(cue.text), rules.columns)):
        yield finding("break", "warning", f"a row ends with {broken!r}")
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


def _broken(rows: Sequence[str]) -> str:
    """The word that a row ends with though it clings to the next one, or ""."""
    for before, after in pairwise(row.split() for row in rows if row.strip()):
        if break_cost(before[-1], after[0]) >= 1.0:
            return before[-1]
    return ""


def _between(number: int, one: Cue, following: Cue, rules: Rules) -> Iterator[Finding]:
    gap = following.start - one.end
    if gap < -_TIMING_S:
        detail = f"runs {-gap:.2f} s into cue {number + 1}"
        yield Finding(number, one.start, "overlap", "error", detail)
    elif gap < rules.gap - _TIMING_S:
        detail = f"{gap:.3f} s before cue {number + 1}, at least {rules.gap:.3f} s"
        yield Finding(number, one.start, "gap", "warning", detail)
    elif rules.gap + rules.frame - _TIMING_S <= gap < rules.close_gap - _TIMING_S and (
        one.duration + gap - rules.gap <= rules.max_duration
    ):
        detail = f"{gap:.3f} s before cue {number + 1}: close it to {rules.gap:.3f} s"
        yield Finding(number, one.start, "gap", "warning", detail)
