from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from media_pipeline.errors import (
    DiskFull,
    InvalidArtifact,
    NoAudioStream,
    NoEngineForLanguage,
    SourceGone,
)
from media_pipeline.profiles import Profile
from media_pipeline.runner import Runner, State, execution
from media_pipeline_tests.generators.disks import fill, small_disk
from media_pipeline_tests.generators.stages import (
    write_tone,
)
from media_pipeline_tests.runner.conftest import counted, make_runner, scratch


@pytest.mark.parametrize(
    ("fault", "rule"),
    [
        ("extra_file", r"ocr_cues: notes\.txt: .*not among the declared"),
        ("subfolder", r"ocr_cues: crop_1\.jpg: only regular files"),
        ("missing_table", r"ocr_cues: cues\.parquet: a declared table is missing"),
        ("late_row", r"ocr_cues: cues\.parquet: inside_the_media"),
        ("backwards", r"ocr_cues: cues\.parquet: monotone_times"),
        ("empty_file", r"ocr_cues: crop_1\.jpg: the file is empty"),
        ("broken_json", r"ocr_cues: info\.json: cannot be read as JSON"),
        ("unplain_facts", r"ocr_cues: facts: not plain JSON"),
    ],
)
def test_what_does_not_pass_validation_is_not_published(
    runner: Runner, key: str, fault: str, rule: str
) -> None:
    runner.run(key, "source")
    with pytest.raises(InvalidArtifact, match=rule):
        runner.run(key, "ocr_cues", {"fault": fault})
    assert list(runner.store.artifacts("ocr_cues")) == []
    assert runner.store.current("ocr_cues", key) is None
    assert scratch(runner) == []


@pytest.mark.parametrize("fault", ["broken_media", "wrong_duration"])
def test_media_that_does_not_play_is_not_published(runner: Runner, key: str, fault: str) -> None:
    for name in ("source", "ocr_cues", "captions", "words"):
        runner.run(key, name)
    with pytest.raises(InvalidArtifact, match=r"clip: clip\.wav"):
        runner.run(key, "clip", {"fault": fault})
    assert list(runner.store.artifacts("clip")) == []


def test_a_fault_of_a_stage_leaves_nothing_behind(runner: Runner, key: str) -> None:
    runner.run(key, "source")
    with pytest.raises(RuntimeError, match="a fault of the stage"):
        runner.run(key, "ocr_cues", {"fault": "raise"})
    assert list(runner.store.artifacts("ocr_cues")) == []
    assert scratch(runner) == []


def test_a_full_disk_leaves_nothing_half_made_and_work_goes_on_once_there_is_room(
    tmp_path: Path,
) -> None:
    with small_disk(tmp_path / "lake", 4 << 20) as disk:
        runner = make_runner(tmp_path)
        key = runner.ingest(write_tone(tmp_path / "A film.wav")).key
        runner.run(key, "source")
        before = sorted(disk.rglob("*"))
        fill(disk)
        with pytest.raises(DiskFull, match="no space is left"):
            runner.run(key, "ocr_cues")
        (disk / "filler").unlink()
        left = {path for path in disk.rglob("*") if "locks" not in path.parts} - set(before)
        assert all(path.is_dir() for path in left)
        assert runner.run(key, "ocr_cues").artifact.files()


def test_folders_in_use_are_kept_from_being_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution, "_HEARTBEAT_S", 0.0)
    os.utime(tmp_path, (1.0, 1.0))
    shares: list[float] = []
    report = execution._steady(shares.append, [tmp_path, tmp_path / "removed"])
    time.sleep(0.001)
    for share in (0.2, 0.1, 7.0):
        report(share)
    assert shares == [0.2, 0.2, 1.0]
    assert tmp_path.stat().st_mtime > 1.0


def test_progress_may_cancel(runner: Runner, key: str) -> None:
    runner.run(key, "source")

    def cancel(share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        runner.run(key, "ocr_cues", progress=cancel)
    assert list(runner.store.artifacts("ocr_cues")) == []
    assert scratch(runner) == []


def test_unavailable_is_an_empty_artifact_with_a_reason_in_the_catalogue(
    runner: Runner, key: str
) -> None:
    runner.run(key, "source")
    result = runner.run(key, "speech", {"language": "silent"})
    reason = result.artifact.reason
    assert reason is not None and reason.code == "NoAudioStream"
    assert reason.remedy
    assert result.artifact.manifest.realtime is None
    assert result.artifact.table("speech").num_rows == 0
    assert result.artifact.manifest.warnings == (f"{reason.message}: {reason.remedy}",)
    again = runner.run(key, "speech", {"language": "silent"})
    assert again.reused
    assert counted(runner)["speech"] == 1
    with pytest.raises(NoAudioStream):
        runner.run(key, "speech", {"language": "silent"}, direct=True, move_current=False)
    assert counted(runner)["speech"] == 1


def test_unavailable_is_raised_in_a_direct_run_and_publishes_nothing(
    runner: Runner, key: str
) -> None:
    runner.run(key, "source")
    for language, kind in (("silent", NoAudioStream), ("xx", NoEngineForLanguage)):
        with pytest.raises(kind):
            runner.run(key, "speech", {"language": language}, direct=True)
    assert list(runner.store.artifacts("speech")) == []
    assert scratch(runner) == []


def test_a_reason_goes_down_the_chain(runner: Runner, key: str) -> None:
    runner.run(key, "source")
    runner.run(key, "ocr_cues", {"fault": "unavailable"})
    captions = runner.run(key, "captions").artifact
    assert captions.reason is not None and captions.reason.code == "NoEngineForLanguage"
    assert captions.table("captions").num_rows == 0
    with pytest.raises(NoEngineForLanguage):
        runner.request(key, "captions")
    assert runner.run(key, "words").artifact.reason is None


def test_a_stage_that_cannot_be_resolved_is_tried_again_when_it_can(
    runner: Runner, key: str
) -> None:
    runner.run(key, "source")
    result = runner.run(key, "speech", {"language": "xx"})
    assert result.artifact.reason is not None
    assert result.artifact.reason.code == "NoEngineForLanguage"
    assert result.artifact.manifest.engine == {"unavailable": "NoEngineForLanguage"}
    assert counted(runner).get("speech", 0) == 0
    assert runner.run(key, "speech", {"language": "xx"}).reused
    profile = Profile(stages=["speech"], params={"speech": {"language": "xx"}})
    assert runner.status(key, profile)["speech"].state is State.DONE
    assert runner.status(key, Profile(stages=["speech"]))["speech"].state is State.STALE


def test_a_moved_original_is_named_where_it_is_needed(
    runner: Runner, key: str, film: Path, tmp_path: Path
) -> None:
    for name in ("source", "ocr_cues", "captions"):
        runner.run(key, name)
    film.rename(film.with_name("moved.wav"))
    assert runner.run(key, "ocr_cues").reused  # what is there needs no original
    assert not runner.run(key, "words").reused  # nor does what is made from tables
    for each in (runner, make_runner(tmp_path)):
        with pytest.raises(SourceGone, match=r"A film\.wav"):
            each.run(key, "ocr_cues", {"count": 7})
    runner.ingest(film.with_name("moved.wav"))
    assert not runner.run(key, "ocr_cues", {"count": 7}).reused


def test_an_original_with_other_content_is_not_used(runner: Runner, key: str, film: Path) -> None:
    runner.run(key, "source")
    size = film.stat().st_size
    write_tone(film, pitch=300)
    assert film.stat().st_size == size
    with pytest.raises(SourceGone, match="has changed"):
        runner.run(key, "ocr_cues")
