"""Captions held against words whose times are made up, and against real sound."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from media_pipeline.errors import NoCaptionsFound
from media_pipeline.stages.speech import CAPTION_SPEECH, LANGUAGE, TRANSCRIPT, WORDS
from media_pipeline.stages.speech.fusion import Disagreement, Params, compare, corrected
from media_pipeline.text.cues import Cue, Word
from media_pipeline.text.formats import read_cues
from media_pipeline.text.heard import listen_for
from media_pipeline.text.rules import rules_for
from media_pipeline_tests.generators.speech import FOX, STATION, WINDOW, film, needs_flite, scene

TEXTS = ["The old man went home.", "Nobody saw him.", "Then the rain began."]


def _said(*sentences: tuple[float, str], source: str = "x") -> list[Word]:
    """Words of half a second, one after the other from each sentence's start on."""
    return [
        Word(start + 0.5 * i, start + 0.5 * i + 0.45, word, 0.9, source)
        for start, text in sentences
        for i, word in enumerate(text.split())
    ]


def _compare(cues: list[Cue], words: list[Word], language: str | None = "en") -> list[Disagreement]:
    speech = [(w.start, w.end + 0.05) for w in words]
    return compare(listen_for(cues, words, language), words, speech)


def _kinds(found: list[Disagreement]) -> list[tuple[str, int | None]]:
    return [(d.kind, d.cue) for d in found]


WORDS_SAID = _said((1.0, TEXTS[0]), (5.0, TEXTS[1]), (8.0, TEXTS[2]))
IN_TIME = [Cue(1.0, 3.5, TEXTS[0]), Cue(5.0, 6.5, TEXTS[1]), Cue(8.0, 10.0, TEXTS[2])]


def test_captions_in_time_agree() -> None:
    assert _compare(IN_TIME, WORDS_SAID) == []
    capitals = [replace(cue, text=cue.text.upper().replace(".", "!")) for cue in IN_TIME]
    assert _compare(capitals, WORDS_SAID) == []


@pytest.mark.parametrize(
    ("start", "end", "kind", "off"),
    [
        (4.2, 6.5, "early", -0.8),
        (5.6, 6.5, "late", 0.6),
        (5.0, 5.9, "ends early", -0.55),
        (5.0, 8.0, "lingers", 1.55),
    ],
)
def test_a_cue_beside_its_speech(start: float, end: float, kind: str, off: float) -> None:
    cues = [IN_TIME[0], Cue(start, end, TEXTS[1]), IN_TIME[2]]
    [found] = [d for d in _compare(cues, WORDS_SAID) if d.kind != "no caption"]
    assert (found.kind, found.cue) == (kind, 1)
    assert found.off == pytest.approx(off)
    assert (found.shown, found.said, found.source) == (TEXTS[1], TEXTS[1], "x")


def test_speech_without_caption_and_caption_without_speech() -> None:
    cues = [IN_TIME[0], Cue(12.0, 14.0, "The End"), IN_TIME[2]]
    cues.sort(key=lambda c: c.start)
    found = _compare(cues, WORDS_SAID)
    assert _kinds(found) == [("no caption", None), ("no speech", 2)]
    assert found[0].said == TEXTS[1]
    assert (found[0].start, found[0].end) == pytest.approx((5.0, 6.5))


def test_a_caption_that_says_something_else() -> None:
    cues = [IN_TIME[0], replace(IN_TIME[1], text="We have to leave at once!"), IN_TIME[2]]
    [found] = _compare(cues, WORDS_SAID)
    assert (found.kind, found.said) == ("other words", TEXTS[1])


def test_only_rows_in_the_spoken_language_are_held_against_it() -> None:
    bilingual = [replace(cue, text=f"他们都在这里\n{cue.text}") for cue in IN_TIME]
    assert _compare(bilingual, WORDS_SAID) == []
    translated = [replace(cue, text="他们都在这里") for cue in IN_TIME]
    assert _compare(translated, WORDS_SAID) == []  # a translation is no disagreement


def test_without_words_only_speech_is_looked_at() -> None:
    found = compare(listen_for(IN_TIME, []), [], [(1.0, 3.5), (20.0, 22.0)])
    assert _kinds(found) == [("no speech", 1), ("no speech", 2), ("no caption", None)]


def test_corrected_captions_come_and_go_with_their_speech() -> None:
    cues = [Cue(0.2, 2.8, TEXTS[0]), Cue(6.0, 9.0, TEXTS[1]), Cue(8.5, 12.0, TEXTS[2])]
    rules = rules_for("en", 25)
    found = corrected(cues, listen_for(cues, WORDS_SAID, "en"), rules)
    assert [c.text for c in found] == TEXTS
    assert [c.start for c in found] == pytest.approx([1.0, 5.0, 8.0])
    assert [c.end for c in found] == pytest.approx([3.45, 6.45 + 0.48, 9.95 + 0.48])
    guessed = _said((1.0, TEXTS[0]), source="interpolated")
    assert corrected(cues[:1], listen_for(cues[:1], guessed, "en"), rules) == cues[:1]


@pytest.mark.slow
@needs_flite
def test_a_film_with_a_late_caption_and_a_missing_one(tmp_path: Path) -> None:
    said = scene([FOX, STATION, WINDOW], pause=2.0)
    late = replace(said.sentences[0], start=said.sentences[0].start + 0.5)
    early = replace(said.sentences[2], start=said.sentences[2].start - 0.9)
    made = film(tmp_path, said.samples, [late, early])
    for stage in (LANGUAGE, TRANSCRIPT, WORDS):
        made.run(stage)
    outcome = made.run(CAPTION_SPEECH)
    rows = made.made["caption_speech"].table("disagreements.parquet").to_pylist()
    assert [(r["kind"], r["cue"]) for r in rows] == [
        ("late", 0),
        ("no caption", None),
        ("early", 1),
    ]
    assert rows[0]["off"] == pytest.approx(0.5, abs=0.1)
    assert rows[2]["off"] == pytest.approx(-0.9, abs=0.1)
    assert outcome.facts["captions_said"] == 2
    assert outcome.facts["words_agreeing"] == 1.0
    moved = read_cues(made.made["caption_speech"].path("spoken.srt"))
    for cue, sentence in zip(moved, (said.sentences[0], said.sentences[2]), strict=True):
        assert cue.text == sentence.text
        assert cue.start == pytest.approx(sentence.start, abs=0.1)
        assert sentence.end - 0.1 <= cue.end <= sentence.end + 0.6


@pytest.mark.slow
@needs_flite
def test_a_film_without_captions_says_so(tmp_path: Path) -> None:
    made = film(tmp_path, scene([STATION]).samples, tag="eng")
    for stage in (LANGUAGE, TRANSCRIPT, WORDS):
        made.run(stage)
    with pytest.raises(NoCaptionsFound):
        made.run(CAPTION_SPEECH)


def test_what_can_be_asked() -> None:
    assert Params().model_dump() == {"tolerance": 0.3, "linger": 1.5, "uncaptioned": 1.0}
