"""Drawing captions by coding only those groups of pictures anew that carry them.

All other pictures are copied bit by bit. The new pictures bring parameter sets with a number of
their own, so that both kinds stand in one stream as the standard has it. What was written is read
again before it is kept: pictures, times, copied bytes, and what a decoder says at the seams.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from pathlib import Path
from typing import Any

import av
from av.packet import Packet

from media_pipeline.media import ffmpeg
from media_pipeline.media.container import open_media
from media_pipeline.media.gops import (
    Group,
    NotJoinable,
    Stream,
    digest,
    extract,
    read_stream,
)
from media_pipeline.media.h264 import Configuration
from media_pipeline.media.probe import MediaInfo, VideoStream

Progress = Callable[[float], None]

_TICK_S = 0.0006  # half a millisecond, the clock of Matroska, and rounding
_FIRST = 12  # pictures of a group that show whether a decoder takes to it
_FEW = 0.25  # of the time: decoding costs an eighth of coding anew, so more is not decoded whole
_MOST = 0.9  # of the time: with more to code anew, copying the rest is not worth the seams
_TURNS = {
    0: ("", ""),
    90: ("transpose=clock,", ",transpose=cclock"),
    180: ("hflip,vflip,", ",hflip,vflip"),
    270: ("transpose=cclock,", ",transpose=clock"),
}


@dataclass(frozen=True)
class Plan:
    """Which groups of a film are coded anew, in runs of neighbours."""

    stream: Stream
    anew: tuple[bool, ...]

    @property
    def share(self) -> float:
        """Of the time that is coded anew."""
        groups = self.stream.groups
        whole = sum(g.end - g.start for g in groups)
        again = sum(g.end - g.start for g, new in zip(groups, self.anew, strict=True) if new)
        return again / whole if whole else 1.0

    def runs(self) -> Iterator[tuple[bool, int, int]]:
        """Runs of pictures: whether they are coded anew, and their first and last number."""
        pairs = zip(self.anew, self.stream.groups, strict=True)
        for new, run in groupby(pairs, key=lambda pair: pair[0]):
            groups: list[Group] = [group for _, group in run]
            yield new, groups[0].first, groups[-1].last


def plan(path: Path, info: MediaInfo, spans: Sequence[tuple[float, float]]) -> Plan:
    """Decide which groups of a film are coded anew.

    Raises
    ------
    NotJoinable
        when the film is better coded anew as a whole; the text says why.
    """
    if info.video is None or info.video.rotation not in _TURNS:
        raise NotJoinable("its picture is turned by an odd angle")
    stream = read_stream(path, info.video, info.container)
    made = Plan(stream, tuple(stream.groups_in(spans)))
    if made.share > _MOST:
        raise NotJoinable(f"captions are shown in {made.share:.0%} of its time")
    return made


def draw_groups(
    path: Path,
    video: VideoStream,
    made: Plan,
    folder: Path,
    *,
    filters: str,
    crf: int,
    preset: str,
    progress: Progress,
) -> Path:
    """Write the picture of the film, some groups with the filter applied, as an MP4 of its own.

    Parameters
    ----------
    folder : where files may be written; ffmpeg runs there.
    filters : what draws on the picture as displayed, at the times of the film.

    Raises
    ------
    NotJoinable
        when what was coded anew does not fit.
    EncodeFailed
    """
    wanted = [(first, last) for new, first, last in made.runs() if new]
    coded = folder / "coded.mp4"
    if wanted:
        part = folder / "part.nut"
        late = extract(path, video, wanted, part) + made.stream.origin
        _encode(
            part, coded, video, made, f"setpts=PTS-{late:.6f}/TB", filters, crf, preset, progress
        )
    joined = folder / "joined.mp4"
    _join(path, video, made, coded if wanted else None, joined)
    return joined


def _encode(
    part: Path,
    coded: Path,
    video: VideoStream,
    made: Plan,
    at_times: str,
    filters: str,
    crf: int,
    preset: str,
    progress: Progress,
) -> None:
    """Code the extracted groups anew; each begins with a picture that stands by itself."""
    stream = made.stream
    upright, back = _TURNS[video.rotation]
    seconds = made.share * video.duration
    begins = next(g.start for g, new in zip(stream.groups, made.anew, strict=True) if new)
    ends = max(g.end for g, new in zip(stream.groups, made.anew, strict=True) if new)

    def report(share: float) -> None:
        # ffmpeg tells the time it has come to, which leaps over what is not coded
        now = share * seconds
        progress(min(1.0, max(0.0, (now - begins) / max(ends - begins, 1e-3))))

    ffmpeg.run(
        [
            *("-copyts", "-i", ffmpeg.source(part)),
            *("-vf", f"{at_times},{upright}{filters}{back},format={stream.pixels}"),
            *("-c:v", "libx264", "-preset", preset, "-crf", str(crf)),
            *("-profile:v", stream.profile, "-x264-params", f"sps-id={stream.free_number}"),
            *("-force_key_frames", "source", "-forced-idr", "1"),
            *("-fps_mode", "passthrough", "-enc_time_base", "1:90000"),
            *("-video_track_timescale", "90000", "-an", ffmpeg.source(coded)),
        ],
        duration=seconds,
        progress=report,
        cwd=part.parent,
    )


def _join(path: Path, video: VideoStream, made: Plan, coded: Path | None, joined: Path) -> None:
    """Copied and new pictures in one stream, each at the time of the picture it is or replaces.

    Decoding times follow from the order of the file: as many ticks before the times of showing,
    sorted, as keeps every picture decoded before it is shown.
    """
    stamps = [p.pts for p in made.stream.pictures]
    shown = sorted(stamps)
    fresh = _fresh_stamps(made, coded, stamps) if coded else {}
    order = [fresh.get(i, stamp) for i, stamp in enumerate(stamps)]
    delay = max(s - o for s, o in zip(shown, order, strict=True))
    kept = [not new for new, first, last in made.runs() for _ in range(first, last)]
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
            chosen = packet if kept[number] else next(news)
            chosen.stream = stream
            chosen.time_base = scale
            chosen.pts, chosen.dts = order[number], shown[number] - delay
            last = number + 1 == len(shown)
            until = _end_stamp(made, video, scale) if last else shown[number + 1]
            chosen.duration = max(1, until - shown[number])
            out.mux(chosen)


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
    wanted = [(first, last) for new, first, last in made.runs() if new]
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


def check(path: Path, made: Plan) -> None:
    """Read what was written again: pictures, times, copied bytes, and decoding around the seams.

    Raises
    ------
    NotJoinable
        when anything is not as it should be.
    """
    with open_media(path) as file, av.logging.Capture(local=False) as said:
        stream = file.streams.video[0]
        # what is wrong shows before the last filter, which is left out
        stream.codec_context.options = {"err_detect": "explode", "skip_loop_filter": "all"}
        try:
            _compare(stream, (p for p in file.demux(stream) if p.size), made)
        except av.FFmpegError as error:
            raise NotJoinable(f"the joined pictures do not decode ({error.strerror})") from error
    faults = [text for level, _, text in said if level <= av.logging.ERROR]
    if faults:
        raise NotJoinable(f"a decoder says of the joined pictures: {faults[0].strip()}")


def _compare(stream: av.VideoStream, packets: Iterator[Packet[Any]], made: Plan) -> None:
    pictures, scale, origin = made.stream.pictures, made.stream.scale, made.stream.origin
    kept = [not new for new, first, last in made.runs() for _ in range(first, last)]
    looked_at = [*_near_seams(made), False]
    tick = float(stream.time_base or 0)
    number = decoded = 0
    for number, packet in enumerate(packets, start=1):
        if number > len(pictures) or packet.pts is None:
            raise NotJoinable("there are more pictures than before")
        before = pictures[number - 1]
        late = abs(packet.pts * tick - (before.pts * scale - origin))
        if kept[number - 1] and (digest(bytes(packet)) != before.digest or late > _TICK_S):
            raise NotJoinable("a copied picture is not what it was")
        if looked_at[number - 1]:
            decoded += len(packet.decode())
            if not looked_at[number]:
                decoded += len(stream.codec_context.decode(None))
                stream.codec_context.flush_buffers()
    if number != len(pictures) or decoded != sum(looked_at):
        raise NotJoinable(f"{len(pictures) - number} pictures are lost")


def _near_seams(made: Plan) -> list[bool]:
    """For each picture whether it is decoded: all new ones where those are few, else the first of
    each new group; and the first of the copied groups beside them.

    Nothing of a group depends on another one: the first pictures show whether a decoder goes from
    one kind to the other.
    """
    anew, few = made.anew, made.share <= _FEW
    looked: list[bool] = []
    for i, group in enumerate(made.stream.groups):
        count = group.last - group.first
        beside = any(anew[max(0, i - 1) : i + 2])
        seen = count if anew[i] and few else _FIRST if beside else 0
        looked += [n < seen for n in range(count)]
    return looked
