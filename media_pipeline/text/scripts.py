"""Writing systems: which script a character belongs to, and where words begin and end in it."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

# (first code point, script) of the blocks that matter here, in order; "common" closes a range.
# Source: Unicode blocks, https://www.unicode.org/Public/UNIDATA/Blocks.txt
_BLOCKS: list[tuple[int, str]] = [
    (0x0000, "common"), (0x0041, "latin"), (0x005B, "common"), (0x0061, "latin"),
    (0x007B, "common"), (0x00C0, "latin"), (0x00D7, "common"), (0x00D8, "latin"),
    (0x00F7, "common"), (0x00F8, "latin"), (0x02B0, "common"), (0x0370, "greek"),
    (0x0400, "cyrillic"), (0x0530, "armenian"), (0x0590, "hebrew"), (0x0600, "arabic"),
    (0x0700, "common"), (0x0900, "devanagari"), (0x0980, "bengali"), (0x0A00, "common"),
    (0x0B80, "tamil"), (0x0C00, "common"), (0x0E00, "thai"), (0x0E80, "common"),
    (0x1100, "hangul"), (0x1200, "common"), (0x1E00, "latin"), (0x1F00, "greek"),
    (0x2000, "common"), (0x2E80, "han"), (0x3000, "common"), (0x3005, "han"),
    (0x3008, "common"), (0x3041, "kana"), (0x30FB, "common"), (0x30FC, "kana"),
    (0x3100, "han"), (0x3130, "hangul"), (0x3190, "common"), (0x31F0, "kana"),
    (0x3200, "common"), (0x3400, "han"), (0xA000, "common"), (0xAC00, "hangul"),
    (0xD7B0, "common"), (0xF900, "han"), (0xFB00, "latin"), (0xFB1D, "hebrew"),
    (0xFB50, "arabic"), (0xFE00, "common"), (0xFF21, "latin"), (0xFF3B, "common"),
    (0xFF41, "latin"), (0xFF5B, "common"), (0xFF66, "kana"), (0xFFA0, "common"),
    (0x20000, "han"), (0x323B0, "common"),
]  # fmt: skip
_STARTS = [start for start, _ in _BLOCKS]

_LANGUAGE_OF = {
    "han": "zh",
    "kana": "ja",
    "hangul": "ko",
    "latin": "en",
    "cyrillic": "ru",
    "arabic": "ar",
    "hebrew": "he",
    "greek": "el",
    "thai": "th",
    "devanagari": "hi",
    "bengali": "bn",
    "tamil": "ta",
    "armenian": "hy",
}
_SCRIPTS_OF = {
    "zh": {"han"},
    "ja": {"kana", "han"},
    "ko": {"hangul"},
    **{language: {s} for s, language in _LANGUAGE_OF.items() if s not in ("han", "kana", "hangul")},
}
_UNSPACED = frozenset({"han", "kana", "thai"})


def script(char: str) -> str:
    """The script of one character: ``han``, ``kana``, ``latin``, … or ``common``.

    >>> [script(c) for c in "a中カ한я!"]
    ['latin', 'han', 'kana', 'hangul', 'cyrillic', 'common']
    """
    return _BLOCKS[bisect_right(_STARTS, ord(char)) - 1][1]


def is_cjk(char: str) -> bool:
    """Whether the character is Chinese or Japanese and stands without spaces around it."""
    return script(char) in ("han", "kana")


def script_counts(text: str) -> Counter[str]:
    """How many characters of each script the text has, without the common ones."""
    counts = Counter(script(c) for c in text)
    del counts["common"]
    return counts


def main_script(text: str) -> str | None:
    """The script that says most of the text, or None for numbers and punctuation only.

    A Han or kana character counts as three letters, since it says about as much.
    """
    counts = script_counts(text)
    if not counts:
        return None
    return max(counts, key=lambda s: counts[s] * (3 if s in ("han", "kana") else 1))


def guess_language(text: str) -> str | None:
    """The language that the script suggests, ISO 639-1, or None.

    Han with any kana is Japanese. Latin is given as ``en``: the script alone cannot tell English
    from French, so callers that need certainty must look further.
    """
    counts = script_counts(text)
    if counts["kana"] and counts["kana"] + counts["han"] >= counts["latin"] / 3:
        return "ja"
    main = main_script(text)
    return _LANGUAGE_OF[main] if main else None


def rows_in_script(text: str, language: str) -> str:
    r"""The rows of a bilingual cue that are written in the language's script, or "" if none is.

    >>> rows_in_script("你好吗\nHow are you?", "en")
    'How are you?'
    """
    wanted = _SCRIPTS_OF.get(language, {"latin"})
    return "\n".join(row for row in text.split("\n") if main_script(row) in wanted)


def _opens(char: str) -> bool:
    """Whether a punctuation mark belongs to what follows it (opening brackets and quotes)."""
    return unicodedata.category(char) in ("Ps", "Pi") or char in "¿¡"


def tokens(text: str) -> list[str]:
    """The words of a text with their punctuation attached; Chinese, Japanese and Thai by character.

    Joining them with :func:`join_tokens` gives the text back, up to white space.

    >>> tokens("你好，OK 吗？ Well, done.")
    ['你', '好，', 'OK', '吗？', 'Well,', 'done.']
    """
    found: list[str] = []
    for part in text.split():
        found.extend(_split_unspaced(part))
    return found


def _split_unspaced(part: str) -> list[str]:
    pieces: list[str] = []
    previous = ""  # script of the last character that is not punctuation, "" after an opening mark
    for char in part:
        kind = script(char)
        if kind == "common" and char.isalnum():
            kind = "latin"  # digits are spoken: they never hang on a Chinese character before them
        joins = bool(pieces) and (
            unicodedata.combining(char) != 0
            or previous == ""
            or (kind == "common" and not _opens(char))
            or (kind not in _UNSPACED and kind != "common" and previous not in _UNSPACED)
        )
        if joins:
            pieces[-1] += char
        else:
            pieces.append(char)
        if kind != "common":
            previous = kind
        elif _opens(char) and not joins:
            previous = ""
    return pieces


def join_tokens(words: Iterable[str]) -> str:
    """Words as running text: with spaces, but none between two characters of an unspaced script.

    >>> join_tokens(["你", "好，", "OK", "吗？", "Well,", "done."])
    '你好，OK吗？Well, done.'
    """
    words = list(words)
    text = words[0] if words else ""
    for left, right in pairwise(words):
        text += right if _touch(left, right) else f" {right}"
    return text


def _touch(left: str, right: str) -> bool:
    """Whether two neighbouring words stand without a space between them."""
    ends_wide = (
        unicodedata.east_asian_width(left[-1]) in ("W", "F") or script(left[-1]) in _UNSPACED
    )
    starts_wide = (
        unicodedata.east_asian_width(right[0]) in ("W", "F") or script(right[0]) in _UNSPACED
    )
    hangul = "hangul" in (script(left[-1]), script(right[0]))
    return (ends_wide or starts_wide) and not hangul
