"""Rough English letter-to-sound: a pronunciation for words that the dictionary lacks.

Aligning a name needs about the right number and kind of sounds, not a correct pronunciation.
Sounds are the 39 of the CMU pronouncing dictionary (http://www.speech.cs.cmu.edu/cgi-bin/cmudict).
"""

from __future__ import annotations

import re
import unicodedata

_NAMES = {
    "a": "EY", "b": "B IY", "c": "S IY", "d": "D IY", "e": "IY", "f": "EH F", "g": "JH IY",
    "h": "EY CH", "i": "AY", "j": "JH EY", "k": "K EY", "l": "EH L", "m": "EH M", "n": "EH N",
    "o": "OW", "p": "P IY", "q": "K Y UW", "r": "AA R", "s": "EH S", "t": "T IY", "u": "Y UW",
    "v": "V IY", "w": "D AH B AH L Y UW", "x": "EH K S", "y": "W AY", "z": "Z IY",
}  # fmt: skip

# Tried in this order at each place; "^" and "$" bind to the ends of the word, (?=…) looks ahead.
_RULES: list[tuple[str, str]] = [
    (r"é$", "EY"), (r"^kn", "N"), (r"^ng", "N"), (r"^gn", "N"), (r"^wr", "R"),
    (r"^ps", "S"), (r"^wh", "W"), (r"^x", "Z"),
    (r"^mc", "M AH K"), (r"tion", "SH AH N"), (r"sion", "ZH AH N"), (r"cious", "SH AH S"),
    (r"ough", "AO"), (r"augh", "AO"), (r"eigh", "EY"), (r"igh", "AY"), (r"tch", "CH"),
    (r"sch", "SH"), (r"dge", "JH"), (r"que$", "K"), (r"ck", "K"), (r"ch", "CH"), (r"sh", "SH"),
    (r"th", "TH"), (r"ph", "F"), (r"gh", "G"), (r"ng$", "NG"), (r"ng(?=[^aeiouy])", "NG"),
    (r"nk", "NG K"), (r"qu", "K W"), (r"zh", "ZH"), (r"mb$", "M"), (r"bt$", "T"),
    (r"([bdfgklmnprstvz])\1", "{1}"), (r"cc(?=[eiy])", "K S"), (r"cc", "K"),
    (r"ee", "IY"), (r"ea", "IY"), (r"oo", "UW"), (r"ou", "AW"), (r"ow$", "OW"), (r"ow", "AW"),
    (r"oa", "OW"), (r"oi", "OY"), (r"oy", "OY"), (r"ai", "EY"), (r"ay", "EY"), (r"au", "AO"),
    (r"aw", "AO"), (r"ey$", "IY"), (r"ei", "EY"), (r"ie$", "IY"), (r"ie", "IY"), (r"eu", "UW"),
    (r"ew", "UW"), (r"ue$", "UW"), (r"ui", "UW"), (r"ar", "AA R"), (r"er$", "ER"),
    (r"er(?=[^aeiou])", "ER"), (r"ir(?=[^aeiou]|$)", "ER"), (r"ur(?=[^aeiou]|$)", "ER"),
    (r"or", "AO R"), (r"(?<=[bcdfghklmnprstvz])le$", "AH L"), (r"(?<=[aeiouy][^aeioutd])ed$", "D"),
    (r"(?<=[aeiouy][^aeioutd]{2})ed$", "D"),
    (r"a(?=[^aeiouyrwx]e$)", "EY"), (r"i(?=[^aeiouyrwx]e$)", "AY"), (r"o(?=[^aeiouyrwx]e$)", "OW"),
    (r"u(?=[^aeiouyrwx]e$)", "UW"), (r"e(?=[^aeiouyrwx]e$)", "IY"), (r"(?<=[a-z])e$", ""),
    (r"(?<=[a-z])y$", "IY"), (r"^y", "Y"), (r"y(?=[aeiou])", "Y"), (r"y", "IH"), (r"a$", "AH"),
    (r"o$", "OW"), (r"i$", "IY"), (r"u$", "UW"), (r"c(?=[eiy])", "S"), (r"g(?=[eiy])", "JH"),
    (r"a", "AE"), (r"b", "B"), (r"c", "K"), (r"d", "D"), (r"e", "EH"), (r"f", "F"), (r"g", "G"),
    (r"h", "HH"), (r"i", "IH"), (r"j", "JH"), (r"k", "K"), (r"l", "L"), (r"m", "M"), (r"n", "N"),
    (r"o", "AA"), (r"p", "P"), (r"q", "K"), (r"r", "R"), (r"s$", "Z"), (r"s", "S"), (r"t", "T"),
    (r"u", "AH"), (r"v", "V"), (r"w", "W"), (r"x", "K S"), (r"z", "Z"),
]  # fmt: skip
_COMPILED = [(re.compile(p.removeprefix("^")), p.startswith("^"), s) for p, s in _RULES]
_CONSONANT = {"c": "K", "g": "G"}


def spell(word: str) -> str:
    """The sounds of the names of a word's letters, as in FBI; "" when it has none.

    >>> spell("FBI")
    'EH F B IY AY'
    """
    return " ".join(_NAMES[c] for c in _plain(word) if c in _NAMES)


def sounds(word: str) -> str:
    """Rough sounds of an English word or name, separated by spaces; "" when it has no letter.

    >>> sounds("Zorblatt")
    'Z AO R B L AE T'
    """
    text = "".join(c for c in _plain(word) if c in _NAMES)
    if not re.search("[aeiouy]", text):
        return spell(text)
    if unicodedata.normalize("NFC", word.lower()).endswith("é"):
        text = text[:-1] + "é"  # café: the one accent that English speaks
    found: list[str] = []
    at = 0
    while at < len(text):
        for pattern, first, sound in _COMPILED:
            match = None if first and at else pattern.match(text, at)
            if match:
                if sound == "{1}":
                    letter = match[1]
                    sound = _CONSONANT.get(letter, letter.upper())  # noqa: PLW2901
                found.extend(sound.split())
                at = match.end()
                break
        else:
            raise AssertionError(f"no rule for {text[at]!r}: every letter has one")
    return " ".join(found) or spell(text)


def _plain(word: str) -> str:
    """The word in lower case without accents."""
    return "".join(
        c for c in unicodedata.normalize("NFKD", word.lower()) if not unicodedata.combining(c)
    )
