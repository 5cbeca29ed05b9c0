from __future__ import annotations

from media_pipeline_tests.requests.conftest import clock, database, outbox, server, url

__all__ = ["clock", "database", "outbox", "server", "url"]
