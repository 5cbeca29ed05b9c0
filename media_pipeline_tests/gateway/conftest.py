from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from media_pipeline.gateway.jobs.order import Medium, Order
from media_pipeline.gateway.jobs.outbox import Outbox, Submission
from media_pipeline.gateway.jobs.tables import Database


class Clock:
    """A clock that is set by hand."""

    def __init__(self, now: float = 1_763_700_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def submission(token: str | None = None, *, name: str = "a", **values: object) -> Submission:
    """A submission of a caption job."""
    fields: dict[str, object] = {
        "action": "SubmitIProductionJob",
        "access_key": "key",
        "request": {"Name": name},
        "order": Order(
            function="CaptionExtraction", media=[Medium(name="m", uri="oss://bkt/m.mp4")]
        ),
        "client_token": token,
        **values,
    }
    return Submission(**fields)  # type: ignore[arg-type]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(f"sqlite:///{tmp_path / 'gateway.db'}")
    yield opened
    opened.close()


@pytest.fixture
def outbox(database: Database, clock: Clock) -> Outbox:
    return Outbox(database, max_waiting=300, clock=clock)
