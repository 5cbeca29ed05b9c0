"""Callers who wait for their result, and when they do not get it that way."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from media_pipeline.gateway.caption import routes
from media_pipeline_tests.gateway.caption.conftest import KEY, NO_STORAGE, get, poster
from media_pipeline_tests.generators.gateways import gateway
from media_pipeline_tests.generators.webs import Web

BODY = {"video_url": "https://example.com/video.mp4", "captions": "x"}


def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not done():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_waiting_comes_to_an_end(tmp_path: Path, served: Web) -> None:
    with gateway(
        tmp_path, NO_STORAGE, api_keys=KEY, allowed_hosts=served.place, max_wait_seconds=0.5
    ) as slow:
        slow.dagster.held = True
        started = time.monotonic()
        response = poster(slow.url)({"video_url": served.url("/clip.mp4"), "captions": "x"})
        assert 0.4 < time.monotonic() - started < 10
        assert (response.status_code, response.json()["message"]) == (202, "processing")
        job = response.json()["job_id"]
        assert get(slow, f"/v1/jobs/{job}").json()["code"] == 202
        slow.service.outbox.finish(job, "cancelled")
        told = get(slow, f"/v1/jobs/{job}").json()
        assert (told["code"], told["message"]) == (500, "the job was cancelled")


def test_who_waits_is_answered_when_the_gateway_ends(tmp_path: Path) -> None:
    with ThreadPoolExecutor() as pool:
        with gateway(tmp_path, NO_STORAGE, api_keys=KEY) as ending:
            ending.dagster.held = True
            answer = pool.submit(poster(ending.url), BODY)
            until(lambda: ending.service.routes.waiters == 1)
            started = time.monotonic()
        assert answer.result().status_code == 202
        assert time.monotonic() - started < 9, "connections are cut after ten seconds"


def test_who_goes_away_is_not_waited_for_and_the_job_goes_on(tmp_path: Path) -> None:
    body = json.dumps(BODY).encode()
    head = (
        f"POST /v1/video/caption HTTP/1.1\r\nHost: x\r\nx-api-key: {KEY}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with gateway(tmp_path, NO_STORAGE, api_keys=KEY) as live:
        live.dagster.held = True
        with socket.create_connection(("127.0.0.1", live.port), timeout=20) as client:
            client.sendall(head.encode() + body)
            until(lambda: live.service.routes.waiters == 1)
        until(lambda: live.service.routes.waiters == 0)
        assert live.service.outbox.waiting() == 1


def test_only_so_many_may_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "_MAX_WAITERS", 1)
    with gateway(tmp_path, NO_STORAGE, api_keys=KEY) as live, ThreadPoolExecutor() as pool:
        live.dagster.held = True
        first = pool.submit(poster(live.url), BODY)
        until(lambda: live.service.routes.waiters == 1)
        second = poster(live.url)(BODY)
        assert (second.status_code, second.json()["message"]) == (202, "processing")
        assert not first.done()
        for row in live.service.outbox.find(["/v1/video/caption"])[0]:
            live.service.outbox.finish(row.id, "cancelled")
        assert first.result().status_code == 500
