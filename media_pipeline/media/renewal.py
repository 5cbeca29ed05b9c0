"""Changing a film by coding only those pictures anew that need it.

Coding begins at the first picture that changes and ends with its group of pictures, since those
that follow in the group need it. All other pictures are copied bit by bit. The new pictures
bring parameter sets with a number of their own, so that both kinds stand in one stream as the
standard has it. What was written is read again before it is kept: pictures, times, bytes, and what
a decoder says of all that is new and of what is beside it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.packet import Packet

from media_pipeline.media.container import open_media
from media_pipeline.media.gops import NotJoinable, Stream, digest, read_stream
from media_pipeline.media.h264 import Configuration
from media_pipeline.media.probe import MediaInfo, VideoStream

_LEAST = 12  # pictures to be spared, for which a group is cut in two
_MOST = 0.9  # of the time: with more to code anew, copying the rest is not worth the seams


@dataclass(frozen=True, slots=True)
class Fresh:
    """Pictures ``first`` to ``last`` (exclusive, as they lie in the file) that are coded anew.

    They are shown from ``start`` to ``end`` seconds. A decoder has to begin at ``entry``.
    ``keys`` are the times at which groups began in the film, and begin again.
    """

    entry: int
    first: int
    last: int
    start: float
    end: float
    keys: tuple[float, ...]


@dataclass(frozen=True)
class Plan:
    """Which pictures of a film are coded anew, in runs of neighbours."""

    stream: Stream
    fresh: tuple[Fresh, ...]
    touched: float
    """Share of the time whose groups of pictures change somewhere."""

    @property
    def seconds(self) -> float:
        """That are coded anew."""
        return self.coded_until(math.inf)

    def coded_until(self, time: float) -> float:
        """Seconds that are coded anew up to a time of the film."""
        return sum(max(0.0, min(time, run.end) - run.start) for run in self.fresh)

    @property
    def share(self) -> float:
        """Of the time that is coded anew."""
        whole = sum(g.end - g.start for g in self.stream.groups)
        return self.seconds / whole if whole else 1.0

    def kept(self) -> list[bool]:
        """For each picture, as they lie in the file, whether it is copied."""
        kept = [True] * len(self.stream.pictures)
        for run in self.fresh:
            kept[run.first : run.last] = [False] * (run.last - run.first)
        return kept


def plan(path: Path, info: MediaInfo, spans: Sequence[tuple[float, float]]) -> Plan:
    """Decide which pictures of a film are coded anew, so that those in the spans can change.

    Raises
    ------
    NotJoinable
        when the film is better coded anew as a whole; the text says why.
    """
    if info.video is None or info.video.rotation % 90:
        raise NotJoinable("its picture is turned by an odd angle")
    stream = read_stream(path, info.video, info.container)
    changed = stream.first_changed(spans)
    whole = sum(g.end - g.start for g in stream.groups)
    touched = sum(
        g.end - g.start for g, t in zip(stream.groups, changed, strict=True) if math.isfinite(t)
    )
    made = Plan(stream, tuple(_runs(stream, changed)), touched / whole if whole else 1.0)
    if made.share > _MOST:
        raise NotJoinable(f"the groups of pictures that change fill {made.share:.0%} of its time")
    return made


def _runs(stream: Stream, changed: Sequence[float]) -> Iterator[Fresh]:
    """Runs of pictures to code anew, of groups that change from those times on."""
    run: Fresh | None = None
    for group, time in zip(stream.groups, changed, strict=True):
        if not math.isfinite(time):
            continue
        first = stream.cut(group, time)
        if first - group.first < _LEAST:
            first = group.first
        if run is not None and run.last == first:
            run = Fresh(
                run.entry, run.first, group.last, run.start, group.end, (*run.keys, group.start)
            )
            continue
        if run is not None:
            yield run
        start = min(map(stream.time, range(first, group.last)))
        run = Fresh(group.first, first, group.last, start, group.end, (start,))
    if run is not None:
        yield run


def renew(
    path: Path, video: VideoStream, made: Plan, folder: Path, code: Callable[[Path], None]
) -> tuple[Path, list[bytes]]:
    """Write the picture of the film, those of the plan coded anew, as an MP4 of its own.

    Parameters
    ----------
    folder : where files may be written.
    code : writes the new pictures to a file, with the stream's ``free_number``, each run beginning
        with one that stands by itself.

    Returns
    -------
    the file, and the digests of the new pictures in it.

    Raises
    ------
    NotJoinable
        when what was coded anew does not fit.
    EncodeFailed
    """
    coded = folder / "coded.mp4"
    if made.fresh:
        code(coded)
    joined = folder / "joined.mp4"
    digests = _join(path, video, made, coded if made.fresh else None, joined)
    return joined, digests


def _join(
    path: Path, video: VideoStream, made: Plan, coded: Path | None, joined: Path
) -> list[bytes]:
    """Copied and new pictures in one stream, each at the time of the picture it is or replaces.

    Decoding times follow from the order of the file: as many ticks before the times of showing,
    sorted, as keeps every picture decoded before it is shown. Gives the new pictures' digests.
    """
    stamps = [p.pts for p in made.stream.pictures]
    shown = sorted(stamps)
    fresh = _fresh_stamps(made, coded, stamps) if coded else {}
    order = [fresh.get(i, stamp) for i, stamp in enumerate(stamps)]
    delay = max(s - o for s, o in zip(shown, order, strict=True))
    kept, digests = made.kept(), []
    with ExitStack() as stack:
        source = stack.enter_context(open_media(path))
        old = next(s for s in source.streams.video if s.index == video.index)
        olds = (p for p in source.demux(old) if p.size)
        news: Iterator[Packet[Any]] = iter(())
        out = stack.enter_context(av.open(str(joined), "w", format="mp4"))
        stream = out.add_stream_from_template(old)
        if coded is not None:
            new = stack.enter_context(av.open(str(coded)))
            news = (p for p in new.demux(video=0) if p.size)
            stream.codec_context.extradata = _extradata(made, new.streams.video[0])
        scale = old.time_base or Fraction(1, 90000)
        for number, packet in enumerate(olds):
            if kept[number]:
                chosen = packet
            else:
                chosen = next(news)
                digests.append(digest(bytes(chosen)))
            chosen.stream = stream
            chosen.time_base = scale
            chosen.pts, chosen.dts = order[number], shown[number] - delay
            last = number + 1 == len(shown)
            until = _end_stamp(made, video, scale) if last else shown[number + 1]
            chosen.duration = max(1, until - shown[number])
            out.mux(chosen)
    return digests


def _end_stamp(made: Plan, video: VideoStream, scale: Fraction) -> int:
    return round((video.start + video.duration + made.stream.origin) / scale)


def _extradata(made: Plan, stream: av.VideoStream) -> bytes:
    other = Configuration.parse(stream.codec_context.extradata or b"")
    if other is None:
        raise NotJoinable("the new pictures have no configuration")
    return made.stream.configuration.joined(other)


def _fresh_stamps(made: Plan, coded: Path, stamps: Sequence[int]) -> dict[int, int]:
    """The time of each new picture, in the order they lie in: that of the one it replaces.

    Raises
    ------
    NotJoinable
        when there are not as many, or a run of them does not begin with one that stands by itself.
    """
    with av.open(str(coded)) as file:
        found = [(p.pts, p.is_keyframe) for p in file.demux(video=0) if p.size]
    wanted = [(run.first, run.last) for run in made.fresh]
    if len(found) != sum(last - first for first, last in wanted):
        raise NotJoinable("as many pictures as were to be coded anew did not come back")
    fresh: dict[int, int] = {}
    at = 0
    for first, last in wanted:
        run = found[at : at + last - first]
        times = sorted(pts for pts, _ in run if pts is not None)
        if len(times) != len(run) or not run[0][1] or run[0][0] != times[0]:
            raise NotJoinable("a run of new pictures does not stand by itself")
        place = dict(zip(times, sorted(stamps[first:last]), strict=True))
        fresh |= {first + i: place[pts or 0] for i, (pts, _) in enumerate(run)}
        at += last - first
    return fresh
