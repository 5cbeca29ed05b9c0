from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from media_pipeline.dagster.launch import process
from media_pipeline.dagster.partitions import known_keys
from media_pipeline.media.ffmpeg import run
from media_pipeline.profiles import Profile, default_stages
from media_pipeline_tests.dagster.conftest import Workshop


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds of a test picture with a tone: no captions and no speech."""
    path = tmp_path_factory.mktemp("film") / "tiny.mp4"
    picture = "smptebars=duration=3:size=320x180:rate=25"
    arguments = ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", "sine=duration=3"]
    run([*arguments, "-c:v", "libx264", "-c:a", "aac", "-shortest", str(path)])
    return path


@pytest.mark.slow
def test_the_real_stages_on_a_tiny_film(
    tmp_path: Path, film: Path, instance: dg.DagsterInstance
) -> None:
    workshop = Workshop(tmp_path, instance, default_stages())
    key = workshop.runner.ingest(film).key
    summary = process([key], pipeline=workshop.pipeline, instance=instance)[key]
    summary.raise_on_failure()
    assert known_keys(instance) == [key]
    assert list(summary.assets) == Profile().selected(workshop.stages)
    for asset in ("source", "frames", "audio"):
        assert summary.assets[asset].reason is None
    assert (summary.assets["captions"].reason or "").startswith("NoCaptionsFound")
    problems = [
        f"{check.asset_key.to_user_string()}.{check.check_name}: {check.description}"
        for entry in instance.all_logs(summary.run_id)
        if entry.dagster_event and entry.dagster_event.event_type_value == "ASSET_CHECK_EVALUATION"
        for check in [entry.dagster_event.asset_check_evaluation_data]
        if not check.passed and check.severity == dg.AssetCheckSeverity.ERROR
    ]
    assert problems == []
    log = [entry.user_message for entry in instance.all_logs(summary.run_id)]
    assert [line for line in log if "no preview of" in line] == []
    again = process([key], pipeline=workshop.pipeline, instance=instance)[key]
    assert all(outcome.reused for outcome in again.assets.values())
