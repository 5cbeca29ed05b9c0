from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from media_pipeline.asr import whisperx
from media_pipeline.asr.faster_whisper import FasterWhisper
from media_pipeline.asr.pocketsphinx import PocketSphinx
from media_pipeline.asr.select import EngineName, choose, recogniser
from media_pipeline.asr.whisperx import WhisperX
from media_pipeline.errors import EngineUnavailable, NoCaptionsFound, NoEngineForLanguage
from media_pipeline.stages.base import Environment

NOTHING = Environment()


@pytest.fixture(autouse=True)
def no_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither the hub's cache nor an installed whisperX of whoever runs the tests counts."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(whisperx, "installed", lambda: False)


@pytest.fixture
def with_model(multilingual: Path, tmp_path: Path) -> Environment:
    shutil.copytree(multilingual, tmp_path / "models" / "small")
    return Environment(model_dir=tmp_path / "models")


@pytest.mark.parametrize(
    ("language", "captions", "expected"),
    [("en", True, "captions"), ("zh", True, "captions"), (None, True, "captions"),
     ("en", False, "pocketsphinx")],
)  # fmt: skip
def test_without_a_model(language: str | None, captions: bool, expected: str) -> None:
    choice = choose("auto", language, captions, NOTHING)
    assert choice.name == expected == choice.identity["name"]
    assert "whisperx: whisperX is not installed" in choice.why
    assert "faster-whisper: no Whisper model" in choice.why


@pytest.mark.parametrize("language", ["zh", "fr", None])
def test_where_nothing_can_serve_it_says_what_was_tried(language: str | None) -> None:
    with pytest.raises(NoEngineForLanguage) as caught:
        choose("auto", language, False, NOTHING)
    for engine in ("whisperx", "faster-whisper", "captions", "pocketsphinx"):
        assert engine in str(caught.value)


def test_weights_win_over_captions(with_model: Environment) -> None:
    choice = choose("auto", "zh", True, with_model)
    assert (choice.name, choice.model) == ("faster-whisper", "small")
    assert choice.identity["model"].startswith("small@")
    engine = recogniser(choice, "zh", with_model)
    assert isinstance(engine, FasterWhisper)
    assert dict(engine.identity) == dict(choice.identity)


def test_whisperx_wins_where_it_is_installed(
    with_model: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whisperx, "require", lambda: None)
    choice = choose("auto", "zh", True, with_model)
    assert choice.name == "whisperx"
    assert choice.identity["model"].startswith("small@")
    assert isinstance(recogniser(choice, "zh", with_model), WhisperX)
    assert choose("auto", "zh", True, NOTHING).name == "captions"  # it has no model


def test_an_english_model_is_not_used_for_other_languages(english: Path, tmp_path: Path) -> None:
    shutil.copytree(english, tmp_path / "models" / "tiny.en")
    environment = Environment(model_dir=tmp_path / "models")
    assert choose("auto", "en", True, environment).name == "faster-whisper"
    assert choose("auto", "zh", True, environment).name == "captions"
    with pytest.raises(NoEngineForLanguage, match="knows only English"):
        choose("faster-whisper", "zh", True, environment, model="tiny.en")


def test_a_language_that_whisper_does_not_know(with_model: Environment) -> None:
    with pytest.raises(NoEngineForLanguage, match="does not know"):
        choose("faster-whisper", "ga", False, with_model)
    assert choose("auto", "ga", True, with_model).name == "captions"


def test_a_model_by_path_keeps_its_path(multilingual: Path) -> None:
    choice = choose("auto", "en", False, NOTHING, model=str(multilingual))
    assert choice.model == str(multilingual)
    assert isinstance(recogniser(choice, "en", NOTHING), FasterWhisper)


@pytest.mark.parametrize("model", ["/no/such/model", "medium"])
def test_a_model_asked_for_by_name_is_never_replaced(model: str, with_model: Environment) -> None:
    with pytest.raises(EngineUnavailable):
        choose("auto", "en", True, with_model, model=model)


@pytest.mark.parametrize(
    ("engine", "language", "captions", "error", "message"),
    [
        ("whisperx", "en", True, EngineUnavailable, r'pip install "media-pipeline\[whisperx\]"'),
        ("faster-whisper", "en", True, EngineUnavailable, "MEDIA_PIPELINE_MODEL_DIR"),
        ("pocketsphinx", "fr", True, NoEngineForLanguage, "only English"),
        ("pocketsphinx", None, True, NoEngineForLanguage, "only English"),
        ("captions", "en", False, NoCaptionsFound, "no captions"),
    ],
)
def test_an_engine_asked_for_by_name_that_cannot_serve(
    engine: EngineName,
    language: str | None,
    captions: bool,
    error: type[Exception],
    message: str,
) -> None:
    with pytest.raises(error, match=message):
        choose(engine, language, captions, NOTHING)


def test_an_engine_asked_for_by_name_that_can() -> None:
    assert choose("captions", "zh", True, NOTHING).why == "captions: asked for by name"
    choice = choose("pocketsphinx", "en", True, NOTHING)
    assert isinstance(recogniser(choice, "en", NOTHING), PocketSphinx)


def test_a_download_is_decided_before_it_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    listing = ("0123456789abcdef", {"model.bin": 480 * 10**6})
    monkeypatch.setattr("media_pipeline.asr.models._hub_files", lambda _: listing)
    allowed = Environment(allow_model_downloads=True)
    choice = choose("auto", "zh", False, allowed)
    assert (choice.name, choice.model) == ("faster-whisper", "small")
    assert "480 MB" in choice.why
    small = Environment(allow_model_downloads=True, max_model_bytes=10**6)
    with pytest.raises(NoEngineForLanguage, match="480 MB to download, the limit is 1 MB"):
        choose("auto", "zh", False, small)


def test_a_hub_out_of_reach_leads_to_the_next_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(_repository: str) -> None:
        raise EngineUnavailable("the Hugging Face hub cannot be asked")

    monkeypatch.setattr("media_pipeline.asr.models._hub_files", unreachable)
    choice = choose("auto", "en", True, Environment(allow_model_downloads=True))
    assert choice.name == "captions"
    assert "cannot be asked" in choice.why
