from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from media_pipeline.errors import InvalidParameter
from media_pipeline.store import Store
from media_pipeline.store.retention import RetentionPlan, plan_retention
from media_pipeline_tests.store.conftest import KEY, publish

NOW = datetime.now(UTC)
OLD = (NOW - timedelta(days=40)).isoformat()
YOUNG = (NOW - timedelta(days=3)).isoformat()


def names(plan: RetentionPlan) -> set[str]:
    return {removal.fingerprint for removal in plan.removals}


def chain(store: Store) -> None:
    """Captions k1 are current, from cues c1; the words w1 are from captions k0, from cues c0."""
    publish(store, "s1", "source", created=OLD)
    for name in ("c0", "c1", "c2"):
        publish(store, name, "ocr_cues", created=OLD, inputs={"source": "s1"})
    publish(store, "k0", "captions", created=OLD, inputs={"ocr_cues": "c0"})
    current = publish(store, "k1", "captions", created=OLD, inputs={"ocr_cues": "c1"})
    publish(store, "w1", "words", created=OLD, inputs={"captions": "k0"})
    store.set_current(current)


def test_current_and_all_it_was_made_from_is_kept(store: Store) -> None:
    chain(store)
    plan = plan_retention(store, 30)
    assert names(plan) == {"c0", "c2", "k0", "w1"}
    assert plan.size == 4 * len("content")
    assert len(list(store.artifacts())) == 7  # planning removes nothing
    assert plan.apply() >= plan.size
    assert {a.fingerprint for a in store.artifacts()} == {"s1", "c1", "k1"}
    current = store.current("captions", KEY)
    assert current is not None and current.path("text.txt").read_text() == "content"
    assert plan_retention(store, 30).removals == ()


def test_what_a_live_job_uses_is_kept_with_its_inputs(store: Store) -> None:
    chain(store)
    assert names(plan_retention(store, 30, keep=["w1"])) == {"c2"}


def test_what_is_young_is_kept_with_its_inputs(store: Store) -> None:
    chain(store)
    publish(store, "young", "captions", created=YOUNG, inputs={"ocr_cues": "c2"})
    assert names(plan_retention(store, 30)) == {"c0", "k0", "w1"}
    assert names(plan_retention(store, 2)) == {"c0", "c2", "k0", "w1", "young"}
    assert names(plan_retention(store, 50)) == set()


def test_both_the_correction_and_what_it_stands_over_are_kept(store: Store) -> None:
    publish(store, "m1", created=OLD)
    human = publish(store, "h1", created=OLD, origin="human")
    store.set_current(publish(store, "m2", created=OLD))
    store.set_current(human)
    assert names(plan_retention(store, 30)) == {"m1", "m2"}


def test_what_became_current_after_planning_is_not_removed(store: Store) -> None:
    one, two = publish(store, "f1", created=OLD), publish(store, "f2", created=OLD)
    store.set_current(one)
    plan = plan_retention(store, 30)
    assert names(plan) == {"f2"}
    store.set_current(two)
    assert plan.apply() == 0
    assert store.get("captions", KEY, "f2") is not None


def test_broken_folders_go_when_they_are_old(local: Store) -> None:
    import os

    publish(local, "good", created=OLD)
    local.set_current(publish(local, "good"))
    broken = local.backend.scratch.parent / "captions" / KEY / "broken"
    broken.mkdir()
    (broken / "half.txt").write_text("half")
    assert names(plan_retention(local, 30)) == set()
    past = (NOW - timedelta(days=40)).timestamp()
    for path in (broken / "half.txt", broken):
        os.utime(path, (past, past))
    plan = plan_retention(local, 30)
    assert names(plan) == {"broken"}
    plan.apply()
    assert not broken.exists()


@pytest.mark.parametrize("days", [-1.0, float("nan")])
def test_days_must_make_sense(local: Store, days: float) -> None:
    with pytest.raises(InvalidParameter, match="days"):
        plan_retention(local, days)
