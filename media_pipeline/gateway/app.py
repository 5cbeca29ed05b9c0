"""The web application: routes, limits, and errors that look the same on every path."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, FastAPI, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from media_pipeline import __version__
from media_pipeline.gateway.docs import describe
from media_pipeline.gateway.ice.door import Door, Reply, new_request_id, refused
from media_pipeline.gateway.ice.faults import Fault
from media_pipeline.gateway.ice.wire import WireRequest
from media_pipeline.gateway.limits import Limits

_LOG = logging.getLogger(__name__)
_WORKERS = 4
"""Requests that are worked on at once. They share one interpreter and one writer of the table: more
would only take the processor from whoever holds the writer's place."""
_CODES = {
    404: "InvalidApi.NotFound",
    405: "UnsupportedHTTPMethod",
    408: "RequestTimeout",
    413: "RequestEntityTooLarge",
    414: "RequestURITooLong",
}

_INTERNAL = "the request failed for a reason of ours: see the log"

Observer = Callable[[Reply, float], None]
"""Told of each answer and the seconds it took."""
Page = Callable[[Request], Response]
Refuse = Callable[[int, str, Mapping[str, str]], Awaitable[Response]]
"""How errors look that were found before a path was: status, message, headers."""


def create_app(
    door: Door,
    *,
    observe: Observer = lambda _reply, _seconds: None,
    routers: Sequence[APIRouter] = (),
    refusals: Mapping[str, Refuse] | None = None,
    bodies: Sequence[type[BaseModel]] = (),
    front: Page | None = None,
    lifespan: Any = None,
) -> FastAPI:
    """The application.

    Parameters
    ----------
    door : carries out ICE requests.
    observe : told of each answer.
    routers : further routes.
    refusals : how errors look under the paths that begin so; elsewhere as those of ICE.
    bodies : what further routes take that read it themselves, to be described.
    front : what a browser sees at ``/``, where ICE requests go as well.
    lifespan : what runs as long as the application does.
    """
    app = FastAPI(
        title="media_pipeline",
        version=__version__,
        docs_url=None,  # FastAPI's own page fetches its script from elsewhere
        redoc_url=None,
        lifespan=lifespan,
    )
    describe(app, bodies)
    workers = CapacityLimiter(_WORKERS)

    async def ice(request: Request) -> Response:
        if front is not None and _is_visit(request):
            return await run_in_threadpool(front, request)
        started = time.monotonic()
        request_id = new_request_id()
        wire = _wire(request, await request.body())
        try:
            reply = await to_thread.run_sync(door.answer, wire, request_id, limiter=workers)
        except Exception:
            _LOG.exception("request failed", extra={"request_id": request_id})
            reply = refused(_internal(), request_id)
        observe(reply, time.monotonic() - started)
        return _response(reply)

    for method in ("GET", "POST"):
        app.add_api_route(
            "/",
            ice,
            methods=[method],
            operation_id=f"ice_{method.lower()}",
            summary="Every operation of the ICE contract",
        )

    async def refuse(path: str, status: int, message: str, headers: Mapping[str, str]) -> Response:
        for prefix, own in (refusals or {}).items():
            if path.startswith(prefix):
                return await own(status, message, headers)
        return _refusal(status, message)

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> Response:
        return await refuse(
            request.url.path, error.status_code, str(error.detail), dict(error.headers or {})
        )

    @app.exception_handler(Exception)
    async def any_error(request: Request, _error: Exception) -> Response:
        return await refuse(request.url.path, 500, _INTERNAL, {})

    for router in routers:
        app.include_router(router)
    app.add_middleware(Limits, refuse=_Envelope(refuse))
    return app


def _is_visit(request: Request) -> bool:
    """Whether it is a browser that asks, and no client of the API."""
    asks = request.query_params.get("Action") or request.headers.get("x-acs-action")
    return request.method == "GET" and not asks and not request.query_params


class _Envelope:
    def __init__(
        self, refuse: Callable[[str, int, str, Mapping[str, str]], Awaitable[Response]]
    ) -> None:
        self._refuse = refuse

    async def __call__(
        self, status: int, message: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        # What is left of the request is not read.
        response = await self._refuse(scope["path"], status, message, {})
        response.headers["connection"] = "close"
        await response(scope, receive, send)


def _refusal(status: int, message: str) -> Response:
    code = _CODES.get(status, "InvalidParameter" if status < 500 else "InternalError")
    return _response(refused(Fault(code, message), new_request_id()))


def _internal() -> Fault:
    return Fault("InternalError", _INTERNAL)


def _wire(request: Request, body: bytes) -> WireRequest:
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    raw_path = request.scope.get("raw_path") or request.url.path.encode()
    return WireRequest(
        request.method,
        raw_path.decode("latin-1"),
        request.scope["query_string"].decode("latin-1"),
        headers,
        body,
    )


def _response(reply: Reply) -> Response:
    return Response(
        json.dumps(reply.body, ensure_ascii=False),
        reply.status,
        reply.headers,
        "application/json;charset=utf-8",
    )
