from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import dagster as dg
import pytest

from media_pipeline.dagster import assets
from media_pipeline.dagster.assets import build_asset
from media_pipeline.dagster.requests import KEY_TAG, PROFILE_TAG
from media_pipeline.errors import (
    ArtifactMissing,
    InvalidParameter,
    MediaPipelineError,
    StoreError,
    rebuild,
)
from media_pipeline.stages.base import Outcome, Stage, Work
from media_pipeline_tests.dagster.conftest import Workshop
from media_pipeline_tests.generators.stages import STAGES, with_version

MakeWorkshop = Callable[[Mapping[str, Stage]], Workshop]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "_WAIT_S", 0)


def versions(result: dg.ExecuteInProcessResult) -> dict[str, str]:
    return {
        event.asset_key.to_user_string(): (event.materialization.tags or {})[
            assets.DATA_VERSION_TAG
        ]
        for event in result.get_asset_materialization_events()
        if event.asset_key is not None
    }


def failure_of(result: dg.ExecuteInProcessResult, asset: str) -> MediaPipelineError:
    (event,) = [e for e in result.all_events if e.is_step_failure and e.step_key == asset]
    told = event.step_failure_data.user_failure_data
    assert told is not None
    parts = [str(told.metadata[name].value) for name in ("error", "message", "remedy")]
    error = rebuild(parts[0], parts[1], parts[2])
    assert told.description == str(error)
    return error


def replaced(name: str, run: Callable[[Work], Outcome]) -> dict[str, Stage]:
    return {**STAGES, name: replace(STAGES[name], run=run)}


def test_an_asset_is_what_its_stage_declares() -> None:
    stage = replace(STAGES["words"], kinds=("parquet",), pool="asr")
    asset = build_asset(stage)
    spec = asset.get_asset_spec()
    assert spec.key == dg.AssetKey("words")
    assert {dep.asset_key.to_user_string() for dep in spec.deps} == {"captions", "speech"}
    assert (spec.group_name, spec.kinds, spec.code_version) == ("speech", {"parquet"}, "1")
    assert spec.description == "toy words"
    assert asset.op.pool == "asr"
    assert spec.partitions_def == dg.DynamicPartitionsDefinition(name="media")
    columns = spec.metadata["dagster/column_schema"].columns
    assert [column.name for column in columns] == ["start", "end", "text"]
    assert columns[0].description
    assert columns[0].type == "double"


@pytest.mark.slow
def test_a_run_makes_everything_and_a_second_one_reuses_it(workshop: Workshop) -> None:
    key = workshop.add()
    first = workshop.run(key)
    assert first.success
    assert versions(first) == {name: workshop.fingerprint(name, key) for name in STAGES}
    second = workshop.run(key)
    assert versions(second) == versions(first)
    assert set(workshop.calls().values()) == {1}
    for event in second.get_asset_materialization_events():
        assert event.materialization.metadata["reused"].value is True


def test_what_people_see_of_a_result(workshop: Workshop) -> None:
    key = workshop.add()
    result = workshop.run(key, params={"ocr_cues": {"count": 3}})
    (materialization,) = result.asset_materializations_for_node("ocr_cues")
    seen = {name: value.value for name, value in materialization.metadata.items()}
    assert seen["dagster/row_count"] == 3
    assert seen["engine"] == {"name": "fast", "version": "1"}
    assert seen["why"] == "the best that is here"
    assert seen["parameters"]["count"] == 3
    assert seen["facts"] == {"cues": 3}
    assert seen["made from"] == {"source": workshop.fingerprint("source", key)}
    assert seen["fingerprint"] == workshop.fingerprint("ocr_cues", key)
    assert seen["path"].endswith(f"ocr_cues/{key}/{seen['fingerprint']}")
    assert "a toy warning" in seen["warnings"]
    assert seen["× real time"] > 0
    outputs = [e for e in result.events_for_node("ocr_cues") if e.is_successful_output]
    assert outputs
    assert not any(e.step_output_data.metadata for e in outputs), "the event log has it once"


def test_runs_with_other_parameters_do_not_mix(make_workshop: MakeWorkshop) -> None:
    """While a run is between two stages, another one for the same film moves what is current."""
    go_on, halfway = threading.Event(), threading.Event()

    def captions(work: Work) -> Outcome:
        if work.params.label == "slow":
            halfway.set()
            assert go_on.wait(30)
        return STAGES["captions"].run(work)

    workshop = make_workshop(replaced("captions", captions))
    key = workshop.add()
    workshop.run(key, select=["source"])
    names = ["ocr_cues", "captions", "words"]
    slow = {"ocr_cues": {"count": 7}, "captions": {"label": "slow"}}
    results: list[dg.ExecuteInProcessResult] = []
    thread = threading.Thread(
        target=lambda: results.append(workshop.run(key, select=names, params=slow))
    )
    thread.start()
    assert halfway.wait(30)
    other = workshop.run(key, select=names, params={"ocr_cues": {"count": 4}})
    go_on.set()
    thread.join()
    rows = []
    for result in (other, *results):
        words = workshop.runner.store.get("words", key, versions(result)["words"])
        assert words is not None
        assert words.manifest.inputs["captions"] == versions(result)["captions"]
        rows.append(words.manifest.rows["words"])
    assert rows == [4, 7]


def test_a_retry_goes_on_with_the_results_of_the_run_it_repeats(
    make_workshop: MakeWorkshop,
) -> None:
    def broken(_work: Work) -> Outcome:
        raise RuntimeError("broken")

    workshop = make_workshop(replaced("captions", broken))
    key = workshop.add()
    first = workshop.run(key, params={"ocr_cues": {"count": 7}})
    assert not first.success
    assert workshop.run(key, select=["ocr_cues"], params={"ocr_cues": {"count": 4}}).success
    run = workshop.instance.create_run_for_job(
        job_def=dg.Definitions(
            assets=[build_asset(s) for s in workshop.stages.values()],
            resources={"pipeline": workshop.pipeline},
        ).resolve_implicit_global_asset_job_def(),
        parent_run_id=first.run_id,
        root_run_id=first.run_id,
        tags={"dagster/partition": key},
    )
    found = assets.inputs_of_run(workshop.instance, run, workshop.stages["captions"], key)
    assert found == {name: versions(first)[name] for name in ("source", "ocr_cues")}


def test_a_selection_takes_the_rest_from_what_is_current(workshop: Workshop) -> None:
    key = workshop.add()
    workshop.run(key)
    before = {name: workshop.fingerprint(name, key) for name in STAGES}
    assert workshop.run(key, select=["words"], params={"words": {"suffix": "!"}}).success
    after = {name: workshop.fingerprint(name, key) for name in STAGES}
    assert {name for name in STAGES if before[name] != after[name]} == {"words"}


def test_what_lacks_an_input_says_so(workshop: Workshop) -> None:
    key = workshop.add()
    result = workshop.run(key, select=["words"])
    assert isinstance(failure_of(result, "words"), ArtifactMissing)


def test_a_wrong_parameter_fails_in_one_line_without_a_retry(workshop: Workshop) -> None:
    key = workshop.add()
    job = dg.Definitions(
        assets=[build_asset(stage) for stage in STAGES.values()],
        resources={"pipeline": workshop.pipeline},
    ).resolve_implicit_global_asset_job_def()
    result = job.execute_in_process(
        run_config={"ops": {"ocr_cues": {"config": {"count": -1}}}},
        partition_key=key,
        instance=workshop.instance,
        raise_on_error=False,
    )
    error = failure_of(result, "ocr_cues")
    assert isinstance(error, InvalidParameter)
    assert "ocr_cues.count is -1" in str(error)
    assert workshop.calls().get("ocr_cues") is None
    assert not [e for e in result.all_events if e.is_step_up_for_retry]


def test_a_fault_of_a_stage_is_not_retried_and_does_not_stop_others(workshop: Workshop) -> None:
    key = workshop.add()
    result = workshop.run(key, params={"ocr_cues": {"fault": "raise"}})
    assert not result.success
    assert workshop.calls() == {"source": 1, "ocr_cues": 1, "speech": 1}


@pytest.mark.parametrize("error", [StoreError("the lake is away"), OSError(28, "No space left")])
@pytest.mark.usefixtures("impatient")
def test_a_fault_of_storage_is_tried_again(make_workshop: MakeWorkshop, error: Exception) -> None:
    tries: list[int] = []

    def flaky(work: Work) -> Outcome:
        tries.append(1)
        if len(tries) < 3:
            raise error
        return STAGES["words"].run(work)

    workshop = make_workshop(replaced("words", flaky))
    assert workshop.run(workshop.add()).success
    assert len(tries) == 3


@pytest.mark.usefixtures("impatient")
def test_a_fault_of_storage_that_stays_is_told_in_one_line(make_workshop: MakeWorkshop) -> None:
    def broken(_work: Work) -> Outcome:
        raise StoreError("the lake is away", "mount it")

    workshop = make_workshop(replaced("words", broken))
    result = workshop.run(workshop.add())
    error = failure_of(result, "words")
    assert isinstance(error, StoreError)
    assert str(error) == "the lake is away: mount it"


def test_an_empty_result_is_materialised_with_its_reason_and_a_warning(workshop: Workshop) -> None:
    key = workshop.add()
    result = workshop.run(key, params={"ocr_cues": {"fault": "unavailable"}})
    assert result.success
    (materialization,) = result.asset_materializations_for_node("ocr_cues")
    assert str(materialization.metadata["reason"].value).startswith("NoEngineForLanguage: ")
    assert materialization.metadata["dagster/row_count"].value == 0
    checks = {
        e.check_name: e
        for e in result.get_asset_check_evaluations()
        if e.asset_key.path[-1] == "ocr_cues"
    }
    failed = [name for name, check in checks.items() if not check.passed]
    assert failed == ["has_result"]
    assert checks["has_result"].severity == dg.AssetCheckSeverity.WARN


def test_the_parameters_of_the_profile_hold_where_a_run_gives_none(workshop: Workshop) -> None:
    """A backfill over many films cannot give each its own parameters."""
    folder = workshop.folder / "inbox" / "many"
    folder.mkdir()
    (folder / "profile.yaml").write_text("params: {ocr_cues: {count: 5}}")
    key = workshop.add()
    workshop.run(key, select=["source"], tags={KEY_TAG: key, PROFILE_TAG: "many"})
    assert workshop.run(key).success
    (first,) = list(workshop.runner.store.artifacts("ocr_cues"))
    assert first.manifest.rows == {"cues": 5}
    assert workshop.run(key, params={"ocr_cues": {"count": 1}}).success
    current = workshop.runner.store.current("ocr_cues", key)
    assert current is not None
    assert current.manifest.rows == {"cues": 1}


def test_a_new_version_of_a_stage_makes_its_asset_and_what_follows_anew(
    workshop: Workshop, make_workshop: MakeWorkshop
) -> None:
    key = workshop.add()
    workshop.run(key)
    newer = make_workshop(with_version("captions", "2"))
    newer.run(key)
    again = [name for name, count in newer.calls().items() if count == 2]
    assert again == ["captions", "words", "clip"]


@pytest.mark.slow
def test_force_computes_again(workshop: Workshop) -> None:
    key = workshop.add()
    workshop.run(key)
    workshop.run(key, tags={assets.FORCE_TAG: "true"})
    assert set(workshop.calls().values()) == {2}


@pytest.mark.slow
def test_a_correction_by_a_person_stays_and_feeds_what_follows(
    workshop: Workshop, tmp_path: Any
) -> None:
    key = workshop.add()
    workshop.run(key)
    srt = tmp_path / "corrected.srt"
    srt.write_text("1\n00:00:00,100 --> 00:00:00,900\nA better text\n")
    human = workshop.runner.correct(key, srt)
    result = workshop.run(key)
    assert versions(result)["captions"] == human.fingerprint
    words = workshop.runner.store.current("words", key)
    assert words is not None
    assert words.manifest.inputs["captions"] == human.fingerprint
    assert words.table("words")["text"].to_pylist() == ["A better text"]


@pytest.mark.slow
def test_several_films_of_a_range_are_runs_of_their_own(workshop: Workshop) -> None:
    keys = [workshop.add(pitch, f"{pitch}.wav") for pitch in (300, 400, 500)]
    for key in keys:
        assert workshop.run(key).success
    assert workshop.instance.get_materialized_partitions(dg.AssetKey("clip")) == set(keys)
    for stage in STAGES.values():
        assert build_asset(stage).backfill_policy is None


def test_progress_reaches_who_listens(workshop: Workshop) -> None:
    seen: dict[str, list[float]] = {}
    workshop.pipeline = workshop.pipeline.listening(
        lambda asset, share: seen.setdefault(asset, []).append(share)
    )
    workshop.run(workshop.add())
    assert set(seen) == set(STAGES)
    assert all(shares[-1] == 1.0 and shares == sorted(shares) for shares in seen.values())


def test_a_preview_that_cannot_be_drawn_costs_nothing_but_the_preview(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("no picture")

    monkeypatch.setattr(assets, "preview", broken)
    result = workshop.run(workshop.add())
    assert result.success
    messages = [entry.user_message for entry in workshop.instance.all_logs(result.run_id)]
    assert [m for m in messages if "no preview of words" in m and "no picture" in m]
