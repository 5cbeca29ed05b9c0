"""Films with captions burned into a moving picture, and the truth beside them, exact to the frame.

Captions are drawn with Pillow over grounds of our own (``make_clip``) or by ffmpeg's ``subtitles``
filter over a generated source (``burn_subtitles``), so that two renderers with different outlines
and scaling are covered. A film given as ground puts them over real footage.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from media_pipeline.media.ffmpeg import ffmpeg_path, run
from media_pipeline.media.fonts import find_font
from media_pipeline.text.cues import Cue
from media_pipeline.text.formats import write_cues
from media_pipeline.text.scripts import main_script
from media_pipeline_tests.generators.grounds import pictures, sway

Picture = NDArray[np.uint8]
Colour = tuple[int, int, int]

WRONG_REGIONS: list[object] = [
    [[1.0, 0.5], [0.0, 1.0]],
    [[0.5, 1.0], [1.0, 0.0]],
    [[-0.1, 1.0], [0.0, 1.0]],
    [[0.5, 1.5], [0.0, 1.0]],
    [[0.5, 0.5], [0.0, 1.0]],
    [[0.5, 1.0], [0.3, 0.3]],
    [[0.5, 1.0]],
    [[0.5, 1.0], [0.0]],
    [[0.5, 1.0, 1.0], [0.0, 1.0]],
    [0.5, 1.0],
    [[None, 1.0], [0.0, 1.0]],
    [["0.5", 1.0], [0.0, 1.0]],
    {"top": 0.5},
    0.5,
]
"""Regions reversed, outside the picture, of no area, and no pair of pairs."""


@dataclass(frozen=True)
class Style:
    """How captions look. Sizes are shares of the picture's height, colours are RGB."""

    size: float = 0.06
    second_size: float = 0.045
    """Of rows in Latin letters below a row in Chinese."""
    colour: Colour = (255, 255, 255)
    outline: int = 2
    """Pixels at a height of 360."""
    bar: float = 0.0
    """Opacity of a black bar behind the text."""
    shadow: int = 0
    """Pixels at a height of 360 to the right and down."""
    family: str | None = None
    bottom: float = 0.04
    """Of the lowest row's lower edge above that of the picture."""
    fade: float = 0.0
    """Seconds over which a cue comes and goes, inside its time."""


@dataclass(frozen=True)
class Mark:
    """A text that is no caption, at a place in shares of the picture."""

    text: str
    x: float
    y: float
    size: float = 0.05
    opacity: float = 1.0
    speed: float = 0.0
    """Picture widths per second to the left: a ticker, which comes back."""
    rise: float = 0.0
    """Picture heights per second upwards: rolling credits."""
    start: float = 0.0
    end: float = float("inf")
    colour: Colour = (255, 255, 255)
    outline: int = 1
    panel: Colour | None = None
    """Of the sign, shirt or bar that it is written on."""
    hand: float = 0.0
    """Shares of the height by which it moves with a hand-held camera."""
    family: str | None = None

    def corner(self, time: float) -> tuple[float, float]:
        """The top left corner at a time, in shares of the picture."""
        x, y = self.x - self.speed * time, self.y - self.rise * (time - self.start)
        if self.speed:
            x = (x + 0.5) % 1.5 - 0.5
        across, down = sway(time)
        return x - self.hand * across, y - self.hand * down


@dataclass(frozen=True)
class CaptionClip:
    """A film and the cues that are in its picture."""

    path: Path
    cues: list[Cue]
    seconds: float

    @property
    def truth(self) -> Path:
        """The cues as an SRT file beside the film."""
        return self.path.with_suffix(".srt")


@dataclass
class Film:
    """What a clip is made of; ``ground`` and ``grain`` are those of :func:`.grounds.pictures`."""

    cues: Sequence[Cue]
    seconds: float
    size: tuple[int, int] = (640, 360)
    rate: int = 25
    ground: str | Path = "drift"
    style: Style = field(default_factory=Style)
    marks: Sequence[Mark] = ()
    seed: int = 7
    grain: float = 0.0


def to_frames(cues: Sequence[Cue], rate: int) -> list[Cue]:
    """The cues with their times on the frames of a film of that rate."""
    return [
        replace(c, start=round(c.start * rate) / rate, end=round(c.end * rate) / rate) for c in cues
    ]


def make_clip(path: Path, film: Film, *, crf: int = 23, pixels: str = "yuv420p") -> CaptionClip:
    """Draw the captions over the ground and encode with x264; the truth stands beside as SRT."""
    cues = to_frames(film.cues, film.rate)
    width, height = film.size
    count = round(film.seconds * film.rate)
    command = [
        ffmpeg_path(), "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "bgr24",
        "-s", f"{width}x{height}", "-r", str(film.rate), "-i", "-",
        "-c:v", "libx264", "-preset", "veryfast", "-crf", str(crf), "-pix_fmt", pixels,
        f"file:{path.absolute()}",
    ]  # fmt: skip
    overlays = [caption_pictures(cue, film) for cue in cues]
    marks = [(mark, _render_mark(mark, height)) for mark in film.marks]
    grounds = pictures(film.ground, film.size, film.rate, seed=film.seed, grain=film.grain)
    with subprocess.Popen(command, stdin=subprocess.PIPE) as encoder:
        assert encoder.stdin is not None
        for index, ground in zip(range(count), grounds, strict=False):
            frame, time = ground.copy(), index / film.rate
            for mark, overlay in marks:
                if mark.start <= time < mark.end:
                    x, y = mark.corner(time)
                    paste(frame, overlay, round(x * width), round(y * height), mark.opacity)
            for cue, rows in zip(cues, overlays, strict=True):
                strength = _strength(cue, time, film.style.fade)
                for overlay, left, top in rows if strength > 0 else ():
                    paste(frame, overlay, left, top, strength)
            encoder.stdin.write(frame.tobytes())
        encoder.stdin.close()
    assert encoder.returncode == 0
    clip = CaptionClip(path, cues, count / film.rate)
    write_cues(cues, clip.truth)
    return clip


def clean_rows(film: Film) -> Iterator[tuple[str, Picture]]:
    """Each row of the captions as it is drawn into the film, but on plain grey, with its text."""
    for cue in film.cues:
        rows = reversed(cue.text.split("\n"))  # they are placed from below
        for text, (overlay, _, _) in zip(rows, caption_pictures(cue, film), strict=True):
            height, width = overlay.shape[:2]
            picture = np.full((height + 8, width + height, 3), 90, np.uint8)
            paste(picture, overlay, height // 2, 4, 1.0)
            yield text, picture


def burn_subtitles(
    path: Path,
    cues: Sequence[Cue],
    *,
    seconds: float,
    size: tuple[int, int] = (640, 360),
    rate: int = 25,
    source: str = "testsrc2",
    style: str = "FontName=Noto Sans CJK SC,FontSize=20,Outline=1,Shadow=0,MarginV=12",
) -> CaptionClip:
    """Burn cues over a lavfi source with ffmpeg's subtitles filter (libass)."""
    clip = CaptionClip(path, to_frames(cues, rate), seconds)
    write_cues(clip.cues, clip.truth)
    lavfi = f"{source}=s={size[0]}x{size[1]}:r={rate}:d={seconds}"
    run(
        [
            "-f", "lavfi", "-i", lavfi,
            "-vf", f"subtitles=filename={clip.truth.name}:force_style='{style}'",
            "-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-pix_fmt", "yuv420p",
            f"file:{path.absolute()}",
        ],
        cwd=path.parent,
    )  # fmt: skip
    return clip


# --- text -----------------------------------------------------------------------------------------


def _strength(cue: Cue, time: float, fade: float) -> float:
    if not cue.start - 1e-6 <= time < cue.end - 1e-6:
        return 0.0
    if not fade:
        return 1.0
    return float(np.clip(min((time - cue.start) / fade, (cue.end - time) / fade), 0, 1))


def caption_pictures(cue: Cue, film: Film) -> list[tuple[Picture, int, int]]:
    """The rows of a cue as RGBA pictures (BGRA) with the place of their top left corner."""
    width, height = film.size
    rows = cue.text.split("\n")
    sizes = [_row_size(row, rows, film.style) * height for row in rows]
    placed: list[tuple[Picture, int, int]] = []
    bottom = height - round(film.style.bottom * height)
    outline = max(0, round(film.style.outline * height / 360))
    for row, size in reversed(list(zip(rows, sizes, strict=True))):
        overlay = _render_text(
            row, size, film.style.colour, outline, family=film.style.family, bar=film.style.bar,
            shadow=round(film.style.shadow * height / 360),
        )  # fmt: skip
        bottom -= overlay.shape[0]
        placed.append((overlay, (width - overlay.shape[1]) // 2, bottom))
    return placed


def _row_size(row: str, rows: Sequence[str], style: Style) -> float:
    mixed = any(main_script(r) == "han" for r in rows) and main_script(row) == "latin"
    return style.second_size if mixed else style.size


def _render_mark(mark: Mark, height: int) -> Picture:
    panel = (*mark.panel, 255) if mark.panel else (0, 0, 0, 0)
    return _render_text(
        mark.text, mark.size * height, mark.colour, mark.outline, family=mark.family, panel=panel
    )


def _render_text(
    text: str,
    size: float,
    colour: Colour,
    outline: int,
    *,
    family: str | None = None,
    bar: float = 0.0,
    shadow: int = 0,
    panel: tuple[int, int, int, int] | None = None,
) -> Picture:
    found = find_font(text, family)
    font = ImageFont.truetype(str(found.path), max(8, round(size)), index=found.index)
    ascent, descent = font.getmetrics()
    width = round(font.getlength(text)) + 2 * outline + 4
    ground = panel or (0, 0, 0, round(255 * bar))
    picture = Image.new("RGBA", (width, ascent + descent), ground)
    draw = ImageDraw.Draw(picture)
    place = (outline + 2, 0)
    if shadow:
        draw.text((place[0] + shadow, shadow), text, font=font, fill=(0, 0, 0, 200))
    draw.text(
        place, text, font=font, fill=(*colour, 255),
        stroke_width=outline, stroke_fill=(0, 0, 0, 255),
    )  # fmt: skip
    return np.ascontiguousarray(np.array(picture)[:, :, [2, 1, 0, 3]])


def draw_text(picture: Picture, text: str, x: int, y: int, size: float) -> None:
    """Draw white text with a black outline, its top left corner at ``x, y``."""
    paste(picture, _render_text(text, size, (255, 255, 255), 2), x, y, 1.0)


def paste(frame: Picture, overlay: Picture, x: int, y: int, strength: float = 1.0) -> None:
    """Put a BGRA picture on a frame, its top left corner at ``x, y``."""
    height, width = frame.shape[:2]
    left, right = max(0, -x), min(overlay.shape[1], width - x)
    top, bottom = max(0, -y), min(overlay.shape[0], height - y)
    if left >= right or top >= bottom:
        return
    part = overlay[top:bottom, left:right]
    place = frame[y + top : y + bottom, x + left : x + right]
    alpha = part[:, :, 3:].astype(np.float32) * (strength / 255)
    place[:] = np.rint(place * (1 - alpha) + part[:, :, :3] * alpha).astype(np.uint8)
