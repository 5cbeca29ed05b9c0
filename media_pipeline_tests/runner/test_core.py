from __future__ import annotations

from pathlib import Path

import pytest

from media_pipeline.errors import (
    ArtifactMissing,
    InvalidParameter,
    StoreError,
    UnknownMedia,
)
from media_pipeline.profiles import Profile
from media_pipeline.runner import Runner
from media_pipeline.store import StoredArtifact
from media_pipeline_tests.generators.stages import (
    STAGES,
    CueParams,
    WordParams,
    with_version,
)
from media_pipeline_tests.runner.conftest import catalogue, counted, make_runner, scratch


def test_the_second_run_reuses_everything(runner: Runner, key: str, tmp_path: Path) -> None:
    first = catalogue(runner, key)
    assert not any(result.reused for result in first.values())
    once = counted(runner)
    assert once == dict.fromkeys(STAGES, 1)
    second = catalogue(make_runner(tmp_path), key)
    assert all(result.reused for result in second.values())
    assert counted(runner) == once
    for name, result in first.items():
        assert second[name].artifact.fingerprint == result.artifact.fingerprint
        current = runner.store.current(name, key)
        assert current is not None and current.fingerprint == result.artifact.fingerprint
    assert scratch(runner) == []


def test_the_manifest_tells_how_it_was_made(runner: Runner, key: str) -> None:
    runner.run(key, "source")
    shares: list[float] = []
    result = runner.run(key, "ocr_cues", {"count": 3}, progress=shares.append)
    manifest = result.artifact.manifest
    source = runner.store.current("source", key)
    assert source is not None
    assert manifest.inputs == {"source": source.fingerprint}
    assert manifest.asked["engine"] == "auto"
    assert manifest.params["engine"] == "fast"
    assert manifest.engine == {"name": "fast", "version": "1"}
    assert manifest.why == "the best that is here"
    assert manifest.warnings == ("a toy warning",)
    assert manifest.facts == {"cues": 3}
    assert manifest.rows == {"cues": 3}
    assert manifest.version == "1"
    assert manifest.origin == "machine"
    assert manifest.sha256 == runner.store.media.get(key).sha256
    assert manifest.seconds >= 0
    assert manifest.realtime is None or manifest.realtime > 0
    assert shares == [0.5, 1.0]
    assert len(result.artifact.fingerprint) == 20


def test_other_parameters_never_mix_and_cost_only_what_depends_on_them(
    runner: Runner, key: str
) -> None:
    first = catalogue(runner, key)
    before = {
        name: r.artifact.path(f.name).read_bytes()
        for name, r in first.items()
        for f in r.artifact.manifest.files[:1]
    }
    changed = catalogue(runner, key, Profile(params={"words": {"suffix": "!"}}))
    assert [name for name, r in changed.items() if not r.reused] == ["words", "clip"]
    assert first["words"].artifact.table("words")["text"].to_pylist() == ["fast 0", "fast 1"]
    assert changed["words"].artifact.table("words")["text"].to_pylist() == ["fast 0!", "fast 1!"]
    after = {
        name: r.artifact.path(f.name).read_bytes()
        for name, r in first.items()
        for f in r.artifact.manifest.files[:1]
    }
    assert before == after
    back = catalogue(runner, key)
    assert all(r.reused for r in back.values())
    current = runner.store.current("words", key)
    assert current is not None
    assert current.fingerprint == first["words"].artifact.fingerprint  # the pointer moved back


def test_a_change_upstream_makes_downstream_again(runner: Runner, key: str) -> None:
    catalogue(runner, key)
    changed = catalogue(runner, key, Profile(params={"ocr_cues": {"count": 4}}))
    again = [name for name, result in changed.items() if not result.reused]
    assert again == ["ocr_cues", "captions", "words", "clip"]
    assert changed["words"].artifact.manifest.rows == {"words": 4}


def test_another_version_of_a_stage_is_another_result(
    runner: Runner, key: str, tmp_path: Path
) -> None:
    catalogue(runner, key)
    newer = make_runner(tmp_path, with_version("captions", "2"))
    changed = catalogue(newer, key)
    assert [n for n, r in changed.items() if not r.reused] == ["captions", "words", "clip"]


def test_a_better_engine_is_a_new_result_and_not_a_stale_hit(runner: Runner, key: str) -> None:
    catalogue(runner, key)
    assert runner.environment.model_dir is not None
    (runner.environment.model_dir / "good").touch()
    result = runner.run(key, "ocr_cues")
    assert not result.reused
    assert result.artifact.manifest.params["engine"] == "good"
    asked = runner.run(key, "ocr_cues", CueParams(engine="good"))
    assert asked.artifact.manifest.why == "the best that is here"  # auto and asked for are the same
    assert asked.reused


def test_named_inputs_are_used_and_current_stays(runner: Runner, key: str) -> None:
    results = catalogue(runner, key)
    other = runner.run(key, "ocr_cues", {"count": 5}, move_current=False).artifact
    made = runner.run(
        key, "captions", inputs={"ocr_cues": other.fingerprint}, move_current=False
    ).artifact
    assert made.manifest.rows == {"captions": 5}
    for name in ("ocr_cues", "captions"):
        current = runner.store.current(name, key)
        assert current is not None
        assert current.fingerprint == results[name].artifact.fingerprint
    with pytest.raises(ArtifactMissing, match="ocr_cues 00ff"):
        runner.run(key, "captions", inputs={"ocr_cues": "00ff"})
    with pytest.raises(StoreError, match="not made from words"):
        runner.run(key, "captions", inputs={"words": "00ff"})


def test_optional_inputs_count_when_they_are_there(runner: Runner, key: str) -> None:
    for name in ("source", "ocr_cues", "captions"):
        runner.run(key, name)
    without = runner.run(key, "words").artifact
    speech = runner.run(key, "speech").artifact
    with_it = runner.run(key, "words").artifact
    assert "speech" not in without.manifest.inputs
    assert with_it.manifest.inputs["speech"] == speech.fingerprint
    assert with_it.fingerprint != without.fingerprint


def test_what_is_asked_wrongly_is_one_clear_error(runner: Runner, key: str) -> None:
    with pytest.raises(UnknownMedia):
        runner.run("nothing-0123456789", "source")
    with pytest.raises(InvalidParameter, match="there is no stage nothing"):
        runner.run(key, "nothing")
    with pytest.raises(InvalidParameter, match=r"ocr_cues\.count is 101"):
        runner.run(key, "ocr_cues", {"count": 101})
    with pytest.raises(InvalidParameter, match="not the parameters"):
        runner.run(key, "ocr_cues", WordParams())
    with pytest.raises(ArtifactMissing, match="needs source, which has not been made"):
        runner.run(key, "ocr_cues")
    assert list(runner.store.artifacts()) == []


def test_force_makes_it_again_in_the_same_place(runner: Runner, key: str) -> None:
    first = runner.run(key, "source").artifact
    again = runner.run(key, "source", force=True)
    assert not again.reused
    assert counted(runner)["source"] == 2
    assert again.artifact.fingerprint == first.fingerprint
    assert again.artifact.created >= first.created
    assert len(list(runner.store.artifacts("source"))) == 1


def test_a_damaged_artifact_is_made_again(runner: Runner, key: str) -> None:
    catalogue(runner, key)
    current = runner.store.current("words", key)
    assert current is not None
    current.path("words.parquet").unlink()
    assert runner.store.current("words", key) is None
    assert runner.missing(key) == ["words", "clip"]
    assert not runner.run(key, "words").reused
    assert runner.missing(key) == []


def test_artifacts_are_what_stages_expect(runner: Runner, key: str) -> None:
    artifact: StoredArtifact = runner.run(key, "source").artifact
    from media_pipeline.stages.base import Artifact

    def takes(one: Artifact) -> str:
        return one.fingerprint

    assert takes(artifact) == artifact.fingerprint
