"""Services that several machines share, as the doctor looks at them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from media_pipeline.errors import ServiceUnavailable
from media_pipeline.services import (
    check_broker,
    check_database,
    check_web,
    check_workers,
    without_password,
)
from media_pipeline_tests.generators.postgres import postgres

NOWHERE = "127.0.0.1:1"


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    with postgres() as url:
        yield url


def test_a_database_that_answers(database: str) -> None:
    assert "answers (PostgreSQL 1" in check_database(database, "X")
    assert "answers" in check_database(database.replace("://", "+psycopg2://", 1), "X")
    assert "answers" in check_broker(f"db+{database}", "X")


def test_a_database_that_is_not_there(database: str) -> None:
    with pytest.raises(ServiceUnavailable, match="create it, or correct VAR"):
        check_database(database.replace("/postgres", "/nobody"), "VAR")


@pytest.mark.parametrize("url", [f"postgresql://u:hush@{NOWHERE}/x", "mysql://u:hush@host/x"])
def test_an_unusable_database_is_one_line_without_its_password(url: str) -> None:
    pytest.importorskip("psycopg2")
    with pytest.raises(ServiceUnavailable, match="correct VAR") as caught:
        check_database(url, "VAR")
    assert "hush" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["redis", "pyamqp"])
def test_an_unusable_broker_is_one_line_without_its_password(scheme: str) -> None:
    pytest.importorskip("kombu", reason="the extra scale is not installed")
    pytest.importorskip("redis", reason="the extra scale is not installed")
    with pytest.raises(ServiceUnavailable, match="start it, or correct VAR") as caught:
        check_broker(f"{scheme}://u:hush@{NOWHERE}/0", "VAR")
    assert "hush" not in str(caught.value)


def test_queues_need_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    celery = pytest.importorskip("celery.app.control", reason="the extra scale is not installed")
    told = {"one@host": [{"name": "dagster"}, {"name": "gpu"}], "two@host": [{"name": "dagster"}]}
    monkeypatch.setattr(celery.Inspect, "active_queues", lambda _: told)
    assert check_workers("memory://", ["dagster", "gpu", "gpu"]) == "dagster: 2, gpu: 1"
    with pytest.raises(ServiceUnavailable, match="no worker listens to big, far") as caught:
        check_workers("memory://", ["big", "dagster", "far"])
    assert "-Q big" in caught.value.remedy
    monkeypatch.setattr(celery.Inspect, "active_queues", lambda _: None)  # no worker at all
    with pytest.raises(ServiceUnavailable, match="no worker listens to dagster"):
        check_workers("memory://", ["dagster"])


def test_workers_of_a_broker_that_is_away() -> None:
    pytest.importorskip("redis", reason="the extra scale is not installed")
    pytest.importorskip("celery", reason="the extra scale is not installed")
    with pytest.raises(ServiceUnavailable, match="start it, or correct") as caught:
        check_workers(f"redis://u:hush@{NOWHERE}/0", ["dagster"])
    assert "hush" not in str(caught.value)


def test_an_interface_that_does_not_answer() -> None:
    with pytest.raises(ServiceUnavailable, match="correct VAR"):
        check_web(f"http://{NOWHERE}", "VAR")


def test_passwords_are_never_shown() -> None:
    assert without_password("redis://me:p@ss@host:1/2?a=b") == "redis://host:1/2"


def test_the_doctor_looks_at_what_the_settings_name_and_at_no_more() -> None:
    code = (
        "from media_pipeline.doctor import _services\n"
        "for name, required, check in _services():\n"
        "    print(name, required)\n"
    )
    told = {
        "MEDIA_PIPELINE_DATABASE": "postgresql://host/a",
        "MEDIA_PIPELINE_DAGSTER_DATABASE": "postgresql://host/b",
        "MEDIA_PIPELINE_BROKER": "redis://host/0",
        "MEDIA_PIPELINE_BROKER_RESULTS": "redis://host/1",
    }
    plain = {k: v for k, v in os.environ.items() if not k.startswith("MEDIA_PIPELINE_")}
    for environment, rows in ((plain, 0), ({**plain, **told}, 6)):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        lines = done.stdout.splitlines()
        assert len(lines) == rows
        assert all(line.endswith(" True") for line in lines)
