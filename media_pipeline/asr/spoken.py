"""How written English is said: the words to listen for behind each written token.

Numbers have several readings, abbreviations are written out, capitals may be spelled; what stands
in brackets is not said at all. Sounds belong to :mod:`media_pipeline.asr.letters`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from media_pipeline.asr.numbers import readings as number_readings

_ABBREVIATIONS = {
    "mr.": ["mister"], "mrs.": ["missus"], "ms.": ["miz"], "dr.": ["doctor", "drive"],
    "dr": ["doctor"], "st.": ["saint", "street"], "vs.": ["versus"], "vs": ["versus"],
    "etc.": ["et cetera"], "etc": ["et cetera"], "jr.": ["junior"], "sr.": ["senior"],
    "prof.": ["professor"], "gov.": ["governor"], "sgt.": ["sergeant"], "lt.": ["lieutenant"],
    "capt.": ["captain"], "e.g.": ["for example", "e. g."], "i.e.": ["that is", "i. e."],
}  # fmt: skip
_SYMBOLS = {
    "&": "and", "@": "at", "+": "plus", "=": "equals", "%": "percent", "#": "number",
    "°": "degrees", "$": "dollars", "£": "pounds", "€": "euros",
}  # fmt: skip
_OPEN, _CLOSE = "([{（［【", ")]}）］】"
_EDGE = " \t\"'“”‘’«»‹›.,;:!?…·•*_~|<>-–—/\\()[]{}（）［］【】♪♫。，！？；：、"
_DOTTED = re.compile(r"(?:[a-z]\.)+[a-z]?")
_SPLIT = re.compile(r"[-–—/\\_…]+|\.{2,}")
_STUCK = re.compile(r"(\d+(?:[.,:]\d+)*(?:st|nd|rd|th|s|%)?)")

Reading = list[str]
"""Words in lower case, one after another. A letter by its name ends with a dot: ``b.``."""


def spoken(tokens: Sequence[str]) -> list[list[Reading]]:
    """For each token the ways in which it may be said, the likeliest first; [] when it is not said.

    Parameters
    ----------
    tokens : words of running English text, in order, with their punctuation.

    >>> spoken(["Dr.", "Who", "[door", "opens]", "paid", "$5."])[0]
    [['doctor'], ['drive']]
    """
    found: list[list[Reading]] = []
    depth = 0
    for token in tokens:
        opens = sum(c in _OPEN for c in token)
        closes = sum(c in _CLOSE for c in token)
        aside = depth > 0 or opens > 0
        depth = max(0, depth + opens - closes)
        found.append([] if aside or token.strip() == "♪" else _readings(token))
    return found


def _readings(token: str) -> list[Reading]:
    token = token.replace("’", "'").replace("‘", "'")
    lower = token.lower().strip(_EDGE.replace(".", ""))
    if lower in _ABBREVIATIONS:
        return [way.split() for way in _ABBREVIATIONS[lower]]
    core = token.strip(_EDGE.replace("-", "") if re.match(r"-\d", token) else _EDGE)
    if not core:
        return [[_SYMBOLS[token.strip()]]] if token.strip() in _SYMBOLS else []
    numbers = number_readings(core.lower())
    if numbers:
        return numbers
    if _DOTTED.fullmatch(lower) and len(core) > 1:
        return [[f"{c}." for c in lower if c.isalpha()]]
    ways: list[Reading] = [[]]
    for part in _SPLIT.split(core):
        options = _part(part)
        if options:
            ways = [way + option for way in ways for option in options][:4]
    return [way for way in ways if way]


def _part(part: str) -> list[Reading]:
    """Readings of a piece without hyphens: a word, capitals, or letters stuck to a number."""
    for symbol, name in _SYMBOLS.items():
        part = part.replace(symbol, f" {name} ")
    words: list[str] = []
    for piece in _STUCK.sub(r" \1 ", part).split():
        numbers = number_readings(piece)
        words.extend(numbers[0] if numbers else [_letters(piece)])
    words = [w for w in words if w]
    if not words:
        return []
    capitals = part.isalpha() and part.isupper() and 2 <= len(part) <= 5 and part.isascii()
    return [words, *([[f"{c.lower()}." for c in part]] if capitals else [])]


def _letters(piece: str) -> str:
    """The letters and inner apostrophes of a piece in lower case; a lone letter by its name."""
    word = "".join(c for c in piece.lower() if c.isalpha() or c == "'").strip("'")
    return f"{word}." if len(word) == 1 and word not in "aio" else word
