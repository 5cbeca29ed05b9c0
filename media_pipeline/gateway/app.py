"""The web application: routes, limits, and errors that look the same on every path."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from typing import Any

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from media_pipeline.gateway.ice.door import Door, Reply, new_request_id, refused
from media_pipeline.gateway.ice.faults import Fault
from media_pipeline.gateway.ice.registry import VERSION
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

Observer = Callable[[Reply, float], None]
"""Told of each answer and the seconds it took."""
Page = Callable[[Request], Response]


def create_app(
    door: Door,
    *,
    observe: Observer = lambda _reply, _seconds: None,
    pages: APIRouter | None = None,
    front: Page | None = None,
    lifespan: Any = None,
) -> FastAPI:
    """The application.

    Parameters
    ----------
    door : carries out ICE requests.
    observe : told of each answer.
    pages : further routes.
    front : what a browser sees at ``/``, where ICE requests go as well.
    lifespan : what runs as long as the application does.
    """
    app = FastAPI(title="media_pipeline", version=VERSION, redoc_url=None, lifespan=lifespan)
    workers = CapacityLimiter(_WORKERS)

    @app.api_route("/", methods=["GET", "POST"], summary="Every operation of the ICE contract")
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

    @app.exception_handler(HTTPException)
    async def http_error(_request: Request, error: HTTPException) -> Response:
        return _refusal(error.status_code, str(error.detail))

    @app.exception_handler(Exception)
    async def any_error(_request: Request, _error: Exception) -> Response:
        return _response(refused(_internal(), new_request_id()))

    if pages is not None:
        app.include_router(pages)
    app.add_middleware(Limits, refuse=_Envelope())
    return app


def _is_visit(request: Request) -> bool:
    """Whether it is a browser that asks, and no client of the API."""
    asks = request.query_params.get("Action") or request.headers.get("x-acs-action")
    return request.method == "GET" and not asks and not request.query_params


class _Envelope:
    async def __call__(
        self, status: int, message: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        response = _refusal(status, message)
        response.headers["connection"] = "close"  # what is left of the request is not read
        await response(scope, receive, send)


def _refusal(status: int, message: str) -> Response:
    code = _CODES.get(status, "InvalidParameter" if status < 500 else "InternalError")
    return _response(refused(Fault(code, message), new_request_id()))


def _internal() -> Fault:
    return Fault("InternalError", "the request failed for a reason of ours: see the log")


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
