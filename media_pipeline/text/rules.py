"""Subtitles from timed words, by the rules that professional subtitles keep.

The numbers are the defaults of Netflix's timed-text style guides and of SubtitleEdit's checks
(https://partnerhelp.netflixstudios.com/hc/en-us/articles/215758617). Where speech is too fast for
them the text is kept whole, and the cue can be asked for with :func:`too_fast`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from media_pipeline.text.cues import Cue, Word
from media_pipeline.text.scripts import join_tokens
from media_pipeline.text.wrap import break_cost, width_in_columns, wrap

_COLUMNS = {"zh": 32, "yue": 32, "ko": 32, "ja": 26}
_SPEED = {"en": 20.0, "zh": 9.0, "yue": 9.0, "ko": 12.0, "ja": 4.0}

# Costs of a cue; only their proportions matter.
_PER_CUE = 0.3
_INNER_SENTENCE = 0.25
_INNER_GROUP = 0.45  # more than a cue and a break there cost
_TOO_SHORT = 1.0
_TOO_FAST = 0.7
_GROUP_BREAK = 0.1
_NATURAL_PAUSE_S = 0.6  # a break is free where speech rests for so long
_LONGEST_PAUSE_S = 1.5  # no cue bridges more
_FORBIDDEN = 1000.0


@dataclass(frozen=True, slots=True)
class Rules:
    """The numbers that subtitles keep; :func:`rules_for` gives a language's."""

    columns: int = 42
    """Widest row; a Chinese, Japanese or Korean character takes two columns."""
    lines: int = 2
    speed: float = 17.0
    """Characters per second a reader can follow; in Chinese, Japanese and Korean, wide ones."""
    wide: bool = False
    """Whether characters are counted by width: two columns are one."""
    min_duration: float = 5 / 6
    max_duration: float = 7.0
    frame: float = 1 / 25
    """Seconds of one frame of the picture."""
    gap_frames: int = 2
    """Least frames between two cues."""
    close_gap: float = 0.5
    """Gaps shorter than this are closed to the least one."""
    out_frames: int = 12
    """How many frames a cue stays after its speech where there is room."""

    @property
    def gap(self) -> float:
        """Least seconds between two cues."""
        return self.gap_frames * self.frame


def rules_for(language: str | None, fps: float | None = None) -> Rules:
    """The rules of a language, ISO 639-1, at a frame rate."""
    code = language or ""
    return Rules(
        columns=_COLUMNS.get(code, 42),
        speed=_SPEED.get(code, 17.0),
        wide=code in _COLUMNS,
        frame=1 / fps if fps else 1 / 25,
    )


def segment(
    words: Sequence[Word],
    rules: Rules,
    *,
    groups: Sequence[int] | None = None,
    duration: float | None = None,
) -> list[Cue]:
    """Subtitles of timed words.

    Parameters
    ----------
    words : in order of their starts.
    rules : what the cues keep.
    groups : per word the number of the sentence or segment it belongs to; a good place to break,
        above all where text has no punctuation.
    duration : of the media in seconds; no cue ends after it.

    Returns
    -------
    list of Cue
        with every word, in order, without overlaps, at least ``rules.gap`` apart. A cue starts with
        its first word and stays as long as reading it takes, where the next one leaves room.
    """
    if not words:
        return []
    parts = [list(words[a:b]) for a, b in pairwise(_cuts(words, rules, groups))]
    parts = _apart(parts, 3 * rules.gap)
    cues = []
    for i, part in enumerate(parts):
        text = "\n".join(wrap([w.word for w in part], rules.columns))
        following = parts[i + 1][0].start if i + 1 < len(parts) else None
        end = _end(part, text, following, rules, duration)
        score = sum(w.score for w in part) / len(part)
        cues.append(Cue(part[0].start, end, text, score))
    return cues


def characters(text: str, rules: Rules) -> float:
    """How many characters a reader has to read, as the speed of the rules counts them."""
    row = text.replace("\n", "" if rules.wide else " ")
    return width_in_columns(row) / 2 if rules.wide else float(len(row))


def too_fast(cue: Cue, rules: Rules) -> bool:
    """Whether a reader cannot follow the cue."""
    return characters(cue.text, rules) > rules.speed * cue.duration + 1e-6


def _cuts(words: Sequence[Word], rules: Rules, groups: Sequence[int] | None) -> list[int]:
    """Where cues begin, and the number of words: the cheapest way, by dynamic programming."""
    count = len(words)
    tolls = [_toll(words, i, groups) for i in range(1, count)]
    best = [math.inf] * count + [0.0]
    step = [count] * count
    for first in range(count - 1, -1, -1):
        for last, cost in _candidates(words, first, rules, groups, tolls):
            total = cost + best[last]
            if last < count:
                total += tolls[last - 1]
            if total < best[first]:
                best[first], step[first] = total, last
    cuts = [0]
    while cuts[-1] < count:
        cuts.append(step[cuts[-1]])
    return cuts


def _toll(words: Sequence[Word], index: int, groups: Sequence[int] | None) -> float:
    """The cost of a break before the word: little where sentences end or speech rests."""
    cost = break_cost(words[index - 1].word, words[index].word)
    if groups is not None and groups[index] != groups[index - 1]:
        cost = min(cost, _GROUP_BREAK)
    pause = words[index].start - words[index - 1].end
    return cost * max(0.0, 1.0 - max(0.0, pause) / _NATURAL_PAUSE_S)


def _candidates(
    words: Sequence[Word],
    first: int,
    rules: Rules,
    groups: Sequence[int] | None,
    tolls: Sequence[float],
) -> Iterator[tuple[int, float]]:
    """Possible ends of a cue that begins with a word, and what each costs, breaks left out."""
    rows, column, inner, chars = 1, 0.0, 0.0, 0.0
    for last in range(first, len(words)):
        width = width_in_columns(words[last].word)
        if last > first:
            before, word = words[last - 1], words[last]
            space = width_in_columns(join_tokens([before.word, word.word])) - width
            space -= width_in_columns(before.word)
            if column + space + width > rules.columns:
                rows, column = rows + 1, width
            else:
                column += space + width
            chars += space
            inner += _joining(before, word, tolls[last - 1])
            if groups is not None and groups[last] != groups[last - 1]:
                inner += _INNER_GROUP
            too_long = word.end - words[first].start > rules.max_duration
            if rows > rules.lines or too_long or inner >= _FORBIDDEN:
                return
        else:
            column = width
        chars += width
        yield last + 1, _PER_CUE + inner + _haste(words, first, last, chars, rules)


def _joining(before: Word, word: Word, toll: float) -> float:
    """The cost of bridging a place where a break would be good."""
    pause = word.start - before.end
    if pause > _LONGEST_PAUSE_S:
        return _FORBIDDEN
    rest = max(0.0, pause - 0.3)
    return rest + (_INNER_SENTENCE if toll == 0.0 else 0.0)


def _haste(words: Sequence[Word], first: int, last: int, columns: float, rules: Rules) -> float:
    """The cost of being shown too briefly, given the room that the next word leaves."""
    start, end = words[first].start, words[last].end
    room = words[last + 1].start - rules.gap if last + 1 < len(words) else math.inf
    wanted = columns / 2 if rules.wide else columns
    shown = min(max(end, start + max(rules.min_duration, wanted / rules.speed)), max(room, end))
    shown = max(shown - start, rules.frame)
    short = max(0.0, 1 - shown / rules.min_duration)
    fast = max(0.0, wanted / shown / rules.speed - 1)
    return _TOO_SHORT * short + _TOO_FAST * min(fast, 2.0)


def _apart(parts: list[list[Word]], least: float) -> list[list[Word]]:
    """Join cues that begin almost together: there is no time to show the first."""
    joined: list[list[Word]] = []
    for part in parts:
        if joined and part[0].start - joined[-1][0].start < least:
            joined[-1] = joined[-1] + part
        else:
            joined.append(part)
    return joined


def _end(
    part: Sequence[Word], text: str, following: float | None, rules: Rules, duration: float | None
) -> float:
    """When a cue goes: after its speech, and as late as reading needs and the next cue allows."""
    start, spoken = part[0].start, max(w.end for w in part)
    needed = max(rules.min_duration, characters(text, rules) / rules.speed)
    end = max(spoken + rules.out_frames * rules.frame, start + needed)
    end = min(end, max(spoken, start + rules.max_duration))
    if duration is not None:
        end = max(min(end, duration), start + rules.frame)
    if following is not None:
        limit = following - rules.gap
        closes = limit - end < rules.close_gap - rules.gap
        if end > limit or (closes and limit - start <= rules.max_duration):
            end = limit
    return end
