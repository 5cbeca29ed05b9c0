r"""The seven styles: what of a block is drawn at which time, as events of ASS.

A block is always drawn as a whole, one event for each state of its words, so that no word is
painted twice and none moves when another one changes. The growing word of ``pop`` is drawn by
itself over the place that is left free for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from media_pipeline.media.fonts import font_scale
from media_pipeline.stages.burn.faces import Faces
from media_pipeline.stages.burn.layout import GROUND, Block, Row
from media_pipeline.stages.burn.settings import CaptionSettings
from media_pipeline.stages.burn.states import State, states
from media_pipeline.text.ass import (
    Event,
    ass_alpha,
    ass_colour,
    escape_ass,
    rounded_box,
)
from media_pipeline.text.bidi import visual_order
from media_pipeline.text.colours import Colour, parse_colour
from media_pipeline.text.pieces import Piece

STYLE_NAME = "Caption"
_LEAST_GROWN, _MOST_GROWN = 1.1, 1.18
_INTO_SPACE = 0.5  # of a space: as far as a long word may grow on either side
_GROWS_S = 0.08  # how long growing takes: two frames
_RADIUS = 0.22  # em, of the corners of style box
_GROUND_LAYER, _TEXT_LAYER, _GROWN_LAYER = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Look:
    """How a word differs from the style of the document."""

    colour: Colour
    underline: bool = False
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class _Tags:
    """The tags in force; the defaults of the style at the start of an event."""

    family: str
    size: float
    bold: bool
    italic: bool
    underline: bool
    strikeout: bool
    look: Look

    def change(self, old: _Tags, outline: Colour, shadow: Colour) -> str:
        """The tags that lead here from others."""
        tags = ""
        if self.family != old.family:
            tags += rf"\fn{self.family}"
        if abs(self.size - old.size) > 1e-3:
            tags += rf"\fs{self.size:.2f}"
        for name in ("bold", "italic", "underline", "strikeout"):
            if getattr(self, name) != getattr(old, name):
                tags += rf"\{name[0]}{int(getattr(self, name))}"
        if self.look.hidden and not old.look.hidden:
            tags += r"\alpha&HFF&"
        elif not self.look.hidden and (self.look.colour != old.look.colour or old.look.hidden):
            colour = self.look.colour
            tags += rf"\1c{ass_colour(colour)}\1a{ass_alpha(colour)}"
            if old.look.hidden:
                tags += rf"\3a{ass_alpha(outline)}\4a{ass_alpha(shadow)}"
        return tags


class Painter:
    """Turns blocks into events.

    Parameters
    ----------
    settings, faces : how the text looks.
    shadow : colour of the shadow in the style of the document.
    """

    def __init__(self, settings: CaptionSettings, faces: Faces, shadow: Colour) -> None:
        self._settings, self._faces, self._shadow = settings, faces, shadow
        self._line, self._word, self._outline = (
            parse_colour(c)
            for c in (settings.line_color, settings.word_color, settings.outline_color)
        )

    def events(self, block: Block) -> Iterator[Event]:
        """Everything that is drawn of a block."""
        style = self._settings.style
        if style == "box":
            yield self._ground(block)
        if style == "classic" or not block.timed:
            everything = State(block.start, block.end, None, 0)
            yield self._text(block, everything)
            return
        pieces = [p for row in block.rows for p in row.pieces]
        for state in states(pieces, block.start, block.end):
            if style == "word_by_word" and state.current is None:
                continue
            yield self._text(block, state)
            if style == "pop" and state.current is not None:
                yield self._grown(block, state)

    def _look(self, number: int, state: State) -> Look:
        """How a word looks in a state."""
        style = self._settings.style
        if style == "karaoke":
            return Look(self._word if number < state.begun else self._line)
        if number != state.current:
            return Look(self._line)
        return Look(
            self._line if style == "underline" else self._word,
            underline=style == "underline",
            hidden=style == "pop",
        )

    def _text(self, block: Block, state: State) -> Event:
        text, tags, number = self._head(block), self._initial(), 0
        for row in block.rows:
            if number:
                text += r"\N"
            for piece in row.pieces:
                look = self._look(number, state)
                added, tags = self._piece(piece, look, block.em, tags)
                text += added
                number += 1
        return Event(state.start, state.end, text, STYLE_NAME, _TEXT_LAYER)

    def _head(self, block: Block) -> str:
        return rf"{{\an{block.keypad}\pos({block.x:.2f},{block.y:.2f})}}"

    def _initial(self) -> _Tags:
        """The tags that the style of the document stands for."""
        s = self._settings
        return _Tags("", 0.0, s.bold, s.italic, s.underline, s.strikeout, Look(self._line))

    def _piece(self, piece: Piece, look: Look, em: float, tags: _Tags) -> tuple[str, _Tags]:
        """A word with the space before it, and the tags that are in force after it."""
        s, text = self._settings, ""
        gap = piece.gap
        for whole, font in self._faces.runs(piece.gap + piece.text):
            run, size = whole.removeprefix(gap), em * font_scale(font)
            marks = (s.bold or piece.bold, s.italic or piece.italic)
            struck = s.strikeout or piece.strikeout
            lined = s.underline or piece.underline
            if gap:
                # a space is not part of the word: neither underlined nor, for that, anything else
                between = _Tags(font.family, size, *marks, lined and tags.underline, struck, look)
                text += _block(between.change(tags, self._outline, self._shadow)) + gap
                tags, gap = between, ""
            now = _Tags(font.family, size, *marks, lined or look.underline, struck, look)
            text += _block(now.change(tags, self._outline, self._shadow)) + escape_ass(run)
            tags = now
        return text, tags

    def _grown(self, block: Block, state: State) -> Event:
        """The current word, growing about its middle."""
        x, y, piece = _place(block, state.current or 0, self._advance(block.em))
        look = Look(self._word)
        text, _ = self._piece(replace(piece, gap=""), look, block.em, self._initial())
        size = round(100 * self._growth(piece, block.em))
        growth = (
            rf"\t(0,{round(_GROWS_S * 1000)},\fscx{size}\fscy{size})"
            rf"\an5\pos({x:.2f},{y:.2f})\org({block.x:.2f},{block.y:.2f})"
        )
        return Event(state.start, state.end, _block(growth) + text, STYLE_NAME, _GROWN_LAYER)

    def _growth(self, piece: Piece, em: float) -> float:
        """How large the current word becomes: as long as it does not touch its neighbours."""
        own, space = (self._advance(em)(piece, text) for text in (piece.text, " "))
        growth = 1 + 2 * _INTO_SPACE * space / max(own, space)
        return min(max(growth, _LEAST_GROWN), _MOST_GROWN)

    def _advance(self, em: float) -> _Advance:
        return _Advance(self._faces, self._settings, em)

    def _ground(self, block: Block) -> Event:
        """The filled ground under a block."""
        pad = GROUND * block.em
        shape = rounded_box(
            block.left - pad,
            block.top - pad / 2,
            block.left + block.width + pad,
            block.top + block.height + pad / 2,
            radius=_RADIUS * block.em,
            colour=self._outline,
        )
        turned = rf"{{\org({block.x:.2f},{block.y:.2f})}}"
        return Event(block.start, block.end, turned + shape, STYLE_NAME, _GROUND_LAYER)


@dataclass(frozen=True, slots=True)
class _Advance:
    """Measures words as the rows of a block were measured."""

    faces: Faces
    settings: CaptionSettings
    em: float

    def __call__(self, piece: Piece, text: str) -> float:
        s = self.settings
        return self.faces.width(text, self.em, s.bold or piece.bold, s.italic or piece.italic)

    def middle(self, piece: Piece) -> float:
        """From the baseline up to the middle of the word's own height."""
        up, down = self.faces.height(piece.text, self.em)
        return (up - down) / 2


def _place(block: Block, number: int, advance: _Advance) -> tuple[float, float, Piece]:
    """The middle of a word of a block, and the word."""
    top = block.top
    for row in block.rows:
        if number < len(row.pieces):
            piece = row.pieces[number]
            baseline = top + row.ascent
            x = block.row_left(row) + _centre(row, number, advance)
            return x, baseline - advance.middle(piece), piece
        number -= len(row.pieces)
        top += row.ascent + row.descent
    raise IndexError(number)


def _centre(row: Row, number: int, advance: _Advance) -> float:
    """How far the middle of a word is from the left edge of its row."""
    x = 0.0
    order = visual_order([p.text for p in row.pieces])
    for place, index in enumerate(order):
        piece = row.pieces[index]
        own = advance(piece, piece.text)
        if index == number:
            return x + own / 2
        x += own
        if place + 1 < len(order):
            # the space between two neighbours on screen is that before the later one in the text
            later = row.pieces[max(index, order[place + 1])]
            x += advance(later, later.gap + later.text) - advance(later, later.text)
    raise IndexError(number)


def _block(tags: str) -> str:
    return f"{{{tags}}}" if tags else ""


def all_events(blocks: Sequence[Block], painter: Painter) -> Iterable[Event]:
    """The events of all blocks."""
    return (event for block in blocks for event in painter.events(block))
