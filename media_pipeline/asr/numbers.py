"""Numbers as English says them: cardinals, ordinals, years, decimals, money, times, digits."""

from __future__ import annotations

import re

_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
)  # fmt: skip
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SCALES = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"))
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_MONEY = {"$": "dollars", "£": "pounds", "€": "euros", "¥": "yen"}
_UNITS = {"%": ["percent"], "°": ["degrees"], "km": ["kilometers"], "kg": ["kilos"]}
_NUMBER = re.compile(
    r"(?P<minus>[-−])?(?P<money>[$£€¥])?(?P<int>\d{1,3}(?:,\d{3})+|\d+)(?:\.(?P<dec>\d+))?"
    r"(?P<unit>%|°|km|kg|st|nd|rd|th|s)?"
)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_MAX_DIGITS = 15  # longer strings of digits are read one by one


def cardinal(value: int) -> list[str]:
    """A whole number in words.

    >>> " ".join(cardinal(1984))
    'one thousand nine hundred eighty four'
    """
    if value < 20:
        return [_ONES[value]]
    if value < 100:
        return [_TENS[value // 10], *([_ONES[value % 10]] if value % 10 else [])]
    if value < 1000:
        rest = cardinal(value % 100) if value % 100 else []
        return [_ONES[value // 100], "hundred", *rest]
    for scale, name in _SCALES:
        if value >= scale:
            rest = cardinal(value % scale) if value % scale else []
            return [*cardinal(value // scale), name, *rest]
    raise AssertionError("unreachable: every value from 1000 up has a scale")


def ordinal(value: int) -> list[str]:
    """A whole number as a rank.

    >>> " ".join(ordinal(42))
    'forty second'
    """
    *head, last = cardinal(value)
    if last in _ORDINALS:
        return [*head, _ORDINALS[last]]
    return [*head, last[:-1] + "ieth" if last.endswith("y") else last + "th"]


def readings(token: str) -> list[list[str]]:
    """The ways in which English says a token that is a number, the likeliest first; [] for others.

    >>> [" ".join(r) for r in readings("1984")]
    ['nineteen eighty four', 'one thousand nine hundred eighty four', 'one nine eight four']
    >>> [" ".join(r) for r in readings("$2.50")]
    ['two dollars fifty', 'two dollars and fifty cents', 'two point five zero dollars']
    """
    clock = _CLOCK.fullmatch(token)
    if clock:
        return _clock(*(int(g) for g in clock.groups() if g is not None))
    match = _NUMBER.fullmatch(token)
    if match is None:
        return []
    digits, decimals = match["int"].replace(",", ""), match["dec"]
    if len(digits) > _MAX_DIGITS:
        return [_digits(digits)]
    unit = match["unit"] or ""
    if unit in ("st", "nd", "rd", "th"):
        return [ordinal(int(digits))]
    ways = _money(digits, decimals, match["money"]) if match["money"] else _plain(digits, decimals)
    if unit and len(ways) > 1:
        ways.pop()  # nobody reads 50 % digit by digit
    if unit == "s":  # the 1990s, the 80s
        ways = [[*way[:-1], _plural(way[-1])] for way in ways[: 2 if len(digits) == 4 else 1]]
    minus = ["minus"] if match["minus"] else []
    return [[*minus, *way, *_UNITS.get(unit, [])] for way in ways]


def _plain(digits: str, decimals: str | None) -> list[list[str]]:
    whole = cardinal(int(digits))
    if decimals is not None:
        return [[*whole, "point", *_digits(decimals)]]
    ways = [whole]
    if len(digits) == 4 and digits[0] != "0":
        ways.insert(0, _year(int(digits)))
    if "hundred" in whole:
        at = len(whole) - 1 - whole[::-1].index("hundred")
        if at + 1 < len(whole):
            ways.append([*whole[: at + 1], "and", *whole[at + 1 :]])
    if len(digits) > 1:
        ways.append(_digits(digits))
    unique: list[list[str]] = []
    for way in ways[:2] + ways[-1:] if len(digits) == 4 else ways:
        if way not in unique:
            unique.append(way)
    return unique


def _year(value: int) -> list[str]:
    century, rest = divmod(value, 100)
    if century % 10 == 0 and rest < 10:
        return cardinal(value)
    if rest == 0:
        return [*cardinal(century), "hundred"]
    return [*cardinal(century), *(["oh"] if rest < 10 else []), *cardinal(rest)]


def _money(digits: str, decimals: str | None, sign: str) -> list[list[str]]:
    name = _MONEY[sign]
    name = name.removesuffix("s") if int(digits) == 1 and not decimals else name
    whole = cardinal(int(digits))
    if not decimals:
        return [[*whole, name]]
    ways = [[*whole, "point", *_digits(decimals), name]]
    if len(decimals) == 2 and sign != "¥":
        small = cardinal(int(decimals))
        cents = "pence" if sign == "£" else "cents"
        ways = [[*whole, name, *small], [*whole, name, "and", *small, cents], *ways]
    return ways


def _clock(hours: int, minutes: int, seconds: int | None = None) -> list[list[str]]:
    rest = [] if seconds is None else cardinal(seconds)
    if minutes == 0:
        return [[*cardinal(hours), "o'clock"], cardinal(hours)]
    small = cardinal(minutes)
    return [[*cardinal(hours), *(["oh"] if minutes < 10 else []), *small, *rest]]


def _digits(digits: str) -> list[str]:
    return [_ONES[int(d)] for d in digits]


def _plural(word: str) -> str:
    return word[:-1] + "ies" if word.endswith("y") else word + ("es" if word == "six" else "s")
