"""Which font draws which part of a caption, how wide it is drawn, and what cannot be drawn.

Each part of a row takes the family asked for if that has its glyphs, else a font of its script.
Widths and heights are those that libass will come to with the same fonts.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby

from media_pipeline.errors import FontMissing, UnknownFont
from media_pipeline.media.fonts import (
    Font,
    ass_metrics,
    check_family,
    covers,
    find_font,
    font_scale,
    text_width,
    variant,
)
from media_pipeline.text.pieces import Caption, Piece
from media_pipeline.text.scripts import guess_language, script

Run = tuple[str, Font]
"""A part of a text, and the plain face of the family that draws it."""

_STYLED = ((True, False), (False, True), (True, True))
_UNDRAWN = ("Cc", "Co", "Cs", "Cn")
_JOINERS = "\u200d\ufe0e\ufe0f\u20e3"
_EMOJI = ((0x1F000, 0x1FAFF), (0x2600, 0x27BF), (0x2B00, 0x2BFF), (0xE0020, 0xE007F))


class Faces:
    """The fonts of a set of captions.

    Parameters
    ----------
    texts : everything that will be drawn.
    family : that is asked for.
    language : of the captions, where known: ``ja`` and ``ko`` have their own forms of Chinese
        characters. Else the text tells.
    """

    def __init__(
        self, texts: Iterable[str], family: str, language: str | None = None, spacing: float = 0.0
    ) -> None:
        whole = "".join(sorted(set("".join(texts))))
        self._family, self._spacing = family, spacing
        self._language = language or guess_language(whole)
        self.runs = functools.lru_cache(maxsize=4096)(self._runs)
        self.width = functools.lru_cache(maxsize=16384)(self._width)
        self.main = find_font("0", family)
        self.used: set[Font] = {self.main}

    def _runs(self, text: str) -> tuple[Run, ...]:
        """A text cut into parts with one font each; a space goes with what follows it."""
        found: list[Run] = []
        lead = len(text) - len(text.lstrip())
        for part in _by_script(text[lead:]):
            font = self._font(part)
            if found and found[-1][1] == font:
                found[-1] = (found[-1][0] + part, font)
            else:
                found.append((part, font))
        if not found:
            return ((text, self.main),)
        return ((text[:lead] + found[0][0], found[0][1]), *found[1:])

    def _font(self, part: str) -> Font:
        if covers(self.main, part):
            return self.main
        font = find_font(part, self._family, self._language)
        self.used.add(font)
        return font

    def _width(self, text: str, em: float, bold: bool = False, italic: bool = False) -> float:
        """How wide a row of text is drawn, in pixels, at ``em`` pixels per em."""
        width = self._spacing * len(text)
        for part, font in self.runs(text):
            face = variant(font, bold=bold, italic=italic)
            # libass makes the face as high as asked for, so a size counts in its own metrics
            size = em * font_scale(font) / font_scale(face)
            width += text_width(part, face, size)
            self.used.add(face)
        return width

    def height(self, text: str, em: float) -> tuple[float, float]:
        """Ascent and descent of a row of text in pixels."""
        metrics = [ass_metrics(font) for _, font in self.runs(text)]
        return max(up for up, _ in metrics) * em, max(down for _, down in metrics) * em


def installed(families: Iterable[str]) -> tuple[list[Font], list[str]]:
    """The faces of the families that are installed, and the names of those that are not."""
    found: list[Font] = []
    missing = []
    for family in sorted(families):
        try:
            check_family(family)
        except UnknownFont:
            missing.append(family)
            continue
        plain = find_font("0", family)
        found.append(plain)
        found += [variant(plain, bold=b, italic=i) for b, i in _STYLED]
    return found, missing


def drawable(captions: Iterable[Caption]) -> tuple[list[Caption], str]:
    """Captions without what no font can draw, and the pictures (emoji) that were left out.

    Control characters and private use are left out silently. Pictures are in fonts of coloured
    bitmaps, which libass does not draw; an outline font that has them is used.

    Raises
    ------
    FontMissing
        for any other character that no installed font has; boxes are never drawn for them.
    """
    kept, lost = [], ""
    for caption in captions:
        pieces: list[Piece] = []
        gap = ""
        for piece in caption.pieces:
            text, dropped = _without_pictures(piece.text)
            lost += dropped
            # a row that begins with what is left out begins with what follows
            gap = "\n" if "\n" in (gap, piece.gap) else piece.gap
            if text:
                pieces.append(replace(piece, text=text, gap=gap if pieces else ""))
                gap = ""
        if pieces:
            kept.append(replace(caption, pieces=tuple(pieces)))
    return kept, lost


def _without_pictures(text: str) -> tuple[str, str]:
    kept = lost = ""
    for char in text:
        if unicodedata.category(char) in _UNDRAWN:
            continue
        if _is_picture(char) and not _has_outline(char):
            lost += char
        elif char not in _JOINERS or (char == "\u200d" and not lost):
            kept += char
    return kept.strip(), lost


def _is_picture(char: str) -> bool:
    return any(first <= ord(char) <= last for first, last in _EMOJI)


@functools.lru_cache(maxsize=1024)
def _has_outline(char: str) -> bool:
    try:
        find_font(char)
    except FontMissing:
        return False
    return True


def _by_script(text: str) -> list[str]:
    """A text cut where the script changes; common characters stay with what stands before them."""
    last = next((script(c) for c in text if script(c) != "common"), "common")

    def kind(char: str) -> str:
        nonlocal last
        own = script(char)
        last = last if own == "common" else own
        return last

    return ["".join(run) for _, run in groupby(text, key=kind)]
