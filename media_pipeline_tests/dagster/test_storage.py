from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from media_pipeline.dagster import storage
from media_pipeline.dagster.storage import FOLDER, OpenEventLogStorage


@pytest.fixture
def log(tmp_path: Path) -> Iterator[OpenEventLogStorage]:
    log = OpenEventLogStorage.from_config_value(None, {"home": str(tmp_path)})
    yield log
    log.dispose()


def ours(home: Path) -> dg.DagsterInstance:
    settings = {
        "module": "media_pipeline.dagster.storage",
        "class": "OpenEventLogStorage",
        "config": {"home": str(home)},
    }
    return dg.DagsterInstance.local_temp(str(home), overrides={"event_log_storage": settings})


def materialise(instance: dg.DagsterInstance, name: str = "film") -> str:
    @dg.asset(name=name)
    def asset() -> dg.MaterializeResult[None]:
        return dg.MaterializeResult(metadata={"n": 1})

    result = dg.materialize([asset], instance=instance)
    assert result.success
    return result.run_id


def events(instance: dg.DagsterInstance, run_id: str) -> list[str]:
    return [
        entry.dagster_event_type.value
        for entry in instance.all_logs(run_id)
        if entry.dagster_event_type
    ]


def databases_open(folder: Path) -> set[str]:
    found = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            target = descriptor.readlink()
        except OSError:
            continue
        if target.parent == folder and target.suffix == ".db":
            found.add(target.stem)
    return found


@pytest.mark.slow
def test_each_reads_what_the_other_has_written(tmp_path: Path) -> None:
    with ours(tmp_path) as instance:
        first = materialise(instance)
        mine = events(instance, first)
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        assert events(instance, first) == mine
        assert "ASSET_MATERIALIZATION" in mine
        assert instance.get_latest_materialization_event(dg.AssetKey("film")) is not None
        second = materialise(instance, "other")
        theirs = events(instance, second)
    with ours(tmp_path) as instance:
        assert events(instance, second) == theirs
        assert {key.to_user_string() for key in instance.all_asset_keys()} == {"film", "other"}


@pytest.mark.slow
def test_both_write_at_the_same_time(tmp_path: Path) -> None:
    """The command while the daemon carries out runs."""
    with ours(tmp_path) as one, dg.DagsterInstance.local_temp(str(tmp_path)) as other:
        threads = [
            threading.Thread(target=materialise, args=(instance, f"film_{number}"))
            for number, instance in enumerate([one, other, one, other])
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for instance in (one, other):
            assert len(instance.all_asset_keys()) == 4


@pytest.mark.slow
def test_databases_stay_open_but_not_too_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "_OPEN", 2)
    with ours(tmp_path) as instance:
        runs = [materialise(instance) for _ in range(4)]
        assert databases_open(tmp_path / FOLDER) == {"index", *runs[-2:]}
        assert events(instance, runs[0])
        assert databases_open(tmp_path / FOLDER) == {"index", runs[0], runs[-1]}
    assert databases_open(tmp_path / FOLDER) == set()


def test_a_transaction_that_fails_leaves_nothing_and_blocks_nobody(
    log: OpenEventLogStorage,
) -> None:
    with pytest.raises(RuntimeError, match="midway"), log.index_connection() as connection:
        connection.exec_driver_sql(
            "INSERT INTO dynamic_partitions (partitions_def_name, partition) VALUES ('x', 'y')"
        )
        raise RuntimeError("midway")
    with log.index_connection() as connection:
        rows = connection.exec_driver_sql("SELECT count(*) FROM dynamic_partitions").scalar()
    assert rows == 0


def test_it_does_not_wait_for_the_disk(log: OpenEventLogStorage) -> None:
    with log.index_connection() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 1
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
