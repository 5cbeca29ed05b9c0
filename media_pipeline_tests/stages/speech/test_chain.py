"""The speech stages one after the other, as a run makes them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from media_pipeline.errors import NoAudioStream, NoEngineForLanguage, NoSpeech
from media_pipeline.stages.base import TableOutput
from media_pipeline.stages.speech import LANGUAGE, SPEECH_SUBTITLES, TRANSCRIPT, WORDS
from media_pipeline.stages.tables import check_table
from media_pipeline.text.cues import Cue
from media_pipeline.text.formats import read_cues
from media_pipeline.text.scripts import tokens
from media_pipeline_tests.generators.speech import (
    FOX,
    STATION,
    WINDOW,
    Film,
    film,
    needs_flite,
    noise,
    scene,
)

CHAIN = (LANGUAGE, TRANSCRIPT, WORDS, SPEECH_SUBTITLES)


def _valid(made: Film) -> None:
    for stage in CHAIN:
        for output in stage.outputs:
            if isinstance(output, TableOutput):
                table = made.made[stage.name].table(output.name)
                wrong = [
                    f for f in check_table(table, output.spec, made.info.duration) if not f.passed
                ]
                assert not wrong, f"{output.name}: {wrong}"


@pytest.mark.slow
@needs_flite
def test_english_captions_become_words_and_subtitles(tmp_path: Path) -> None:
    said = scene([FOX, STATION, WINDOW])
    captions = [replace(c, start=c.start - 0.3, end=c.end + 0.4) for c in said.sentences]
    made = film(tmp_path, said.samples, captions)
    for stage in CHAIN:
        made.run(stage)
    _valid(made)
    assert made.made["language"].facts["language"] == "en"
    assert made.made["transcript"].facts["engine"] == "captions"
    facts = made.made["words"].facts
    assert facts["words"] == sum(len(tokens(c.text)) for c in captions)
    assert facts["sources"]["pocketsphinx"] >= 0.9 * facts["words"]
    subtitles = read_cues(made.made["speech_subtitles"].path("speech.srt"))
    assert tokens(" ".join(c.text for c in subtitles)) == tokens(" ".join((FOX, STATION, WINDOW)))


@pytest.mark.slow
@needs_flite
def test_bilingual_captions_give_the_spoken_language(tmp_path: Path) -> None:
    said = scene([FOX, STATION])
    chinese = [
        "敏捷的棕色狐狸跳过懒狗，然后跑进黑暗的森林。",
        "车站有很多人，但没人知道火车什么时候到。",
    ]
    captions = [
        replace(c, text=f"{zh}\n{c.text}") for c, zh in zip(said.sentences, chinese, strict=True)
    ]
    made = film(tmp_path, said.samples, captions)
    for stage in CHAIN:
        made.run(stage)
    _valid(made)
    assert made.made["language"].facts["language"] == "en"
    assert set(made.made["language"].facts["votes"]["captions"]) == {"zh", "en"}
    texts = made.made["transcript"].table("transcript.parquet")["text"].to_pylist()
    assert texts == [FOX, STATION]


@needs_flite
def test_chinese_captions_are_interpolated_and_an_english_line_is_aligned(tmp_path: Path) -> None:
    said = scene([FOX, STATION, WINDOW])
    texts = [
        "敏捷的棕色狐狸跳过懒狗，然后跑进黑暗的森林。",
        STATION,
        "请把窗户打开，这里很热我喘不过气。",
    ]
    captions = [replace(c, text=t) for c, t in zip(said.sentences, texts, strict=True)]
    made = film(tmp_path, said.samples, captions)
    made.run(LANGUAGE, language="zh")
    for stage in CHAIN[1:]:
        made.run(stage)
    _valid(made)
    words = made.made["words"].table("words.parquet").to_pylist()
    sources = {row: {w["source"] for w in words if w["cue"] == row} for row in range(3)}
    assert sources[0] == sources[2] == {"interpolated"}
    assert "pocketsphinx" in sources[1]
    assert "".join(w["word"] for w in words if w["cue"] == 2) == texts[2]
    for word in words:
        cue = said.sentences[word["cue"]]
        assert cue.start - 0.3 <= word["start"] < word["end"] <= cue.end + 0.3


@needs_flite
def test_without_anything_english_is_recognised_roughly(tmp_path: Path) -> None:
    made = film(tmp_path, scene([STATION]).samples, tag="eng")
    made.run(LANGUAGE)
    outcome = made.run(TRANSCRIPT)
    assert made.engine["name"] == "pocketsphinx"
    assert any("rough" in warning for warning in outcome.warnings)
    for stage in CHAIN[2:]:
        made.run(stage)
    _valid(made)
    text = " ".join(made.made["transcript"].table("transcript.parquet")["text"].to_pylist())
    expected = {t.strip(",.").lower() for t in tokens(STATION)}
    assert len(expected & set(text.split())) >= 0.6 * len(expected)


@needs_flite
def test_nothing_can_transcribe_an_unknown_language(tmp_path: Path) -> None:
    made = film(tmp_path, scene([STATION]).samples)
    outcome = made.run(LANGUAGE)
    assert made.made["language"].facts["language"] is None
    assert outcome.warnings
    with pytest.raises(NoEngineForLanguage, match="unknown language"):
        made.run(TRANSCRIPT)


@pytest.mark.parametrize("level", [-100.0, -30.0])
def test_no_speech_is_said_so(tmp_path: Path, level: float) -> None:
    captions = [Cue(0.5, 2.5, "There was a great silence in the house.")]
    made = film(tmp_path, noise(4.0, level), captions, tag="eng")
    made.run(LANGUAGE)
    with pytest.raises(NoSpeech):
        made.run(TRANSCRIPT)


def test_a_silent_film_passes_its_reason_on(tmp_path: Path) -> None:
    made = film(tmp_path, None)
    with pytest.raises(NoAudioStream):
        made.run(LANGUAGE)
    made.made["language"] = replace(made.made["audio"])
    with pytest.raises(NoAudioStream):
        made.run(TRANSCRIPT)
    made.made["transcript"] = replace(made.made["audio"])
    with pytest.raises(NoAudioStream):
        made.run(WORDS)
    made.made["words"] = replace(made.made["audio"])
    with pytest.raises(NoAudioStream):
        made.run(SPEECH_SUBTITLES)


@needs_flite
def test_a_script_is_found_in_the_sound(tmp_path: Path) -> None:
    said = scene([FOX, STATION, WINDOW])
    made = film(tmp_path, said.samples)
    made.run(LANGUAGE, language="en")
    made.run(TRANSCRIPT, script=f"{FOX}\n\n{STATION}\n{WINDOW}\n")
    assert made.engine == {"name": "script"}
    rows = made.made["transcript"].table("transcript.parquet").to_pylist()
    assert [r["text"] for r in rows] == [FOX, STATION, WINDOW]
    for row, truth in zip(rows, said.sentences, strict=True):
        assert row["start"] == pytest.approx(truth.start, abs=0.15)
        assert row["end"] == pytest.approx(truth.end, abs=0.15)
    made.run(WORDS)
    made.run(SPEECH_SUBTITLES)
    _valid(made)
