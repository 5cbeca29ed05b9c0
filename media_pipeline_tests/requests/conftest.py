from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from media_pipeline.requests.outbox import Outbox
from media_pipeline.requests.tables import Database
from media_pipeline_tests.generators.requests import Clock


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
