"""Small files that would take all memory if they were believed."""

from __future__ import annotations

import struct
import zlib
from fractions import Fraction
from pathlib import Path

import av


def write_pictures(target: Path, *sizes: tuple[int, int]) -> Path:
    """A film of black PNG pictures of the sizes (width, height); its header says 320 x 180."""
    with av.open(str(target), "w") as container:
        stream = container.add_stream("png", rate=1)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "rgb24"
        for number, size in enumerate(sizes):
            packet = av.Packet(_png(*size))
            packet.stream = stream
            packet.pts = packet.dts = number
            packet.time_base = Fraction(1, 1)
            packet.is_keyframe = True
            container.mux(packet)
    return target


def write_streams(target: Path, count: int) -> Path:
    """A Matroska file with that many sound tracks of a few samples each."""
    with av.open(str(target), "w", format="matroska") as container:
        streams = [
            container.add_stream("pcm_s16le", rate=8000, layout="mono") for _ in range(count)
        ]
        for stream in streams:
            packet = av.Packet(bytes(1600))
            packet.stream = stream
            packet.pts = packet.dts = 0
            packet.time_base = Fraction(1, 8000)
            container.mux(packet)
    return target


def _png(width: int, height: int) -> bytes:
    squeeze = zlib.compressobj(6)
    row = bytes(1 + 3 * width)
    pixels = b"".join(squeeze.compress(row) for _ in range(height)) + squeeze.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = _part(b"IHDR", header) + _part(b"IDAT", pixels) + _part(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def _part(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)
