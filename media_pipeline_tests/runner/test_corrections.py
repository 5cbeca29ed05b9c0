from __future__ import annotations

from pathlib import Path

import pytest

from media_pipeline.errors import (
    EmptyMedia,
    InvalidCaptions,
    MediaNotFound,
)
from media_pipeline.runner import Runner, corrections
from media_pipeline.store.retention import plan_retention
from media_pipeline_tests.runner.conftest import catalogue


def test_a_correction_becomes_current_and_no_run_moves_it(
    runner: Runner, key: str, srt: Path
) -> None:
    machine = catalogue(runner, key)["captions"].artifact
    human = runner.correct(key, srt)
    assert human.human
    table = human.table("captions")
    assert table["text"].to_pylist() == ["As a person\nsays it", "好"]
    assert set(table["source"].to_pylist()) == {"human"}
    assert table["start"].to_pylist() == pytest.approx([0.1, 1.0])
    figures = human.facts["reading"]
    assert human.facts == {"source": "human", "cues": 2, "stream": None, "reading": figures}
    assert (figures["cues"], figures["characters"]) == (2, len("As a person says it 好"))
    read = runner.store.current("ocr_cues", key)
    assert read is not None
    assert human.manifest.inputs == {"ocr_cues": read.fingerprint}
    assert runner.missing(key) == ["words", "clip"]  # downstream is stale

    for params in (None, {"label": "other"}):
        result = runner.run(key, "captions", params)
        assert result.reused
        assert result.artifact.fingerprint == human.fingerprint
    results = catalogue(runner, key)
    assert results["words"].artifact.manifest.inputs["captions"] == human.fingerprint
    assert runner.missing(key) == []
    assert runner.correct(key, srt).fingerprint == human.fingerprint
    assert plan_retention(runner.store, 0).removals  # others may go, the correction stays
    assert human.fingerprint not in {
        r.fingerprint for r in plan_retention(runner.store, 0).removals
    }

    back = runner.run(key, "captions", discard_human=True).artifact
    assert back.fingerprint == machine.fingerprint
    current = runner.store.current("captions", key)
    assert current is not None and current.fingerprint == machine.fingerprint


def test_a_request_uses_the_correction_unless_it_asks_for_captions_of_its_own(
    runner: Runner, key: str, srt: Path
) -> None:
    catalogue(runner, key)
    runner.correct(key, srt)
    assert runner.request(key, "words").manifest.rows == {"words": 2}
    texts = runner.request(key, "words").table("words")["text"].to_pylist()
    assert texts == ["As a person\nsays it", "好"]
    own = runner.request(key, "words", {"captions": {"label": "mine"}})
    assert own.table("words")["text"].to_pylist() == ["fast 0", "fast 1"]


def test_only_what_was_read_off_the_picture_is_judged(
    runner: Runner, key: str, srt: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = catalogue(runner, key)["captions"].artifact
    monkeypatch.setitem(machine.manifest.facts, "source", "embedded")
    monkeypatch.setattr(
        runner.store, "current", lambda asset, _: machine if asset == "captions" else None
    )
    assert corrections.what_was_read(runner.store, key) is None


def test_a_second_correction_is_held_against_the_same_reading(
    runner: Runner, key: str, srt: Path
) -> None:
    catalogue(runner, key)
    first = runner.correct(key, srt)
    srt.write_text(srt.read_text(encoding="utf-8").replace("好", "好吗"), encoding="utf-8")
    second = runner.correct(key, srt)
    assert second.fingerprint != first.fingerprint
    assert second.facts["reading"]["characters"] == first.facts["reading"]["characters"] + 1
    assert second.facts["reading"]["engine"] == first.facts["reading"]["engine"]


def test_a_correction_needs_no_captions_before(runner: Runner, key: str, srt: Path) -> None:
    assert "reading" not in runner.correct(key, srt).facts
    current = runner.store.current("captions", key)
    assert current is not None and current.human
    runner.run(key, "source")
    assert runner.run(key, "words").artifact.manifest.rows == {"words": 2}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", EmptyMedia),
        ("this is no subtitle file", InvalidCaptions),
        ("1\n00:00:50,000 --> 00:00:51,000\nlate\n", InvalidCaptions),
    ],
)
def test_a_bad_correction_is_refused(
    runner: Runner, key: str, tmp_path: Path, text: str, kind: type[Exception]
) -> None:
    path = tmp_path / "bad.srt"
    path.write_text(text)
    with pytest.raises(kind) as caught:
        runner.correct(key, path)
    assert "bad.srt" in str(caught.value)
    assert runner.store.current("captions", key) is None
    with pytest.raises(MediaNotFound):
        runner.correct(key, tmp_path / "nothing.srt")
