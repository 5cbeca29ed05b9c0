"""What has to be known of H.264 to join coded pictures of two encoders in one stream.

Parameter sets and the AVC configuration record (ISO/IEC 14496-15, section 5.3.3.1), as far as they
tell which sets there are and whether the pictures are of the kind that can be joined.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_LENGTH_BYTES = 4
_IDR, _SPS, _PPS = 5, 7, 8
_HIGH_PROFILES = (100, 110, 122, 244, 44, 83, 86, 118, 128)


@dataclass(frozen=True, slots=True)
class Sequence:
    """A sequence parameter set (ITU-T H.264, section 7.3.2.1.1)."""

    number: int
    profile: int
    chroma: int
    """0 grey, 1 4:2:0, 2 4:2:2, 3 4:4:4."""
    depth: int
    """Bits of luma and chroma, the larger of the two."""
    progressive: bool


@dataclass(frozen=True, slots=True)
class Configuration:
    """The parameter sets of a stream in MP4 or Matroska."""

    profile: bytes
    """Profile, compatibility and level."""
    sequences: tuple[bytes, ...]
    pictures: tuple[bytes, ...]
    extension: bytes = b""

    @classmethod
    def parse(cls, data: bytes) -> Configuration | None:
        """Read a record; None when it is none, or units are not preceded by four bytes of length.

        Streams with start codes instead of lengths have no such record.
        """
        if len(data) < 7 or data[0] != 1 or data[4] & 3 != _LENGTH_BYTES - 1:
            return None
        units: list[list[bytes]] = []
        at = 5
        try:
            for mask in (0x1F, 0xFF):
                count, found = data[at] & mask, []
                at += 1
                for _ in range(count):
                    size = int.from_bytes(data[at : at + 2])
                    found.append(data[at + 2 : at + 2 + size])
                    at += 2 + size
                units.append(found)
        except IndexError:
            return None
        if at > len(data) or not all(units):
            return None
        return cls(data[1:4], tuple(units[0]), tuple(units[1]), data[at:])

    def joined(self, other: Configuration) -> bytes:
        """A record with the sets of both, to be told apart by their numbers."""
        profile = max(self.profile, other.profile, key=lambda p: (p[0], p[2]))
        sequences, pictures = (
            (*self.sequences, *other.sequences),
            (*self.pictures, *other.pictures),
        )
        record = bytes([1, *profile, 0xFC | _LENGTH_BYTES - 1, 0xE0 | len(sequences)])
        record += b"".join(len(s).to_bytes(2) + s for s in sequences)
        record += bytes([len(pictures)]) + b"".join(len(p).to_bytes(2) + p for p in pictures)
        return record + (self.extension or other.extension)


def units(packet: bytes) -> Iterator[tuple[int, bytes]]:
    """The units of a packet whose units are preceded by their lengths: type and bytes."""
    at = 0
    while at + _LENGTH_BYTES < len(packet):
        size = int.from_bytes(packet[at : at + _LENGTH_BYTES])
        at += _LENGTH_BYTES
        yield packet[at] & 0x1F, packet[at : at + size]
        at += size


def is_idr(packet: bytes) -> bool:
    """Whether decoding can begin with this packet whatever came before."""
    return any(kind == _IDR for kind, _ in units(packet))


def parameter_sets(packet: bytes) -> list[bytes]:
    """Parameter sets that stand in the packet itself."""
    return [unit for kind, unit in units(packet) if kind in (_SPS, _PPS)]


def parse_sequence(unit: bytes) -> Sequence:
    """Read a sequence parameter set.

    Raises
    ------
    ValueError
        when it ends too early.
    """
    bits = _Bits(unit[1:])
    profile = bits.take(8)
    bits.take(16)
    number = bits.golomb()
    chroma, depth = 1, 8
    if profile in _HIGH_PROFILES:
        chroma = bits.golomb()
        if chroma == 3:
            bits.take(1)
        depth = 8 + max(bits.golomb(), bits.golomb())
        bits.take(1)
        if bits.take(1):
            _skip_scaling(bits, 8 if chroma != 3 else 12)
    bits.golomb()
    order = bits.golomb()
    if order == 0:
        bits.golomb()
    elif order == 1:
        bits.take(1)
        bits.golomb()
        bits.golomb()
        for _ in range(bits.golomb()):
            bits.golomb()
    bits.golomb()
    bits.take(1)
    bits.golomb()
    bits.golomb()
    return Sequence(number, profile, chroma, depth, bits.take(1) == 1)


def _skip_scaling(bits: _Bits, lists: int) -> None:
    for index in range(lists):
        if not bits.take(1):
            continue
        last = following = 8
        for _ in range(16 if index < 6 else 64):
            if following:
                following = (last + bits.signed_golomb()) % 256
            last = following or last


class _Bits:
    """Bits of a unit, without the bytes that keep start codes out of it."""

    def __init__(self, data: bytes) -> None:
        clean = data.replace(b"\0\0\3", b"\0\0")
        self._value, self._left = int.from_bytes(clean), 8 * len(clean)

    def take(self, count: int) -> int:
        if count > self._left:
            raise ValueError("the parameter set ends too early")
        self._left -= count
        return self._value >> self._left & (1 << count) - 1

    def golomb(self) -> int:
        """An unsigned Exp-Golomb number (section 9.1)."""
        zeros = 0
        while not self.take(1):
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)

    def signed_golomb(self) -> int:
        value = self.golomb()
        return (value + 1) // 2 if value % 2 else -(value // 2)
