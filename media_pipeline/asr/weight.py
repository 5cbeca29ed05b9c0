"""How long words take to say, about, whatever the language."""

from __future__ import annotations

from media_pipeline.text.scripts import script

_DIGIT_LETTERS = 4.0  # a digit is said with about that many


def weight(token: str) -> float:
    """About how long a token takes to say, in letters of English.

    >>> weight("你"), weight("speech,")
    (4.0, 7.5)
    """
    total = 0.0
    kinds = [script(c) for c in token]
    for char, kind in zip(token, kinds, strict=True):
        if kind in ("han", "hangul"):
            total += 4.0
        elif kind == "kana":
            total += 2.5
        elif char.isdigit():
            total += _DIGIT_LETTERS
        elif char.isalpha():
            total += 1.0
    spaced = any(k not in ("han", "kana", "hangul", "common") for k in kinds)
    return max(1.0, total + (1.5 if spaced else 0.0))
