from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
import yaml

from media_pipeline.dagster import instance
from media_pipeline.dagster.instance import command_instance, prepare_home, shipped_config
from media_pipeline.dagster.storage import OpenEventLogStorage
from media_pipeline.errors import StoreError


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_a_home_is_made_with_our_settings(home: Path) -> None:
    assert prepare_home() == home
    assert (home / "dagster.yaml").read_bytes() == shipped_config().read_bytes()


def test_settings_that_are_there_stay(home: Path) -> None:
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    prepare_home()
    assert (home / "dagster.yaml").read_text() == "telemetry: {enabled: false}\n"


def test_a_copy_that_nobody_changed_is_renewed(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = tmp_path / "shipped.yaml"
    monkeypatch.setattr(instance, "shipped_config", lambda: shipped)
    for version in ("telemetry: {enabled: false}\n", "nux: {enabled: false}\n"):
        shipped.write_text(version)
        for _ in range(2):
            prepare_home()
            assert (home / "dagster.yaml").read_text() == version
    (home / "dagster.yaml").write_text("# mine\n")
    shipped.write_text("telemetry: {enabled: true}\n")
    prepare_home()
    assert (home / "dagster.yaml").read_text() == "# mine\n"


def test_a_home_that_cannot_be_made_is_told(home: Path) -> None:
    home.write_text("a file")
    with pytest.raises(StoreError, match="set DAGSTER_HOME"):
        prepare_home()


def test_dagster_takes_our_settings(home: Path) -> None:
    prepare_home()
    with dg.DagsterInstance.from_config(str(home)) as opened:
        assert not opened.telemetry_enabled
        assert not opened.nux_enabled
        assert opened.run_retries_enabled
        assert opened.run_retries_max_retries == 2
        assert not opened.run_retries_retry_on_asset_or_op_failure
        assert opened.run_monitoring_enabled
        assert opened.run_monitoring_max_runtime_seconds == 86400
        queue = opened.get_concurrency_config().run_queue_config
        assert queue is not None
        assert queue.max_concurrent_runs == 2
        pools = opened.get_concurrency_config().pool_config
        assert pools.default_pool_limit == 1
        assert opened.run_coordinator.dequeue_interval_seconds == 1  # type: ignore[attr-defined]


def test_the_workspace_names_our_definitions() -> None:
    workspace = yaml.safe_load((shipped_config().parent / "workspace.yaml").read_text())
    assert workspace == {"load_from": [{"python_module": "media_pipeline.definitions"}]}


def test_what_the_command_writes_is_there_for_others(home: Path) -> None:
    with command_instance() as opened:
        opened.add_dynamic_partitions("media", ["a"])
    with dg.DagsterInstance.from_config(str(home)) as opened:
        assert opened.get_dynamic_partitions("media") == ["a"]


def test_the_command_keeps_dagsters_log_open_unless_a_person_chose_another(home: Path) -> None:
    with command_instance() as opened:
        assert isinstance(opened.event_log_storage, OpenEventLogStorage)
    own = {"storage": {"sqlite": {"base_dir": str(home)}}}
    (home / "dagster.yaml").write_text(yaml.safe_dump(own))
    with command_instance() as opened:
        assert not isinstance(opened.event_log_storage, OpenEventLogStorage)


@pytest.mark.slow
def test_dagsters_own_command_works_in_the_checkout_without_a_home(tmp_path: Path) -> None:
    for name in ("dagster.yaml", "workspace.yaml"):
        shutil.copy(shipped_config().with_name(name), tmp_path)
    command = [sys.executable, "-m", "dagster", "definitions", "validate", "-w", "workspace.yaml"]
    environment = {name: value for name, value in os.environ.items() if name != "DAGSTER_HOME"}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
