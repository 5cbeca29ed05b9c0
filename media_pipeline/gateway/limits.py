"""What is refused before it is read: long addresses, large bodies, clients that take for ever."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any, Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_TARGET = 60 * 1024
"""Bytes of path and query: JobParams travel in the query."""
MAX_BODY = 1024 * 1024
BODY_S = 20.0
"""Seconds in which a body must have come."""


class Refuser(Protocol):
    """Turns a limit that was met into an answer; the application says how its errors look."""

    async def __call__(
        self, status: int, message: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Send the answer."""


class Limits:
    """Reads the whole body before the application sees the request, within the limits."""

    def __init__(self, app: ASGIApp, refuse: Refuser) -> None:
        self._app = app
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > MAX_TARGET:
            await self._refuse(
                414, f"the address is over {MAX_TARGET:,} bytes", scope, receive, send
            )
            return
        try:
            body = await asyncio.wait_for(_body(scope, receive), BODY_S)
        except TimeoutError:
            await self._refuse(
                408, f"the body did not come within {BODY_S:.0f} s", scope, receive, send
            )
            return
        if body is None:
            await self._refuse(413, f"the body is over {MAX_BODY:,} bytes", scope, receive, send)
            return
        await self._app(scope, _replayed(body, receive), send)


async def _body(scope: MutableMapping[str, Any], receive: Receive) -> bytes | None:
    """The body, or None when it is too large."""
    announced = dict(scope["headers"]).get(b"content-length", b"0")
    if announced.isdigit() and int(announced) > MAX_BODY:
        return None
    found = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return bytes(found)
        found += message.get("body", b"")
        if len(found) > MAX_BODY:
            return None
        if not message.get("more_body"):
            return bytes(found)


def _replayed(body: bytes, receive: Receive) -> Receive:
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
