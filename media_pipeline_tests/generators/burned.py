"""Captions in pictures, every character of known place, and the artifacts that captioning reads."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from media_pipeline.errors import NoCaptionsFound, NoEngineForLanguage
from media_pipeline.media.decode import decode
from media_pipeline.media.fonts import find_font
from media_pipeline.media.geometry import Box
from media_pipeline.stages.base import Artifact
from media_pipeline.stages.tables import CAPTIONS, OCR_CUES, SPEECH_CUES, WORDS
from media_pipeline.text.cues import Cue, Word
from media_pipeline_tests.generators import artifacts
from media_pipeline_tests.generators.video import ffmpeg

Picture = NDArray[np.uint8]
Edges = list[list[tuple[int, int, int, int]]]
"""Per row and character: left, top, right, bottom, in pixels."""

WIDTH, HEIGHT, FPS = 640, 360, 25
LATIN = "Where have you been"
CHINESE = "我们没有时间了"


def drawn_text(
    rows: list[tuple[str, int]], top: int, width: int = WIDTH, height: int = HEIGHT
) -> tuple[Picture, Edges]:
    """White text with a black outline on black, and the true edges of each character per row."""
    image = Image.new("RGB", (width, height))
    draw = ImageDraw.Draw(image)
    truth: Edges = []
    for text, size in rows:
        font = find_font(text)
        face = ImageFont.truetype(str(font.path), size, index=font.index)
        left = (width - face.getlength(text)) / 2
        draw.text((left, top), text, font=face, fill="white", stroke_width=2, stroke_fill="black")
        edges = [left + face.getlength(text[:i]) for i in range(len(text) + 1)]
        box = face.getbbox(text)
        truth.append(
            [
                (round(a), round(top + box[1]), round(b), round(top + box[3]))
                for a, b in pairwise(edges)
            ]
        )
        top += round(size * 1.25)
    return np.asarray(image), truth


def around(truth: Edges, pad: int = 3) -> Box:
    """The box that a text detector gives for rows of characters."""
    chars = [c for row in truth for c in row]
    left, top = min(c[0] for c in chars) - pad, min(c[1] for c in chars) - pad
    right, bottom = max(c[2] for c in chars) + pad, max(c[3] for c in chars) + pad
    return Box.from_pixels(left, top, right, bottom, WIDTH, HEIGHT)


def drawn(a: Picture, b: Picture, box: tuple[int, int, int, int] | None = None) -> int:
    """How many pixels differ by far."""
    left, top, right, bottom = box or (0, 0, a.shape[1], a.shape[0])
    part = np.abs(a[top:bottom, left:right].astype(int) - b[top:bottom, left:right])
    return int((part.max(axis=2) > 60).sum())


def evenly(cue: Cue, words: list[str]) -> list[Word]:
    step = cue.duration / len(words)
    return [
        Word(cue.start + i * step, cue.start + (i + 1) * step, w, 1.0, "truth")
        for i, w in enumerate(words)
    ]


def tone(path: Path, target: Path, *codec: str) -> Path:
    """The same film with a tone."""
    sine = ["-f", "lavfi", "-i", "sine=440:r=44100", "-shortest", "-c:v", "copy"]
    ffmpeg("-i", path, *sine, *codec, target)
    return target


def inputs(
    folder: Path,
    *,
    cues: list[Cue] | None = None,
    origin: str = "ocr",
    read: list[Cue] | None = None,
    said: list[Word] | None = None,
    cue_of: list[int] | None = None,
    speech: list[Cue] | None = None,
) -> dict[str, Artifact]:
    """The upstream artifacts; what is not given is empty for a reason."""
    nothing, no_engine = NoCaptionsFound("no captions"), NoEngineForLanguage("zh")
    return {
        "captions": artifacts.captions(folder / "captions", cues, origin)
        if cues
        else artifacts.empty(folder / "captions", nothing, captions=CAPTIONS),
        "ocr_cues": artifacts.ocr_cues(folder / "ocr", read)
        if read
        else artifacts.empty(folder / "ocr", nothing, cues=OCR_CUES),
        "words": artifacts.words(folder / "words", said, cue_of)
        if said is not None
        else artifacts.empty(folder / "words", no_engine, words=WORDS),
        "speech_subtitles": artifacts.speech_subtitles(folder / "speech", speech)
        if speech is not None
        else artifacts.empty(folder / "speech", no_engine, cues=SPEECH_CUES),
    }


def frames(path: Path) -> list[tuple[float, Picture]]:
    return [(f.time, f.bgr()) for f in decode(path)]


def change(a: Picture, b: Picture, box: tuple[int, int, int, int] | None = None) -> float:
    """Mean absolute difference of two pictures, or of a part (left, top, right, bottom)."""
    if box is not None:
        left, top, right, bottom = box
        a, b = a[top:bottom, left:right], b[top:bottom, left:right]
    return float(np.abs(a.astype(int) - b).mean())
