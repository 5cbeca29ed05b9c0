"""Installed fonts: one that has glyphs for a text, and how wide it draws it."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from media_pipeline.errors import FontMissing, UnknownFont

_SUFFIXES = (".ttf", ".otf", ".ttc", ".otc")
_FOLDERS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "~/.local/share/fonts",
    "~/.fonts",
    "/Library/Fonts",
    "/System/Library/Fonts",
    "~/Library/Fonts",
    "C:/Windows/Fonts",
)
ALIASES = {
    "Arial": "Liberation Sans",
    "Helvetica": "Liberation Sans",
    "Times New Roman": "Liberation Serif",
    "Courier New": "Liberation Mono",
    "SimHei": "Noto Sans CJK SC",
    "Microsoft YaHei": "Noto Sans CJK SC",
    "Source Han Sans": "Noto Sans CJK SC",
}
"""Names of fonts that are not free, or go by another name, and what stands for them."""
_STANDS_FOR = {name.casefold(): family for name, family in ALIASES.items()}
_PREFERRED = ("Liberation Sans", "DejaVu Sans", "Noto Sans")
_EASTERN = ("Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans CJK KR")
_FIRST_FOR_HAN = "Noto Sans CJK SC"
# Chinese, Japanese and Korean write some shared characters differently
_HAN_OF = {"ja": "Noto Sans CJK JP", "ko": "Noto Sans CJK KR", "zh": _FIRST_FOR_HAN}
_IN_COLOUR = ("CBDT", "sbix", "COLR")
_PLAIN_STYLES = ("regular", "book", "normal", "roman", "")


@dataclass(frozen=True, slots=True)
class Font:
    """One face of an installed font file."""

    path: Path
    index: int
    """Number of the face in a collection (TTC), 0 else."""
    family: str


@dataclass(frozen=True, slots=True)
class _Face:
    font: Font
    style: str


def find_font(text: str, family: str | None = None, language: str | None = None) -> Font:
    """A font that has glyphs for all of the text: the family asked for if it can, else one of the
    preferred ones.

    Names of fonts that are not free (Arial, SimHei, …) stand for their free counterparts. Fonts
    of coloured pictures (emoji) have no outlines to draw and are left out. ``language`` (``zh``,
    ``ja``, ``ko``) chooses between the forms of characters that those share.

    Raises
    ------
    FontMissing
        naming the Debian package to install, when no installed font has all glyphs.
    """
    needed = frozenset(ord(c) for c in text if not c.isspace() and c.isprintable())
    return _find(needed, family, language)


def check_family(family: str) -> None:
    """Whether a family is installed, by its own name or the one it is known by.

    Raises
    ------
    UnknownFont
        with the names that are known.
    """
    name = family.casefold()
    if name not in _families() and name not in _STANDS_FOR:
        raise UnknownFont(family, known_names())


def covers(font: Font, text: str) -> bool:
    """Whether the font has a glyph for every visible character of the text."""
    known = _characters(font)
    return all(ord(c) in known for c in text if not c.isspace() and c.isprintable())


def variant(font: Font, *, bold: bool = False, italic: bool = False) -> Font:
    """The bold, slanted or both face of a font's family; the font itself where there is none."""
    if not (bold or italic):
        return font
    slants = ("italic", "oblique") if italic else ("",)
    names = {f"{'bold ' if bold else ''}{slant}".strip() for slant in slants}
    faces = _families().get(font.family.casefold(), [])
    return next((face.font for face in faces if face.style in names), font)


def ass_metrics(font: Font) -> tuple[float, float]:
    """Ascent and descent in em as ASS counts them: those of Windows, as GDI did and libass does.

    Their sum is 1.1 em in most Latin fonts and 1.4 em in many Chinese ones.
    """
    return _metrics(font)


def font_scale(font: Font) -> float:
    """What a size in em is multiplied by to become a size in ASS."""
    return sum(ass_metrics(font))


@functools.lru_cache(maxsize=512)
def _find(needed: frozenset[int], family: str | None, language: str | None) -> Font:
    for name in _candidates(needed, family, language):
        for face in _families().get(name.casefold(), ()):
            if needed <= _characters(face.font):
                return face.font
    for face in _having(needed):
        if face.style in _PLAIN_STYLES and needed <= _characters(face.font):
            return face.font
    raise _missing(needed)


def _having(needed: frozenset[int]) -> list[_Face]:
    """Faces that may have all of the characters: fontconfig knows, without opening any."""
    known = [face for faces in _families().values() for face in faces]
    if shutil.which("fc-list") is None:
        return known
    found = {f.font for f in _from_fontconfig(f":charset={' '.join(f'{c:x}' for c in needed)}")}
    return [face for face in known if face.font in found]


def _candidates(needed: frozenset[int], family: str | None, language: str | None) -> list[str]:
    names = []
    if family:
        names += [family, _STANDS_FOR.get(family.casefold(), family)]
    if any(_is_wide(code) for code in needed):
        names.append(_HAN_OF.get(language or "", _FIRST_FOR_HAN))
    names += _PREFERRED
    # large, and slow to open: not for scripts that they lack anyway
    return [*names, *_EASTERN] if any(map(_may_be_eastern, needed)) else names


def _may_be_eastern(code: int) -> bool:
    return 0x2E80 <= code < 0x1F000 or code >= 0x20000


def _is_wide(code: int) -> bool:
    """Whether a character is of the CJK blocks."""
    return 0x2E80 <= code <= 0x9FFF or 0xAC00 <= code <= 0xD7A3 or 0xF900 <= code <= 0xFAFF


def _missing(needed: frozenset[int]) -> FontMissing:
    package = "fonts-noto-core"
    if any(_is_wide(c) or 0x20000 <= c < 0x40000 for c in needed):
        package = "fonts-noto-cjk"
    elif any(0x1F000 <= c <= 0x1FAFF for c in needed):
        package = "fonts-noto-color-emoji"
    elif all(c < 0x0530 for c in needed):  # Latin, Greek and Cyrillic
        package = "fonts-liberation"
    nowhere = [c for c in sorted(needed) if not any(map(_has(c), _having(frozenset([c]))))]
    # where each has a font, but none has all, the whole text is what is lacking
    lacking = "".join(chr(c) for c in (nowhere or sorted(needed))[:8])
    return FontMissing(
        f"no installed font has glyphs for {lacking!r}", f"install the Debian package {package}"
    )


def _has(code: int) -> Callable[[_Face], bool]:
    return lambda face: code in _characters(face.font)


def text_width(text: str, font: Font, size: float) -> float:
    """How wide a font draws one row of text at a size, both in pixels."""
    from PIL import ImageFont

    scale = 64.0  # Pillow lays out in whole pixels: a large size keeps the rounding small
    face = _load(font, int(size * scale) if size * scale < 4096 else 4096, ImageFont)
    return float(face.getlength(text) * size / face.size)


@functools.lru_cache(maxsize=32)
def _load(font: Font, size: int, module: Any) -> Any:
    return module.truetype(str(font.path), size, index=font.index)


def fonts() -> list[str]:
    """The families that are installed, in alphabetical order."""
    return sorted({face.font.family for faces in _families().values() for face in faces})


def known_names() -> list[str]:
    """What a font may be asked for by: the families, and the names for which they stand in."""
    families = fonts()
    return sorted({*families, *(name for name, other in ALIASES.items() if other in families)})


@functools.cache
def _families() -> dict[str, list[_Face]]:
    """Faces by case-folded family name, plain styles first."""
    families: dict[str, list[_Face]] = {}
    for face in _from_fontconfig() or _from_folders():
        families.setdefault(face.font.family.casefold(), []).append(face)
    for faces in families.values():
        faces.sort(key=lambda f: (f.style not in _PLAIN_STYLES, str(f.font.path), f.font.index))
    return families


def _from_fontconfig(pattern: str = ":") -> list[_Face]:
    command = shutil.which("fc-list")
    if command is None:
        return []
    result = subprocess.run(
        [command, "--format", "%{file}\t%{index}\t%{family[0]}\t%{style[0]}\n", pattern],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    faces = []
    for line in result.stdout.splitlines():
        file, _, rest = line.partition("\t")
        index, _, names = rest.partition("\t")
        family, _, style = names.partition("\t")
        if file.lower().endswith(_SUFFIXES) and index.isdigit() and family:
            # The upper half of fontconfig's index counts named instances of variable fonts.
            if int(index) >> 16:
                continue
            faces.append(_Face(Font(Path(file), int(index), family), style.casefold()))
    return sorted(faces, key=lambda f: (str(f.font.path), f.font.index))


def _from_folders() -> list[_Face]:
    faces: list[_Face] = []
    for folder in _FOLDERS:
        root = Path(folder).expanduser()
        files = (Path(d) / n for d, _, names in os.walk(root) for n in sorted(names))
        for file in files:
            if file.suffix.lower() in _SUFFIXES:
                faces.extend(_faces_of(file))
    return faces


def _faces_of(file: Path) -> Iterator[_Face]:
    from fontTools.ttLib import TTCollection, TTFont, TTLibError

    try:
        if file.suffix.lower() in (".ttc", ".otc"):
            with TTCollection(str(file), lazy=True) as collection:
                loaded = list(enumerate(collection.fonts))
                names = [(i, f["name"]) for i, f in loaded]
        else:
            with TTFont(str(file), lazy=True) as font:
                names = [(0, font["name"])]
    except (TTLibError, OSError):
        return  # a broken font file is no font
    for index, table in names:
        family = table.getBestFamilyName()
        style = table.getBestSubFamilyName() or ""
        if family:
            yield _Face(Font(file, index, family), style.casefold())


@functools.lru_cache(maxsize=256)
def _characters(font: Font) -> frozenset[int]:
    from fontTools.ttLib import TTFont, TTLibError

    try:
        with TTFont(str(font.path), fontNumber=font.index, lazy=True) as file:
            if any(table in file for table in _IN_COLOUR):
                return frozenset()
            return frozenset(file.getBestCmap() or ())
    except (TTLibError, OSError):
        return frozenset()


@functools.cache
def _metrics(font: Font) -> tuple[float, float]:
    from fontTools.ttLib import TTFont

    with TTFont(font.path, fontNumber=font.index, lazy=True) as file:
        up = down = 0
        if "OS/2" in file:
            up, down = file["OS/2"].usWinAscent, file["OS/2"].usWinDescent
        if not up + down:
            up, down = file["hhea"].ascent, -file["hhea"].descent
        em = file["head"].unitsPerEm
        return up / em, down / em
