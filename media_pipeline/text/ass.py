r"""Advanced SubStation Alpha for libass: styles, events and shapes, with every text escaped.

What is drawn when and where is decided by the callers; here it becomes a document. Sizes and places
are pixels of the picture as displayed (PlayRes). Text is broken into rows by the caller, by
measured widths, because libass breaks unspaced scripts only when built for it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from media_pipeline.media.fonts import Font, font_scale
from media_pipeline.text.colours import BLACK, WHITE, Colour
from media_pipeline.text.formats import escape_ass

__all__ = [
    "Event",
    "Style",
    "add_under",
    "ass_alpha",
    "ass_centis",
    "ass_colour",
    "document",
    "escape_ass",
    "recoloured",
    "rounded_box",
]

_BLOCK = re.compile(r"\{[^}]*\}")
_COLOUR_TAG = re.compile(r"(\\[1-4]?c)&?H?([0-9A-Fa-f]{1,8})&?")
_KAPPA = 0.5523  # control points of the cubic that comes nearest to a quarter circle


@dataclass(frozen=True, slots=True)
class Style:
    """How text looks. Lengths are pixels of the picture.

    ``em`` is the size of the font as typographers and browsers mean it. The outline is drawn around
    the letters.
    """

    name: str
    font: Font
    em: float
    colour: Colour = WHITE
    outline_colour: Colour = BLACK
    shadow_colour: Colour = BLACK
    outline: float = 2.0
    shadow: float = 0.0
    spacing: float = 0.0
    angle: float = 0.0
    bold: bool = False
    italic: bool = False
    underline: bool = False
    strikeout: bool = False

    def entry(self) -> Any:
        """The style as pysubs2 has it."""
        import pysubs2

        def drawn(c: Colour) -> Any:
            return pysubs2.Color(c.red, c.green, c.blue, 255 - c.alpha)

        return pysubs2.SSAStyle(
            fontname=self.font.family,
            fontsize=round(self.em * font_scale(self.font), 3),
            primarycolor=drawn(self.colour),
            secondarycolor=drawn(self.colour),
            outlinecolor=drawn(self.outline_colour),
            backcolor=drawn(self.shadow_colour),
            bold=self.bold,
            italic=self.italic,
            underline=self.underline,
            strikeout=self.strikeout,
            spacing=self.spacing,
            angle=self.angle,
            outline=self.outline,
            shadow=self.shadow,
            marginl=0,
            marginr=0,
            marginv=0,
            encoding=-1,  # lets libass find the direction of right-to-left text itself
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


def document(width: int, height: int, styles: Iterable[Style], events: Sequence[Event]) -> str:
    """A whole ASS file for a picture of that size; events shorter than 10 ms are left out.

    Parameters
    ----------
    width, height : of the picture as displayed, rotation applied and pixels square.
    """
    import pysubs2

    subs = pysubs2.SSAFile()
    subs.info.update(
        PlayResX=str(width),
        PlayResY=str(height),
        WrapStyle="2",
        ScaledBorderAndShadow="yes",
        Kerning="yes",  # as widths are measured
    )
    subs.info["YCbCr Matrix"] = "None"
    subs.styles = {style.name: style.entry() for style in styles}
    _append(subs, events)
    return str(subs.to_string("ass", header_notice=""))


def add_under(document: str, events: Sequence[Event]) -> str:
    """A document with more events, all of them under those that it has, in its first style."""
    import pysubs2

    subs = pysubs2.SSAFile.from_string(document, format_="ass")
    style = next(iter(subs.styles))
    for event in subs:
        event.layer += 1
    _append(subs, [replace(event, style=style, layer=0) for event in events])
    subs.sort()
    return str(subs.to_string("ass", header_notice=""))


def recoloured(document: str, change: Callable[[Colour], Colour]) -> str:
    """A document, of our own or a user's, with each colour of its styles and tags changed."""
    import pysubs2

    def changed(red: int, green: int, blue: int) -> Colour:
        return change(Colour(red, green, blue, 255))

    def tag(match: re.Match[str]) -> str:
        blue, green, red = bytes.fromhex(match[2].zfill(6)[-6:])
        return match[1] + ass_colour(changed(red, green, blue))

    subs = pysubs2.SSAFile.from_string(document, format_="ass")
    for style in subs.styles.values():
        for name in ("primarycolor", "secondarycolor", "outlinecolor", "backcolor"):
            old = getattr(style, name)
            new = changed(old.r, old.g, old.b)
            setattr(style, name, pysubs2.Color(new.red, new.green, new.blue, old.a))
    for event in subs:
        event.text = _BLOCK.sub(lambda block: _COLOUR_TAG.sub(tag, block[0]), event.text)
    return str(subs.to_string("ass", header_notice=""))


def _append(subs: Any, events: Sequence[Event]) -> None:
    import pysubs2

    for event in sorted(events, key=lambda e: (e.start, e.layer)):
        start, end = ass_centis(event.start), ass_centis(event.end)
        if start < end:
            subs.append(
                pysubs2.SSAEvent(
                    start=10 * start,
                    end=10 * end,
                    text=event.text,
                    style=event.style,
                    layer=event.layer,
                )
            )


def ass_centis(seconds: float) -> int:
    """Seconds as hundredths, the clock of ASS, rounded down.

    A frame shows an event when start <= its time < end. Rounding both down keeps this true for
    starts and ends that are times of frames: rounded up, a start would lose its first frame and an
    end gain one.

    >>> ass_centis(1 / 15)
    6
    """
    return max(0, math.floor(seconds * 100 + 1e-6))


def ass_colour(colour: Colour) -> str:
    """Red, green and blue as a tag takes them.

    >>> ass_colour(Colour(255, 128, 0))
    '&H0080FF&'
    """
    return f"&H{colour.blue:02X}{colour.green:02X}{colour.red:02X}&"


def ass_alpha(colour: Colour) -> str:
    """The transparency as a tag takes it.

    >>> ass_alpha(Colour(0, 0, 0, 255))
    '&H00&'
    """
    return f"&H{255 - colour.alpha:02X}&"


def rounded_box(
    left: float, top: float, right: float, bottom: float, *, radius: float, colour: Colour
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
    fill = rf"\1c{ass_colour(colour)}\1a{ass_alpha(colour)}"
    return rf"{{\an7\pos({left:.1f},{top:.1f})\bord0\shad0{fill}\p1}}{path}{{\p0}}"
