"""Subtitles for a picture without captions: classic style, rows broken by measured widths."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from media_pipeline.errors import FontMissing
from media_pipeline.media.fonts import Font, find_font, text_width
from media_pipeline.text.ass import Event, Style, document, escape_ass, font_scale
from media_pipeline.text.cues import Cue
from media_pipeline.text.scripts import script
from media_pipeline.text.wrap import balance

_SIDE, _BOTTOM = 0.06, 0.05  # safe margins, shares of width and height (EBU R 95 has 5 % at least)
_UNDRAWN = ("Cc", "Co", "Cs", "Cn")
_NARROW = 0.9  # in a narrow picture the size follows the width: this share of it counts as height


@dataclass(frozen=True, slots=True)
class Look:
    """How subtitles look. ``size`` and ``outline`` are shares of the picture's height."""

    family: str | None = None
    size: float = 0.05
    colour: str = "#FFFFFF"
    outline_colour: str = "#000000"
    outline: float = 0.0028
    top: bool = False


def subtitle_document(
    cues: Sequence[Cue], width: int, height: int, look: Look | None = None
) -> tuple[str, set[Font]]:
    """Lay out subtitles for a picture.

    Parameters
    ----------
    cues : in time order; line breaks in their text are kept, long rows are broken.
    width, height : of the picture in pixels, as displayed.
    look : classic white with a black outline when not given.

    Returns
    -------
    tuple
        the ASS document, and the fonts that it names.

    Raises
    ------
    FontMissing
        when no installed font has all glyphs of a cue; boxes are never drawn for them.
    """
    look = look or Look()
    base = min(height, width * _NARROW)
    style = Style(
        name="Classic",
        font=_main_font(cues, look.family),
        em=look.size * base,
        colour=look.colour,
        outline_colour=look.outline_colour,
        outline=max(1.0, look.outline * base),
        alignment=8 if look.top else 2,
        margin_side=round(_SIDE * width),
        margin_vertical=round(_BOTTOM * height),
    )
    layout = _Layout(style, width * (1 - 2 * _SIDE), look.family)
    events = [Event(c.start, c.end, layout.text(c.text), style.name) for c in cues]
    return document(width, height, [style], events), layout.fonts


def _main_font(cues: Sequence[Cue], family: str | None) -> Font:
    """One font for all cues where there is one; else that of the first cue."""
    try:
        return find_font("".join(sorted({c for cue in cues for c in cue.text})), family)
    except FontMissing:
        for part in _runs(cues[0].text):
            return find_font(part, family)
        raise


class _Layout:
    """Breaks and marks text, and collects the fonts it takes."""

    def __init__(self, style: Style, max_width: float, family: str | None) -> None:
        self._style, self._max_width, self._family = style, max_width, family
        self.fonts = {style.font}

    def text(self, text: str) -> str:
        """A cue's text as ASS."""
        rows = balance(_drawable(text), self._max_width - 2 * self._style.outline, self._width)
        return r"\N".join(self._marked(row) for row in rows)

    def _width(self, row: str) -> float:
        return sum(text_width(run, font, self._style.em) for run, font in self._fonts_of(row))

    def _marked(self, row: str) -> str:
        """A row with font changes where the style's font lacks glyphs."""
        marked = ""
        for run, font in self._fonts_of(row):
            self.fonts.add(font)
            text = escape_ass(run)
            if font == self._style.font:
                marked += text
            else:
                size = self._style.em * font_scale(font)
                marked += rf"{{\fn{font.family}\fs{size:.2f}}}{text}{{\r}}"
        return marked

    def _fonts_of(self, row: str) -> list[tuple[str, Font]]:
        """The row with one font that has all of it, or cut by scripts with a font for each."""
        try:
            return [(row, find_font(row, self._style.font.family))]
        except FontMissing:
            return [(run, find_font(run, self._family)) for run in _runs(row)]


def _drawable(text: str) -> str:
    """The text without characters for which no font can have a glyph: controls and private use."""
    return "".join(c for c in text if c == "\n" or unicodedata.category(c) not in _UNDRAWN)


def _runs(text: str) -> list[str]:
    """A text cut where the script changes; common characters stay with what stands before them."""
    last = "common"

    def kind(char: str) -> str:
        nonlocal last
        own = script(char)
        last = last if own == "common" else own
        return last

    return ["".join(run) for _, run in groupby(text, key=kind)]
