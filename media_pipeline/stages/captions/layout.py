"""From rows that were read to cues: repairing split tracks, choosing the main track, putting rows
together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

from media_pipeline.stages.captions.reading import Row
from media_pipeline.stages.captions.template import similarity

_JOIN_GAP = 2  # frames
_SHORT_TEXT = 8  # characters: one that differs in so short a text is another text
_EQUAL_SHORT, _EQUAL_LONG = 99.0, 90.0  # per cent
_SURE = 0.8  # confidence of a single character
_ALIKE = 0.5  # correlation of the worst cell that still can be the same text

_SAME_HEIGHT = 0.5  # smaller over larger row height
_STATIC_S = 10.0
_STATIC_SHARE = 0.8  # of a short film
_SAME_MARK = 80.0  # per cent: a translucent mark is read a little differently each time
_ONE_TEXT = (
    0.8  # share of a place's time on screen that one text has if it is a mark and no caption
)
_MAIN_SHARE = 0.15  # of the heaviest place
_FULL_WEIGHT = 4  # characters from which a row counts in full
_SECOND_ROW_TOGETHER = 0.85  # the same, for a row that only the other one makes a caption
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
            if _continues(joined[number], row):
                joined[number] = _joined(joined[number], row)
                break
        else:
            joined.append(row)
    return joined


def _continues(first: Row, second: Row) -> bool:
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


# --- the main track -------------------------------------------------------------------------------


@dataclass(slots=True)
class _Place:
    """Rows of one height that stand at one height and share their centre or left edge."""

    showings: list[Showing] = field(default_factory=list)

    def takes(self, showing: Showing) -> bool:
        box, own = showing.row.box, self.showings[0].row.box
        heights = sorted((box.height, own.height))
        return (
            abs(box.middle - own.middle) < 0.5 * own.height
            and heights[0] >= _SAME_HEIGHT * heights[1]
            and (
                abs(box.centre - own.centre) < 1.5 * own.height
                or abs(box.left - own.left) < own.height
            )
        )

    @property
    def weight(self) -> float:
        return sum(
            s.duration * min(1.0, len(s.row.text) / _FULL_WEIGHT) * s.row.confidence
            for s in self.showings
        )

    def is_static(self, limit: float) -> bool:
        """Whether this is a mark that stays: one text has nearly all of the time, and more than the
        limit.
        """
        longest = max(self.showings, key=lambda s: s.duration * s.row.confidence).row
        alike = sum(s.duration for s in self.showings if _same_mark(s.row, longest))
        return alike > limit and alike >= _ONE_TEXT * sum(s.duration for s in self.showings)


def _same_mark(row: Row, mark: Row) -> bool:
    """Whether a row is a mark seen again; captions that say nearly the same look different."""
    return row.text == mark.text or (
        fuzz.ratio(row.text, mark.text) >= _SAME_MARK
        and similarity(row.look, row.place, mark.look, mark.place) >= _ALIKE
    )


def main_track(showings: Sequence[Showing], film: float) -> list[Showing]:
    """The captions among all text: what stays for the whole film, and places with little text, are
    left out.

    Parameters
    ----------
    showings : all rows that were read.
    film : seconds of the film.
    """
    places: list[_Place] = []
    for showing in sorted(showings, key=lambda s: -s.duration * len(s.row.text)):
        for place in places:
            if place.takes(showing):
                place.showings.append(showing)
                break
        else:
            places.append(_Place([showing]))
    # A short film may have a single caption for most of its time; beside others it is a mark.
    limit = min(_STATIC_S, _STATIC_SHARE * film) if len(places) > 1 else _STATIC_S
    moving = [place for place in places if not place.is_static(limit)]
    heaviest = max((place.weight for place in moving), default=0.0)
    main = [s for p in moving if p.weight >= _MAIN_SHARE * heaviest for s in p.showings]
    light = [s for p in moving if p.weight < _MAIN_SHARE * heaviest for s in p.showings]
    return main + [s for s in light if any(_second_row(s, other) for other in main)]


def _second_row(showing: Showing, other: Showing) -> bool:
    """Whether a row comes and goes with a row of the main track, right above or below it: the other
    row of a caption in a film whose captions mostly have one.
    """
    box, main = showing.row.box, other.row.box
    common = min(showing.end, other.end) - max(showing.start, other.start)
    total = max(showing.end, other.end) - min(showing.start, other.start)
    apart = max(box.top - main.bottom, main.top - box.bottom)
    small, large = sorted((box.height, main.height))
    return (
        common >= _SECOND_ROW_TOGETHER * total
        and not box.same_line(main)
        and apart < large
        and small >= _SAME_HEIGHT * large
        and (abs(box.centre - main.centre) < 1.5 * large or abs(box.left - main.left) < large)
    )


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
