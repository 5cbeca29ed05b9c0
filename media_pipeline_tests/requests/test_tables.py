from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from media_pipeline.requests import tables
from media_pipeline.requests.tables import Database


@contextmanager
def away(database: Database, monkeypatch: pytest.MonkeyPatch, times: int) -> Iterator[list[str]]:
    """A database whose server does not answer so many times."""
    real, asked = database._engine.connect, list[str]()

    def connect() -> Any:
        if len(asked) < times:
            asked.append("in vain")
            raise sa.exc.OperationalError("connect", {}, Exception("connection refused"))
        return real()

    monkeypatch.setattr(database._engine, "connect", connect)
    monkeypatch.setattr(tables, "_AGAIN_S", 0.0)
    yield asked


def test_a_server_that_is_away_is_waited_for_where_that_was_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'jobs.db'}"
    with (
        closing(Database(url, patience=600)) as database,
        away(database, monkeypatch, 3) as asked,
    ):
        with database.read() as connection:
            assert connection.scalar(sa.select(1)) == 1
        assert len(asked) == 3


def test_a_server_that_is_away_is_an_error_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        closing(Database(f"sqlite:///{tmp_path / 'jobs.db'}")) as database,
        away(database, monkeypatch, 10**9),
        pytest.raises(sa.exc.OperationalError, match="refused"),
        database.write(),
    ):
        pass


def test_who_freezes_in_a_transaction_does_not_hold_the_others(server: str) -> None:
    with closing(Database(server)) as database, database.read() as connection:
        shown = connection.scalar(sa.text("SHOW idle_in_transaction_session_timeout"))
    assert shown == "15s"
