"""From rows that were read to cues: repairing split tracks, putting rows together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

from media_pipeline.stages.captions.reading import Row
from media_pipeline.stages.captions.template import similarity

_JOIN_GAP = 2  # frames
_SHORT_TEXT = 8  # characters: one that differs in so short a text is another text
_EQUAL_SHORT, _EQUAL_LONG = 99.0, 90.0  # per cent
_SURE = 0.8  # confidence of a single character
_ALIKE = 0.5  # correlation of the worst cell that still can be the same text
_TOGETHER = 0.6  # intersection over union of the times of two rows of one cue


@dataclass(frozen=True, slots=True)
class Showing:
    """A row with its time in seconds; what :class:`Row` is in frames."""

    start: float
    end: float
    row: Row

    @property
    def duration(self) -> float:
        """Seconds on screen."""
        return self.end - self.start


def join_split(rows: Iterable[Row]) -> list[Row]:
    """Rows in time order, those joined that one caption was split into.

    Two rows are one when they stand on the same line, follow each other without a gap to speak of,
    and either say exactly the same or nearly the same and look alike: text that differs in one
    character and looks different there is another caption.
    """
    joined: list[Row] = []
    for row in sorted(rows, key=lambda r: (r.start, r.end)):
        for number in range(len(joined) - 1, max(-1, len(joined) - 9), -1):
            if continues(joined[number], row):
                joined[number] = _joined(joined[number], row)
                break
        else:
            joined.append(row)
    return joined


def continues(first: Row, second: Row) -> bool:
    """Whether a row is the same text that another one was, lost for no more than a moment."""
    if second.start - first.end - 1 > _JOIN_GAP or not first.box.same_line(second.box):
        return False
    if max(first.box.covered(second.box), second.box.covered(first.box)) < 0.5:
        return False
    if first.text.replace(" ", "") == second.text.replace(" ", ""):
        return True
    longest = max(len(first.text), len(second.text))
    needed = _EQUAL_SHORT if longest <= _SHORT_TEXT else _EQUAL_LONG
    return (
        fuzz.ratio(first.text, second.text) >= needed
        and not _surely_differ(first, second)
        and similarity(first.look, first.place, second.look, second.place) >= _ALIKE
    )


def _surely_differ(first: Row, second: Row) -> bool:
    """Whether a character was read as another one, and both readings were sure."""
    return any(
        first.weights[step.src_pos] >= _SURE and second.weights[step.dest_pos] >= _SURE
        for step in Levenshtein.editops(first.text, second.text)
        if step.tag == "replace"
    )


def _joined(first: Row, second: Row) -> Row:
    better = max(first, second, key=lambda r: (r.end - r.start) * r.confidence)
    return replace(better, start=first.start, end=max(first.end, second.end))


# --- cues -----------------------------------------------------------------------------------------


@dataclass(slots=True)
class Group:
    """Rows that are on screen together, from top to bottom: one cue."""

    rows: list[Showing]

    @property
    def start(self) -> float:
        """When the first row appears."""
        return min(s.start for s in self.rows)

    @property
    def end(self) -> float:
        """When the last row is gone."""
        return max(s.end for s in self.rows)

    @property
    def text(self) -> str:
        """The rows, one per line."""
        return "\n".join(s.row.text for s in self.rows)

    def takes(self, showing: Showing) -> bool:
        """Whether a row belongs to this cue: shown at the same time, on a line of its own."""
        common = min(self.end, showing.end) - max(self.start, showing.start)
        total = max(self.end, showing.end) - min(self.start, showing.start)
        return common >= _TOGETHER * total and not any(
            s.row.box.same_line(showing.row.box) for s in self.rows
        )


def group_rows(showings: Iterable[Showing]) -> list[Group]:
    """Cues in time order; rows that come and go together are one."""
    groups: list[Group] = []
    for showing in sorted(showings, key=lambda s: (s.start, s.row.box.top)):
        for group in reversed(groups[-6:]):
            if group.takes(showing):
                group.rows.append(showing)
                break
        else:
            groups.append(Group([showing]))
    for group in groups:
        group.rows.sort(key=lambda s: s.row.box.top)
    return sorted(groups, key=lambda g: (g.start, g.end))
