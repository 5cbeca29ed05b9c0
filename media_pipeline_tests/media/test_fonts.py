"""Fonts that can draw a text, and how wide."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import ImageFont

from media_pipeline.errors import FontMissing, UnknownFont
from media_pipeline.media import fonts
from media_pipeline.media.fonts import find_font, text_width


def _needs(family: str) -> None:
    if family not in fonts.fonts():
        pytest.skip(f"{family} is not installed")


def test_latin_in_liberation() -> None:
    _needs("Liberation Sans")
    assert find_font("Hello, wörld!").family == "Liberation Sans"
    assert find_font("x", "Arial").family == "Liberation Sans"
    assert find_font("x", "no such font").family == "Liberation Sans"


def test_names_that_others_stand_for_are_among_the_known_ones() -> None:
    _needs("Liberation Sans")
    assert {"Arial", "Liberation Sans"} <= set(fonts.known_names())
    with pytest.raises(UnknownFont) as caught:
        fonts.check_family("Nonesuch")
    assert list(caught.value.available) == fonts.known_names()
    for name in fonts.known_names():
        fonts.check_family(name.upper())


def test_chinese_in_noto() -> None:
    _needs("Noto Sans CJK SC")
    font = find_font("今天、明天 OK")
    assert font.family == "Noto Sans CJK SC"
    # The index of a collection must name the face: its own name table says whether it does.
    face = ImageFont.truetype(str(font.path), 20, index=font.index)
    assert face.getname()[0] == "Noto Sans CJK SC"
    assert face.getname()[1] == "Regular"
    assert find_font("今天", "Arial").family == "Noto Sans CJK SC"


def test_a_family_that_can_is_kept() -> None:
    _needs("Liberation Serif")
    assert find_font("Hello", "liberation serif").family == "Liberation Serif"
    assert find_font("Hello", "Times New Roman").family == "Liberation Serif"


def test_no_font_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_families", dict)
    fonts._find.cache_clear()
    try:
        with pytest.raises(FontMissing, match=r"glyphs for '今天': .*fonts-noto-cjk"):
            find_font("今天")
        with pytest.raises(FontMissing, match="fonts-liberation"):
            find_font("abc")
    finally:
        fonts._find.cache_clear()


def test_a_character_that_no_font_has() -> None:
    with pytest.raises(FontMissing, match="no installed font has glyphs for"):
        find_font("a\U00012000")


def test_control_characters_and_spaces_need_no_glyph() -> None:
    assert find_font("a\n\t\u200bb") == find_font("ab")


def test_width_grows_with_text_and_size() -> None:
    font = find_font("Hello")
    assert text_width("", font, 30) == 0
    assert text_width("Hello", font, 30) > text_width("Hell", font, 30) > 40
    assert text_width("Hello", font, 60) == pytest.approx(
        2 * text_width("Hello", font, 30), rel=0.01
    )


def test_width_of_square_characters() -> None:
    _needs("Noto Sans CJK SC")
    assert text_width("你好", find_font("你好"), 30) == pytest.approx(60, abs=0.5)


def test_folders_are_searched_without_fontconfig(monkeypatch: pytest.MonkeyPatch) -> None:
    if not Path("/usr/share/fonts").is_dir():
        pytest.skip("there is no /usr/share/fonts")
    listed = {(f.font.family, f.font.path.name, f.font.index) for f in fonts._from_folders()}
    known = {(f.font.family, f.font.path.name, f.font.index) for f in fonts._from_fontconfig()}
    wanted = {k for k in known if k[0] in ("Liberation Sans", "Noto Sans CJK SC")}
    assert wanted <= listed
