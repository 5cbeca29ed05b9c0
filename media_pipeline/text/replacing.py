"""Replacing words of captions, in text and in words that have times.

What is looked for is whole words, in any case, over as many words and rows as it has. A word ends
where a letter, digit or mark meets something else. Chinese, Japanese and Thai write no spaces, so
no edge of theirs can be told from the text: there every character counts as a word of its own, and
what is looked for is found wherever it stands (时间 in 没有时间了; AI in 用AI写).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from media_pipeline.errors import InvalidParameter
from media_pipeline.text.pieces import Caption, Piece, joined, split, spread
from media_pipeline.text.scripts import script

_UNSPACED = ("han", "kana", "thai")
_APOSTROPHES = "'’"
_SEPARATORS = ",;:，、；：،"
_ORPHANS = _SEPARATORS + ".!?。！？…"
_REMEDY = 'give objects such as {"find": "word", "replace": "other word"}'


@dataclass(frozen=True, slots=True)
class Replacement:
    """``find`` becomes ``replace``; both are literal text, and an empty ``replace`` removes."""

    find: str
    replace: str

    def __post_init__(self) -> None:
        if not self.find.strip():
            raise InvalidParameter(
                "replace has an empty find", "give the word or phrase that is to be replaced"
            )


def replacements(given: Any) -> list[Replacement]:
    """Replacements from their JSON: a list of objects with ``find`` and ``replace``.

    Raises
    ------
    InvalidParameter
        naming what is wrong.
    """
    if not isinstance(given, list):
        raise InvalidParameter("replace is not a list", _REMEDY)
    found = []
    for number, one in enumerate(given, start=1):
        if not isinstance(one, Mapping) or set(one) != {"find", "replace"}:
            raise InvalidParameter(f"replace {number} does not have find and replace", _REMEDY)
        if not all(isinstance(value, str) for value in one.values()):
            raise InvalidParameter(f"replace {number} is not text", _REMEDY)
        found.append(Replacement(one["find"], one["replace"]))
    return found


def replace_text(text: str, rules: Sequence[Replacement]) -> str:
    r"""A text after the replacements, one after the other in their order; spaces are tidied.

    >>> replace_text("Well, um, I\nlike it", [Replacement("UM", ""), Replacement("i like", "love")])
    'Well,\nlove it'
    >>> replace_text("umbrella", [Replacement("um", "")])
    'umbrella'
    """
    return joined(_replaced(split(_composed(text), 0.0, 0.0), rules))


def replace_words(given: Caption, rules: Sequence[Replacement]) -> Caption | None:
    """A caption after the replacements, or None when nothing of it is left.

    Words that take the place of others share their time.
    """
    composed = [replace(p, text=_composed(p.text)) for p in given.pieces]
    pieces = _replaced(composed, rules)
    return replace(given, pieces=tuple(pieces)) if pieces else None


def matches(text: str, find: str) -> list[tuple[int, int]]:
    """Where a phrase stands in a text as whole words: first and last position, exclusive."""
    return [
        m.span()
        for m in _pattern(_composed(find)).finditer(text)
        if _edge(text, m.start()) and _edge(text, m.end())
    ]


def _replaced(pieces: list[Piece], rules: Sequence[Replacement]) -> list[Piece]:
    for rule in rules:
        pieces = _apply(pieces, rule)
    return pieces


def _apply(pieces: list[Piece], rule: Replacement) -> list[Piece]:
    text, ends = "", []
    for piece in pieces:
        text += (piece.gap if text else "") + piece.text
        ends.append(len(text))
    content = " ".join(_composed(rule.replace).split())
    # from the last to the first, so that positions before stay right
    for a, b, spans in reversed(_touched(matches(text, rule.find), ends)):
        old, rest = pieces[a : b + 1], pieces[b + 1 :]
        new = _rewritten(text, (ends[a] - len(old[0].text), ends[b]), spans, content, old)
        _keep_break(old, new, rest, leading=not a or old[0].gap == "\n")
        pieces = _tidied(pieces[:a], new, rest, removed=not content)
    return pieces


def _touched(
    spans: Sequence[tuple[int, int]], ends: Sequence[int]
) -> list[tuple[int, int, list[tuple[int, int]]]]:
    """Which pieces, from first to last, are touched by which spans; no piece is in two groups."""
    groups: list[tuple[int, int, list[tuple[int, int]]]] = []
    for first, last in spans:
        a = next(i for i, end in enumerate(ends) if end > first)
        b = next(i for i, end in enumerate(ends) if end >= last)
        if groups and a <= groups[-1][1]:
            groups[-1] = (groups[-1][0], b, [*groups[-1][2], (first, last)])
        else:
            groups.append((a, b, [(first, last)]))
    return groups


def _rewritten(
    text: str,
    edges: tuple[int, int],
    spans: Sequence[tuple[int, int]],
    content: str,
    old: Sequence[Piece],
) -> list[Piece]:
    """What stands in the place of the old pieces, the text between the edges, with their times."""
    at, end = edges
    new_text = ""
    for first, last in spans:
        new_text += text[at:first] + content
        at = last
    new_text += text[at:end]
    since, until = old[0].start, old[-1].end
    new = split(new_text.strip(), since, until, like=replace(old[0], start=since, end=until))
    if new:
        new[0] = replace(new[0], gap=old[0].gap)
    if len(new) == len(old):
        return [replace(n, start=o.start, end=o.end) for n, o in zip(new, old, strict=True)]
    return spread(new, since, until) if len(new) > 1 and until > since else new


def _keep_break(
    old: Sequence[Piece], new: list[Piece], rest: list[Piece], *, leading: bool
) -> None:
    """A row that began inside the old pieces begins before or after the new ones, whichever is
    nearer; after them where a row begins with them (``leading``).
    """
    breaks = [i for i, p in enumerate(old) if p.gap == "\n" and (i or not new)]
    if not breaks:
        return
    before = sum(len(p.text) for p in old[: breaks[0]])
    if new and not leading and before < sum(len(p.text) for p in old[breaks[0] :]):
        new[0] = replace(new[0], gap="\n")
    elif rest:
        rest[0] = replace(rest[0], gap="\n")


def _tidied(
    before: list[Piece], new: list[Piece], after: list[Piece], *, removed: bool
) -> list[Piece]:
    """Pieces without what a removed word left alone: a second comma, or a mark at the start."""
    if removed and new and all(c in _ORPHANS for p in new for c in p.text):
        mark, new = "".join(p.text for p in new), []
        last = before[-1].text if before else ""
        if before and last[-1] in _SEPARATORS and mark[-1] not in _SEPARATORS:
            before = [*before[:-1], replace(before[-1], text=last.rstrip(_SEPARATORS) + mark)]
        elif before and last[-1] not in _ORPHANS:
            before = [*before[:-1], replace(before[-1], text=last + mark)]
    whole = [*before, *new, *after]
    if whole:
        whole[0] = replace(whole[0], gap="")
    return whole


@lru_cache(maxsize=256)
def _pattern(find: str) -> re.Pattern[str]:
    """A phrase in any case: its spaces are any, and rows may break between unspaced characters."""
    words = []
    for word in find.split():
        pattern = ""
        for i, char in enumerate(word):
            between = i and _unspaced(char) and _unspaced(word[i - 1])
            pattern += (r"\n?" if between else "") + re.escape(char)
        words.append(pattern)
    return re.compile(r"\s+".join(words), re.IGNORECASE)


def _edge(text: str, at: int) -> bool:
    """Whether no word goes on over this position."""
    if not 0 < at < len(text):
        return True
    left, right = text[at - 1], text[at]
    if unicodedata.category(right)[0] == "M":
        return False  # an accent or a vowel sign belongs to what is before it, in every script
    if left in _APOSTROPHES or right in _APOSTROPHES:
        outer = text[at - 2 : at - 1] + left if left in _APOSTROPHES else left
        inner = right + text[at + 1 : at + 2] if right in _APOSTROPHES else right
        return not (_in_word(outer[0]) and _in_word(inner[-1]))
    return not (_in_word(left) and _in_word(right)) or _unspaced(left) or _unspaced(right)


def _in_word(char: str) -> bool:
    return char == "_" or unicodedata.category(char)[0] in "LNM"


def _unspaced(char: str) -> bool:
    return script(char) in _UNSPACED


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)
