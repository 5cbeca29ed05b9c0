"""How many bytes a media file says it has, read from its outermost structure alone.

ISO base media (ISO/IEC 14496-12 boxes), Matroska and WebM (RFC 8794 elements) and RIFF (AVI, WAV)
announce the sizes of what follows. A file shorter than announced was cut off in copying or
recording.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

_BOXES = frozenset(
    (
        b"ftyp",
        b"moov",
        b"mdat",
        b"free",
        b"skip",
        b"wide",
        b"moof",
        b"sidx",
        b"styp",
        b"pnot",
        b"uuid",
    )
)
_EBML, _SEGMENT = 0x1A45DFA3, 0x18538067
_UNKNOWN_RIFF_SIZES = (0, 0xFFFFFFFF, 0x7FFFFFFF)  # written by recorders that cannot go back


def announced_size(path: Path) -> int | None:
    """The least number of bytes that the file should have, or None where its format does not
    say.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        if head[4:8] in _BOXES:
            return _boxes_end(file, size)
        if head[:4] == b"\x1a\x45\xdf\xa3":
            return _matroska_end(file)
        if head[:4] in (b"RIFF", b"RF64") and head[8:12] in (b"WAVE", b"AVI "):
            length = struct.unpack("<I", head[4:8])[0]
            return None if length in _UNKNOWN_RIFF_SIZES else length + 8
    return None


def _boxes_end(file: BinaryIO, size: int) -> int:
    position = 0
    while position + 8 <= size:
        file.seek(position)
        length, kind = struct.unpack(">I4s", file.read(8))
        if length == 1:
            large = file.read(8)
            length = struct.unpack(">Q", large)[0] if len(large) == 8 else size - position
        if length == 0:  # to the end of the file
            return max(size, position + 8)
        if length < 8 or (kind not in _BOXES and not kind.isalnum()):
            return size
        position += length
    return max(position, size) if position <= size else position


def _matroska_end(file: BinaryIO) -> int | None:
    file.seek(0)
    for _ in range(8):  # the header, then perhaps Void elements, then the segment
        kind, length = _element_id(file), _element_size(file)
        if kind is None or length is None:
            return None
        if kind == _SEGMENT:
            return file.tell() + length
        file.seek(length, 1)
    return None


def _element_id(file: BinaryIO) -> int | None:
    first = file.read(1)
    if not first or first[0] == 0:
        return None
    more = 8 - first[0].bit_length()
    rest = file.read(more)
    return int.from_bytes(first + rest, "big") if len(rest) == more else None


def _element_size(file: BinaryIO) -> int | None:
    first = file.read(1)
    if not first or first[0] == 0:
        return None
    more = 8 - first[0].bit_length()
    rest = file.read(more)
    if len(rest) < more:
        return None
    value = int.from_bytes(first + rest, "big") & ((1 << 7 * (more + 1)) - 1)
    unknown = (1 << 7 * (more + 1)) - 1
    return None if value == unknown else value
