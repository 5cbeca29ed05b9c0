from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from media_pipeline.requests.outbox import Outbox
from media_pipeline.requests.tables import METADATA, Database
from media_pipeline_tests.generators.postgres import postgres
from media_pipeline_tests.generators.submissions import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="package")
def server() -> Iterator[str]:
    """A PostgreSQL server; only started when a test asks for it."""
    with postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'gateway.db'}"
    return str(request.getfixturevalue("server"))


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = Database(url)
    yield opened
    if not url.startswith("sqlite"):
        with opened.write() as connection:
            METADATA.drop_all(connection)
    opened.close()


@pytest.fixture
def outbox(database: Database, clock: Clock) -> Outbox:
    return Outbox(database, max_waiting=300, clock=clock)
