"""The doctor's findings on this machine, and on machines that lack something."""

from __future__ import annotations

from pathlib import Path

import pytest

from media_pipeline import doctor
from media_pipeline.errors import EngineUnavailable, FontMissing
from media_pipeline.media import fonts


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("LAKE", "INBOX"):
        monkeypatch.setenv(f"MEDIA_PIPELINE_{name}", str(tmp_path / name.lower()))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    monkeypatch.delenv("MEDIA_PIPELINE_MODEL_DIR", raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path


def found() -> dict[str, doctor.Check]:
    return {check.name: check for check in doctor.examine()}


def test_this_machine_can_do_the_main_job() -> None:
    checks = doctor.examine()
    broken = [check for check in checks if check.required and not check.ok]
    assert broken == []
    assert doctor.healthy(checks)
    assert len({check.name for check in checks}) == len(checks)
    assert all(check.remedy for check in checks if not check.ok)
    assert all(check.found for check in checks)
    required = [check.required for check in checks]
    assert required == sorted(required, reverse=True)


def test_a_lake_that_cannot_be_written_is_broken(
    places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (places / "file").touch()
    monkeypatch.setenv("MEDIA_PIPELINE_LAKE", str(places / "file" / "lake"))
    lake = found()["lake"]
    assert (lake.ok, lake.required, lake.remedy) == (False, True, "set MEDIA_PIPELINE_LAKE")


def test_a_wrong_setting_is_one_broken_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIA_PIPELINE_MAX_MEDIA_SECONDS", "soon")
    settings = found()["settings"]
    assert not settings.ok
    assert "MEDIA_PIPELINE_MAX_MEDIA_SECONDS" in settings.found


def test_missing_fonts_name_their_package(monkeypatch: pytest.MonkeyPatch) -> None:
    def latin_only(text: str, family: str | None = None) -> fonts.Font:
        if not text.isascii() and "文" in text:
            raise FontMissing("no font", "install one")
        return fonts.Font(Path("x.ttf"), 0, "X")

    monkeypatch.setattr(fonts, "find_font", latin_only)
    checks = found()
    cjk = checks["fonts: Chinese, Japanese, Korean"]
    assert (cjk.ok, cjk.required) == (False, False)
    assert "fonts-noto-cjk" in cjk.remedy
    assert checks["fonts: Latin"].ok


def test_an_engine_that_is_broken_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise EngineUnavailable("rapidocr has no model", "reinstall it")

    monkeypatch.setattr("media_pipeline.ocr.base.load_engine", broken)
    checks = doctor.examine()
    (check,) = [c for c in checks if c.name == "text recognition: rapidocr"]
    assert (check.ok, check.found, check.remedy) == (False, "rapidocr has no model", "reinstall it")
    assert not doctor.healthy(checks)


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("vad.network_path", "voice detection: Silero"),
        ("sphinx.model_folder", "speech: pocketsphinx (English)"),
        ("whisperx.require", "speech: whisperx"),
    ],
)
def test_speech_engines_are_looked_at_as_the_pipeline_does(
    monkeypatch: pytest.MonkeyPatch, place: str, name: str
) -> None:
    def broken() -> None:
        raise EngineUnavailable("it is broken", "reinstall it")

    monkeypatch.setattr("media_pipeline.asr.whisperx.installed", lambda: True)
    monkeypatch.setattr(f"media_pipeline.asr.{place}", broken)
    check = found()[name]
    assert (check.ok, check.found, check.remedy) == (False, "it is broken", "reinstall it")


def test_an_ffmpeg_without_libass_is_broken(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = places / "ffmpeg"
    program.write_text("#!/bin/sh\necho ' T. null V->V x'\n")
    program.chmod(0o755)
    monkeypatch.setattr("media_pipeline.media.ffmpeg.ffmpeg_path", lambda: str(program))
    monkeypatch.setattr("media_pipeline.media.ffmpeg.version", lambda: "1")
    check = found()["ffmpeg"]
    assert not check.ok
    assert "subtitles" in check.found


def test_whole_models_are_found_in_the_model_folder_and_the_cache(
    places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not found()["speech: faster-whisper"].ok
    for folder in (
        places / "models" / "small",
        places / "hub/models--Systran--faster-whisper-tiny/snapshots/abc",
        places / "models" / "half-loaded",
    ):
        folder.mkdir(parents=True)
        (folder / "model.bin").touch()
        if "half" not in folder.name:
            for name in ("config.json", "tokenizer.json", "vocabulary.json"):
                (folder / name).write_text("{}")
    monkeypatch.setenv("MEDIA_PIPELINE_MODEL_DIR", str(places / "models"))
    check = found()["speech: faster-whisper"]
    assert check.ok
    assert check.found.endswith("models: Systran/faster-whisper-tiny, small")
