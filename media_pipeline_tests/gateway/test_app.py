from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from pydantic import Field

from media_pipeline.gateway import limits
from media_pipeline.gateway.app import create_app
from media_pipeline.gateway.ice.door import Door, Reply
from media_pipeline.gateway.ice.faults import Fault
from media_pipeline.gateway.ice.parameters import WireModel
from media_pipeline.gateway.ice.registry import Call, Operation, Registry
from media_pipeline.gateway.ice.wire import WireRequest
from media_pipeline_tests.generators.ice import KEY, SECRET, acs3, rpc1

NOW = 1_763_700_000.0


class Asked(WireModel):
    Size: int = Field(1, ge=1, le=3)


def grow(call: Call, asked: Asked) -> Mapping[str, Any]:
    if asked.Size == 2:
        raise Fault("Throttling", "too many", retry_after_ms=1500)
    if asked.Size == 3:
        raise RuntimeError("a fault of ours with a secret-of-tests")
    return {"Size": asked.Size}


class Site:
    def __init__(self) -> None:
        self.seen: list[Reply] = []
        door = Door(
            Registry([Operation("Grow", Asked, grow)]),
            lambda key: [SECRET] if key == KEY else [],
            lambda *_: True,
            clock=lambda: NOW,
        )
        self.app = create_app(door, observe=lambda reply, _: self.seen.append(reply))

    def send(self, request: WireRequest) -> httpx.Response:
        async def sent() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
                return await client.request(
                    request.method,
                    f"{request.path}?{request.query_string}",
                    headers=dict(request.headers),
                    content=request.body,
                )

        return asyncio.run(sent())


@pytest.fixture
def site() -> Site:
    return Site()


def assert_envelope(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status
    body: dict[str, Any] = response.json()
    assert set(body) == {"RequestId", "HostId", "Code", "Message", "Recommend"}
    assert body["Code"] == code
    assert re.fullmatch(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", body["RequestId"])
    assert response.headers["x-acs-request-id"] == body["RequestId"]
    return body


def test_a_signed_request_is_answered(site: Site) -> None:
    for make in (acs3, rpc1):
        response = site.send(make("Grow", {"size": "1"}, now=NOW))
        assert response.status_code == 200
        assert response.json() == {
            "RequestId": response.headers["x-acs-request-id"],
            "Size": 1,
        }
    assert [(r.action, r.code) for r in site.seen] == [("Grow", "")] * 2


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        (acs3("Grow", {"Size": "4"}, now=NOW), 400, "InvalidParameter"),
        (acs3("Grow", {"Size": "2"}, now=NOW), 429, "Throttling"),
        (acs3("Grow", {"Size": "3"}, now=NOW), 500, "InternalError"),
        (acs3("Nothing", {}, now=NOW), 404, "InvalidApi.NotFound"),
        (acs3("Grow", {}, now=NOW - 1000), 400, "InvalidTimeStamp.Expired"),
        (acs3("Grow", {}, now=NOW, key="x"), 404, "InvalidAccessKeyId.NotFound"),
        (acs3("Grow", {}, now=NOW, headers={"x-acs-version": "1"}), 400, "NoSuchVersion"),
        (WireRequest("POST", "/", "", {}), 400, "IncompleteSignature"),
        (WireRequest("GET", "/nowhere", "", {}), 404, "InvalidApi.NotFound"),
        (WireRequest("DELETE", "/", "", {}), 405, "UnsupportedHTTPMethod"),
        (WireRequest("POST", "/", "", {}, b"x" * (limits.MAX_BODY + 1)), 413,
         "RequestEntityTooLarge"),
        (WireRequest("POST", "/", "a=" + "x" * limits.MAX_TARGET, {}), 414, "RequestURITooLong"),
    ],
    ids=lambda value: str(value) if isinstance(value, (int, str)) else "",
)  # fmt: skip
def test_errors_look_the_same_on_every_path(
    site: Site, request_: WireRequest, status: int, code: str
) -> None:
    body = assert_envelope(site.send(request_), status, code)
    assert SECRET not in str(body)


def test_throttling_says_when_to_come_back(site: Site) -> None:
    response = site.send(acs3("Grow", {"Size": "2"}, now=NOW))
    assert response.headers["x-acs-retry-after"] == "1500"


def test_hostile_text_is_sent_back_harmless(site: Site) -> None:
    response = site.send(acs3("Grow", {"Size": "1\r\nSet-Cookie: a=b\x1b[31m"}, now=NOW))
    body = assert_envelope(response, 400, "InvalidParameter")
    assert "\n" not in body["Message"] and "\x1b" not in body["Message"]
    assert "set-cookie" not in response.headers


def test_a_body_that_does_not_come_is_not_waited_for(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    from starlette.types import Message

    monkeypatch.setattr(limits, "BODY_S", 0.05)
    sent: list[Message] = []

    async def never() -> Message:
        await asyncio.sleep(60)
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/", "raw_path": b"/", "query_string": b"",
        "headers": [], "http_version": "1.1", "scheme": "http", "server": ("127.0.0.1", 80),
        "client": None, "root_path": "",
    }  # fmt: skip
    asyncio.run(site.app(scope, never, send))
    assert sent[0]["status"] == 408
    assert b"RequestTimeout" in sent[1]["body"]
