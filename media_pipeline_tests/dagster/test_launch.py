from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from media_pipeline.dagster.launch import (
    add_partitions,
    process,
    remove_partitions,
    report_artifact,
)
from media_pipeline.dagster.partitions import known_keys
from media_pipeline.dagster.requests import KEY_TAG, OWN_PROFILE_TAG, PROFILE_TAG
from media_pipeline.errors import InvalidParameter, NoEngineForLanguage, RunFailed, UnknownMedia
from media_pipeline.profiles import Profile
from media_pipeline.stages.base import Outcome, Stage, Work
from media_pipeline_tests.dagster.conftest import Workshop, opened
from media_pipeline_tests.generators.stages import STAGES

ROOT = Path(__file__).parents[2]
MakeWorkshop = Callable[[Mapping[str, Stage]], Workshop]


@pytest.fixture
def key(workshop: Workshop) -> str:
    return workshop.add()


@pytest.mark.slow
def test_a_film_is_processed_and_told_about(workshop: Workshop, key: str) -> None:
    seen: dict[str, float] = {}
    found = process(
        [key], pipeline=workshop.pipeline, instance=workshop.instance, progress=seen.__setitem__
    )
    summary = found[key]
    assert summary.success
    summary.raise_on_failure()
    assert list(summary.assets) == list(STAGES)
    for name, outcome in summary.assets.items():
        assert outcome.fingerprint == workshop.fingerprint(name, key)
        assert not outcome.reused
        assert outcome.error is None
        assert outcome.seconds is not None
        assert outcome.seconds >= 0
    assert summary.assets["ocr_cues"].warnings == ("a toy warning",)
    assert seen == dict.fromkeys(STAGES, 1.0)
    again = process([key], pipeline=workshop.pipeline, instance=workshop.instance)[key]
    assert all(outcome.reused for outcome in again.assets.values())
    forced = process([key], pipeline=workshop.pipeline, instance=workshop.instance, force=True)
    assert not any(outcome.reused for outcome in forced[key].assets.values())


@pytest.mark.slow
def test_the_run_says_what_it_is_for(workshop: Workshop, key: str) -> None:
    own = Profile(params={"ocr_cues": {"count": 4}})
    found = [
        process([key], profile=profile, pipeline=workshop.pipeline, instance=workshop.instance)
        for profile in (Profile(), own)
    ]
    runs = [workshop.instance.get_run_by_id(summary[key].run_id) for summary in found]
    tags = [run.tags for run in runs if run is not None]
    assert [tag[KEY_TAG] for tag in tags] == [key, key]
    assert [tag[PROFILE_TAG] for tag in tags] == ["default", "default"]
    assert OWN_PROFILE_TAG not in tags[0]
    assert Profile.model_validate_json(tags[1][OWN_PROFILE_TAG]) == own
    assert tags[0]["dagster/max_retries"] == "0"


def test_a_selection_brings_what_it_is_made_from(workshop: Workshop, key: str) -> None:
    found = process(
        [key], select=["captions"], pipeline=workshop.pipeline, instance=workshop.instance
    )
    assert list(found[key].assets) == ["source", "ocr_cues", "captions"]
    with pytest.raises(InvalidParameter, match="there is no stage nonsense"):
        process([key], select=["nonsense"], pipeline=workshop.pipeline)


def test_a_profile_chooses_stages(workshop: Workshop, key: str) -> None:
    profile = Profile(stages=["speech"], params={"speech": {"language": "en"}})
    found = process([key], profile=profile, pipeline=workshop.pipeline, instance=workshop.instance)
    assert list(found[key].assets) == ["source", "speech"]


def test_what_is_wrong_is_found_before_anything_is_run(workshop: Workshop, key: str) -> None:
    wrong = Profile(params={"ocr_cues": {"count": -1}})
    with pytest.raises(InvalidParameter, match=r"ocr_cues\.count is -1"):
        process([key], profile=wrong, pipeline=workshop.pipeline, instance=workshop.instance)
    with pytest.raises(UnknownMedia):
        process([key, "nobody"], pipeline=workshop.pipeline, instance=workshop.instance)
    assert workshop.instance.get_runs_count() == 0


def test_failures_stand_in_the_summary(workshop: Workshop, key: str) -> None:
    profile = Profile(params={"ocr_cues": {"fault": "raise"}})
    summary = process(
        [key], profile=profile, pipeline=workshop.pipeline, instance=workshop.instance
    )[key]
    assert not summary.success
    assert summary.assets["ocr_cues"].error == "RuntimeError: a fault of the stage"
    assert summary.assets["captions"] == replace(summary.assets["captions"], error=None)
    assert summary.assets["captions"].fingerprint is None
    assert summary.assets["speech"].fingerprint is not None
    with pytest.raises(RunFailed, match="ocr_cues failed"):
        summary.raise_on_failure()


def test_a_typed_error_comes_back_as_it_was(make_workshop: MakeWorkshop) -> None:
    def broken(_work: Work) -> Outcome:
        raise InvalidParameter("the region is upside down", "turn it")

    workshop = make_workshop({**STAGES, "words": replace(STAGES["words"], run=broken)})
    key = workshop.add()
    summary = process([key], pipeline=workshop.pipeline, instance=workshop.instance)[key]
    assert summary.assets["words"].error == "the region is upside down: turn it"
    with pytest.raises(InvalidParameter) as caught:
        summary.raise_on_failure()
    assert (caught.value.message, caught.value.remedy) == ("the region is upside down", "turn it")


def test_an_empty_result_tells_its_reason(workshop: Workshop, key: str) -> None:
    profile = Profile(params={"ocr_cues": {"fault": "unavailable"}})
    summary = process(
        [key], profile=profile, pipeline=workshop.pipeline, instance=workshop.instance
    )[key]
    assert summary.success
    reason = summary.assets["ocr_cues"].reason
    assert reason is not None
    assert reason.startswith(f"{NoEngineForLanguage.__name__}: ")


@pytest.mark.slow
def test_several_films_are_runs_of_their_own(workshop: Workshop) -> None:
    keys = [workshop.add(pitch, f"{pitch}.wav") for pitch in (300, 400)]
    found = process(keys, pipeline=workshop.pipeline, instance=workshop.instance)
    assert list(found) == keys
    assert len({summary.run_id for summary in found.values()}) == 2


def test_partitions_come_and_go(workshop: Workshop) -> None:
    add_partitions(["a", "b"], instance=workshop.instance)
    add_partitions(["b"], instance=workshop.instance)
    assert known_keys(workshop.instance) == ["a", "b"]
    remove_partitions(["a", "unknown"], instance=workshop.instance)
    assert known_keys(workshop.instance) == ["b"]


def test_a_correction_is_told_to_dagster(workshop: Workshop, key: str, tmp_path: Path) -> None:
    process([key], pipeline=workshop.pipeline, instance=workshop.instance)
    srt = tmp_path / "corrected.srt"
    srt.write_text("1\n00:00:00,100 --> 00:00:00,900\nA better text\n")
    artifact = workshop.runner.correct(key, srt)
    report_artifact(artifact, stages=STAGES, instance=workshop.instance)
    event = workshop.instance.get_latest_materialization_event(dg.AssetKey("captions"))
    assert event is not None
    materialization = event.asset_materialization
    assert materialization is not None
    assert materialization.partition == key
    assert (materialization.tags or {})["dagster/data_version"] == artifact.fingerprint
    assert materialization.metadata["dagster/row_count"].value == 1


# --- with a home on the disk, and processes that die ----------------------------------------------

SCRIPT = """
    import sys
    from dataclasses import replace
    from pathlib import Path
    import dagster as dg
    from media_pipeline.dagster.launch import process
    from media_pipeline.profiles import Profile
    from media_pipeline_tests.dagster.conftest import Workshop
    from media_pipeline_tests.generators.stages import STAGES

    folder, count, pause, fault = sys.argv[1:]
    stages = {name: replace(stage, pool="ocr") for name, stage in STAGES.items()}
    workshop = Workshop(Path(folder), dg.DagsterInstance.ephemeral(), stages)
    profile = Profile(params={
        "ocr_cues": {"count": int(count), "fault": fault}, "words": {"pause_s": float(pause)}
    })
    def told(asset, share):
        print(asset, share, flush=True)
    summary = process([workshop.add()], profile=profile, pipeline=workshop.pipeline, progress=told)
    (one,) = summary.values()
    print("reused", *[name for name, outcome in one.assets.items() if outcome.reused])
    sys.exit(0 if one.success else 1)
"""


def start(folder: Path, *, pause: float = 0.0, fault: str = "none") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SCRIPT), str(folder), "2", str(pause), fault],
        env={**os.environ, "DAGSTER_HOME": str(folder / "home"), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def statuses(folder: Path) -> list[dg.DagsterRunStatus]:
    with opened(folder / "home") as instance:
        return [run.status for run in instance.get_runs()]


@pytest.mark.slow
def test_a_run_that_was_killed_is_ended_and_resumed(tmp_path: Path) -> None:
    """It was killed in a stage that holds the only place of a pool."""
    child = start(tmp_path, fault="kill")
    child.communicate(timeout=120)
    assert child.returncode == -signal.SIGKILL
    assert statuses(tmp_path) == [dg.DagsterRunStatus.STARTED]
    began = time.monotonic()
    child = start(tmp_path)
    out, err = child.communicate(timeout=120)
    assert child.returncode == 0, err
    assert "reused source" in out.splitlines()[-1]
    assert time.monotonic() - began < 60
    assert statuses(tmp_path) == [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]


@pytest.mark.slow
def test_an_interrupted_run_is_ended_and_leaves_the_terminal_alone(tmp_path: Path) -> None:
    child = start(tmp_path, pause=60)
    assert child.stdout is not None
    for line in child.stdout:
        if line.startswith("words"):
            break
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=60)
    assert child.returncode != 0
    assert statuses(tmp_path)[0] in {dg.DagsterRunStatus.CANCELED, dg.DagsterRunStatus.FAILURE}
    assert "DEBUG" not in err


def test_a_signal_whose_exception_was_lost_ends_the_run(make_workshop: MakeWorkshop) -> None:
    def lose(work: Work) -> Outcome:
        before = signal.signal(signal.SIGTERM, lambda *_: None)
        os.kill(os.getpid(), signal.SIGTERM)
        signal.signal(signal.SIGTERM, before)
        return STAGES["words"].run(work)

    workshop = make_workshop({**STAGES, "words": replace(STAGES["words"], run=lose)})
    key, seen = workshop.add(), dict[str, float]()
    with pytest.raises(KeyboardInterrupt):
        process(
            [key], pipeline=workshop.pipeline, instance=workshop.instance, progress=seen.__setitem__
        )
    assert seen["source"] == 1.0
    assert "words" not in seen
    assert "captioned_video" not in seen


@pytest.mark.slow
def test_nothing_of_dagster_appears_on_the_terminal(tmp_path: Path) -> None:
    out, err = start(tmp_path).communicate(timeout=120)
    assert err == ""
    lines = out.splitlines()
    assert lines[-1] == "reused"
    assert {line.split()[0] for line in lines[:-1]} == set(STAGES)
