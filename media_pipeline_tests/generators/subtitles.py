"""Subtitle streams with known truth: text and pictures inside Matroska, MP4 and transport streams.

Pictures are written as Blu-ray subtitles (PGS) by the few segments of the format that players need;
ffmpeg encodes them further to those of DVD and DVB.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from media_pipeline.media.fonts import find_font
from media_pipeline.text.cues import Cue
from media_pipeline.text.formats import write_cues
from media_pipeline_tests.generators.video import ffmpeg

_PALETTE = {1: (16, 128, 128, 255), 2: (126, 128, 128, 255), 3: (235, 128, 128, 255)}
"""Y, Cr, Cb and opacity of the colours: black outline, grey edges, white letters; 0 is clear."""
_SHOW, _CLEAR = 0x80, 0x00


@dataclass(frozen=True)
class Track:
    """A subtitle stream to put into a film."""

    cues: Sequence[Cue]
    codec: str
    """An encoder of ffmpeg, such as ``mov_text``, ``srt``, ``ass``, ``pgs``, ``dvdsub``."""
    language: str = "und"
    flags: str = ""
    """Dispositions, such as ``default+forced``."""
    title: str = ""


def add_subtitles(clip: Path, path: Path, tracks: Sequence[Track]) -> Path:
    """The film with subtitle streams, the pictures and sound as they are."""
    inputs: list[str | Path] = []
    options: list[str | Path] = []
    for number, track in enumerate(tracks):
        pictures = track.codec in ("pgs", "dvdsub", "dvbsub")
        file = path.with_name(f"{path.stem}-{number}.{'sup' if pictures else 'srt'}")
        if pictures:
            write_pgs(track.cues, file)
        else:
            write_cues(track.cues, file)
        # The next event, which may clear the picture, gives each its end.
        inputs += [*(["-fix_sub_duration"] if pictures else []), "-i", file]
        codec = "copy" if track.codec == "pgs" else track.codec
        options += ["-map", f"{number + 1}:s", f"-c:s:{number}", codec]
        options += [f"-metadata:s:s:{number}", f"language={track.language}"]
        options += [f"-metadata:s:s:{number}", f"title={track.title}"]
        options += [f"-disposition:s:{number}", track.flags or "0"]
    kept = ("-map", "0:v", "-map", "0:a?", "-c:v", "copy", "-c:a", "copy")
    ffmpeg("-copyts", "-i", clip, *inputs, *kept, *options, path)
    return path


def write_pgs(cues: Sequence[Cue], path: Path, size: tuple[int, int] = (640, 360)) -> Path:
    """The cues as a file of Blu-ray subtitles: white letters with a black outline, centred."""
    data = bytearray()
    for number, cue in enumerate(cues):
        letters = _draw(cue.text, size)
        x, y = (size[0] - letters.shape[1]) // 2, size[1] - letters.shape[0] - 12
        window = struct.pack(">BBHHHH", 1, 0, x, y, letters.shape[1], letters.shape[0])
        coded = _run_lengths(letters)
        data += _segment(cue.start, 0x16, _composition(size, 2 * number, _SHOW, (x, y)))
        data += _segment(cue.start, 0x17, window)
        colours = b"".join(bytes((index, *ycca)) for index, ycca in _PALETTE.items())
        data += _segment(cue.start, 0x14, b"\0\0" + colours)
        picture = struct.pack(">HBB", 0, 0, 0xC0) + (len(coded) + 4).to_bytes(3, "big")
        picture += struct.pack(">HH", letters.shape[1], letters.shape[0]) + coded
        data += _segment(cue.start, 0x15, picture)
        data += _segment(cue.start, 0x80, b"")
        data += _segment(cue.end, 0x16, _composition(size, 2 * number + 1, _CLEAR, None))
        data += _segment(cue.end, 0x17, window)
        data += _segment(cue.end, 0x80, b"")
    path.write_bytes(data)
    return path


def _segment(time: float, kind: int, body: bytes) -> bytes:
    stamp = round(time * 90_000)
    return b"PG" + struct.pack(">IIBH", stamp, 0, kind, len(body)) + body


def _composition(
    size: tuple[int, int], number: int, state: int, place: tuple[int, int] | None
) -> bytes:
    head = struct.pack(">HHBHBBB", *size, 0x10, number, state, 0, 0)
    if place is None:
        return head + b"\0"
    return head + b"\1" + struct.pack(">HBBHH", 0, 0, 0, *place)


def _draw(text: str, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Palette indices of rows of text, as large as the text."""
    font = find_font(text)
    points = round(size[1] * 0.07)
    face = ImageFont.truetype(str(font.path), points, index=font.index)
    rows = text.split("\n")
    width = max(round(face.getlength(row)) for row in rows) + 12
    height = round(points * 1.35) * len(rows) + 8
    image = Image.new("L", (width, height), 0)
    draw = ImageDraw.Draw(image)
    for number, row in enumerate(rows):
        left = (width - face.getlength(row)) / 2
        top = 2 + number * round(points * 1.35)
        draw.text((left, top), row, 255, font=face, stroke_width=2, stroke_fill=70)
    grey = np.asarray(image)
    return np.digitize(grey, [35, 110, 190]).astype(np.uint8)


def _run_lengths(picture: NDArray[np.uint8]) -> bytes:
    coded = bytearray()
    for row in picture:
        edges = np.flatnonzero(np.diff(row)) + 1
        for run in np.split(row, edges):
            colour, length = int(run[0]), len(run)
            if colour and length < 3:
                coded += bytes([colour]) * length
                continue
            flag = 0x80 if colour else 0x00
            if length < 64:
                coded += bytes([0, flag | length])
            else:
                coded += bytes([0, flag | 0x40 | length >> 8, length & 0xFF])
            if colour:
                coded.append(colour)
        coded += b"\0\0"
    return bytes(coded)
