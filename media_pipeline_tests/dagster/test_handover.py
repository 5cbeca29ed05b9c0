"""Long films in parts through the real service: daemon, queue, gateway, a process for each run."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from media_pipeline.dagster.handover import (
    DONE_TAG,
    NUMBER_TAG,
    PARENT_TAG,
    PART_JOB,
    TRIED_TAG,
)
from media_pipeline.production.base import Job
from media_pipeline.production.functions import REQUESTS
from media_pipeline.requests.order import HANDED_OVER_TAG, JOB_TAG, PARENT_JOB_TAG, Medium, Order
from media_pipeline.requests.outbox import JobRow, Outbox
from media_pipeline.requests.tables import Database
from media_pipeline.runner import Runner
from media_pipeline.settings import Settings, environment
from media_pipeline.stages.base import Environment
from media_pipeline.store import Store
from media_pipeline.store.cache import FileCache
from media_pipeline_tests.dagster.test_serve import Service, wait_for
from media_pipeline_tests.generators.split_stages import noted
from media_pipeline_tests.generators.stages import write_tone
from media_pipeline_tests.generators.submissions import submission
from media_pipeline_tests.generators.video import write_clip
from media_pipeline_tests.generators.webs import Web, web

MODULE = "media_pipeline_tests.dagster.split_definitions"
PATIENCE_S = 800.0  # nine runs, each of a process of its own
SUCCESS = dg.DagsterRunStatus.SUCCESS
PROFILE = """
stages: [after]
params:
  slow: {held_up: 1}
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Web]:
    with web() as server:
        yield server


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, server: Web) -> Iterator[Service]:
    """With films of more than a second worked on in parts."""
    folder = tmp_path_factory.mktemp("service")
    for name in ("models", "bucket", "inbox/slow"):
        (folder / name).mkdir(parents=True)
    (folder / "inbox" / "slow" / "profile.yaml").write_text(PROFILE)
    service = Service(
        folder,
        MODULE,
        split_minutes=str(1.05 / 60),
        allowed_hosts=server.place,
        model_dir=str(folder / "models"),
        cache_dir=str(folder / "cache"),
        database=f"sqlite:///{folder / 'gateway.db'}",
    )
    try:
        wait_for(service.answers)
        yield service
    finally:
        if service.process.poll() is None:
            service.process.send_signal(signal.SIGTERM)
        with service.process:
            pass


def runs_of(service: Service, **tags: str) -> list[dg.DagsterRun]:
    """Runs with these tags, the oldest first."""
    with service.instance() as instance:
        return list(instance.get_runs(dg.RunsFilter(tags=tags)))[::-1]


@pytest.mark.slow
def test_a_film_is_finished_once_though_the_run_of_a_part_is_killed(service: Service) -> None:
    models = service.folder / "models"
    write_tone(service.folder / "inbox" / "slow" / "film.wav", 3.4)
    victim = wait_for(lambda: dict(noted(models)).get("part 1"), PATIENCE_S)
    os.kill(victim, signal.SIGKILL)
    wait_for(lambda: "after" in dict(noted(models)), PATIENCE_S)
    runs = wait_for(lambda: service.finished(6), PATIENCE_S)
    done = [what for what, _ in noted(models)]
    assert sorted(done) == ["after", "join", "part 0", "part 1", "part 1", "part 2"]

    first, last = (run for run in runs[::-1] if run.job_name != PART_JOB)
    assert first.status == last.status == SUCCESS
    assert first.tags[HANDED_OVER_TAG] == f"slow@{first.run_id}"
    assert last.tags[TRIED_TAG] == "slow"
    assert last.parent_run_id == first.run_id
    parts = runs_of(service, **{PARENT_TAG: first.run_id})
    assert [run.tags[NUMBER_TAG] for run in parts] == ["1/3", "2/3", "3/3", "2/3"]
    assert [run.status for run in parts].count(SUCCESS) == 3
    assert all(run.tags[PARENT_JOB_TAG] == first.run_id for run in parts)
    assert all(JOB_TAG not in run.tags for run in parts)
    assert sum(DONE_TAG in run.tags for run in parts) == 3
    with service.instance() as instance:
        (key,) = instance.get_dynamic_partitions("media")
        for asset in ("source", "slow", "after"):
            records = instance.fetch_materializations(dg.AssetKey(asset), limit=9).records
            assert len(records) == 1, asset
    store = Store(service.folder / "lake", cache=FileCache(service.folder / "files", 10**9))
    made = store.current("after", key)
    assert made is not None
    assert json.loads(made.path("after.json").read_text()) == {"parts": [0, 1, 2]}


@pytest.mark.slow
def test_a_request_is_answered_once_though_its_film_is_in_parts(
    service: Service, server: Web, tmp_path: Path
) -> None:
    film = write_clip(tmp_path / "film.mp4", 4.0, sound=False)
    server.files["/film.mp4"] = film.read_bytes()
    target = service.folder / "bucket" / "summary.mp4"
    database = Database(f"sqlite:///{service.folder / 'gateway.db'}")
    outbox = Outbox(database, max_waiting=10)
    order = Order(
        function="VideoClip",
        media=[Medium(name="film.mp4", uri=server.url("/film.mp4"))],
        params={"duration": 1},
        output=target.as_uri(),
    )
    row = outbox.submit(submission(order=order))

    def finished() -> JobRow | None:
        found = outbox.get(row.id)
        return found if found is not None and found.outcome is not None else None

    done = wait_for(finished, PATIENCE_S)
    database.close()
    assert done.outcome == "success", done.error_message
    assert server.fetched == ["/film.mp4"], "once, for all runs"
    runs = runs_of(service, **{JOB_TAG: row.id})
    assert [run.tags.get(HANDED_OVER_TAG) for run in runs] == [f"frames@{runs[0].run_id}", None]
    parts = runs_of(service, **{PARENT_JOB_TAG: row.id})
    assert len(parts) == 4
    assert all(JOB_TAG not in run.tags and run.status == SUCCESS for run in parts)
    store = Store(service.folder / "lake", cache=FileCache(service.folder / "files", 10**9))
    assert len(list(store.artifacts("frames_part"))) == 4
    (joined,) = store.artifacts("frames")

    # The same film as a whole, in this process.
    cache = FileCache(tmp_path / "files", 10**9)
    runner = Runner(Store(tmp_path / "lake", cache=cache), service_environment(service))
    made = tmp_path / "made"
    made.mkdir()
    key = runner.ingest(film).key
    job = Job(runner, key, made, target.name, lambda _: None)
    result = REQUESTS["VideoClip"].prepare(order.params).work(job)
    (whole,) = runner.store.artifacts("frames")
    assert joined.fingerprint == whole.fingerprint
    assert joined.facts == whole.facts
    assert {f.name: f.sha256 for f in joined.manifest.files} == {
        f.name: f.sha256 for f in whole.manifest.files
    }
    assert done.result["results"] == [result]
    assert target.read_bytes() == (made / target.name).read_bytes()


def service_environment(service: Service) -> Environment:
    """What the machine lets stages use, as the service has it."""
    return environment(Settings(model_dir=service.folder / "models"))
