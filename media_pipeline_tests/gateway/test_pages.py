from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path

import httpx
import pytest

from media_pipeline.errors import InvalidParameter
from media_pipeline.gateway.logs import JsonLines
from media_pipeline.gateway.service import Service
from media_pipeline.requests.order import Medium, Order
from media_pipeline.settings import Settings
from media_pipeline_tests.generators.submissions import submission


class Site:
    def __init__(self, folder: Path, host: str = "127.0.0.1") -> None:
        self.service = Service(
            Settings(
                database=f"sqlite:///{folder / 'gateway.db'}",
                access_keys="id:secret",
                dagster_url="http://127.0.0.1:1",
                min_free_bytes=0,
                cache_dir=folder,
            ),
            host=host,
        )

    def get(self, path: str, host: str = "127.0.0.1:8000", **headers: str) -> httpx.Response:
        async def got() -> httpx.Response:
            transport = httpx.ASGITransport(self.service.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
                return await client.get(path, headers={"host": host, **headers})

        return asyncio.run(got())


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_the_page_shows_jobs_and_links_to_their_runs(site: Site) -> None:
    order = Order(
        function="CaptionExtraction", media=[Medium(name="x", uri="oss://b/<script>alert(1)")]
    )
    row = site.service.outbox.submit(submission(order=order))
    site.service.outbox.start(row.id, "run-12345678")
    site.service.outbox.finish(row.id, "failed", error=("NotMedia", "<script>alert(1)</script>"))
    page = site.get("/")
    assert page.status_code == 200
    assert row.id in page.text
    assert "http://127.0.0.1:1/runs/run-12345678" in page.text
    assert "&lt;script&gt;" in page.text and "<script>" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_health_and_readiness(site: Site) -> None:
    assert site.get("/healthz").json() == {"status": "ok"}
    ready = site.get("/readyz")
    assert (ready.status_code, ready.json()) == (503, {"dagster": False, "disk": True})
    assert site.get("/docs").status_code == 200


def test_metrics_count_requests_and_jobs(site: Site) -> None:
    site.service.outbox.submit(submission())
    assert site.get("/?Action=Nothing").status_code == 400
    text = site.get("/metrics").text
    assert 'media_pipeline_jobs{state="waiting"} 1.0' in text
    assert 'media_pipeline_requests_total{action="none",code="IncompleteSignature"} 1.0' in text
    assert "media_pipeline_disk_free_bytes" in text


@pytest.mark.parametrize("path", ["/", "/metrics"])
def test_what_shows_jobs_is_not_for_strangers(site: Site, tmp_path: Path, path: str) -> None:
    assert site.get(path, host="localhost:8000").status_code == 200
    assert site.get(path, host="rebound.example.com").status_code == 401
    public = Site(tmp_path, host="0.0.0.0")
    assert public.get(path).status_code == 401
    assert public.get(path, authorization="Basic eA==").status_code == 401
    assert public.get(path, authorization="Basic !").status_code == 401
    right = httpx.BasicAuth("id", "secret")._auth_header
    assert public.get(path, authorization=right).status_code == 200


def test_signatures_can_be_switched_off_on_loopback_only(tmp_path: Path) -> None:
    settings = Settings(database=f"sqlite:///{tmp_path / 'g.db'}", allow_unsigned=True)
    with pytest.raises(InvalidParameter, match="MEDIA_PIPELINE_ALLOW_UNSIGNED"):
        Service(settings, host="0.0.0.0")
    Service(settings, host="::1").database.close()


def test_a_log_line_is_one_line_of_json() -> None:
    record = logging.makeLogRecord(
        {"name": "n", "msg": 'a\n{"level": "forged"}', "request_id": "R", "job_id": "J"}
    )
    line = JsonLines().format(record)
    assert "\n" not in line
    found = json.loads(line)
    assert (found["request_id"], found["job_id"]) == ("R", "J")
    assert found["message"].startswith("a\n")
