r"""Advanced SubStation Alpha for libass: styles, events and shapes, with every text escaped.

What is drawn when and where is decided by the callers; here it becomes a document. Sizes and places
are pixels of the picture as displayed (PlayRes). Text is broken into rows by the caller, by
measured widths, because libass breaks unspaced scripts only when built for it.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from media_pipeline.errors import InvalidParameter
from media_pipeline.media.fonts import Font
from media_pipeline.text.formats import escape_ass

__all__ = [
    "Event",
    "Style",
    "ass_time",
    "colour",
    "document",
    "escape_ass",
    "font_scale",
    "rounded_box",
]

_HEX = re.compile(r"#?([0-9a-fA-F]{6})")
_KAPPA = 0.5523  # control points of the cubic that comes nearest to a quarter circle

# [V4+ Styles] format line of the ASS specification; libass knows no newer one
_STYLE_FORMAT = (
    "Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, "
    "Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, "
    "Alignment, MarginL, MarginR, MarginV, Encoding"
)
_EVENT_FORMAT = "Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text"


@dataclass(frozen=True, slots=True)
class Style:
    """How text looks. Lengths are pixels of the picture.

    ``em`` is the size of the font as typographers and browsers mean it. ``alignment`` is that of
    the numeric keypad: 2 is bottom centre, 8 top centre. The outline is drawn around the letters.
    """

    name: str
    font: Font
    em: float
    colour: str = "#FFFFFF"
    outline_colour: str = "#000000"
    outline: float = 2.0
    shadow: float = 0.0
    bold: bool = False
    alignment: int = 2
    margin_side: int = 0
    margin_vertical: int = 0

    def line(self) -> str:
        """The style's line in the document."""
        bold = -1 if self.bold else 0
        size = self.em * font_scale(self.font)
        # encoding -1 lets libass find the direction of right-to-left text itself
        return (
            f"Style: {self.name},{self.font.family},{size:.2f},{colour(self.colour)},"
            f"{colour(self.colour)},{colour(self.outline_colour)},{colour('#000000', 0.5)},"
            f"{bold},0,0,0,100,100,0,0,1,{self.outline:.2f},{self.shadow:.2f},{self.alignment},"
            f"{self.margin_side},{self.margin_side},{self.margin_vertical},-1"
        )


@dataclass(frozen=True, slots=True)
class Event:
    """Something drawn from ``start`` to ``end`` seconds.

    ``text`` is ASS: user text in it must have gone through :func:`escape_ass`. Higher layers are
    drawn over lower ones.
    """

    start: float
    end: float
    text: str
    style: str
    layer: int = 0

    def line(self) -> str:
        """The event's line in the document."""
        times = f"{ass_time(self.start)},{ass_time(self.end)}"
        return f"Dialogue: {self.layer},{times},{self.style},,0,0,0,,{self.text}"


def document(width: int, height: int, styles: Iterable[Style], events: Sequence[Event]) -> str:
    """A whole ASS file for a picture of that size; events shorter than 10 ms are left out.

    Parameters
    ----------
    width, height : of the picture as displayed, rotation applied and pixels square.
    """
    drawn = [e for e in events if ass_time(e.start) != ass_time(e.end)]
    return "\n".join(
        [
            "[Script Info]",
            "ScriptType: v4.00+",
            f"PlayResX: {width}",
            f"PlayResY: {height}",
            "WrapStyle: 2",
            "ScaledBorderAndShadow: yes",
            "YCbCr Matrix: None",
            "",
            "[V4+ Styles]",
            f"Format: {_STYLE_FORMAT}",
            *(style.line() for style in styles),
            "",
            "[Events]",
            f"Format: {_EVENT_FORMAT}",
            *(event.line() for event in sorted(drawn, key=lambda e: (e.start, e.layer))),
            "",
        ]
    )


def ass_time(seconds: float) -> str:
    """Seconds as ``H:MM:SS.cc``, rounded down.

    A frame shows an event when start <= its time < end. Rounding both down keeps this true for
    starts and ends that are times of frames: rounded up, a start would lose its first frame and an
    end gain one.

    >>> ass_time(1 / 15)
    '0:00:00.06'
    """
    centis = max(0, math.floor(seconds * 100 + 1e-6))
    return (
        f"{centis // 360000}:{centis // 6000 % 60:02d}:{centis // 100 % 60:02d}.{centis % 100:02d}"
    )


def colour(rgb: str, opacity: float = 1.0) -> str:
    """``#RRGGBB`` as ``&HAABBGGRR``, in which AA is the transparency.

    Raises
    ------
    InvalidParameter
        for any other text, so that no tag gets into the document through a colour.

    >>> colour("#ff8000", 0.5)
    '&H800080FF'
    """
    match = _HEX.fullmatch(rgb)
    if match is None:
        raise InvalidParameter(f"colour is {rgb!r}", "write it as #RRGGBB")
    red, green, blue = match[1][:2], match[1][2:4], match[1][4:]
    return f"&H{round((1 - opacity) * 255):02X}{blue}{green}{red}".upper()


def rounded_box(
    left: float,
    top: float,
    right: float,
    bottom: float,
    *,
    radius: float,
    rgb: str,
    opacity: float,
) -> str:
    """The text of an event that fills a rectangle with rounded corners; sides in pixels."""
    width, height = right - left, bottom - top
    r = max(0.0, min(radius, width / 2, height / 2))
    k = r * (1 - _KAPPA)
    path = (
        f"m {r:.1f} 0 l {width - r:.1f} 0 "
        f"b {width - k:.1f} 0 {width:.1f} {k:.1f} {width:.1f} {r:.1f} "
        f"l {width:.1f} {height - r:.1f} "
        f"b {width:.1f} {height - k:.1f} {width - k:.1f} {height:.1f} {width - r:.1f} {height:.1f} "
        f"l {r:.1f} {height:.1f} "
        f"b {k:.1f} {height:.1f} 0 {height - k:.1f} 0 {height - r:.1f} "
        f"l 0 {r:.1f} b 0 {k:.1f} {k:.1f} 0 {r:.1f} 0"
    )
    fill = colour(rgb, opacity)
    return (
        rf"{{\an7\pos({left:.1f},{top:.1f})\bord0\shad0\1c&H{fill[4:]}&\1a{fill[:4]}&\p1}}"
        rf"{path}{{\p0}}"
    )


@functools.cache
def font_scale(font: Font) -> float:
    """What a size in em is multiplied by to become a size in ASS.

    ASS counts the Windows ascent and descent of the font (as GDI did and libass does), which is 1.1
    em in most Latin fonts and 1.4 em in many Chinese ones.
    """
    from fontTools.ttLib import TTFont

    with TTFont(font.path, fontNumber=font.index, lazy=True) as file:
        height = file["OS/2"].usWinAscent + file["OS/2"].usWinDescent if "OS/2" in file else 0
        if not height:
            height = file["hhea"].ascent - file["hhea"].descent
        return float(height / file["head"].unitsPerEm)
