from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media_pipeline.text.cues import Cue, Word
from media_pipeline.text.rules import Rules, characters, rules_for, segment, too_fast
from media_pipeline.text.scripts import tokens
from media_pipeline.text.wrap import width_in_columns

SPEECH = (
    "And so, my fellow Americans, ask not what your country can do for you, ask what you can do "
    "for your country. The old man went to the house with John Smith, and then he asked for the "
    "key. It was, of course, not there because Mrs. Jones had taken it to the station. Why? "
    "Nobody knew."
)
CHINESE = (
    "我要去杂货店买点东西，要我帮你买点牛奶吗？我很好，谢谢。"
    "今天天气不错，我们去公园吧，然后再去看电影。"
)


def _said(text: str, *, letters_per_second: float = 14.0, pause: float = 0.3) -> list[Word]:
    """Words as a steady speaker says them, with a pause after punctuation."""
    words, at = [], 0.5
    for token in tokens(text):
        length = max(0.1, len(token) / letters_per_second)
        words.append(Word(at, at + length, token, 1.0, "x"))
        at += length + (pause if token[-1] in ".,?!。，？" else 0.02)
    return words


@st.composite
def timed_words(draw: st.DrawFn) -> list[Word]:
    """Any words with times that never go back; they may overlap, touch or leave long pauses."""
    texts = draw(
        st.lists(
            st.sampled_from(["the", "house.", "And", "Mr.", "你", "好，", "吗？", "a", "went,",
                             "internationalisation", "I", "한국"]),
            min_size=1, max_size=60,
        )
    )  # fmt: skip
    at, words = 0.0, []
    for text in texts:
        at += draw(st.sampled_from([0.0, 0.01, 0.1, 0.3, 0.5, 3.0]))
        length = draw(st.sampled_from([0.03, 0.1, 0.3, 0.8, 2.0]))
        words.append(Word(at, at + length, text, 0.5, "x"))
    return words


@given(timed_words(), st.sampled_from(["en", "fr", "zh", "ja", "ko", None]))
@settings(max_examples=150, deadline=None)
def test_no_word_is_lost_order_is_kept_and_nothing_overlaps(
    words: list[Word], language: str | None
) -> None:
    rules = rules_for(language)
    cues = segment(words, rules)
    joined = "".join(c.text for c in cues).replace("\n", "").replace(" ", "")
    assert joined == "".join(w.word for w in words)
    assert all(c.start < c.end for c in cues)
    assert all(a.end + rules.gap <= b.start + 1e-6 for a, b in pairwise(cues))
    starts = {w.start for w in words}
    assert all(c.start in starts for c in cues)


@pytest.mark.parametrize(("text", "language"), [(SPEECH, "en"), (SPEECH, "de"), (CHINESE, "zh")])
def test_ordinary_speech_keeps_all_rules(text: str, language: str) -> None:
    rate = 4.5 if language == "zh" else 14
    rules = rules_for(language)
    cues = segment(_said(text, letters_per_second=rate), rules)
    for cue in cues:
        rows = cue.text.split("\n")
        assert len(rows) <= rules.lines
        assert all(width_in_columns(row) <= rules.columns for row in rows)
        assert rules.min_duration - 1e-6 <= cue.duration <= rules.max_duration + 1e-6
        assert not too_fast(cue, rules)
    assert len(cues) <= 12


def test_cues_come_with_the_speech_and_stay_a_little() -> None:
    words = _said("Hello there, my friend. How are you?", pause=3.0)
    rules = rules_for("en", fps=24)
    first, second, third = segment(words, rules)
    assert (first.start, third.start) == (words[0].start, words[4].start)
    assert second.start == words[2].start
    assert first.end == pytest.approx(max(words[1].end + 12 / 24, first.start + 5 / 6))


def test_small_gaps_are_closed_to_two_frames() -> None:
    words = _said("This is the first sentence of it. This is the second sentence of it.", pause=0.9)
    rules = rules_for("en", fps=25)
    first, second = segment(words, rules)
    assert second.start - first.end == pytest.approx(2 / 25)


def test_sentences_and_clauses_end_cues() -> None:
    cues = segment(_said(SPEECH), rules_for("en"))
    assert [c.text.replace("\n", " ").split()[-1] for c in cues][-1] == "knew."
    ends = [c.text.rstrip()[-1] for c in cues]
    assert sum(end in ".,?!" for end in ends) >= 0.8 * len(ends)
    for cue in cues:
        last = cue.text.split()[-1].lower()
        assert last not in {"the", "a", "my", "with", "and", "mrs.", "john"}


def test_segments_end_cues_where_there_is_no_punctuation() -> None:
    words = _said("今天天气很好我们去公园吧然后看电影好不好", letters_per_second=5)
    groups = [0] * 11 + [1] * (len(words) - 11)
    cues = segment(words, rules_for("zh"), groups=groups)
    assert [c.text.replace("\n", "") for c in cues] == [
        "今天天气很好我们去公园",
        "吧然后看电影好不好",
    ]


def test_a_long_pause_is_never_bridged() -> None:
    words = [Word(0, 0.4, "Wait", 1, "x"), Word(3, 3.4, "for", 1, "x"), Word(3.5, 4, "me", 1, "x")]
    assert [c.text for c in segment(words, rules_for("en"))] == ["Wait", "for me"]


def test_fast_speech_is_kept_whole_and_reported() -> None:
    words = _said(SPEECH, letters_per_second=45, pause=0.0)
    rules = rules_for("en")
    cues = segment(words, rules)
    assert tokens(" ".join(c.text for c in cues)) == [w.word for w in words]
    assert any(too_fast(c, rules) for c in cues)


def test_no_cue_outlasts_the_media() -> None:
    words = _said("This is the very last word.")
    cues = segment(words, rules_for("en"), duration=words[-1].end + 0.1)
    assert cues[-1].end == pytest.approx(words[-1].end + 0.1)
    assert segment([], rules_for("en")) == []


@pytest.mark.parametrize(
    ("language", "columns", "speed"),
    [("en", 42, 20), ("fr", 42, 17), ("zh", 32, 9), ("ko", 32, 12), ("ja", 26, 4), (None, 42, 17)],
)
def test_the_numbers_of_the_languages(language: str | None, columns: int, speed: float) -> None:
    rules = rules_for(language, 30)
    assert (rules.columns, rules.speed, rules.lines) == (columns, speed, 2)
    assert rules.gap == pytest.approx(2 / 30)


def test_how_characters_are_counted() -> None:
    assert characters("ab\ncd", Rules()) == 5
    assert characters("你好\nOK", rules_for("zh")) == 3
    assert too_fast(Cue(0, 1, "你好你好你好你好你好"), rules_for("zh"))
    assert not too_fast(Cue(0, 2, "你好你好你好你好你好"), rules_for("zh"))
