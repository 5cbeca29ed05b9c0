"""Fonts for pictures: every text is drawn by a font that has its glyphs, never as empty boxes."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from PIL import ImageFont

from media_pipeline.errors import FontMissing
from media_pipeline.media.fonts import Font, find_font

if TYPE_CHECKING:
    from matplotlib.font_manager import FontProperties


@lru_cache(maxsize=512)
def _font_for(characters: frozenset[str]) -> Font | None:
    try:
        return find_font("".join(sorted(characters)))
    except FontMissing:
        return None


def drawable(text: str) -> tuple[str, Font | None]:
    """The text with what cannot be drawn replaced, and the font that draws the result.

    The whole text in one font where there is one; else the font that has most of it, and ``·`` for
    each character that it lacks. The font is None when no font is installed at all.
    """
    text = "".join(c if c.isprintable() or c == "\n" else "·" for c in text)
    needed = frozenset(text) - {"\n", " "}
    if font := _font_for(needed):
        return text, font
    each = {c: one for c in sorted(needed) if (one := _font_for(frozenset({c})))}
    if not each:
        return text.encode("ascii", "replace").decode(), None
    font = max(dict.fromkeys(each.values()), key=lambda one: sum(_has(one, c) for c in each))
    return "".join(c if c in "\n " or _has(font, c) else "·" for c in text), font


def _has(font: Font, char: str) -> bool:
    try:
        return find_font(char, font.family) == font
    except FontMissing:
        return False


@lru_cache(maxsize=64)
def _load(path: str, index: int, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size, index=index)


def typeface(font: Font | None, size: int) -> Any:
    """The font for Pillow at that size in pixels; Pillow's own where no font is installed."""
    return ImageFont.load_default(size) if font is None else _load(str(font.path), font.index, size)


def chart_font(text: str, size: float) -> tuple[str, FontProperties]:
    """The text as it can be drawn and the font properties with which matplotlib draws it."""
    from matplotlib.font_manager import FontProperties

    text, font = drawable(text)
    if font is None:
        return text, FontProperties(size=size)
    return text, FontProperties(fname=str(font.path), size=size)
