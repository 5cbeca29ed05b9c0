from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_pipeline.asr.letters import sounds, spell

PHONES = frozenset(
    """AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V
    W Y Z ZH""".split()  # noqa: SIM905
)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("make", "M EY K"),
        ("Zorblatt", "Z AO R B L AE T"),
        ("knight", "N AY T"),
        ("station", "S T AE SH AH N"),
        ("hopped", "HH AA P D"),
        ("café", "K AE F EY"),
        ("hmm", "EY CH EH M EH M"),
        ("", ""),
        ("42", ""),
    ],
)
def test_a_word_sounds_about_like_this(word: str, expected: str) -> None:
    assert sounds(word) == expected


def test_capitals_are_spelled() -> None:
    assert spell("FBI") == "EH F B IY AY"


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=591), max_size=20))
def test_any_word_has_sounds_that_the_model_knows(word: str) -> None:
    assert set(sounds(word).split()) <= PHONES
    assert set(spell(word).split()) <= PHONES


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=20))
def test_a_word_of_letters_is_never_mute(word: str) -> None:
    assert sounds(word)
