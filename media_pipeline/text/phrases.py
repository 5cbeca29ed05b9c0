"""Chinese and Japanese phrases: captions part them by a space where others write a comma."""

from __future__ import annotations

from media_pipeline.text.scripts import is_cjk, tokens

GAP = " "


def phrased_tokens(text: str) -> list[str]:
    """The tokens of a text, with a space at the end of those that end a Chinese phrase.

    Without the spaces they are what :func:`~media_pipeline.text.scripts.tokens` gives.

    >>> phrased_tokens("你好吗 我很好")
    ['你', '好', '吗 ', '我', '很', '好']
    >>> phrased_tokens("Fine, thanks")
    ['Fine,', 'thanks']
    """
    found: list[str] = []
    for part in text.split():
        pieces = tokens(part)
        if found and pieces and is_cjk(found[-1][-1]) and is_cjk(pieces[0][0]):
            found[-1] += GAP
        found.extend(pieces)
    return found
