"""Captions and settings become a drawing: an ASS document, its fonts, and when it shows them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from media_pipeline.errors import InvalidParameter, NothingToDo
from media_pipeline.media.fonts import Font, check_family
from media_pipeline.stages.burn.faces import Faces, drawable, installed
from media_pipeline.stages.burn.layout import lay_out
from media_pipeline.stages.burn.settings import UNTIMED_STYLES, CaptionSettings
from media_pipeline.stages.burn.styles import STYLE_NAME, Painter, all_events
from media_pipeline.text.ass import Event, Style, document
from media_pipeline.text.ass_given import own_styling
from media_pipeline.text.colours import Colour, parse_colour
from media_pipeline.text.exclusion import TimeRange, outside
from media_pipeline.text.given import Given
from media_pipeline.text.pieces import Caption, estimated
from media_pipeline.text.replacing import Replacement, replace_words

_SHADOW = 0.6  # opacity of the shadow


@dataclass(frozen=True)
class Drawing:
    """What is drawn on a film."""

    document: str
    """ASS; its PlayRes is the size of the picture as displayed."""
    fonts: frozenset[Font]
    """All that the document names."""
    spans: tuple[tuple[float, float], ...]
    """When anything is shown, in seconds: in order, without overlaps."""
    warnings: tuple[str, ...] = ()


def draw_captions(
    captions: Sequence[Caption],
    width: int,
    height: int,
    settings: CaptionSettings | None = None,
    *,
    exclude: Sequence[TimeRange] = (),
    language: str | None = None,
) -> Drawing:
    """Lay out captions for a picture.

    Parameters
    ----------
    captions : their words have times of their own, or the style needs none.
    width, height : of the picture in pixels, as displayed.
    settings : classic white with a black outline when not given.
    exclude : captions are hidden exactly inside these ranges.
    language : of the captions, where known.

    Raises
    ------
    InvalidParameter
        for a style that needs word times where there are none.
    UnknownFont, FontMissing
        when the family is not installed, or no font has a character.
    NothingToDo
        when there is nothing that can be drawn.
    """
    settings = settings or CaptionSettings()
    check_family(settings.font_family)
    captions, lost = drawable(_prepared(captions, settings))
    if not captions:
        raise NothingToDo("the captions have no text that can be drawn", "give other captions")
    faces = Faces((c.text for c in captions), settings.font_family, language, settings.spacing)
    blocks = lay_out(captions, faces, settings, width, height)
    style = _style(settings, faces, blocks[0].em if blocks else 0.05 * height)
    painter = Painter(settings, faces, style.shadow_colour)
    events = list(_outside(all_events(blocks, painter), exclude))
    return Drawing(
        document(width, height, [style], events),
        frozenset(faces.used),
        merged((e.start, e.end) for e in events),
        (f"{len(lost)} emoji left out ({_few(lost)}): no font here draws them",) if lost else (),
    )


def check_times(captions: Iterable[Caption], settings: CaptionSettings) -> None:
    """Whether the style can be drawn with the times that there are.

    Raises
    ------
    InvalidParameter
        for a style that moves from word to word where words have no times.
    """
    if settings.style in UNTIMED_STYLES or settings.estimate_word_times:
        return
    if not all(c.timed for c in captions):
        raise InvalidParameter(
            f"style {settings.style} needs a time for each word, which these captions lack",
            "set estimate_word_times to true, or take style classic or box",
        )


def draw_given(
    given: Given,
    width: int,
    height: int,
    settings: CaptionSettings | None = None,
    *,
    replace_by: Sequence[Replacement] = (),
    exclude: Sequence[TimeRange] = (),
    language: str | None = None,
) -> Drawing:
    """Captions as they were given, after replacements, as a drawing.

    An ASS document keeps its own styling and place; the settings are for all other captions.
    Parameters and errors are those of :func:`draw_captions`.
    """
    if given.ass is not None:
        own = own_styling(given.ass, replace_by, exclude)
        faces, missing = installed(own.families)
        lacking = f"the captions name fonts that are not installed: {', '.join(missing)}"
        return Drawing(own.text, frozenset(faces), merged(own.spans), (lacking,) if missing else ())
    captions = [replace_words(c, replace_by) for c in given.captions]
    return draw_captions(
        [c for c in captions if c is not None],
        width,
        height,
        settings,
        exclude=exclude,
        language=language,
    )


def merged(spans: Iterable[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """Spans in order, those that touch or overlap as one.

    >>> merged([(2.0, 3.0), (0.0, 1.0), (0.5, 1.5), (3.0, 4.0)])
    ((0.0, 1.5), (2.0, 4.0))
    """
    found: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return tuple(found)


def _prepared(captions: Sequence[Caption], settings: CaptionSettings) -> list[Caption]:
    """Captions in time order with what the style needs: word times, capitals."""
    check_times(captions, settings)
    found = sorted(captions, key=lambda c: (c.start, c.end))
    if settings.estimate_word_times:
        found = [c if c.timed else estimated(c) for c in found]
    if settings.all_caps:
        found = [
            replace(c, pieces=tuple(replace(p, text=p.text.upper()) for p in c.pieces))
            for c in found
        ]
    return found


def _style(settings: CaptionSettings, faces: Faces, em: float) -> Style:
    outline = parse_colour(settings.outline_color)
    boxed = settings.style == "box"
    return Style(
        STYLE_NAME,
        faces.main,
        em,
        colour=parse_colour(settings.line_color),
        outline_colour=outline,
        shadow_colour=Colour(0, 0, 0, round(_SHADOW * 255)),
        outline=0 if boxed else settings.outline_width,
        shadow=settings.shadow_offset,
        spacing=settings.spacing,
        angle=settings.angle,
        bold=settings.bold,
        italic=settings.italic,
        underline=settings.underline,
        strikeout=settings.strikeout,
    )


def _outside(events: Iterable[Event], exclude: Sequence[TimeRange]) -> Iterable[Event]:
    for event in events:
        for start, end in outside(event.start, event.end, exclude):
            yield replace(event, start=start, end=end)


def _few(text: str) -> str:
    shown = list(dict.fromkeys(text))
    return " ".join(shown[:5]) + (" …" if len(shown) > 5 else "")
