from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import pytest

from media_pipeline.dagster import schedules
from media_pipeline.dagster.assembly import build_definitions
from media_pipeline.dagster.partitions import known_keys, remove_keys
from media_pipeline.dagster.requests import CATALOGUE_JOB, KEY_TAG, OWN_PROFILE_TAG, PROFILE_TAG
from media_pipeline.dagster.resources import RESOURCE
from media_pipeline.dagster.schedules import WANTED_TAG, in_turn, nightly_requests
from media_pipeline.profiles import Profile
from media_pipeline.stages.base import Stage
from media_pipeline_tests.dagster.conftest import Workshop
from media_pipeline_tests.generators.stages import STAGES, with_version

MakeWorkshop = Callable[[Mapping[str, Stage]], Workshop]
NIGHT = date(2026, 1, 2)


def requested(workshop: Workshop, night: date = NIGHT) -> list[dg.RunRequest]:
    def warn(message: str) -> None:
        pytest.fail(message)

    return list(
        nightly_requests(workshop.instance, workshop.pipeline, workshop.stages, night, warn)
    )


def wanted(workshop: Workshop) -> dict[str, list[str]]:
    """Assets that are asked for, by media item."""
    return {
        str(request.partition_key): [key.to_user_string() for key in request.asset_selection or []]
        for request in requested(workshop)
    }


def carry_out(workshop: Workshop, request: dg.RunRequest) -> dg.ExecuteInProcessResult:
    names = [key.to_user_string() for key in request.asset_selection or []]
    ops = request.run_config["ops"]
    params = {name: op["config"] for name, op in ops.items()}
    return workshop.run(
        str(request.partition_key), select=names, params=params, tags=dict(request.tags)
    )


def test_what_was_never_made_is_made(workshop: Workshop) -> None:
    key = workshop.add()
    assert wanted(workshop) == {key: list(STAGES)}
    workshop.run(key, select=["source", "ocr_cues"])
    assert wanted(workshop) == {key: ["captions", "speech", "words", "clip"]}


def test_nothing_is_asked_for_when_all_is_well(workshop: Workshop) -> None:
    workshop.run(workshop.add())
    assert requested(workshop) == []


@pytest.mark.slow
def test_what_failed_is_tried_again_but_not_for_ever(workshop: Workshop) -> None:
    talks = workshop.folder / "inbox" / "talks"
    talks.mkdir()
    (talks / "profile.yaml").write_text("params: {ocr_cues: {fault: raise}}")
    key = workshop.add()
    workshop.run(key, select=["source"], tags={KEY_TAG: key, PROFILE_TAG: "talks"})
    (first,) = requested(workshop)  # makes what does not depend on the failure
    assert not carry_out(workshop, first).success
    for _ in range(schedules.MAX_FAILURES):
        (request,) = requested(workshop)
        assert not carry_out(workshop, request).success
    assert requested(workshop) == []
    (talks / "profile.yaml").write_text("params: {ocr_cues: {count: 1}}")
    assert key in wanted(workshop)


@pytest.mark.slow
def test_what_another_version_made_is_stale_and_what_follows_from_it(
    workshop: Workshop, make_workshop: MakeWorkshop
) -> None:
    key = workshop.add()
    workshop.run(key)
    newer = make_workshop(with_version("captions", "2"))
    assert wanted(newer) == {key: ["captions", "words", "clip"]}
    (request,) = requested(newer)
    assert carry_out(newer, request).success
    assert requested(newer) == []


def test_what_another_engine_would_make_better_is_stale(workshop: Workshop) -> None:
    key = workshop.add()
    workshop.run(key)
    (workshop.folder / "models" / "good").touch()
    assert wanted(workshop) == {key: ["ocr_cues", "captions", "words", "clip"]}


def test_a_profile_is_remembered_and_read_as_it_is_today(workshop: Workshop) -> None:
    talks = workshop.folder / "inbox" / "talks"
    talks.mkdir()
    (talks / "profile.yaml").write_text("{stages: [captions], params: {ocr_cues: {count: 3}}}")
    key = workshop.add()
    workshop.run(
        key,
        select=["source", "ocr_cues", "captions"],
        params={"ocr_cues": {"count": 3}},
        tags={KEY_TAG: key, PROFILE_TAG: "talks"},
    )
    assert requested(workshop) == []
    (talks / "profile.yaml").write_text("{stages: [captions], params: {ocr_cues: {count: 4}}}")
    (request,) = requested(workshop)
    assert request.run_config == {"ops": {"ocr_cues": {"config": {"count": 4}}}}
    assert request.tags[PROFILE_TAG] == "talks"
    assert carry_out(workshop, request).success
    assert requested(workshop) == []


def test_a_profile_of_its_own_is_remembered_whole(workshop: Workshop) -> None:
    key = workshop.add()
    own = Profile(name="default", params={"ocr_cues": {"count": 5}})
    tags = {KEY_TAG: key, PROFILE_TAG: "default", OWN_PROFILE_TAG: own.model_dump_json()}
    workshop.run(key, select=["source"], tags=tags)
    (request,) = requested(workshop)
    assert request.run_config == {"ops": {"ocr_cues": {"config": {"count": 5}}}}
    carry_out(workshop, request)
    assert requested(workshop) == []
    cues = workshop.runner.store.current("ocr_cues", key)
    assert cues is not None
    assert cues.manifest.rows == {"cues": 5}


def test_media_in_process_is_left_alone(workshop: Workshop) -> None:
    key = workshop.add()
    run = dg.DagsterRun(
        CATALOGUE_JOB, status=dg.DagsterRunStatus.STARTED, tags={"dagster/partition": key}
    )
    workshop.instance.add_run(run)
    assert requested(workshop) == []


def test_no_more_than_the_limit_and_the_new_ones_first(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedules, "RUNS_PER_NIGHT", 2)
    keys = [workshop.add(300 + n, f"{n}.wav") for n in range(4)]
    for key in keys[:3]:
        workshop.run(key, select=["source"])
    assert len(wanted(workshop)) == 2
    assert keys[3] in wanted(workshop)


def test_each_item_has_its_turn(workshop: Workshop) -> None:
    keys = [f"film-{n:010x}" for n in range(40)]
    firsts = {in_turn(workshop.instance, STAGES, keys, date(2026, 1, 1 + n))[0] for n in range(30)}
    assert len(firsts) > 10
    same = [in_turn(workshop.instance, STAGES, keys, NIGHT) for _ in range(2)]
    assert same[0] == same[1]
    assert sorted(same[0]) == keys


def test_a_tick_ends_in_time(workshop: Workshop) -> None:
    for n in range(3):
        workshop.add(300 + n, f"{n}.wav")
    times = iter([0.0, 1.0, 1000.0, 2000.0])
    found = nightly_requests(
        workshop.instance, workshop.pipeline, STAGES, NIGHT, pytest.fail, clock=lambda: next(times)
    )
    assert len(list(found)) == 1


def test_the_lake_decides_what_there_is(workshop: Workshop) -> None:
    """A lake that is older than this Dagster, as after its home was lost."""
    key = workshop.add()
    remove_keys(workshop.instance, [key])
    assert wanted(workshop) == {key: list(STAGES)}
    assert known_keys(workshop.instance) == [key]


def test_finding_what_dagster_does_not_know_ends_in_time(workshop: Workshop) -> None:
    keys = {workshop.add(300 + n, f"{n}.wav") for n in range(3)}
    remove_keys(workshop.instance, keys)
    times = iter([0.0, 1.0, 1000.0, *[2.0] * 10])
    found = nightly_requests(
        workshop.instance, workshop.pipeline, STAGES, NIGHT, pytest.fail, clock=lambda: next(times)
    )
    assert len(list(found)) == 2
    assert len(known_keys(workshop.instance)) == 2
    assert wanted(workshop).keys() == keys, "the others on another night"


def test_media_that_was_added_again_under_another_name(workshop: Workshop) -> None:
    key = workshop.add(300, "one.wav")
    store = workshop.pipeline.runner.store
    item = store.media.get(key)
    store.media.remove(key)
    again = store.media.add(item.sha256, item.size, "another.wav", item.uris[0]).key
    assert wanted(workshop) == {}
    assert wanted(workshop).keys() == {again}
    assert known_keys(workshop.instance) == [again]


def test_a_profile_that_is_wrong_is_told_and_stops_no_other(workshop: Workshop) -> None:
    talks = workshop.folder / "inbox" / "talks"
    talks.mkdir()
    key, other = workshop.add(), workshop.add(500, "other.wav")
    workshop.run(key, select=["source"], tags={KEY_TAG: key, PROFILE_TAG: "talks"})
    (talks / "profile.yaml").write_text("stages: [nonsense]")
    warnings: list[str] = []
    found = list(
        nightly_requests(workshop.instance, workshop.pipeline, STAGES, NIGHT, warnings.append)
    )
    assert [request.partition_key for request in found] == [other]
    assert len(warnings) == 1
    assert "there is no stage nonsense" in warnings[0]


def test_the_schedule_itself(tmp_path: Path) -> None:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        check_the_schedule(Workshop(tmp_path, instance))


def check_the_schedule(workshop: Workshop) -> None:
    repository = build_definitions(STAGES).get_repository_def()
    schedule = repository.get_schedule_def("nightly")
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING

    def tick() -> list[dg.RunRequest]:
        context = dg.build_schedule_context(
            instance=workshop.instance,
            scheduled_execution_time=datetime(2026, 1, 2, 2, tzinfo=UTC),
            repository_def=repository,
            resources={RESOURCE: workshop.pipeline},
        )
        return list(schedule.evaluate_tick(context).run_requests or [])

    assert tick() == []
    key = workshop.add()
    (request,) = tick()
    assert request.run_key == f"nightly:2026-01-02:{key}"
    assert request.tags[WANTED_TAG]


def test_a_correction_makes_what_follows_stale(workshop: Workshop, tmp_path: Path) -> None:
    key = workshop.add()
    workshop.run(key)
    srt = tmp_path / "corrected.srt"
    srt.write_text("1\n00:00:00,100 --> 00:00:00,900\nA better text\n")
    workshop.runner.correct(key, srt)
    assert wanted(workshop) == {key: ["words", "clip"]}
