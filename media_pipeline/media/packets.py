"""Times of packets, read from both ends of a file without decoding: what probing judges streams
by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer

from media_pipeline.media.container import (
    AV_TIME_BASE,
    container_start,
    is_picture,
    open_media,
)

_PACKETS = 1200
_MOST_PACKETS = 4 * _PACKETS
_FRAMES = 300
_TAIL_S = 3.0
_REORDER = 16
"""Frames that may be missing from the end of an unfinished prefix, because decoding order is not
display order."""
_IRREGULAR = 0.2
_ROUNDING_S = 0.0025
"""Containers with a clock of milliseconds move a frame by up to one of them."""


@dataclass
class Packets:
    """Packets by stream index; times in seconds from the start of the file."""

    times: dict[int, list[float]] = field(default_factory=dict)
    ends: dict[int, float] = field(default_factory=dict)
    counts: dict[int, int] = field(default_factory=dict)
    complete: bool = False
    """Whether the file was read from its start to its end."""

    def add(self, packet: av.Packet[Any], origin: float) -> None:
        """Note one packet; damaged and empty ones do not count."""
        if packet.is_corrupt or not packet.size:
            return
        index = packet.stream_index
        self.counts[index] = self.counts.get(index, 0) + 1
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is None:
            return
        time = float(stamp * packet.time_base) - origin
        end = time + float((packet.duration or 0) * packet.time_base)
        self.times.setdefault(index, []).append(time)
        self.ends[index] = max(end, self.ends.get(index, end))

    def end(self, container: InputContainer) -> float:
        """Where the last packet of sound or picture ends; frames are counted in raw streams without
        times.
        """
        ends = [0.0]
        for stream in container.streams:
            if stream.index in self.ends and stream.type in ("audio", "video"):
                ends.append(self.ends[stream.index])
            elif isinstance(stream, av.VideoStream) and self.counts.get(stream.index):
                rate = stream.average_rate or stream.guessed_rate or 25
                ends.append(float(self.counts[stream.index] / rate))
        return max(ends)

    def rate(self, index: int) -> float | None:
        """Frames per second of a picture stream between the first and the last frame that was
        read.
        """
        times = self.times.get(index, [])
        span = max(times) - min(times) if len(times) > 1 else 0.0
        return (len(times) - 1) / span if span > 0 else None


def read_start(container: InputContainer) -> Packets:
    """Read packets until every stream was seen and some hundred frames, or a bound is met."""
    packets, origin = Packets(), container_start(container)
    wanted = [s for s in container.streams if s.type == "audio"]
    pictures = [s for s in container.streams.video if is_picture(s)]
    expected = {s.index for s in (*wanted, *pictures)}
    try:
        for number, packet in enumerate(container.demux()):
            packets.add(packet, origin)
            if number < _PACKETS:
                continue
            frames = [packets.counts.get(s.index, 0) for s in pictures]
            seen = expected <= packets.counts.keys() and min(frames, default=_FRAMES) >= _FRAMES
            if seen or number >= _MOST_PACKETS:
                return packets
    except av.FFmpegError:
        pass  # a damaged end: the caller compares with what is announced
    packets.complete = True
    return packets


def read_end(container: InputContainer) -> Packets:
    """Read the packets of the last seconds; none where the file cannot be searched."""
    packets, origin = Packets(), container_start(container)
    target = (container.start_time or 0) + (container.duration or 0) - int(_TAIL_S * AV_TIME_BASE)
    try:
        container.seek(target)
        for packet in container.demux():
            packets.add(packet, origin)
    except av.FFmpegError:
        pass  # as above
    return packets


def read_all(path: Path) -> Packets:
    """Read every packet, where only that tells how long the media is."""
    packets = Packets(complete=True)
    with open_media(path) as container:
        origin = container_start(container)
        try:
            for packet in container.demux():
                packets.add(packet, origin)
        except av.FFmpegError:
            pass  # as above
    return packets


def is_irregular(times: Sequence[float], *, complete: bool) -> bool:
    """Whether frames stand at uneven distances, beyond the rounding of the container's clock."""
    moments = np.sort(np.asarray(times))
    steps = np.diff(moments if complete else moments[: -_REORDER or None])
    if len(steps) < 3:
        return False
    usual = float(np.median(steps))
    uneven = np.abs(steps - usual) > max(_IRREGULAR * usual, _ROUNDING_S)
    return int(uneven.sum()) > max(1, len(steps) // 100)
