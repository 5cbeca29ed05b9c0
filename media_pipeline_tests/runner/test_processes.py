from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from media_pipeline.runner import Runner, RunResult
from media_pipeline_tests.generators.stages import (
    STAGES,
    WordParams,
)
from media_pipeline_tests.runner.conftest import catalogue, counted, make_runner, scratch

ROOT = Path(__file__).parents[2]


_RUN = """
import json, sys
from pathlib import Path
from media_pipeline_tests.runner.conftest import make_runner
runner = make_runner(Path(sys.argv[1]))
key, stage, params = sys.argv[2], sys.argv[3], json.loads(sys.argv[4])
result = runner.run(key, stage, params)
print(result.artifact.fingerprint, result.reused)
"""


def in_process(folder: Path, key: str, stage: str, params: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _RUN, str(folder), key, stage, json.dumps(params)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


@pytest.mark.slow
def test_a_run_killed_in_a_stage_resumes_from_what_was_finished(
    runner: Runner, key: str, tmp_path: Path
) -> None:
    runner.run(key, "source")
    child = in_process(tmp_path, key, "ocr_cues", {"fault": "kill"})
    child.communicate(timeout=60)
    assert child.returncode == -9
    assert list(runner.store.artifacts("ocr_cues")) == []
    assert len(scratch(runner)) == 1  # swept later, by age
    results = catalogue(make_runner(tmp_path), key)
    assert results["source"].reused
    assert results["ocr_cues"].artifact.manifest.rows == {"cues": 2}
    assert counted(runner)["source"] == 1


@pytest.mark.slow
def test_two_processes_do_not_compute_the_same_twice(
    runner: Runner, key: str, tmp_path: Path
) -> None:
    for name in ("source", "ocr_cues", "captions"):
        runner.run(key, name)
    children = [in_process(tmp_path, key, "words", {"pause_s": 1.5}) for _ in range(2)]
    answers = [child.communicate(timeout=60)[0].split() for child in children]
    assert [child.returncode for child in children] == [0, 0]
    assert answers[0][0] == answers[1][0]
    assert counted(runner)["words"] == 1
    assert sorted(answer[1] for answer in answers) == ["False", "True"]


def test_threads_of_one_process_do_not_compute_the_same_twice(runner: Runner, key: str) -> None:
    for name in ("source", "ocr_cues", "captions"):
        runner.run(key, name)
    results: list[RunResult] = []
    threads = [
        threading.Thread(target=lambda: results.append(runner.run(key, "words", {"pause_s": 0.3})))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted(runner)["words"] == 1
    assert sorted(r.reused for r in results) == [False, True, True, True]


def test_one_who_waits_for_another_may_be_cancelled(runner: Runner, key: str) -> None:
    for name in ("source", "ocr_cues", "captions"):
        runner.run(key, name)
    started = threading.Event()
    slow = threading.Thread(
        target=lambda: runner.run(
            key, "words", {"pause_s": 1.0}, progress=lambda share: started.set()
        )
    )
    slow.start()
    assert started.wait(10)

    def cancel(share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        runner.run(key, "words", {"pause_s": 1.0}, progress=cancel)
    slow.join()
    assert counted(runner)["words"] == 1


def test_a_killed_holder_of_the_lock_holds_up_nobody(
    runner: Runner, key: str, tmp_path: Path
) -> None:
    for name in ("source", "ocr_cues", "captions"):
        runner.run(key, name)
    child = in_process(tmp_path, key, "words", {"pause_s": 60.0})
    deadline = time.monotonic() + 30
    while counted(runner).get("words") is None and time.monotonic() < deadline:
        time.sleep(0.05)
    child.kill()
    child.communicate()
    assert list((runner.store.backend.scratch / "locks").iterdir())
    started = time.monotonic()
    runner.run(key, "words", {"pause_s": 0.0})
    prepared = runner._prepare(
        runner.store.media.get(key), STAGES["words"], WordParams(pause_s=60.0), {}
    )
    from media_pipeline.runner.execution import alone

    with alone(runner.store, prepared, lambda share: pytest.fail("the lock is still held")):
        pass
    assert time.monotonic() - started < 5
