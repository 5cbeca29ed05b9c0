"""A gateway that listens, a web with a film, and a client as the public service's users have it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from media_pipeline_tests.generators.gateways import Gateway, gateway
from media_pipeline_tests.generators.storage import ObjectStorage
from media_pipeline_tests.generators.webs import Web, web

KEY = "key-of-callers"
SRT = "1\n00:00:00,400 --> 00:00:01,200\num hello there\n"
SUCCESS = {
    "endpoint", "code", "id", "job_id", "response", "message", "pid", "queue_id", "run_time",
    "queue_time", "total_time", "queue_length", "build_number",
}  # fmt: skip
NO_STORAGE = ObjectStorage("http://127.0.0.1:1")

Client = Callable[..., httpx.Response]


@pytest.fixture(scope="package")
def served(clip: Path) -> Iterator[Web]:
    with web() as found:
        found.files["/clip.mp4"] = clip.read_bytes()
        found.files["/text.srt"] = SRT.encode()
        yield found


@pytest.fixture(scope="package")
def live(tmp_path_factory: pytest.TempPathFactory, served: Web) -> Iterator[Gateway]:
    """Jobs are carried out in the gateway's process."""
    folder = tmp_path_factory.mktemp("captions")
    with gateway(
        folder,
        NO_STORAGE,
        api_keys=f"other,{KEY}",
        allowed_hosts=served.place,
        webhook_secret="hook",
    ) as found:
        yield found


@pytest.fixture
def held(live: Gateway) -> Iterator[None]:
    """Runs are launched and wait, as in a queue; those of tests before have ended."""
    live.rest()
    live.dagster.held = True
    yield
    live.dagster.held = False


def poster(url: str, key: str = KEY) -> Client:
    """POST to the endpoint with a body and the key, as the service's documentation shows."""

    def post(body: Any = None, path: str = "/v1/video/caption", **more: Any) -> httpx.Response:
        given: dict[str, Any] = {"headers": {"x-api-key": key}, "timeout": 120.0, **more}
        if body is not None:
            given["json"] = body
        return httpx.post(f"{url}{path}", trust_env=False, **given)

    return post


@pytest.fixture(scope="package")
def post(live: Gateway) -> Client:
    return poster(live.url)


def get(live: Gateway, path: str, key: str = KEY) -> httpx.Response:
    return httpx.get(f"{live.url}{path}", headers={"x-api-key": key}, trust_env=False)
