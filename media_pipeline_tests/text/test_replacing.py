"""Replacing words: whole, in any case, over words and rows, with the times of what was there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_pipeline.errors import InvalidParameter
from media_pipeline.text.cues import Cue, Word
from media_pipeline.text.pieces import caption, with_words
from media_pipeline.text.replacing import Replacement, replace_text, replace_words, replacements


def after(text: str, *rules: tuple[str, str]) -> str:
    return replace_text(text, [Replacement(*rule) for rule in rules])


@pytest.mark.parametrize(
    ("text", "find", "new", "expected"),
    [
        ("Hello world", "WORLD", "there", "Hello there"),
        ("umbrella um drum", "um", "uh", "umbrella uh drum"),
        ("don't do", "don", "x", "don't do"),
        ("don't do", "DON'T", "never", "never do"),
        ("cafe\u0301 open", "cafe", "x", "café open"),
        ("cafe\u0301 open", "café", "bar", "bar open"),
        ("a_b a", "a", "c", "a_b c"),
        ("I like it", "like", "", "I it"),
        ("so  um   yes", "um", "", "so yes"),
        ("Well, um, I think", "um", "", "Well, I think"),
        ("I am, um.", "um", "", "I am."),
        ("Um, hello", "um", "", "hello"),
        ("say um?", "um", "", "say?"),
        ("New York is big", "new york", "Paris", "Paris is big"),
        ("New\nYork is big", "new york", "Paris", "Paris\nis big"),
        ("one (two) three", "two", "2", "one (2) three"),
        ("a.c abc", "a.c", "x", "x abc"),
        ("price", "price", r"\1 {\fs9} $0", r"\1 {\fs9} $0"),
        ("call me, maybe", "me, maybe", "us", "call us"),
        ("no no no", "no", "yes", "yes yes yes"),
        ("हिन्दी हिन", "हिन", "x", "हिन्दी x"),
        ("Straße", "straße", "Weg", "Weg"),
        ("gone", "gone", "", ""),
        ("first\ngone\nlast", "gone", "", "first\nlast"),
    ],
)
def test_words_are_replaced_whole_and_spaces_tidied(
    text: str, find: str, new: str, expected: str
) -> None:
    assert after(text, (find, new)) == expected


@pytest.mark.parametrize(
    ("text", "find", "new", "expected"),
    [
        ("我们没有时间了", "时间", "机会", "我们没有机会了"),
        ("我们没有\n时间了", "没有时间", "来不及", "我们来不及\n了"),
        ("用AI写歌", "ai", "人工智能", "用人工智能写歌"),
        ("用AIDS写", "ai", "x", "用AIDS写"),
        ("你好，世界", "世界", "", "你好，"),
    ],
)
def test_in_chinese_every_character_is_a_word(
    text: str, find: str, new: str, expected: str
) -> None:
    assert after(text, (find, new)) == expected


def test_replacements_are_made_in_their_order() -> None:
    assert after("cat", ("cat", "dog"), ("dog", "cow")) == "cow"
    assert after("cat", ("dog", "cow"), ("cat", "dog")) == "dog"


def test_new_words_share_the_time_of_the_old() -> None:
    cue = Cue(0.0, 4.0, "I am gonna\ngo home")
    said = [Word(i * 0.8, i * 0.8 + 0.6, w, 1.0, "t") for i, w in enumerate(cue.text.split())]
    timed = with_words(caption(cue), said)
    found = replace_words(timed, [Replacement("gonna", "going to"), Replacement("go", "walk")])
    assert found is not None
    assert [p.text for p in found.pieces] == ["I", "am", "going", "to", "walk", "home"]
    assert (found.pieces[2].start, found.pieces[3].end) == pytest.approx((1.6, 2.2))
    assert found.pieces[2].end == found.pieces[3].start
    assert (found.pieces[4].start, found.pieces[4].end) == pytest.approx((2.4, 3.0))
    assert replace_words(timed, [Replacement(cue.text, "")]) is None


@pytest.mark.parametrize(
    "wrong",
    [
        "um",
        [{"find": "um"}],
        [{"find": "", "replace": "x"}],
        [{"find": "  ", "replace": "x"}],
        [{"find": "a", "replace": None}],
        [{"find": "a", "replace": "b", "more": 1}],
        [["a", "b"]],
    ],
)
def test_what_is_no_list_of_replacements_is_refused(wrong: object) -> None:
    with pytest.raises(InvalidParameter, match="replace"):
        replacements(wrong)


@given(st.text("ab ,.\n中文'", max_size=30), st.text("ab中", min_size=1, max_size=3))
def test_replacing_something_by_itself_changes_nothing_else(text: str, word: str) -> None:
    lower = text.lower()
    assert replace_text(lower, [Replacement(word, word)]) == replace_text(lower, [])


@given(st.text("ab ,.\n中文", max_size=30), st.text("ab中", min_size=1, max_size=3))
def test_what_is_removed_is_gone(text: str, word: str) -> None:
    left = replace_text(text, [Replacement(word, "")])
    assert word not in left.replace(",", " ").replace(".", " ").replace("中", " 中 ").split()
    assert left == left.strip()
    assert "  " not in left
