"""Proof that a film of copied and new pictures is what it should be, before it is kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import av
from av.packet import Packet

from media_pipeline.media.container import open_media
from media_pipeline.media.gops import NotJoinable, digest
from media_pipeline.media.renewal import Plan

Progress = Callable[[float], None]

_TICK_S = 0.0006  # half a millisecond, the clock of Matroska, and rounding
_FEW = 4  # pictures of a group that show whether a decoder goes on with it
_CHECKED = 0.1  # of the pictures may be decoded to check them, in any case,
_DECODING = 0.15  # and more for what cuts have spared: what decoding costs beside coding anew


def check(path: Path, made: Plan, digests: Sequence[bytes], progress: Progress) -> None:
    """Read what was written again: pictures, times, bytes, and decoding of all that is new and of
    what is beside it.

    Parameters
    ----------
    digests : of the new pictures, in order, as the encoder gave them.

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
            _compare(stream, (p for p in file.demux(stream) if p.size), made, digests, progress)
        except av.FFmpegError as error:
            raise NotJoinable(f"the joined pictures do not decode ({error.strerror})") from error
    faults = [text for level, _, text in said if level <= av.logging.ERROR]
    if faults:
        raise NotJoinable(f"a decoder says of the joined pictures: {faults[0].strip()}")


def _compare(
    stream: av.VideoStream,
    packets: Iterator[Packet[Any]],
    made: Plan,
    digests: Sequence[bytes],
    progress: Progress,
) -> None:
    pictures, kept, new = made.stream.pictures, made.kept(), iter(digests)
    seen = [*looked_at(made), False]
    tick = float(stream.time_base or 0)
    number = decoded = 0
    for number, packet in enumerate(packets, start=1):
        if number > len(pictures) or packet.pts is None:
            raise NotJoinable("there are more pictures than before")
        copied = kept[number - 1]
        wanted = pictures[number - 1].digest if copied else next(new, b"")
        late = abs(packet.pts * tick - made.stream.time(number - 1)) if copied else 0.0
        if digest(bytes(packet)) != wanted or late > _TICK_S:
            raise NotJoinable(f"a {'copied' if copied else 'new'} picture is not what it was")
        if seen[number - 1]:
            decoded += len(packet.decode())
            if not seen[number]:
                decoded += len(stream.codec_context.decode(None))
                stream.codec_context.flush_buffers()
                progress(number / len(pictures))
    if number != len(pictures) or decoded != sum(seen):
        raise NotJoinable(f"{len(pictures) - number} pictures are lost")


def looked_at(made: Plan) -> list[bool]:
    """For each picture whether it is decoded.

    All new ones are, and those before them in their group, unless that would cost more than was
    won; then whole groups here and there. Of each other group that is new, or beside a new one, the
    first pictures are decoded: no group needs another, and bytes are compared anyway, so that these
    show whether a decoder goes from one kind to the other.
    """
    groups, kept = made.stream.groups, made.kept()
    anew = [not all(kept[g.first : g.last]) for g in groups]
    touched = [any(anew[max(0, i - 1) : i + 2]) for i in range(len(groups))]
    room = len(kept) * (_CHECKED + (made.touched - made.share) / _DECODING)
    room -= _FEW * sum(touched)
    wanted = sum(g.last - g.first for g, new in zip(groups, anew, strict=True) if new)
    every, number = math.ceil(wanted / max(room, 1.0)), 0
    looked = [False] * len(kept)
    for group, new, near in zip(groups, anew, touched, strict=True):
        first, last = group.first, group.last
        number += new
        if new and number % every:
            first = kept.index(False, first)
        if near and (not new or number % every):
            last = min(first + _FEW, last)
        if near:
            looked[first:last] = [True] * (last - first)
    return looked
