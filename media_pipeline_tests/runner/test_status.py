from __future__ import annotations

from pathlib import Path

import pytest

from media_pipeline.errors import (
    UnknownMedia,
)
from media_pipeline.profiles import Profile
from media_pipeline.runner import Runner, State
from media_pipeline_tests.generators.stages import (
    with_version,
)
from media_pipeline_tests.runner.conftest import catalogue, make_runner


def test_status_says_what_a_run_would_do(runner: Runner, key: str, tmp_path: Path) -> None:
    assert {s.state for s in runner.status(key).values()} == {State.MISSING}
    assert runner.missing(key, Profile(stages=["captions"])) == ["source", "ocr_cues", "captions"]
    catalogue(runner, key)
    assert {s.state for s in runner.status(key).values()} == {State.DONE}
    other = runner.status(key, Profile(params={"ocr_cues": {"count": 9}}))
    assert other["ocr_cues"].detail == "count was 2 and is now 9"
    assert {n for n, s in other.items() if s.state is State.STALE} == {
        "ocr_cues", "captions", "words", "clip",
    }  # fmt: skip
    newer = make_runner(tmp_path, with_version("words", "2"))
    assert newer.missing(key) == ["words", "clip"]
    assert newer.status(key)["words"].detail == "version 1 of the stage is now 2"
    with pytest.raises(UnknownMedia):
        runner.status("nothing-0123456789")


def test_a_reason_of_the_machine_is_worth_another_try(runner: Runner, key: str) -> None:
    profile = Profile(stages=["ocr_cues"], params={"ocr_cues": {"fault": "unavailable"}})
    catalogue(runner, key, profile)
    assert runner.status(key, profile)["ocr_cues"].state is State.RETRY
    assert runner.missing(key, profile) == ["ocr_cues"]
    silent = Profile(stages=["speech"], params={"speech": {"language": "silent"}})
    catalogue(runner, key, silent)
    assert runner.missing(key, silent) == []
