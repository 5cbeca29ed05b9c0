"""Sheets of pictures: what was read beside what was seen, and frames side by side. JPEG bytes under
200 KB.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, UnidentifiedImageError

from media_pipeline.media.timecode import format_timecode
from media_pipeline.report.lettering import drawable, typeface
from media_pipeline.text.cues import Cue

MAX_BYTES = 200_000
Picture = Path | npt.NDArray[np.uint8] | Image.Image
"""A file, an array in BGR order as the rest of the code has it, or a Pillow image."""

_PAPER, _INK, _FAINT, _RULE = (252, 252, 250), (28, 30, 34), (120, 124, 132), (226, 227, 230)
_DOUBT = (176, 92, 0)
_ROW_H, _SHEET_W, _CROP_X, _CROP_W = 66, 1160, 134, 560


def spread(count: int, limit: int) -> list[int]:
    """At most ``limit`` of ``count`` indices, spread evenly and with the first and the last among
    them.
    """
    if count <= limit:
        return list(range(count))
    return sorted({int(i) for i in np.linspace(0, count - 1, limit).round()})


def cue_sheet(cues: Sequence[Cue], crops: Sequence[Path | None], *, limit: int = 24) -> bytes:
    """A contact sheet of captions: time, the strip of picture that was read, and the text read off
    it.

    Parameters
    ----------
    cues : in time order.
    crops : for each cue the picture it was read from, or None.
    limit : rows at most; a longer list is sampled evenly, and the sheet says so. Doubtful cues,
        which are marked, go before others.
    """
    rows = _shown_rows(cues, limit)
    sheet = Image.new("RGB", (_SHEET_W, _ROW_H * max(len(rows), 1) + 30), _PAPER)
    draw = ImageDraw.Draw(sheet)
    for place, index in enumerate(rows):
        top = place * _ROW_H
        cue, crop = cues[index], crops[index]
        ink = _DOUBT if cue.doubtful else _INK
        if cue.doubtful:
            draw.rectangle((0, top, 5, top + _ROW_H - 2), _DOUBT)
            _label(draw, (12, top + 46), f"doubtful: {cue.confidence:.2f}", 12, _DOUBT)
        up = 8 if cue.doubtful else 0
        _label(draw, (12, top + 14 - up), format_timecode(cue.start), 15, ink)
        _label(draw, (12, top + 34 - up), format_timecode(cue.end), 13, _FAINT)
        if crop is not None and (image := _open(crop)) is not None:
            image.thumbnail((_CROP_W, _ROW_H - 8), Image.Resampling.LANCZOS)
            sheet.paste(image, (_CROP_X, top + (_ROW_H - image.height) // 2))
        lines = cue.text.split("\n")[:3]
        step = min(24, (_ROW_H - 8) // len(lines))
        for number, line in enumerate(lines):
            y = top + (_ROW_H - step * len(lines)) // 2 + number * step
            _label(draw, (_CROP_X + _CROP_W + 16, y), line, step - 6, ink, _SHEET_W - 8)
        draw.line((0, top + _ROW_H - 1, _SHEET_W, top + _ROW_H - 1), _RULE)
    shown = f"{len(rows)} of {len(cues)} cues" if len(rows) < len(cues) else f"{len(cues)} cues"
    doubtful = sum(cue.doubtful for cue in cues)
    shown += f", {doubtful} of them doubtful" if doubtful else ""
    _label(draw, (12, sheet.height - 25), shown, 14, _FAINT)
    return as_jpeg(sheet)


def _shown_rows(cues: Sequence[Cue], limit: int) -> list[int]:
    """The cues of a sheet: doubtful ones up to half of it, the others spread evenly."""
    doubtful = [i for i, cue in enumerate(cues) if cue.doubtful]
    sure = [i for i, cue in enumerate(cues) if not cue.doubtful]
    marked = [doubtful[i] for i in spread(len(doubtful), max(limit // 2, limit - len(sure)))]
    return sorted([*marked, *(sure[i] for i in spread(len(sure), limit - len(marked)))])


def frame_sheet(
    frames: Sequence[tuple[Picture, str]], *, columns: int = 4, width: int = 300
) -> bytes:
    """Pictures with a caption each, in rows of ``columns``.

    Parameters
    ----------
    frames : picture and label; a file that cannot be read leaves its place grey.
    width : pixels of one picture.
    """
    images = [(_open(picture), label) for picture, label in frames]
    tallest = max((i.height * width / i.width for i, _ in images if i is not None), default=168.0)
    cell = (width + 8, round(min(tallest, width * 1.8)) + 28)
    columns = max(1, min(columns, len(frames)))
    rows = max(1, -(-len(frames) // columns))
    sheet = Image.new("RGB", (cell[0] * columns + 8, cell[1] * rows + 8), _PAPER)
    draw = ImageDraw.Draw(sheet)
    for number, (image, label) in enumerate(images):
        x, y = 8 + number % columns * cell[0], 8 + number // columns * cell[1]
        if image is None:
            draw.rectangle((x, y, x + width - 1, y + cell[1] - 30), _RULE)
        else:
            image.thumbnail((width, cell[1] - 28), Image.Resampling.BILINEAR)
            sheet.paste(image, (x + (width - image.width) // 2, y))
        _label(draw, (x + 2, y + cell[1] - 26), label, 14, _INK, x + width)
    return as_jpeg(sheet)


def as_jpeg(image: Image.Image, limit: int = MAX_BYTES) -> bytes:
    """The picture as JPEG of at most ``limit`` bytes: coarser, then smaller, until it fits."""
    image = image.convert("RGB")
    while True:
        for quality in (88, 78, 66):
            out = io.BytesIO()
            image.save(out, "JPEG", quality=quality, optimize=True)
            if out.tell() <= limit or max(image.size) < 64:
                return out.getvalue()
        image = image.resize((max(1, image.width * 3 // 4), max(1, image.height * 3 // 4)))


def _open(picture: Picture) -> Image.Image | None:
    if isinstance(picture, Image.Image):
        return picture.convert("RGB")
    if isinstance(picture, np.ndarray):
        return Image.fromarray(np.ascontiguousarray(picture[:, :, ::-1]))
    try:
        with Image.open(picture) as opened:
            image: Image.Image = opened.convert("RGB")
    except (OSError, UnidentifiedImageError):
        return None
    return image


def _label(
    draw: ImageDraw.ImageDraw,
    at: tuple[int, int],
    text: str,
    size: int,
    ink: tuple[int, int, int],
    right: int | None = None,
) -> None:
    """Draw one line of text; what would cross ``right`` is cut and ends in an ellipsis."""
    text, font = drawable(text)
    face = typeface(font, size)
    if right is not None and at[0] + draw.textlength(text, font=face) > right:
        while text and at[0] + draw.textlength(text + "…", font=face) > right:
            text = text[:-1]
        text, font = drawable(text + "…")
        face = typeface(font, size)
    draw.text(at, text, ink, font=face)
