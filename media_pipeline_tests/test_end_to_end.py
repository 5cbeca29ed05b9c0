"""The main job on the demo's sample, through the command and Dagster, held against the truth.

The first run is killed in the middle, so what the assertions see is what a second run made of it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from rapidfuzz.distance import Levenshtein

from media_pipeline.media.probe import probe
from media_pipeline.report.comparison import iou, match_speech
from media_pipeline.sample import Sample, make_sample
from media_pipeline.store import Store
from media_pipeline.text.cues import words_from_table
from media_pipeline.text.formats import read_cues

pytestmark = pytest.mark.slow

_SETTINGS = ["--set", "highlight_candidates.count=3"]
_SETTINGS += ["--set", "highlight_candidates.clip_duration=9"]


@dataclass(frozen=True)
class Run:
    sample: Sample
    root: Path
    out: Path
    store: Store
    key: str
    interrupted: dict[str, str]
    """Fingerprints of the assets that the killed run had finished."""

    def fingerprints(self, asset: str) -> dict[str, int]:
        """The artifacts of an asset, with the time at which each was published."""
        folder = self.root / "lake" / asset / self.key
        return {p.name: p.stat().st_mtime_ns for p in folder.iterdir() if p.is_dir()}


def command(root: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        "MEDIA_PIPELINE_LAKE": str(root / "lake"),
        "MEDIA_PIPELINE_INBOX": str(root / "inbox"),
        "DAGSTER_HOME": str(root / "dagster_home"),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "media_pipeline.cli", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def current(root: Path, asset: str) -> str | None:
    pointers = list((root / "lake" / asset).glob("*/current.json"))
    return pointers[0].parent.name if pointers else None


def kill_after(root: Path, asset: str, running: subprocess.Popen[str]) -> None:
    """Kill the run as soon as the asset is published, which is in the middle of the next one."""
    deadline = time.monotonic() + 300
    while current(root, asset) is None:
        assert running.poll() is None, running.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(1.0)
    running.send_signal(signal.SIGKILL)
    running.communicate()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    root = tmp_path_factory.mktemp("end_to_end")
    sample = make_sample(root / "sample")
    (root / "dagster_home").mkdir()
    arguments = ["process", str(sample.video), "--out", str(root / "out"), *_SETTINGS]
    kill_after(root, "frames", command(root, *arguments))
    store = Store(str(root / "lake"))
    key = current(root, "frames")
    assert key is not None
    interrupted = {a.asset: a.fingerprint for a in store.artifacts(key=key)}
    done = command(root, *arguments)
    errors = done.communicate()[1]
    assert done.returncode == 0, errors
    return Run(sample, root, root / "out", store, key, interrupted)


def test_a_killed_run_goes_on_where_it_was(run: Run) -> None:
    assert {"source", "frames"} <= set(run.interrupted)
    assert "captioned_video" not in run.interrupted
    for asset, fingerprint in run.interrupted.items():
        assert list(run.fingerprints(asset)) == [fingerprint]


def test_planted_captions_are_found_to_the_letter_and_in_time(run: Run) -> None:
    found = read_cues(run.out / "captions.srt")
    planted = run.sample.captions
    assert len(found) == len(planted)
    errors = letters = 0
    for one, other in zip(planted, found, strict=True):
        assert abs(one.start - other.start) < 0.2
        assert abs(one.end - other.end) < 0.2
        wanted = "".join(one.text.split())
        errors += Levenshtein.distance(wanted, "".join(other.text.split()))
        letters += len(wanted)
    assert errors / letters < 0.02


def test_recognition_ran_on_few_samples(run: Run) -> None:
    artifact = run.store.current("ocr_cues", run.key)
    assert artifact is not None
    assert artifact.facts["recognised"] < 0.15 * artifact.facts["sampled"]


def test_planted_highlights_are_found(run: Run) -> None:
    (media,) = json.loads((run.out / "highlights.json").read_text())["HighlightResults"]
    found = [(r["In"], r["Out"]) for r in media["TimeRanges"]]
    best = [max(iou(span, other) for other in found) for span in run.sample.highlights]
    assert min(best) >= 0.8, best


def test_clips_last_as_long_as_the_highlights_say(run: Run) -> None:
    (media,) = json.loads((run.out / "highlights.json").read_text())["HighlightResults"]
    for row in media["TimeRanges"]:
        clip = probe(run.out / row["OutputURL"])
        assert clip.video is not None
        assert clip.duration == pytest.approx(row["Out"] - row["In"], abs=1.5 / clip.video.fps)


def test_spoken_words_are_found_at_their_time(run: Run) -> None:
    if not run.sample.speech:
        pytest.skip("; ".join(run.sample.notes))
    artifact = run.store.current("words", run.key)
    assert artifact is not None
    matches = match_speech(run.sample.speech, words_from_table(artifact.table("words.parquet")))
    assert sum(m.found for m in matches) >= 0.9 * sum(m.words for m in matches)


def test_the_captioned_film_is_whole(run: Run) -> None:
    before, after = probe(run.sample.video), probe(run.out / "captioned.mp4")
    assert before.video is not None
    assert after.video is not None
    assert after.duration == pytest.approx(before.duration, abs=1.5 / before.video.fps)
    assert (after.video.width, after.video.height) == (before.video.width, before.video.height)
    assert after.audio


def test_other_parameters_of_one_stage_leave_the_others_untouched(run: Run) -> None:
    assets = [path.name for path in (run.root / "lake").iterdir() if not path.name.startswith("_")]
    before = {asset: run.fingerprints(asset) for asset in assets}
    again = command(
        run.root, "process", str(run.sample.video), "--out", str(run.root / "out2"),
        "--set", "highlight_candidates.count=1",
    )  # fmt: skip
    errors = again.communicate()[1]
    assert again.returncode == 0, errors
    after = {asset: run.fingerprints(asset) for asset in assets}
    changed = {asset for asset in assets if after[asset] != before[asset]}
    assert changed == {"highlight_candidates", "rendered_clips", "reel"}
    for asset in changed:  # what was there is there still
        assert before[asset].items() <= after[asset].items()
    assert len(list((run.root / "out2" / "clips").glob("*.mp4"))) == 1
