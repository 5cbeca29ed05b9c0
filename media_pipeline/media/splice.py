"""A range of a film's picture with only its edges coded anew: smart cutting.

Groups of pictures that lie wholly inside are copied bit by bit. What lies before the first and
after the last of them is coded anew, with parameter sets of its own number, so that both kinds
stand in one stream. What was written is read again before it is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.packet import Packet

from media_pipeline.media.container import open_media
from media_pipeline.media.gops import Group, NotJoinable, Stream, read_part
from media_pipeline.media.h264 import Configuration
from media_pipeline.media.probe import VideoStream

Edge = Callable[[float, float, float, Sequence[str], Path], None]
"""Codes the pictures from a start to an end (seconds) into a file; gets besides a time between the
first and the picture before it, and more arguments for the encoder."""

_CLOCK = 90000
_SLACK_S = 0.001
_SEEN = 12  # pictures of the first copied group that are decoded to see that it stands
_LEAST_COPIED = 0.2  # of the range; with less the seams are not worth it


@dataclass(frozen=True)
class _Part:
    """Coded pictures: time in ticks from the start of the clip, in decoding order, and bytes."""

    packets: list[tuple[int, Packet[Any]]]
    configuration: Configuration | None = None


def splice(
    path: Path,
    video: VideoStream,
    container: str,
    start: float,
    end: float,
    seek: float,
    edge: Edge,
    folder: Path,
) -> Path:
    """Write the pictures from ``start`` to ``end`` as an MP4 without sound.

    Parameters
    ----------
    path, video, container : the film, and what probing found in it.
    start, end : seconds, at which pictures begin and end.
    seek : seconds, between the first picture and the one before it.
    edge : codes what cannot be copied.
    folder : where files may be written.

    Raises
    ------
    NotJoinable
        when the range is better coded anew as a whole; the text says why.
    EncodeFailed
    """
    if video.pixel_format != "yuv420p" or video.rotation:
        raise NotJoinable("its picture is turned, or of full range")
    stream = read_part(path, video, container, start, end)
    inner = [g for g in stream.groups if start - _SLACK_S <= g.start and g.end <= end + _SLACK_S]
    if not inner or inner[-1].end - inner[0].start < _LEAST_COPIED * (end - start):
        raise NotJoinable("hardly any group of pictures lies inside the range")
    parts = []
    extra = ("-profile:v", stream.profile, "-x264-params", f"sps-id={stream.free_number}")
    first, last = inner[0].start, inner[-1].end
    if first > start + _SLACK_S:
        edge(start, first, seek, extra, folder / "head.mp4")
        parts.append(_coded(folder / "head.mp4", 0.0))
    parts.append(_copied(path, video, stream, inner, start))
    if last < end - _SLACK_S:
        gap = min(1 / video.fps, 0.04) / 4
        edge(last, end, last - gap, extra, folder / "tail.mp4")
        parts.append(_coded(folder / "tail.mp4", last - start))
    joined = folder / "joined.mp4"
    _join(path, video, stream, parts, end - start, joined)
    before = len(parts[0].packets) if first > start + _SLACK_S else 0
    unseen = range(
        before + min(_SEEN, inner[0].last - inner[0].first),
        before + inner[-1].first - inner[0].first,
    )
    _check(joined, stream, (start, end), unseen)
    return joined


def _coded(path: Path, late: float) -> _Part:
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        configuration = Configuration.parse(stream.codec_context.extradata or b"")
        if configuration is None:
            raise NotJoinable("the new pictures have no configuration")
        found = [
            (round((float((p.pts or 0) * p.time_base) + late) * _CLOCK), p)
            for p in file.demux(stream)
            if p.size
        ]
    if not found or not found[0][1].is_keyframe or found[0][0] != min(t for t, _ in found):
        raise NotJoinable("the new pictures do not stand by themselves")
    return _Part(found, configuration)


def _copied(
    path: Path, video: VideoStream, stream: Stream, inner: Sequence[Group], start: float
) -> _Part:
    """The packets of neighbouring groups."""
    wanted = stream.pictures[inner[0].first : inner[-1].last]
    found = []
    with open_media(path) as file:
        source = next(s for s in file.streams.video if s.index == video.index)
        if inner[0].start > 0:
            file.seek(wanted[0].pts, stream=source, backward=True)
        for packet in _from(file.demux(source), wanted[0].pts):
            time = float((packet.pts or 0) * packet.time_base) - stream.origin - start
            found.append((round(time * _CLOCK), packet))
            if len(found) == len(wanted):
                break
    if [p.pts for _, p in found] != [p.pts for p in wanted]:
        raise NotJoinable("the file gives other pictures when it is read again")
    return _Part(found)


def _from(packets: Iterator[Packet[Any]], pts: int) -> Iterator[Packet[Any]]:
    """The packets from the one of that time on."""
    begun = False
    for packet in packets:
        begun = begun or packet.pts == pts
        if begun and packet.size:
            yield packet


def _join(
    path: Path,
    video: VideoStream,
    stream: Stream,
    parts: Sequence[_Part],
    seconds: float,
    joined: Path,
) -> None:
    """All packets in one stream; decoding times follow from the order as in any one part."""
    packets = [pair for part in parts for pair in part.packets]
    shown = sorted(time for time, _ in packets)
    if len(set(shown)) != len(shown):
        raise NotJoinable("two pictures are shown at one time")
    delay = max(s - time for s, (time, _) in zip(shown, packets, strict=True))
    others = {p.configuration for p in parts if p.configuration is not None}
    if len(others) > 1:
        raise NotJoinable("the two edges were coded in two ways")
    with open_media(path) as source, av.open(str(joined), "w", format="mp4") as out:
        old = next(s for s in source.streams.video if s.index == video.index)
        copy = out.add_stream_from_template(old)
        copy.time_base = Fraction(1, _CLOCK)
        for other in others:
            copy.codec_context.extradata = stream.configuration.joined(other)
        until = [*shown[1:], round(seconds * _CLOCK)]
        for (time, packet), at, following in zip(packets, shown, until, strict=True):
            packet.stream = copy
            packet.time_base = Fraction(1, _CLOCK)
            packet.pts, packet.dts = time, at - delay
            packet.duration = max(1, following - at)
            out.mux(packet)


def _check(joined: Path, stream: Stream, span: tuple[float, float], unseen: range) -> None:
    """Read what was written: as many pictures as the film has there, at their times, no fault.

    ``unseen``: numbers of copied pictures that are not decoded, being far from any new one.

    Raises
    ------
    NotJoinable
    """
    start, end = span
    times = [p.pts * stream.scale - stream.origin for p in stream.pictures]
    wanted = sorted(t - start for t in times if start - _SLACK_S <= t < end - _SLACK_S)
    with av.open(str(joined)) as file, av.logging.Capture(local=False) as said:
        try:
            found, decoded = _read(file.streams.video[0], file, unseen)
        except av.FFmpegError as error:
            raise NotJoinable(f"the joined pictures do not decode ({error.strerror})") from error
    if any(level <= av.logging.ERROR for level, _, _ in said):
        raise NotJoinable("a decoder complains of the joined pictures")
    if len(found) != len(wanted) or decoded != len(wanted) - len(unseen):
        raise NotJoinable("pictures are lost or doubled at the seams")
    if max(abs(a - b) for a, b in zip(sorted(found), wanted, strict=True)) > 2 * _SLACK_S:
        raise NotJoinable("pictures are shown at other times")


def _read(picture: av.VideoStream, file: InputContainer, unseen: range) -> tuple[list[float], int]:
    """The times of all packets, and how many pictures a decoder gives of those to be seen."""
    picture.thread_type = "AUTO"
    # faults are in the bits; how smooth the pictures are is none of this check's business
    picture.codec_context.options = {"err_detect": "explode", "skip_loop_filter": "all"}
    found: list[float] = []
    decoded = 0
    for packet in file.demux(picture):
        if not packet.size:
            continue
        number = len(found)
        found.append(float((packet.pts or 0) * packet.time_base))
        if number in unseen:
            if number == unseen.start:
                decoded += len(picture.codec_context.decode(None))
                picture.codec_context.flush_buffers()
            continue
        decoded += len(packet.decode())
    return found, decoded + len(picture.codec_context.decode(None))
