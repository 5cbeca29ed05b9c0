from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import fsspec
import pytest

from media_pipeline.dagster import sensors
from media_pipeline.dagster.assembly import build_definitions
from media_pipeline.dagster.inbox import Cursor
from media_pipeline.dagster.jobs import INGEST_JOB, INGEST_OP
from media_pipeline.dagster.liveness import WORKER_TAG, worker
from media_pipeline.dagster.partitions import known_keys
from media_pipeline.dagster.requests import CATALOGUE_JOB
from media_pipeline.dagster.resources import RESOURCE, Pipeline
from media_pipeline.settings import Settings
from media_pipeline_tests.dagster.conftest import Workshop
from media_pipeline_tests.generators.stages import STAGES, write_tone


class Ticks:
    """A sensor of the definitions, evaluated again and again with the cursor it left."""

    def __init__(self, workshop: Workshop, name: str, pipeline: Pipeline | None = None) -> None:
        self.repository = build_definitions(workshop.stages).get_repository_def()
        self.sensor = self.repository.get_sensor_def(name)
        self.workshop = workshop
        self.pipeline = pipeline or workshop.pipeline
        self.cursor: str | None = None
        self.message: str | None = None

    def tick(self) -> list[dg.RunRequest]:
        wants_resource = RESOURCE in self.sensor.required_resource_keys
        context = dg.build_sensor_context(
            instance=self.workshop.instance,
            cursor=self.cursor,
            repository_def=self.repository,
            resources={RESOURCE: self.pipeline} if wants_resource else None,
        )
        with dg.partition_loading_context(dynamic_partitions_store=self.workshop.instance):
            result = self.sensor.evaluate_tick(context)
        self.cursor = result.cursor
        self.message = result.skip_message
        return list(result.run_requests or [])

    def execute(self, request: dg.RunRequest) -> dg.ExecuteInProcessResult:
        """Carry out what was requested."""
        definitions = build_definitions(self.workshop.stages)
        job = definitions.resolve_job_def(request.job_name or self.sensor.job_name)
        return job.execute_in_process(
            run_config=request.run_config,
            partition_key=request.partition_key,
            tags=dict(request.tags),
            instance=self.workshop.instance,
            resources={RESOURCE: self.pipeline},
            raise_on_error=False,
        )


@pytest.fixture
def inbox(workshop: Workshop) -> Ticks:
    return Ticks(workshop, "inbox")


@pytest.fixture
def ingested(workshop: Workshop) -> Ticks:
    return Ticks(workshop, "ingested")


def config_of(request: dg.RunRequest) -> dict[str, str]:
    config: dict[str, str] = dict(request.run_config["ops"][INGEST_OP]["config"])
    return config


def test_one_ingest_run_for_each_file_with_its_profile(inbox: Ticks, workshop: Workshop) -> None:
    folder = workshop.folder / "inbox"
    (folder / "talks").mkdir()
    write_tone(folder / "one.wav")
    write_tone(folder / "talks" / "two.wav", pitch=500)
    assert inbox.tick() == []
    requests = inbox.tick()
    assert [config_of(request) for request in requests] == [
        {"uri": str(folder / "one.wav"), "profile": "default"},
        {"uri": str(folder / "talks" / "two.wav"), "profile": "talks"},
    ]
    assert len({request.run_key for request in requests}) == 2
    assert inbox.tick() == []
    assert inbox.message == f"nothing new in {folder}"


def test_a_file_that_fails_is_asked_for_once(inbox: Ticks, workshop: Workshop) -> None:
    bad = workshop.folder / "inbox" / "bad.mp4"
    bad.write_text("no media")
    inbox.tick()
    (request,) = inbox.tick()
    assert not inbox.execute(request).success
    assert [inbox.tick() for _ in range(3)] == [[], [], []]
    write_tone(bad)
    inbox.tick()
    (again,) = inbox.tick()
    assert again.run_key != request.run_key


def test_a_tick_asks_for_a_bounded_number(
    inbox: Ticks, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sensors, "FILES_PER_TICK", 2)
    for number in range(5):
        (workshop.folder / "inbox" / f"{number}.mp4").touch()
    assert [len(inbox.tick()) for _ in range(5)] == [0, 2, 2, 1, 0]


def test_an_injected_file_system_is_watched(workshop: Workshop, tmp_path: Path) -> None:
    memory = fsspec.filesystem("memory")
    settings = Settings(
        lake=str(tmp_path / "lake"), inbox="s3://bucket/box", cache_dir=tmp_path / "cache"
    )
    ticks = Ticks(workshop, "inbox", Pipeline(STAGES, settings=settings, filesystem=memory))
    memory.pipe_file("bucket/box/talks/a b.mp4", b"1")
    ticks.tick()
    (request,) = ticks.tick()
    assert config_of(request) == {"uri": "s3://bucket/box/talks/a b.mp4", "profile": "talks"}


def test_an_inbox_out_of_reach_is_a_skipped_tick(workshop: Workshop, tmp_path: Path) -> None:
    class Away(fsspec.AbstractFileSystem):  # type: ignore[misc]
        def ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:
            raise PermissionError(path)

    settings = Settings(
        lake=str(tmp_path / "lake"), inbox="s3://bucket/box", cache_dir=tmp_path / "cache"
    )
    ticks = Ticks(workshop, "inbox", Pipeline(STAGES, settings=settings, filesystem=Away()))
    ticks.cursor = Cursor(done={"a" * 12}).write()
    assert ticks.tick() == []
    assert ticks.message is not None
    assert "s3://bucket/box is refused" in ticks.message
    assert Cursor.read(ticks.cursor).done == {"a" * 12}


@pytest.mark.slow
def test_a_file_goes_all_the_way(inbox: Ticks, ingested: Ticks, workshop: Workshop) -> None:
    talks = workshop.folder / "inbox" / "talks"
    talks.mkdir()
    (talks / "profile.yaml").write_text(
        "stages: [captions]\nparams: {ocr_cues: {count: 3}, words: {suffix: '!'}}"
    )
    write_tone(talks / "A 'film' 🎬.wav")
    inbox.tick()
    (request,) = inbox.tick()
    assert ingested.tick() == []
    assert inbox.execute(request).success
    (key,) = known_keys(workshop.instance)
    (run,) = ingested.tick()
    assert run.job_name == CATALOGUE_JOB
    assert run.partition_key == key
    assert [asset.to_user_string() for asset in run.asset_selection or []] == [
        "source",
        "ocr_cues",
        "captions",
    ]
    assert run.run_config == {"ops": {"ocr_cues": {"config": {"count": 3}}}}
    assert {name: run.tags[name] for name in ("media/key", "media/profile")} == {
        "media/key": key,
        "media/profile": "talks",
    }
    assert ingested.execute(run).success
    assert ingested.tick() == []  # the catalogue run's own success is none of an ingest run


def test_each_ingest_run_asks_for_one_run(ingested: Ticks, workshop: Workshop) -> None:
    """The same content in another folder is processed by that folder's profile."""
    inbox = Ticks(workshop, "inbox")
    for name in ("one", "two"):
        folder = workshop.folder / "inbox" / name
        folder.mkdir()
        write_tone(folder / "film.wav")
    inbox.tick()
    for request in inbox.tick():
        assert inbox.execute(request).success
    runs = ingested.tick()
    assert len(known_keys(workshop.instance)) == 1
    assert {run.tags["media/profile"] for run in runs} == {"one", "two"}
    ingested.cursor = None  # as after a crash before the cursor was kept: the same run keys
    assert {run.run_key for run in ingested.tick()} == {run.run_key for run in runs}


def test_media_whose_profile_broke_meanwhile_is_left_to_the_nightly_run(
    ingested: Ticks, workshop: Workshop
) -> None:
    inbox = Ticks(workshop, "inbox")
    talks = workshop.folder / "inbox" / "talks"
    talks.mkdir()
    write_tone(talks / "film.wav")
    inbox.tick()
    (request,) = inbox.tick()
    inbox.execute(request)
    (talks / "profile.yaml").write_text("stages: [nonsense]")
    assert ingested.tick() == []
    (talks / "profile.yaml").unlink()
    assert ingested.tick() == []


def test_removed_media_is_not_asked_for(ingested: Ticks, workshop: Workshop) -> None:
    inbox = Ticks(workshop, "inbox")
    write_tone(workshop.folder / "inbox" / "film.wav")
    inbox.tick()
    (request,) = inbox.tick()
    inbox.execute(request)
    (key,) = known_keys(workshop.instance)
    workshop.instance.delete_dynamic_partition("media", key)
    assert ingested.tick() == []


def test_a_profile_that_is_wrong_fails_the_ingest_run_before_the_work(workshop: Workshop) -> None:
    inbox = Ticks(workshop, "inbox")
    talks = workshop.folder / "inbox" / "talks"
    talks.mkdir()
    (talks / "profile.yaml").write_text("stages: [nonsense]")
    write_tone(talks / "film.wav")
    inbox.tick()
    (request,) = inbox.tick()
    result = inbox.execute(request)
    (event,) = [e for e in result.all_events if e.is_step_failure]
    told = event.step_failure_data.user_failure_data
    assert told is not None
    assert "there is no stage nonsense" in (told.description or "")
    assert workshop.runner.store.media.all() == []


def test_runs_whose_process_is_gone_are_failed(workshop: Workshop) -> None:
    instance = workshop.instance
    alive, dead = worker(), worker().rpartition(":")[0] + ":1"
    runs = {}
    for name, process in {"alive": alive, "dead": dead}.items():
        run = dg.DagsterRun(INGEST_JOB, status=dg.DagsterRunStatus.STARTED)
        runs[name] = run.with_tags({WORKER_TAG: f"{process}:{run.run_id}"})
    for run in runs.values():
        instance.add_run(run)
    ticks = Ticks(workshop, "dead_runs")
    assert ticks.tick() == []
    assert runs["dead"].run_id in (ticks.message or "")
    status = {name: instance.get_run_by_id(run.run_id) for name, run in runs.items()}
    assert status["alive"] is not None
    assert status["alive"].status == dg.DagsterRunStatus.STARTED
    assert status["dead"] is not None
    assert status["dead"].status == dg.DagsterRunStatus.FAILURE
