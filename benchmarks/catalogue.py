"""How a large catalogue weighs on Dagster: partition keys, runs in storage, pages and ticks.

``python -m benchmarks.catalogue [--postgres]``

In a home of its own with the embedded settings, on SQLite or on a PostgreSQL that is started for
it, one step of sizes after the other: media items are added to the lake and to the partitions, all
assets of each are noted as made, and finished runs are put into storage as the daemon leaves them.
At each size the web interface answers what its pages and the gateway ask for, the nightly schedule
chooses its runs, and the daemon is left alone for a while. CPU seconds are those of the process
that did the work (with PostgreSQL: without the server's); times are those of the answer.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import dagster as dg
import httpx
import sqlalchemy as sa
import yaml
from dagster._core.storage.event_log.schema import DynamicPartitionsTable, SqlEventLogStorageTable
from dagster._core.storage.runs.schema import RunsTable, RunTagsTable

from benchmarks.gateway import answers, cpu, free_port, memory
from deploy.machine import Machine
from media_pipeline.dagster.instance import command_instance, shipped_config
from media_pipeline.dagster.jobs import INGEST_JOB, INGEST_OP
from media_pipeline.dagster.partitions import add_keys
from media_pipeline.dagster.requests import CATALOGUE_JOB, KEY_TAG, PROFILE_TAG
from media_pipeline.dagster.resources import Pipeline
from media_pipeline.dagster.schedules import nightly_requests
from media_pipeline.gateway.dagster_client import DagsterClient
from media_pipeline.profiles import Profile
from media_pipeline.requests.order import JOB_TAG
from media_pipeline.stages.registry import STAGES
from media_pipeline.store import Store

_AT_ONCE = 1000
_RUN, _KEY, _NUMBER = str(uuid.UUID(int=2**128 - 1)), "blank-key", "blank-number"
_STARTING_S, _WATCHED_S = 30.0, 60.0
ASSETS = Profile().selected(STAGES)
KEYS, EVENTS = DynamicPartitionsTable, SqlEventLogStorageTable

_ALL = ", ".join(f'{{path: ["{name}"]}}' for name in ASSETS)
PAGES = {
    # What the pages of the interface ask for, cut down to what grows with the catalogue.
    "graph of all assets": f"""{{ assetNodes(assetKeys: [{_ALL}]) {{
        partitionStats {{ numMaterialized numFailed numPartitions }} }} }}""",
    "partitions of an asset": """{ assetNodes(assetKeys: [{path: ["source"]}]) {
        partitionKeysByDimension { name partitionKeys }
        assetPartitionStatuses { ... on DefaultPartitionStatuses { materializedPartitions } }
        } }""",
    "newest runs": """{ runsOrError(limit: 25) { ... on Runs { results {
        runId status jobName tags { key value } startTime endTime } count } } }""",
    "failed runs": """{ runsOrError(limit: 25, filter: {statuses: [FAILURE]}) { ... on Runs {
        results { runId } count } } }""",
    "runs of a film": """{ runsOrError(limit: 25, filter: {tags: [{key: "%s", value: "%s"}]}) {
        ... on Runs { results { runId status } } } }""",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, nargs="+", default=[1_000, 10_000, 50_000])
    parser.add_argument("--runs", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--postgres", action="store_true", help="instead of SQLite")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="media_pipeline_catalogue_") as name:
        folder = Path(name)
        with home(folder, postgres=given.postgres), command_instance() as instance:
            have_keys = have_runs = 0
            for keys, runs in zip(given.keys, given.runs, strict=True):
                print(f"\n{keys:,} media items, {runs:,} runs", flush=True)
                grow_catalogue(instance, Store(folder / "lake"), have_keys, keys)
                grow_runs(instance, keys, have_runs, runs)
                nightly(instance)
                pages(instance, have_keys // 2)
                daemon()
                have_keys, have_runs = keys, runs


@contextmanager
def home(folder: Path, *, postgres: bool) -> Iterator[None]:
    """An empty lake and an empty home of Dagster's with our settings."""
    os.environ["DAGSTER_HOME"] = f"{folder}/home"
    for name in ("LAKE", "INBOX", "CACHE_DIR"):
        os.environ[f"MEDIA_PIPELINE_{name}"] = f"{folder}/{name.lower()}"
    (folder / "inbox").mkdir()
    if not postgres:
        yield
        return
    machine = Machine(
        folder / "machine", settings={"MEDIA_PIPELINE_S3_ENDPOINT": "http://127.0.0.1:9"}
    )
    with closing(machine):
        folder.chmod(0o755)  # the server's user goes through it
        machine.start_database()
        storage = {"postgres": {"postgres_url": machine.site.database("dagster")}}
        settings = yaml.safe_load(shipped_config().read_text()) | {"storage": storage}
        (folder / "home").mkdir()
        (folder / "home" / "dagster.yaml").write_text(yaml.safe_dump(settings))
        yield


# --- the catalogue --------------------------------------------------------------------------------


def grow_catalogue(instance: dg.DagsterInstance, store: Store, have: int, want: int) -> None:
    """Add media items to the lake and the partitions, with all assets of each made."""
    # Nothing of it has to survive a power failure.
    with mock.patch("os.fsync"), measured(f"add {want - have:,} items to the lake"):
        for number in range(have, want):
            digest = _digest(number)
            store.media.add(digest, 1_000_000, f"{number}.mp4", f"file:///{digest}.mp4")
    keys = [_key(number) for number in range(have, want)]
    with measured("add their keys to the partitions"):
        for first in range(0, len(keys), _AT_ONCE):
            add_keys(instance, keys[first : first + _AT_ONCE])
    if not have:
        for name in ASSETS:
            event = dg.AssetMaterialization(name, partition=keys[0])
            instance.report_runless_asset_event(event)
    with measured(f"note {len(ASSETS)} assets of each as made") as note:
        note(f"{_note_as_made(instance, _key(0)):,} events")


def _note_as_made(instance: dg.DagsterInstance, model: str) -> int:
    """Copy the events of one media item for all keys that have none; how many events.

    One by one they would be noted by Dagster's own way, at the cost of a run each.
    """
    storage: Any = instance.event_log_storage
    made = EVENTS.alias()
    one, noted = EVENTS.c.asset_key == '["source"]', EVENTS.c.partition.is_not(None)
    there = sa.select(EVENTS.c.partition).where(one, noted)
    told = sa.func.replace(made.c.event, model, KEYS.c.partition)
    same = ("run_id", "dagster_event_type", "timestamp", "step_key", "asset_key")
    copies = (
        sa.select(told, KEYS.c.partition, *(made.c[name] for name in same))
        .select_from(made.join(KEYS, sa.true()))
        .where(made.c.partition == model, KEYS.c.partition.not_in(there))
        .order_by(KEYS.c.id)
    )
    with storage.index_connection() as connection:
        statement = EVENTS.insert().from_select(["event", "partition", *same], copies)
        return int(connection.execute(statement).rowcount)


def grow_runs(instance: dg.DagsterInstance, keys: int, have: int, want: int) -> None:
    """Put finished runs into storage, spread over the media items.

    Written straight into Dagster's tables, a thousand at a time: its own way opens the database for
    each, which is the cost of a run and not of having had many.
    """
    storage: Any = instance.run_storage
    with measured(f"put {want - have:,} finished runs into storage"):
        for first in range(have, want, _AT_ONCE):
            with storage.connect() as connection:
                rows, tags = [], []
                for number in range(first, min(first + _AT_ONCE, want)):
                    row, its_tags = finished(storage, _key(number % keys), number)
                    rows.append(row)
                    tags += its_tags
                connection.execute(RunsTable.insert(), rows)
                connection.execute(RunTagsTable.insert(), tags)


def finished(storage: Any, key: str, number: int) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """The rows of a run of a media item, one in twenty of them failed, and of the tags it has."""
    status = dg.DagsterRunStatus.FAILURE if number % 20 == 0 else dg.DagsterRunStatus.SUCCESS
    row, tags = _model(storage, status)
    run_id = str(uuid.UUID(int=number))
    told = {_RUN: run_id, _KEY: key, _NUMBER: f"{number:032x}"}

    def filled(text: str) -> str:
        for blank, value in told.items():
            text = text.replace(blank, value)
        return text

    named = {n: filled(v) if isinstance(v, str) else v for n, v in row.items()}
    return named, [{"run_id": run_id, "key": n, "value": filled(v)} for n, v in tags.items()]


@functools.cache
def _model(storage: Any, status: dg.DagsterRunStatus) -> tuple[dict[str, Any], dict[str, str]]:
    """The rows of a run with blanks; Dagster takes a while to write one."""
    tags = {
        KEY_TAG: _KEY,
        PROFILE_TAG: "default",
        "dagster/partition": _KEY,
        "dagster/run_key": f"ingest:{_NUMBER}",
        "dagster/sensor_name": "ingested",
        JOB_TAG: _NUMBER,
    }
    run = dg.DagsterRun(CATALOGUE_JOB, run_id=_RUN, status=status, tags=tags)
    return storage._get_run_insertion_values(run, datetime.now(UTC)), run.tags_for_storage()


def _digest(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def _key(number: int) -> str:
    return f"{number}-{_digest(number)[:10]}"


def nightly(instance: dg.DagsterInstance) -> None:
    """What the nightly schedule does in one tick; nothing of the media is in the lake."""
    with measured("nightly schedule, one tick") as note:
        night = datetime.now(UTC).date()
        chosen = list(nightly_requests(instance, Pipeline(STAGES), STAGES, night, print))
        note(f"{len(chosen)} runs chosen")


# --- what stays up --------------------------------------------------------------------------------


def pages(instance: dg.DagsterInstance, number: int) -> None:
    """How long the web interface takes for what its pages ask, the first time and then."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    module = ["dagster_webserver", "-m", "media_pipeline.definitions", "-p", str(port)]
    with process(module) as (pid, tree), closing(DagsterClient(url)) as client:
        while not answers(f"{url}/server_info"):
            time.sleep(0.5)
        ask(url, "{ runsOrError(limit: 1) { ... on Runs { results { status } count } } }")
        config = {"ops": {INGEST_OP: {"config": {"uri": "file:///none.mp4"}}}}
        calls: dict[str, Callable[[], Any]] = {
            **{name: lambda asked=asked: ask(url, asked) for name, asked in PAGES.items()},
            "runs of a job (gateway)": lambda: client.runs(job_id=f"{number:032x}"),
            "launch of a run (gateway)": lambda: launched.append(
                client.launch(INGEST_JOB, config=config, tags={})
            ),
        }
        calls["runs of a film"] = lambda: ask(
            url, PAGES["runs of a film"] % (KEY_TAG, _key(number))
        )
        launched: list[str] = []
        for name, call in calls.items():
            found = []
            for _ in range(2):
                before, began = sum(map(cpu, tree())), time.perf_counter()
                call()
                took, spent = time.perf_counter() - began, sum(map(cpu, tree())) - before
                found.append(f"{took:7.2f} s {spent:6.2f} CPU-s")
            print(f"  {name:38}{';'.join(found)}", flush=True)
        for run in launched:
            instance.delete_run(run)
        print(f"  web interface holds {memory(pid):.0f} MiB", flush=True)


def ask(url: str, query: str) -> Any:
    answer = httpx.post(f"{url}/graphql", json={"query": query}, timeout=600, trust_env=False)
    answer.raise_for_status()
    found = answer.json()
    if found.get("errors"):
        raise SystemExit(found["errors"][0]["message"])
    return found["data"]


def daemon() -> None:
    """What the daemon costs while nothing is to do; schedules and sensors tick."""
    with process(["dagster._daemon", "run", "-m", "media_pipeline.definitions"]) as (pid, tree):
        time.sleep(_STARTING_S)
        before = sum(map(cpu, tree()))
        time.sleep(_WATCHED_S)
        share = (sum(map(cpu, tree())) - before) / _WATCHED_S
        print(f"  daemon at rest: {share:.3f} of a core, {memory(pid):.0f} MiB", flush=True)


@contextmanager
def process(module: list[str]) -> Iterator[tuple[int, Callable[[], list[int]]]]:
    """A process of Dagster's, its pid, and its pid with those of its children."""
    with tempfile.TemporaryFile() as log:
        started = subprocess.Popen([sys.executable, "-m", *module], stdout=log, stderr=log)

        def tree() -> list[int]:
            found = [started.pid]
            for pid in found:
                children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
                found += map(int, children)
            return found

        try:
            yield started.pid, tree
        finally:
            started.terminate()
            started.wait()


@contextmanager
def measured(name: str) -> Iterator[Callable[[str], None]]:
    """Prints time and CPU of the block."""
    notes: list[str] = []
    began, cpu_began = time.perf_counter(), time.process_time()
    yield notes.append
    took, spent = time.perf_counter() - began, time.process_time() - cpu_began
    print(f"  {name:38}{took:7.2f} s {spent:6.2f} CPU-s  {' '.join(notes)}", flush=True)


if __name__ == "__main__":
    main()
