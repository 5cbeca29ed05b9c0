from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from media_pipeline.errors import (
    EngineUnavailable,
    NoCaptionsFound,
    NoSpeech,
    NothingToDo,
)
from media_pipeline.stages.base import Environment
from media_pipeline.stages.speech import LANGUAGE, TRANSCRIPT, WORDS
from media_pipeline.stages.speech.recognition import transcript_of_captions, transcript_of_script
from media_pipeline.text.cues import Cue
from media_pipeline_tests.generators.speech import (
    FOX,
    STATION,
    WINDOW,
    film,
    needs_flite,
    noise,
    scene,
    silence,
)
from media_pipeline_tests.generators.whisper import write_whisper


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Whisper that says "Hello there, my friend." in every window."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    return write_whisper(folder, [" Hello", " there,", " my", " friend."])


@pytest.fixture(autouse=True)
def no_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))


@needs_flite
def test_captions_without_speech_in_their_time_are_left_out() -> None:
    said = scene([FOX], pause=3.0)
    [sentence] = said.sentences
    title = Cue(0.2, 2.2, "THE FOX")
    credit = Cue(said.duration - 2.5, said.duration + 5, "Directed by A. Smith")
    found = transcript_of_captions(said.samples, [title, sentence, credit], "en")
    assert [s.text for s in found.segments] == [FOX]
    assert found.languages == ["en"]


@needs_flite
def test_each_caption_keeps_its_own_language() -> None:
    said = scene([FOX, STATION])
    texts = ["他说什么\nWhat does he say?", "And this one is English only."]
    cues = [replace(c, text=t) for c, t in zip(said.sentences, texts, strict=True)]
    found = transcript_of_captions(said.samples, cues, "zh")
    assert [s.text for s in found.segments] == ["他说什么", texts[1]]
    assert found.languages == ["zh", "en"]
    unknown = transcript_of_captions(said.samples, cues, None)
    assert [s.text for s in unknown.segments] == texts


@needs_flite
def test_a_caption_that_outlasts_the_sound_ends_with_it() -> None:
    said = scene([FOX], pause=0.5)
    cue = replace(said.sentences[0], end=said.duration + 10)
    [segment] = transcript_of_captions(said.samples, [cue], "en").segments
    assert segment.end == pytest.approx(said.duration)


@needs_flite
def test_speech_without_captions_in_its_time() -> None:
    said = scene([FOX], pause=2.0)
    with pytest.raises(NoSpeech, match="while captions are shown"):
        transcript_of_captions(said.samples, [Cue(0, 1.5, "Hello")], "en")
    with pytest.raises(NoSpeech, match="no speech was detected"):
        transcript_of_captions(silence(3), [Cue(0, 1.5, "Hello")], "en")


@needs_flite
def test_an_empty_script_is_refused() -> None:
    with pytest.raises(NothingToDo):
        transcript_of_script(scene([FOX]).samples, " \n", "en")
    with pytest.raises(NoSpeech):
        transcript_of_script(noise(2), FOX, "en")


@needs_flite
def test_whisper_recognises_with_its_own_word_times(model: Path, tmp_path: Path) -> None:
    said = scene([FOX, STATION], pause=2.0)
    environment = Environment(model_dir=model.parent, cores=1)
    made = film(tmp_path, said.samples, said.sentences, environment=environment)
    made.run(LANGUAGE, language="zh")
    outcome = made.run(TRANSCRIPT)
    assert outcome.facts["engine"] == "faster-whisper"
    assert made.engine["model"].startswith("tiny@")
    assert made.resolved.model_dump()["engine"] == "faster-whisper"
    assert made.resolved.model_dump()["model"] == "tiny"
    rows = made.made["transcript"].table("transcript.parquet").to_pylist()
    assert [r["text"] for r in rows] == ["Hello there, my friend."] * 2
    words = made.made["transcript"].table("transcript_words.parquet").to_pylist()
    assert [w["cue"] for w in words] == [0] * 4 + [1] * 4
    assert all(w["source"] == "faster-whisper" for w in words)
    outcome = made.run(WORDS, realign="never")
    assert outcome.facts["sources"] == {"faster-whisper": 8}
    kept = made.made["words"].table("words.parquet").to_pylist()
    assert [w["start"] for w in kept] == pytest.approx([w["start"] for w in words])


@needs_flite
@pytest.mark.slow
def test_only_the_window_is_listened_to(tmp_path: Path) -> None:
    said = scene([FOX, STATION, WINDOW], pause=1.5)
    second = said.sentences[1]
    window = {"start": second.start - 0.5, "duration": second.duration + 1.0}
    made = film(tmp_path, said.samples, said.sentences)
    made.run(LANGUAGE, language="en")
    for asked in ({}, {"engine": "pocketsphinx"}, {"script": "\n".join((FOX, STATION, WINDOW))}):
        outcome = made.run(TRANSCRIPT, **window, **asked)
        rows = made.made["transcript"].table("transcript.parquet").to_pylist()
        assert rows[0]["start"] == pytest.approx(second.start, abs=0.3)
        assert rows[-1]["end"] == pytest.approx(second.end, abs=0.3)
    assert [row["text"] for row in rows] == [STATION]
    assert "2 of the script's 3 lines are not said here" in outcome.warnings[0]
    with pytest.raises(NoSpeech, match=r"from 0\.0 to 1\.0 s"):
        made.run(TRANSCRIPT, duration=1.0)
    with pytest.raises(NoSpeech):
        made.run(TRANSCRIPT, start=1000.0)


@needs_flite
def test_captions_are_not_needed(tmp_path: Path) -> None:
    made = film(tmp_path, scene([STATION]).samples, tag="eng")
    del made.made["captions"]
    made.run(LANGUAGE)
    outcome = made.run(TRANSCRIPT, script=STATION)
    assert outcome.facts["engine"] == "script"
    assert outcome.warnings == []


def test_the_engine_is_chosen_before_anything_is_computed(tmp_path: Path) -> None:
    made = film(tmp_path / "a", silence(2))
    made.run(LANGUAGE, language="en")
    with pytest.raises(EngineUnavailable, match="whisperX is not installed"):
        made.run(TRANSCRIPT, engine="whisperx")
    with pytest.raises(EngineUnavailable, match="there is no model folder"):
        made.run(TRANSCRIPT, model="/no/such/model")
    with pytest.raises(NoCaptionsFound):
        made.run(TRANSCRIPT, engine="captions")


@needs_flite
def test_a_model_that_is_gone_when_the_stage_runs(model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "models" / "tiny"
    shutil.copytree(model, folder)
    made = film(
        tmp_path / "film", scene([FOX]).samples, environment=Environment(model_dir=folder.parent)
    )
    made.run(LANGUAGE, language="en")
    (folder / "model.bin").write_bytes(b"")
    with pytest.raises(EngineUnavailable, match="cannot be loaded"):
        made.run(TRANSCRIPT)


@needs_flite
def test_captions_of_an_unknown_language_are_taken_with_a_warning(tmp_path: Path) -> None:
    said = scene([FOX])
    cues = [replace(said.sentences[0], text="Xqzt brrfl gnnn")]
    made = film(tmp_path, said.samples, cues)
    made.run(LANGUAGE)
    outcome = made.run(TRANSCRIPT)
    assert made.engine["name"] == "captions"
    assert outcome.facts["language"] == "en" or outcome.facts["language"] is None
    assert any("unknown" in warning for warning in outcome.warnings)
