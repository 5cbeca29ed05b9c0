"""Finding texts in captions and words."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from media_pipeline.report.search import find_text
from media_pipeline.text.cues import Cue, Word


@dataclass
class Film:
    """What search looks at."""

    cues: list[Cue] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)


def said(text: str) -> list[Word]:
    return [Word(i * 1.0, i + 0.9, word, 1.0, "x") for i, word in enumerate(text.split("|"))]


def hits(film: Film, text: str) -> list[tuple[float, str]]:
    return [(hit.start, hit.where) for hit in find_text(film, text)]  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["time left", "TIME  Left", "no time", "我们没有时间了 we have"])
def test_captions_are_found_over_rows_and_case(text: str) -> None:
    film = Film(cues=[Cue(1, 2, "other"), Cue(5, 7, "我们没有时间了\nWe have no time left.")])
    assert hits(film, text) == [(5, "captions")]


def test_doubtful_captions_are_said_to_be() -> None:
    film = Film(cues=[Cue(1, 2, "no time", 0.4, doubtful=True), Cue(5, 7, "no time")])
    assert hits(film, "time") == [(1, "captions, doubtful"), (5, "captions")]


@pytest.mark.parametrize(
    ("text", "at"),
    [("time left", [3.0]), ("me left", [3.0]), ("we", [0.0]), ("have no time left.", [1.0])],
)
def test_words_are_found_at_the_time_of_the_first(text: str, at: list[float]) -> None:
    film = Film(words=said("We|have|no|time|left."))
    assert hits(film, text) == [(time, "words") for time in at]


def test_chinese_words_are_found_without_spaces() -> None:
    film = Film(words=said("我|们|没|有|时|间，|对|吗|OK|吧"))
    assert hits(film, "没有时间") == [(2.0, "words")]
    assert hits(film, "对吗") == [(6.0, "words")]


def test_every_place_is_found_in_time_order() -> None:
    film = Film(cues=[Cue(1.5, 2, "yes")], words=said("yes|no|yes"))
    assert hits(film, "yes") == [(0.0, "words"), (1.5, "captions"), (2.0, "words")]


def test_what_stands_around_a_word_is_shown() -> None:
    film = Film(words=said("|".join(f"w{i}" for i in range(40))))
    (hit,) = find_text(film, "w20")  # type: ignore[arg-type]
    assert hit.text.split() == [f"w{i}" for i in range(14, 27)]


def test_nothing_is_found_in_nothing() -> None:
    assert hits(Film(), "x") == []
    assert hits(Film(cues=[Cue(0, 1, "a")]), "  ") == []
