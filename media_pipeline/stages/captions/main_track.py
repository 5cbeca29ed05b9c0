"""The captions among all text that stands still in a film: its main track.

Captions share a place and a look and say many different things; a mark says one thing for long, a
sign says one thing in pieces, a headline stays far longer than it takes to read. So the place that
says most is that of the captions. What else belongs to them is in line with it, of its size and
takes turns with it, or comes and goes with it as its second row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from rapidfuzz import fuzz

from media_pipeline.stages.captions.layout import Showing
from media_pipeline.stages.captions.template import similarity

_LEVEL = 0.5  # row heights between the middles of two rows of one place
_SAME_HEIGHT = 0.5  # smaller over larger, within one place: detectors box short rows tightly
_CENTRED, _ALIGNED = 1.5, 1.0  # row heights between centres and left edges of aligned rows

_SAME_SIZE = 0.4  # row heights by which the width of one text differs: a shorter text is another
_AGAIN_S = 0.5  # seconds after which a text is found again that was lost because it moves
_SAME_SIGN = 75.0  # per cent
_MOVED, _LEFT = 0.2, 4.0  # row heights by which it has moved: less is the detector, more another
_SAME_TEXT = 60.0  # per cent: a sign in pieces is read a little differently each time
_READ_S = 2.0  # seconds that one text counts for at most: about what a line takes to read
_FULL_WEIGHT = 4  # characters from which a row counts in full
_ASIDE = 0.5  # weight of a place that is not centred
_STATIC_S, _STATIC_SHARE = 10.0, 0.8  # seconds per text, and share of a short film
_AWAY = 4.0  # times as long as it was shown: after that a text has not been lost but left
_ALIKE = 0.5  # correlation of the worst cell of a mark that is seen again

_MANY_TEXTS, _TEXTS_A_MINUTE = 3, 1.0  # fewer may stand in one place by chance
_PIECES = 2.0  # showings per text: what moves with the camera is lost and found again
_LINE, _AXIS = 0.15, 0.5  # row heights, mean deviation: a final comma moves the centre
_CENTRE = 0.06  # of the strip's width: fewer texts are captions when they are centred
_SIZE = 0.65  # smaller over larger median height of two places of one style
_TURN = 0.25  # of the shorter one's time that both may be shown: captions take turns
_SMALL_THING = 0.34  # of a caption's characters and seconds
_TOGETHER = 0.85  # intersection over union of the times of two rows of one caption
_MOSTLY = 0.5  # share of a place's rows that make it the second row of all captions


@dataclass(slots=True)
class _Place:
    """Rows of one height that stand at one height and share their centre or left edge."""

    showings: list[Showing] = field(default_factory=list)

    def takes(self, showing: Showing) -> bool:
        box, own = showing.row.box, self.showings[0].row.box
        small, large = sorted((box.height, own.height))
        return (
            abs(box.middle - own.middle) < _LEVEL * own.height
            and small >= _SAME_HEIGHT * large
            and _aligned(showing, self.showings[0])
        )

    def texts(self) -> list[list[Showing]]:
        """The showings by what they say."""
        groups: list[list[Showing]] = []
        for showing in sorted(self.showings, key=lambda s: -s.duration * s.row.confidence):
            for group in groups:
                if fuzz.ratio(showing.row.text, group[0].row.text) >= _SAME_TEXT:
                    group.append(showing)
                    break
            else:
                groups.append([showing])
        return groups

    @property
    def height(self) -> float:
        """The usual height of a row."""
        return median(s.row.box.height for s in self.showings)

    def weight(self, width: int) -> float:
        """How much it says: seconds of reading. Captions are seldom anywhere but in the middle."""
        said = sum(
            min(_READ_S, sum(s.duration for s in group))
            * min(1.0, len(group[0].row.text) / _FULL_WEIGHT)
            * group[0].row.confidence
            for group in self.texts()
        )
        return said if self.is_centred(width) else _ASIDE * said

    def is_centred(self, width: int) -> bool:
        """Whether the rows stand in the middle of the strip, as a rule."""
        centre = median(s.row.box.centre for s in self.showings)
        return abs(centre - width / 2) <= _CENTRE * width

    def is_static(self, limit: float) -> bool:
        """Whether texts stay here for longer than that on average."""
        texts: list[list[Showing]] = []
        for showing in self.showings:
            for group in texts:
                if _same_mark(showing, group[0]):
                    group.append(showing)
                    break
            else:
                texts.append([showing])
        stays = sum(_stays(group) for group in texts)
        return sum(s.duration for s in self.showings) > limit * stays

    def is_credible(self, film: float, width: int) -> bool:
        """Whether captions look like this: many texts, each in one piece, on one line and one axis;
        or few that are centred and do not come and go with the pictures of the film.
        """
        texts = len(self.texts())
        if (
            texts >= max(_MANY_TEXTS, _TEXTS_A_MINUTE * film / 60)
            and len(self.showings) <= _PIECES * texts
            and self._is_lined_up()
        ):
            return True
        return self.is_centred(width) and not all(s.row.of_shot for s in self.showings)

    def _is_lined_up(self) -> bool:
        """Whether the rows stand on one line, and their centres or their left edges below each
        other.
        """
        boxes = [s.row.box for s in self.showings]
        return _deviation([b.middle for b in boxes]) <= _LINE * self.height and (
            _deviation([b.centre for b in boxes]) <= _AXIS * self.height
            or _deviation([b.left for b in boxes]) <= _AXIS * self.height
        )

    def is_second_row_of(self, main: _Place) -> bool:
        """Whether most of its rows come and go with rows of the main place."""
        with_main = sum(any(_second_row(s, m) for m in main.showings) for s in self.showings)
        return with_main >= _MOSTLY * len(self.showings)

    def takes_turns_with(self, main: _Place) -> bool:
        """Whether it is another place for the same captions: of their size, on their axis, and not
        at the same time.
        """
        small, large = sorted((self.height, main.height))
        return (
            small >= _SIZE * large
            and _aligned(self.showings[0], main.showings[0])
            and not any(_overlap(s, m) > _TURN for s in self.showings for m in main.showings)
        )


def main_track(showings: Sequence[Showing], film: float, width: int) -> list[Showing]:
    """The captions among all text; empty when nothing looks like captions.

    Parameters
    ----------
    showings : all rows that were read.
    film : seconds of the film.
    width : pixels of the strip that the rows' boxes refer to.
    """
    places = _places(_standing(showings))
    # A short film may have a single caption for most of its time; beside others it is a mark.
    limit = min(_STATIC_S, _STATIC_SHARE * film) if len(places) > 1 else _STATIC_S
    moving = [place for place in places if not place.is_static(limit)]
    credible = [place for place in moving if place.is_credible(film, width)]
    if not credible:
        return []
    main = max(credible, key=lambda place: place.weight(width))
    others = [place for place in moving if place is not main]
    kept = [
        place for place in others if place.takes_turns_with(main) or place.is_second_row_of(main)
    ]
    chosen = [s for place in (main, *kept) for s in place.showings]
    rest = [s for place in others if place not in kept for s in place.showings]
    chosen += [s for s in rest if any(_second_row(s, other) for other in chosen)]
    return [s for s in chosen if not any(_is_beside(s, other) for other in chosen)]


def _standing(showings: Sequence[Showing]) -> list[Showing]:
    """What does not move: a text that is found again a little further on at once moves."""
    ordered = sorted(showings, key=lambda s: s.start)
    moving: set[int] = set()
    for number, showing in enumerate(ordered):
        for later in range(number + 1, len(ordered)):
            if ordered[later].start > showing.end + _AGAIN_S:
                break
            if _moved_on(showing, ordered[later]):
                moving |= {number, later}
    return [s for number, s in enumerate(ordered) if number not in moving]


def _moved_on(one: Showing, other: Showing) -> bool:
    if fuzz.ratio(one.row.text, other.row.text) < _SAME_SIGN:
        return False
    box, then = one.row.box, other.row.box
    far = max(abs(box.middle - then.middle), abs(box.centre - then.centre)) / box.height
    same_size = abs(box.width - then.width) < _SAME_SIZE * box.height
    return same_size and _MOVED < far < _LEFT and other.start >= one.end - _AGAIN_S


def _places(showings: Sequence[Showing]) -> list[_Place]:
    places: list[_Place] = []
    for showing in sorted(showings, key=lambda s: -s.duration * len(s.row.text)):
        for place in places:
            if place.takes(showing):
                place.showings.append(showing)
                break
        else:
            places.append(_Place([showing]))
    return places


def _is_beside(showing: Showing, other: Showing) -> bool:
    """Whether it is a small thing on the line of a caption that is shown at the same time."""
    return (
        showing is not other
        and showing.row.box.same_line(other.row.box)
        and _overlap(showing, other) > _TURN
        and len(showing.row.text) * showing.duration
        < _SMALL_THING * len(other.row.text) * other.duration
    )


def _overlap(one: Showing, other: Showing) -> float:
    """The seconds that both are shown, over those of the shorter."""
    common = min(one.end, other.end) - max(one.start, other.start)
    return common / min(one.duration, other.duration)


def _deviation(values: Sequence[float]) -> float:
    middle = median(values)
    return sum(abs(value - middle) for value in values) / len(values)


def _aligned(one: Showing, other: Showing) -> bool:
    box, own = one.row.box, other.row.box
    return (
        abs(box.centre - own.centre) < _CENTRED * own.height
        or abs(box.left - own.left) < _ALIGNED * own.height
    )


def _same_mark(one: Showing, other: Showing) -> bool:
    """Whether a row is a mark seen again; captions that say nearly the same look different."""
    row, mark = one.row, other.row
    return row.text == mark.text or (
        fuzz.ratio(row.text, mark.text) >= _SAME_TEXT
        and similarity(row.look, row.place, mark.look, mark.place) >= _ALIKE
    )


def _stays(showings: Sequence[Showing]) -> int:
    """How often one text has come: a mark is lost and found again, a line is said again."""
    ordered = sorted(showings, key=lambda s: s.start)
    return 1 + sum(
        later.start - one.end > max(_STATIC_S, _AWAY * one.duration)
        for one, later in pairwise(ordered)
    )


def _second_row(showing: Showing, other: Showing) -> bool:
    """Whether a row comes and goes with another, right above or below it: the second row of a
    caption.
    """
    box, main = showing.row.box, other.row.box
    common = min(showing.end, other.end) - max(showing.start, other.start)
    total = max(showing.end, other.end) - min(showing.start, other.start)
    apart = max(box.top - main.bottom, main.top - box.bottom)
    small, large = sorted((box.height, main.height))
    return (
        common >= _TOGETHER * total
        and not box.same_line(main)
        and apart < large
        and small >= _SAME_HEIGHT * large
        and _aligned(showing, other)
    )
