"""A film is read in stretches of five minutes, each by itself, and put together from them.

What a scan knows of the rows it follows grows with the film, so a film that is read in one go could
not be read in parts and give the same. Therefore each film is read in the same stretches, whether
one process reads all of them or several read some: the result is the same for certain. A stretch is
read from a little before it until a little after it, so that rows are known when it begins, and
those that go on are seen to their end. Rows that stand for longer are put together from what each
stretch saw of them. Films of less than two stretches are one.
"""

from __future__ import annotations

import math
import zlib
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from media_pipeline.errors import PartsDiffer
from media_pipeline.media.decode import Frame
from media_pipeline.stages.captions.layout import Showing, continues, join_split
from media_pipeline.stages.captions.reading import Row
from media_pipeline.stages.captions.scan import Counts, Scan, end_time

STRETCH_S = 300.0
_BEFORE_S = 4.0  # what a scan looks back: after that it knows what there is to know
_AFTER_S = 8.0  # most captions are gone by then
_EPSILON_S = 1e-6
_OPEN = 6  # frames before the end of a scan in which a row ends that may go on
_BESIDE_S = 2.0  # by which two scans may differ on where a row begins
_SAME_PLACE, _SAME_TIME = 0.5, 0.5  # shares of the smaller one
_COARSE = 4  # pixels from one that is compared to the next

Span = tuple[float, float]


@dataclass(frozen=True)
class Stretch:
    """What was read in one stretch.

    Attributes
    ----------
    span : its seconds, the end exclusive; infinite for the last.
    times : of all frames that were looked at, those around it as well.
    checks : for each a number that differs where the picture does.
    rows : by the numbers of these frames.
    size : width and height of the strip that the rows' boxes refer to.
    """

    span: Span
    times: NDArray[np.float64]
    checks: NDArray[np.uint32]
    rows: Sequence[Row]
    counts: Counts
    size: tuple[int, int]


@dataclass(frozen=True)
class Whole:
    """What was read in a film, or in the stretches of it that were given."""

    showings: Sequence[Showing]
    duration: float
    """Seconds from the first frame to the end of the last."""
    counts: Counts
    size: tuple[int, int]


def spans(duration: float) -> list[Span]:
    """The stretches of a film."""
    count = max(1, int(duration / STRETCH_S))
    edges = [k * STRETCH_S for k in range(count)]
    return list(pairwise([*edges, math.inf]))


def around(span: Span) -> Span:
    """The seconds that are looked at for a stretch."""
    return max(0.0, span[0] - _BEFORE_S), span[1] + _AFTER_S


class _Reading:
    """A stretch that is being read."""

    def __init__(self, span: Span, scan: Scan) -> None:
        self.span = span
        self.until = around(span)[1] - _EPSILON_S
        self._scan = scan
        self._checks = array("I")

    def take(self, frame: Frame) -> None:
        self._scan.take(frame)
        self._checks.append(zlib.crc32(frame.luma[::_COARSE, ::_COARSE].tobytes()))

    def close(self) -> Stretch:
        rows = self._scan.finish()
        return Stretch(
            self.span,
            np.array(self._scan.times, np.float64),
            np.array(self._checks, np.uint32),
            rows,
            self._scan.counts,
            self._scan.size,
        )


def read_stretches(
    frames: Iterable[Frame], wanted: Sequence[Span], new_scan: Callable[[], Scan]
) -> list[Stretch]:
    """Read neighbouring stretches in one pass; those that hold no frame are left out.

    Parameters
    ----------
    frames : from the time :func:`around` the first until that around the last.
    wanted : the stretches, in order.
    new_scan : makes a scan that has seen nothing.
    """
    waiting = list(wanted)
    reading: list[_Reading] = []
    done: list[Stretch] = []
    for frame in frames:
        while waiting and frame.time >= around(waiting[0])[0] - _EPSILON_S:
            reading.append(_Reading(waiting.pop(0), new_scan()))
        while reading and frame.time >= reading[0].until:
            done.append(reading.pop(0).close())
        for one in reading:
            one.take(frame)
    return done + [one.close() for one in reading]


def put_together(stretches: Sequence[Stretch], rate: float) -> Whole:
    """What a film shows, from what was read in its stretches, in order.

    Parameters
    ----------
    rate : samples per second, which tells how long a single frame lasts.

    Raises
    ------
    PartsDiffer
        when neighbours have not seen the same pictures around the border between them.
    """
    if not stretches:
        return Whole([], 0.0, Counts(0, 0, 0, 0, 0), (1, 1))
    for before, after in pairwise(stretches):
        _check(before, after)
    times = np.concatenate([_own_times(one) for one in stretches])
    placed = [_placed(one, times) for one in stretches]
    rows = list(placed[0])
    for number, (one, after) in enumerate(pairwise(stretches), start=1):
        last = int(np.searchsorted(times, one.times[-1]))
        border = int(np.searchsorted(times, after.span[0]))
        near = int(np.searchsorted(times, after.span[0] + _BESIDE_S))
        rows = _continued(rows, placed[number], border, near, last)
    showings = [
        Showing(float(times[row.start]), end_time(times, row.end, 1 / rate), row)
        for row in join_split(rows)
    ]
    duration = end_time(times, len(times) - 1, 1 / rate) - float(times[0])
    return Whole(showings, duration, _counts(stretches, len(times)), stretches[-1].size)


def _check(before: Stretch, after: Stretch) -> None:
    begin, until = around(after.span)[0] - _EPSILON_S, around(before.span)[1] - _EPSILON_S
    late, early = before.times >= begin, after.times < until
    if (
        not late.any()
        or before.size != after.size
        or not np.array_equal(before.times[late], after.times[early])
        or not np.array_equal(before.checks[late], after.checks[early])
    ):
        raise PartsDiffer("neighbouring stretches have not seen the same pictures")


def _own_times(stretch: Stretch) -> NDArray[np.float64]:
    times = stretch.times
    return times[(times >= stretch.span[0]) & (times < stretch.span[1])]


def _placed(stretch: Stretch, times: NDArray[np.float64]) -> list[Row]:
    """Its rows by the numbers of the frames of the film."""
    first = int(np.searchsorted(times, stretch.times[0]))
    return [replace(row, start=first + row.start, end=first + row.end) for row in stretch.rows]


def _continued(
    before: Sequence[Row], after: Sequence[Row], border: int, near: int, last: int
) -> list[Row]:
    """The rows of a film up to the end of a stretch, from those up to its beginning.

    Parameters
    ----------
    border : the first frame of the stretch.
    near : the first frame that is no longer beside the border.
    last : the last frame that the stretch before has looked at.
    """
    rows = [row for row in before if row.start < border]
    known = [row for row in after if row.start < border]
    begun = [
        row for row in after if row.start >= border and not any(_same(row, other) for other in rows)
    ]
    # What begins beside the border one scan may have seen to begin before it, and one after it.
    late = [row for row in before if border <= row.start < near]
    begun += [row for row in late if not any(_same(row, other) for other in (*rows, *begun))]
    for row in known:
        if row.end <= last:
            continue
        for number, other in enumerate(rows):
            if other.end >= last - _OPEN and continues(other, row):
                longer = max(other, row, key=lambda r: (r.end - r.start) * r.confidence)
                rows[number] = replace(longer, start=other.start, end=row.end)
                break
        else:
            begun.append(replace(row, start=border))
    return rows + begun


def _same(one: Row, other: Row) -> bool:
    """Whether both are one row that two scans have seen."""
    common = min(one.end, other.end) - max(one.start, other.start) + 1
    shorter = min(one.end - one.start, other.end - other.start) + 1
    return (
        common >= _SAME_TIME * shorter
        and one.box.same_line(other.box)
        and max(one.box.covered(other.box), other.box.covered(one.box)) >= _SAME_PLACE
    )


def _counts(stretches: Sequence[Stretch], frames: int) -> Counts:
    """All that was looked at; frames once each."""
    if len(stretches) == 1:
        return stretches[0].counts
    total = {
        one.name: sum(getattr(stretch.counts, one.name) for stretch in stretches)
        for one in fields(Counts)
    }
    return Counts(**{**total, "frames": frames})
