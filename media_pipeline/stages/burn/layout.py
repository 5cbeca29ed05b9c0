"""Where captions stand: rows by measured widths, blocks of rows by position, none over another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

from media_pipeline.stages.burn.faces import Faces
from media_pipeline.stages.burn.settings import UNTIMED_STYLES, CaptionSettings
from media_pipeline.text.pieces import Caption, Piece, joined, unbroken
from media_pipeline.text.scripts import is_cjk
from media_pipeline.text.wrap import break_rows, fitting

_DEFAULT_SIZE = 0.05  # of the picture's height
_SMALLEST_DEFAULT = 0.6  # of that, where narrow pictures would need more than two rows
_ROWS = 2
_TALLEST = 1 / 3  # of the picture's height, for rows of karaoke
# Margins as shares of width and height: EBU R 95 asks for 5 %; the apps that show upright film lay
# their own buttons and texts over the sides, the top and most of all the bottom.
_WIDE, _SQUARE, _UPRIGHT = (0.05, 0.05, 0.05), (0.06, 0.06, 0.08), (0.1, 0.1, 0.16)
_KEYPAD = {"bottom": 1, "middle": 4, "top": 7}
_COLUMN = {"left": 0, "center": 1, "right": 2}
_INSTANT_S = 0.005  # half the clock of ASS
_LEAST = 4.0  # pixels per em, below which nothing can be read anyway
GROUND = 0.25
"""Em around the text of style box that is filled."""


@dataclass(frozen=True, slots=True)
class Safe:
    """The part of the picture that is surely seen, in pixels."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Row:
    """A row of words; lengths in pixels."""

    pieces: tuple[Piece, ...]
    width: float
    ascent: float
    descent: float


@dataclass(frozen=True, slots=True)
class Block:
    """Rows that are shown together from ``start`` to ``end``.

    ``x, y`` is the point by which they stand, ``keypad`` which point of the block that is (as the
    keys of a numeric keypad lie), ``em`` the size of the text. Lengths in pixels.
    """

    rows: tuple[Row, ...]
    start: float
    end: float
    em: float
    timed: bool
    x: float = 0.0
    y: float = 0.0
    keypad: int = 2

    @property
    def width(self) -> float:
        """Of the widest row."""
        return max(row.width for row in self.rows)

    @property
    def height(self) -> float:
        """Of all rows."""
        return sum(row.ascent + row.descent for row in self.rows)

    @property
    def left(self) -> float:
        """Left edge of the widest row."""
        return self.x - self.width * ((self.keypad - 1) % 3) / 2

    @property
    def top(self) -> float:
        """Upper edge of the first row."""
        return self.y - self.height * (1 - (self.keypad - 1) // 3 / 2)

    def row_left(self, row: Row) -> float:
        """Left edge of a row."""
        return self.x - row.width * ((self.keypad - 1) % 3) / 2


def safe_area(width: int, height: int) -> Safe:
    """The part of a picture in which text is surely seen: on film, square and upright pictures."""
    aspect = width / height
    side, top, bottom = _WIDE if aspect > 1.2 else _SQUARE if aspect > 0.8 else _UPRIGHT
    return Safe(side * width, top * height, (1 - side) * width, (1 - bottom) * height)


def anchor(settings: CaptionSettings, width: int, height: int) -> tuple[float, float, int]:
    """The point that captions stand by, and which of their own points that is.

    A cell of the 3 × 3 grid has it at a sixth, the middle or five sixths of the height, on its left
    edge, middle or right edge; text at the bottom grows upwards, text at the top downwards.
    """
    column = _COLUMN[settings.alignment]
    if settings.point is not None:
        return float(settings.point[0]), float(settings.point[1]), _KEYPAD["middle"] + column
    band, cell = settings.position.split("_")
    x = width * (_COLUMN[cell] + column / 2) / 3
    y = height * {"top": 1 / 6, "middle": 1 / 2, "bottom": 5 / 6}[band]
    safe = safe_area(width, height)
    return min(max(x, safe.left), safe.right), y, _KEYPAD[band] + column


def lay_out(
    captions: Sequence[Caption],
    faces: Faces,
    settings: CaptionSettings,
    width: int,
    height: int,
) -> list[Block]:
    """Captions as blocks that stand in the picture, in time order.

    Parameters
    ----------
    captions : in time order, drawable.
    faces : their fonts.
    settings : style, position and size.
    width, height : of the picture as displayed, in pixels.

    Notes
    -----
    A caption's own rows are kept where they fit. Text is broken into the fewest rows that fit,
    about equally wide. The default size, 5 % of the height, shrinks in narrow pictures by as much
    as keeps captions to two rows, down to 3 %; a size that is asked for is kept, unless a caption
    would not fit into the picture.
    """
    setter = _Setter(faces, settings, width, height)
    em = float(settings.font_size or setter.default_size(captions))
    blocks = [b for c in captions for b in setter.blocks(c, em)]
    return _stacked(sorted(blocks, key=lambda b: b.start), safe_area(width, height))


class _Setter:
    """Sets captions in rows."""

    def __init__(self, faces: Faces, settings: CaptionSettings, width: int, height: int) -> None:
        self._faces, self._settings = faces, settings
        self._size = (width, height)
        self._anchor = anchor(settings, width, height)
        self._safe = safe_area(width, height)

    def default_size(self, captions: Sequence[Caption]) -> float:
        """The size for all captions: smaller than usual where that saves rows."""
        usual = _DEFAULT_SIZE * self._size[1]
        if self._settings.style not in UNTIMED_STYLES:
            return usual
        best, fewest = usual, None
        for step in range(round((1 - _SMALLEST_DEFAULT) * 10) + 1):
            em = usual * (1 - step / 10)
            over = 0
            for caption in captions:
                own = 1 + sum(p.gap == "\n" for p in caption.pieces)
                most = max(own, _ROWS)
                over += max(0, len(self._rows(caption, em)) - most)
            if fewest is None or over < fewest:
                best, fewest = em, over
            if not over:
                break
        return best

    def blocks(self, caption: Caption, em: float) -> Iterator[Block]:
        """A caption as one block, or as several, one after the other."""
        rows = self._rows(caption, em)
        groups = [rows] if not caption.timed else self._groups(rows)
        starts = [caption.start, *(min(p.start for p in g[0]) for g in groups[1:]), caption.end]
        x, y, keypad = self._anchor
        for group, (start, end) in zip(groups, pairwise(starts), strict=True):
            if end > start:
                fitted, size = self._fitted(caption, group, em)
                set_rows = tuple(self._row(row, size) for row in fitted)
                yield Block(set_rows, start, end, size, caption.timed, x, y, keypad)

    def _groups(self, rows: list[list[Piece]]) -> list[list[list[Piece]]]:
        style, at_once = self._settings.style, _ROWS
        if style == "classic":
            return [rows]
        if style == "word_by_word":
            return [[[replace(piece, gap="")]] for row in rows for piece in row]
        if style == "karaoke":
            tall = self._row(rows[0], 1.0)
            row_height = (tall.ascent + tall.descent) * _DEFAULT_SIZE * self._size[1]
            at_once = max(_ROWS, int(_TALLEST * self._size[1] / row_height))
        elif self._settings.max_words_per_line:
            at_once = 1
        return [rows[i : i + at_once] for i in range(0, len(rows), at_once)]

    def _fitted(
        self, caption: Caption, rows: list[list[Piece]], em: float
    ) -> tuple[list[list[Piece]], float]:
        """Rows in a size at which they fit between the anchor and the safe edge."""
        _, y, keypad = self._anchor
        band = (keypad - 1) // 3
        room = {
            0: y - self._safe.top,
            1: 2 * min(y, self._size[1] - y),
            2: self._safe.bottom - y,
        }[band]
        room = room if room > em else self._safe.bottom - self._safe.top
        part = replace(caption, pieces=tuple(p for row in rows for p in row))
        size, found = em, rows
        while size > _LEAST and self._height(found, size) > room:
            size *= 0.9
            found = self._rows(part, size)
        return found, size

    def _height(self, rows: list[list[Piece]], em: float) -> float:
        return sum(sum(self._faces.height(joined(row), em)) for row in rows)

    def _rows(self, caption: Caption, em: float) -> list[list[Piece]]:
        """Words in rows: the caption's own, each broken where it is too wide or has too many."""
        if self._settings.style == "word_by_word":
            return [[piece] for piece in caption.pieces]
        own = list(_own_rows(caption.pieces))
        found = [row for part in own for row in self._limited(part, em)]
        if caption.loose and len(found) > len(own) > 1:
            return self._limited(unbroken(caption.pieces), em)
        return found

    def _limited(self, pieces: list[Piece], em: float) -> list[list[Piece]]:
        most = self._settings.max_words_per_line or len(pieces)
        parts = (pieces[i : i + most] for i in range(0, len(pieces), most))
        return [row for part in parts for row in self._broken(part, em)]

    def _broken(self, pieces: Sequence[Piece], em: float) -> list[list[Piece]]:
        bold, italic = self._settings.bold, self._settings.italic

        def measure(text: str) -> float:
            return self._faces.width(text, em, bold, italic)

        room = self._room(em)
        small: list[Piece] = []
        for piece in pieces:
            parts = fitting(piece.text, room, measure)
            small += [
                replace(piece, text=t, gap="" if i else piece.gap) for i, t in enumerate(parts)
            ]
        words = [
            a.text + (" " if b.gap == " " and is_cjk(a.text[-1]) and is_cjk(b.text[0]) else "")
            for a, b in pairwise(small)
        ]
        rows, at = [], 0
        for row in break_rows([*words, small[-1].text], room, measure):
            first, *rest = small[at : at + len(row)]
            rows.append([replace(first, gap=""), *rest])
            at += len(row)
        return rows

    def _room(self, em: float) -> float:
        """The widest row: from the anchor to the safe edges, on the sides that rows grow to."""
        x, _, keypad = self._anchor
        left, right = x - self._safe.left, self._safe.right - x
        if (keypad - 1) % 3 == 1:
            left = right = 2 * min(left, right)
        room = right if (keypad - 1) % 3 == 0 else left
        ink = 2 * self._settings.outline_width + self._settings.shadow_offset
        if self._settings.style == "box":
            ink = 2 * round(GROUND * em)
        return max(room - ink, 2 * em)

    def _row(self, pieces: Sequence[Piece], em: float) -> Row:
        width = sum(
            self._faces.width(
                p.gap + p.text,
                em,
                self._settings.bold or p.bold,
                self._settings.italic or p.italic,
            )
            for p in pieces
        )
        return Row(tuple(pieces), width, *self._faces.height(joined(pieces), em))


def _own_rows(pieces: Sequence[Piece]) -> Iterator[list[Piece]]:
    number = 0

    def row(piece: Piece) -> int:
        nonlocal number
        number += piece.gap == "\n"
        return number

    for _, group in groupby(pieces, key=row):
        first, *rest = group
        yield [replace(first, gap=""), *rest]


def _stacked(blocks: Sequence[Block], safe: Safe) -> list[Block]:
    """Blocks in time order, each moved away from those that are still shown when it comes.

    They pile up from the bottom, and down from the middle and the top. Where no room is left
    inside the picture, the other direction is taken.
    """
    placed: list[Block] = []
    shown: list[Block] = []
    for block in blocks:
        shown = [b for b in shown if b.end > block.start + _INSTANT_S]
        upwards = block.keypad <= 3
        moved = _clear(block, shown, upwards)
        if moved.top < safe.top - 1 or moved.top + moved.height > safe.bottom + 1:
            other = _clear(block, shown, not upwards)
            if other.top >= 0 and other.top + other.height <= safe.bottom + safe.top:
                moved = other
        placed.append(moved)
        shown.append(moved)
    return placed


def _clear(block: Block, shown: Sequence[Block], upwards: bool) -> Block:
    """The block moved in one direction until it is over none of the others."""
    for _ in range(len(shown)):
        hit = next((b for b in shown if _overlap(block, b)), None)
        if hit is None:
            break
        shift = (
            hit.top - (block.top + block.height) if upwards else hit.top + hit.height - block.top
        )
        block = replace(block, y=block.y + shift)
    return block


def _overlap(a: Block, b: Block) -> bool:
    apart = (
        a.top + a.height <= b.top + 0.01
        or b.top + b.height <= a.top + 0.01
        or a.left + a.width <= b.left
        or b.left + b.width <= a.left
    )
    return not apart
