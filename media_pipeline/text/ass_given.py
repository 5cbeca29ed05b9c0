"""ASS documents as users give them: styled as they are, words replaced and times left out.

What could harm is taken out: fonts and pictures that are packed into the file, and sizes beyond any
picture.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pysubs2

from media_pipeline.text.exclusion import TimeRange, outside
from media_pipeline.text.replacing import Replacement, matches

_BLOCK = re.compile(r"(?<!\\)\{[^}]*\}")
_NUMBER = re.compile(r"\\(fs|bord|xbord|ybord|shad|xshad|yshad|blur|be|fsp|fscx|fscy)(-?[\d.]+)")
_LIMITS = {"blur": 20.0, "be": 20.0, "fscx": 1000.0, "fscy": 1000.0}
_LARGEST = 4.0  # times the height that the document counts in
_FAMILY = re.compile(r"\\fn([^\\}]+)")

_STYLE_COLUMNS = {
    "Name": "Default", "Fontname": "Arial", "Fontsize": "18", "PrimaryColour": "&HFFFFFF",
    "SecondaryColour": "&HFFFF", "OutlineColour": "&H0", "BackColour": "&H0", "Bold": "0",
    "Italic": "0", "Underline": "0", "StrikeOut": "0", "ScaleX": "100", "ScaleY": "100",
    "Spacing": "0", "Angle": "0", "BorderStyle": "1", "Outline": "2", "Shadow": "0",
    "Alignment": "2", "MarginL": "10", "MarginR": "10", "MarginV": "10", "Encoding": "1",
}  # fmt: skip
_EVENT_COLUMNS = {
    "Layer": "0", "Start": "0:00:00.00", "End": "0:00:00.00", "Style": "Default", "Name": "",
    "MarginL": "0", "MarginR": "0", "MarginV": "0", "Effect": "", "Text": "",
}  # fmt: skip
_COLUMNS = {"[v4+ styles]": _STYLE_COLUMNS, "[events]": _EVENT_COLUMNS}


@dataclass(frozen=True)
class AssDocument:
    """An ASS document, when it shows anything, and the font families that it names."""

    text: str
    spans: tuple[tuple[float, float], ...]
    families: frozenset[str]


@dataclass
class _Unit:
    """A character, or the end of the text, with the tags that stand before it."""

    char: str
    tags: list[str] = field(default_factory=list)


def own_styling(
    text: str, rules: Sequence[Replacement] = (), exclude: Sequence[TimeRange] = ()
) -> AssDocument:
    """A user's ASS document after the replacements, without what falls into the excluded ranges.

    Text that has tags in the midst of a phrase is found all the same; the tags stay.
    """
    subs = pysubs2.SSAFile.from_string(text, format_="ass" if "[V4+" in text else None)
    subs.fonts_opaque.clear()
    subs.graphics_opaque.clear()
    largest = _LARGEST * _height(subs)
    shown, spans = [], []
    for event in subs:
        if event.is_comment or event.end <= event.start:
            continue
        if not event.is_drawing:
            event.text = replace_in_event(event.text, rules)
        event.text = _bounded(event.text, largest)
        if not event.plaintext.strip() and not event.is_drawing:
            continue
        for start, end in outside(event.start / 1000, event.end / 1000, exclude):
            part = event.copy()
            part.start, part.end = round(start * 1000), round(end * 1000)
            shown.append(part)
            spans.append((start, end))
    subs.events = shown
    for style in subs.styles.values():
        style.fontsize = min(style.fontsize, largest)
        style.outline, style.shadow = min(style.outline, largest), min(style.shadow, largest)
    families = {s.fontname for s in subs.styles.values()}
    families |= {name.strip() for e in shown for name in _FAMILY.findall(e.text)}
    document = str(subs.to_string("ass", header_notice=""))
    return AssDocument(document, tuple(sorted(spans)), frozenset(f.lstrip("@") for f in families))


def in_usual_order(text: str) -> str:
    """An ASS document with its columns in the order in which they usually are, and all of them.

    Its ``Format`` lines may name fewer, or in another order, which pysubs2 does not heed.
    """
    lines = []
    usual: dict[str, str] | None = None
    named: list[str] | None = None
    for line in text.split("\n"):
        kind, _, rest = line.partition(":")
        if line.startswith("["):
            usual, named = _COLUMNS.get(line.strip().casefold()), None
        elif usual and kind == "Format":
            named = [name.strip().casefold() for name in rest.split(",")]
            line = f"Format: {', '.join(usual)}"  # noqa: PLW2901 - each line may be rewritten
        elif usual and named and kind in ("Style", "Dialogue", "Comment"):
            given = dict(zip(named, rest.lstrip().split(",", len(named) - 1), strict=False))
            values = (given.get(name.casefold(), value) for name, value in usual.items())
            line = f"{kind}: {','.join(values)}"  # noqa: PLW2901
        lines.append(line)
    return "\n".join(lines)


def replace_in_event(text: str, rules: Sequence[Replacement]) -> str:
    r"""The text of an event after the replacements.

    >>> replace_in_event(r"New {\i1}York{\i0} now", [Replacement("new york", "Paris")])
    'Paris{\\i1}{\\i0} now'
    """
    units = _units(text)
    for rule in rules:
        plain = "".join(u.char for u in units[:-1])
        for first, last in reversed(matches(plain, rule.find)):
            old, new = units[first:last], [_Unit(c) for c in " ".join(rule.replace.split())]
            tags = [t for u in old for t in u.tags]
            units[first:last] = new
            # the look of a phrase is that of its first word; what changed inside holds from its end
            own = old[0].tags
            if new:
                new[0].tags = own + new[0].tags
                tags = tags[len(own) :]
            after = units[first + len(new)]
            after.tags = tags + after.tags
            if not new:
                _close_gap(units, first)
    return "".join("".join(u.tags) + _escaped(u.char) for u in units)


def _close_gap(units: list[_Unit], at: int) -> None:
    """One space of two that meet, or one at the start or end of a row, goes."""
    before = units[at - 1].char if at else "\n"
    after = units[at].char or "\n"
    if before in " \n" and after == " ":
        units[at + 1].tags = units[at].tags + units[at + 1].tags
        del units[at]
    elif before == " " and after == "\n":
        units[at].tags = units[at - 1].tags + units[at].tags
        del units[at - 1]


def _units(text: str) -> list[_Unit]:
    units, tags, at = [], [], 0
    while at < len(text):
        block = _BLOCK.match(text, at)
        if block:
            tags.append(block[0])
            at = block.end()
            continue
        pair = text[at : at + 2]
        char = {"\\N": "\n", "\\n": "\n", "\\h": "\u00a0", "\\{": "{", "\\}": "}"}.get(pair)
        units.append(_Unit(char or text[at], tags))
        tags = []
        at += 2 if char else 1
    return [*units, _Unit("", tags)]


def _escaped(char: str) -> str:
    return {"\n": "\\N", "\u00a0": "\\h", "{": "\\{", "}": "\\}"}.get(char, char)


def _bounded(text: str, largest: float) -> str:
    """The text of an event with no length in it that is larger than any picture."""

    def bound(match: re.Match[str]) -> str:
        try:
            value = float(match[2])
        except ValueError:
            return ""
        most = _LIMITS.get(match[1], largest)
        return match[0] if abs(value) <= most else rf"\{match[1]}{most:g}"

    return _BLOCK.sub(lambda block: _NUMBER.sub(bound, block[0]), text)


def _height(subs: Any) -> float:
    try:
        return max(1.0, float(subs.info.get("PlayResY", 288)))
    except ValueError:
        return 288.0
