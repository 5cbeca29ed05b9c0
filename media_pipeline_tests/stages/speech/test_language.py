from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from media_pipeline.asr.models import weights_at
from media_pipeline.stages.base import Environment
from media_pipeline.stages.speech import LANGUAGE
from media_pipeline.stages.speech.language import Params, detect_language, shown_languages
from media_pipeline.text.cues import Cue
from media_pipeline_tests.generators.speech import (
    FOX,
    STATION,
    film,
    needs_flite,
    noise,
    scene,
)
from media_pipeline_tests.generators.whisper import write_whisper

ENGLISH = Cue(0, 2, "What have you done with it?")
CHINESE = Cue(2, 5, "你对它做了什么？")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder with a Whisper that hears Japanese."""
    folder = tmp_path_factory.mktemp("models")
    write_whisper(folder / "tiny", [" x"], language="ja")
    return folder


@pytest.fixture(autouse=True)
def no_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))


@pytest.mark.parametrize(
    ("cues", "expected"),
    [
        ([ENGLISH, CHINESE], {"zh": 3, "en": 2}),
        ([Cue(0, 4, "你好吗？\nHow are you today?")], {"zh": 4, "en": 4}),
        ([Cue(0, 3, "元気ですか"), Cue(3, 6, "日本語")], {"ja": 6}),
        ([Cue(0, 3, "안녕하세요")], {"ko": 3}),
        ([Cue(0, 3, "Je ne sais pas où vous êtes.")], {"fr": 3}),
        ([Cue(0, 30, "他走了很久很久。"), Cue(30, 31, "Is that you?")], {"zh": 30}),
        ([Cue(0, 3, "Wonderful morning")], {"en": 3}),
        ([Cue(0, 3, "Xqzt Brrfl")], {}),
        ([Cue(0, 3, "123 !")], {}),
        ([], {}),
    ],
)
def test_shown_languages_are_weighted_by_time(cues: list[Cue], expected: dict[str, float]) -> None:
    assert shown_languages(cues) == expected


def test_the_tag_of_the_track_wins_over_captions() -> None:
    verdict = detect_language(noise(3), [CHINESE], tag="eng")
    assert verdict.language == "en"
    assert verdict.votes == {"tag": "en", "captions": {"zh": 3}}
    assert detect_language(noise(3), [CHINESE], tag="und").language == "zh"


def test_without_speech_the_most_shown_language_is_taken() -> None:
    verdict = detect_language(noise(3), [ENGLISH, CHINESE])
    assert verdict.language == "zh"
    assert "most shown" in verdict.why


def test_nothing_to_tell_it_from_is_said_so() -> None:
    verdict = detect_language(noise(3))
    assert verdict.language is None
    assert "no tag, no caption and no Whisper" in verdict.why
    assert verdict.warnings


@pytest.mark.slow
@needs_flite
def test_english_rows_that_are_said_win() -> None:
    said = scene([FOX, STATION])
    cues = [replace(c, text=f"这里写着很长很长的中文字幕\n{c.text}") for c in said.sentences]
    verdict = detect_language(said.samples, [*cues, Cue(said.duration, said.duration + 9, "很长")])
    assert verdict.language == "en"
    assert "fit the sound" in verdict.why


@pytest.mark.slow
@needs_flite
def test_english_rows_that_are_not_said_lose() -> None:
    said = scene([FOX, STATION])
    texts = ["We shall fight on the beaches and in the fields.", "You have taken all my money."]
    cues = [
        replace(c, text=f"我们将在海滩上战斗\n{t}")
        for c, t in zip(said.sentences, texts, strict=True)
    ]
    assert detect_language(said.samples, cues).language == "zh"
    alone = [replace(c, text=t) for c, t in zip(said.sentences, texts, strict=True)]
    verdict = detect_language(said.samples, alone)
    assert verdict.language is None
    assert "not what is said" in verdict.why


@needs_flite
def test_whisper_votes_where_there_is_a_model(models: Path, tmp_path: Path) -> None:
    said = scene([STATION])
    made = film(tmp_path / "a", said.samples, environment=Environment(model_dir=models))
    made.run(LANGUAGE)
    assert made.made["language"].facts["language"] == "ja"
    assert made.engine["name"] == "faster-whisper"
    assert made.engine["model"] == weights_at(models / "tiny").identity
    cues = [Cue(0, 3, "他们走了很久")]
    made = film(tmp_path / "b", said.samples, cues, environment=Environment(model_dir=models))
    outcome = made.run(LANGUAGE)
    assert outcome.facts["language"] == "ja"  # captions may be a translation
    made = film(tmp_path / "c", said.samples, tag="eng", environment=Environment(model_dir=models))
    outcome = made.run(LANGUAGE)
    assert outcome.facts["language"] == "en"
    assert "sounds like ja" in outcome.warnings[0]


@needs_flite
def test_a_broken_model_does_not_end_the_vote(models: Path, tmp_path: Path) -> None:
    broken = Path(shutil.copytree(models / "tiny", tmp_path / "models" / "tiny"))
    (broken / "model.bin").write_bytes(b"nothing")
    environment = Environment(model_dir=tmp_path / "models")
    made = film(tmp_path / "film", scene([STATION]).samples, [CHINESE], environment=environment)
    outcome = made.run(LANGUAGE)
    assert outcome.facts["language"] == "zh"
    assert "without Whisper's vote" in outcome.warnings[0]


def test_a_given_language_is_taken_as_it_is(tmp_path: Path) -> None:
    made = film(tmp_path, noise(2), [CHINESE], tag="jpn")
    made.run(LANGUAGE, language="eng")
    facts = json.loads(made.made["language"].path("language.json").read_text())
    assert facts == {"language": "en", "votes": {}, "why": "given"}
    assert made.engine == {}


@pytest.mark.parametrize(
    ("given", "code"), [("EN", "en"), ("zh-CN", "zh"), ("", None), (None, None)]
)
def test_a_language_is_given_in_many_ways(given: str | None, code: str | None) -> None:
    assert Params(language=given).language == code


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(ValidationError, match="no known language"):
        Params(language="klingon")
