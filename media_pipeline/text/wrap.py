"""Breaking text into rows that read well: by characters for subtitle files, by pixels for pictures.

Rows break where a reader would pause and are about equally long. Chinese and Japanese break between
characters, never before closing or after opening punctuation.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence

from media_pipeline.text.phrases import phrased_tokens
from media_pipeline.text.scripts import is_cjk, join_tokens

Measure = Callable[[str], float]
"""The width of a row of text, in any unit; longer text is never narrower."""

_SENTENCE_ENDS = ".!?…。！？"
_CLAUSE_ENDS = ",;:，；：、—– "
_OPENING = "「『（《【〔"
_CLOSERS = "\"'”’」』）)]】》"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words that open a phrase: a row may well start with one and must not end with it.
_OPENERS = _words("""
    and but or nor so yet because although though while when where who whom whose which that if
    unless until since as than before after about above across against along among around at behind
    below beneath beside between beyond by down during for from in inside into like near of off on
    onto over through to toward towards under up upon with within without
    et mais ou donc car que qui quand si pour dans sur avec sans
    und aber oder weil dass wenn mit von zu auf für
    y pero o porque cuando para con sin en
""")
_TITLES = _words("mr. mrs. ms. dr. prof. st. sgt. lt. capt. gov. sen. rev. gen. col.")
# Words that cling to the next one: articles, possessives, titles.
_CLINGERS = _words("""
    a an the my your his her its our their this that these those no every each some any mr mrs
    ms dr prof st i'm you're he's she's it's we're they're
    le la les un une des du de mon ma mes son sa ses ce cette
    der die das ein eine den dem mein dein el los las una mi tu su
""")


def break_cost(before: str, after: str) -> float:
    """How bad a break between two words is, from 0 (after a sentence) to 1 (inside a phrase).

    >>> break_cost("Well.", "Then") < break_cost("home,", "he") < break_cost("went", "with")
    True
    >>> break_cost("the", "house")
    1.0
    """
    said = before.rstrip(_CLOSERS)
    left, right = _bare(before), _bare(after)
    if said.lower() in _TITLES:
        cost = 1.0
    elif said.endswith(tuple(_SENTENCE_ENDS)):
        cost = 0.0
    elif said.endswith(tuple(_CLAUSE_ENDS)):
        cost = 0.1
    elif left in _CLINGERS:
        cost = 1.0
    elif left in _OPENERS or _is_name(before, after):
        cost = 0.9
    else:
        cost = 0.3 if right in _OPENERS else 0.5
    return cost


def balance(text: str, max_width: float, measure: Measure) -> list[str]:
    """A text in as few rows as fit, about equally wide, broken at good places.

    Parameters
    ----------
    text : line breaks in it are kept; each of its rows is broken by itself.
    max_width : widest row, in the unit of ``measure``.
    measure : gives the width of a row, such as a font's.

    Returns
    -------
    list of str
        the rows without spaces at their ends. A word that is wider than a row is broken inside.

    >>> balance("You want some milk, or shall we go?", 20, len)
    ['You want some milk,', 'or shall we go?']
    """
    rows: list[str] = []
    for row in text.split("\n"):
        parts = [p for token in phrased_tokens(row) for p in fitting(token, max_width, measure)]
        if parts:
            rows.extend(_row(r) for r in break_rows(parts, max_width, measure))
    return rows


def wrap(words: Sequence[str], columns: int) -> list[str]:
    """Words in rows of at most ``columns``, where a Chinese character takes two columns.

    As :func:`balance`, for text that is already cut into words.
    """
    parts = [p for word in words for p in fitting(word, columns, width_in_columns)]
    return [_row(row) for row in break_rows(parts, columns, width_in_columns)] if parts else []


def width_in_columns(text: str) -> float:
    """The width of a text where wide (East Asian) characters take two columns and others one."""
    return float(
        sum(
            0
            if unicodedata.combining(c)
            else 2
            if unicodedata.east_asian_width(c) in ("W", "F")
            else 1
            for c in text
        )
    )


def _row(words: Sequence[str]) -> str:
    return join_tokens(words).strip()


def fitting(token: str, max_width: float, measure: Measure) -> list[str]:
    """A token in pieces that fit a row: itself, unless it is too wide."""
    if measure(token.rstrip()) <= max_width or len(token) == 1:
        return [token]
    pieces, piece = [], ""
    for char in token:
        if piece and measure(piece + char) > max_width:
            pieces.append(piece)
            piece = ""
        piece += char
    return [*pieces, piece]


def break_rows(parts: Sequence[str], max_width: float, measure: Measure) -> list[list[str]]:
    """Words, at least one, in the rows with the least cost, by dynamic programming over the breaks.

    Fewest rows first; then even widths (squared slack as a share of the width) and good breaks.
    """
    count = len(parts)
    ideal = measure(_row(parts)) / _fewest(parts, max_width, measure)
    best: list[tuple[int, float, int]] = [(0, 0.0, 0)]  # rows, cost, start of the last row
    for end in range(1, count + 1):
        options = []
        for start in range(end - 1, -1, -1):
            width = measure(_row(parts[start:end]))
            if width > max_width and start < end - 1:
                break
            rows, cost, _ = best[start]
            toll = _toll(parts[end - 1], parts[end]) if end < count else 0.0
            uneven = ((width - ideal) / max_width) ** 2
            options.append((rows + 1, cost + toll + 2 * uneven, start))
        best.append(min(options))
    rows_found: list[list[str]] = []
    end = count
    while end:
        start = best[end][2]
        rows_found.append(list(parts[start:end]))
        end = start
    return rows_found[::-1]


def _toll(before: str, after: str) -> float:
    """The cost of a break; between two Chinese or Japanese characters what they tell of phrases."""
    cost = break_cost(before, after)
    if cost > 0.1 and after[0] in _OPENING:
        return 0.1
    if cost > 0.1 and is_cjk(before[-1]) and is_cjk(after[0]):
        return _toll_between(before[-1], after[0])
    return 0.5 * cost


def _toll_between(left: str, right: str) -> float:
    """The cost of a break between two characters that write no spaces.

    A Japanese phrase ends in hiragana, its particles and endings, and the next mostly begins with
    another script. Chinese shows nothing of its words: half the cost of a break inside a phrase.
    """
    if _is_kana(right, "HIRAGANA"):
        return 0.45
    if _is_kana(left, "HIRAGANA"):
        return 0.12
    if _is_kana(left, "KATAKANA") and _is_kana(right, "KATAKANA"):
        return 0.45
    return 0.25


def _is_kana(char: str, kind: str) -> bool:
    return unicodedata.name(char, "").startswith(kind)


def _fewest(parts: Sequence[str], max_width: float, measure: Measure) -> int:
    rows, row = 1, [parts[0]]
    for part in parts[1:]:
        if measure(_row([*row, part])) <= max_width:
            row.append(part)
        else:
            rows, row = rows + 1, [part]
    return rows


def _bare(word: str) -> str:
    return word.strip("\"'“”‘’.,;:!?…()[]«»¿¡-").lower().replace("’", "'")


def _is_name(before: str, after: str) -> bool:
    """Two capitalised words in a row are taken for a name and surname."""
    left, right = before.strip("\"'“”‘’()"), after.strip("\"'“”‘’()")
    return (
        len(left) > 1
        and left[:1].isupper()
        and right[:1].isupper()
        and left[1:].islower()
        and right[1:2].islower()
    )
