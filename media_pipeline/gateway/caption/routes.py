"""Where the contract is asked for: its paths, each described for the API's page."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from anyio import CapacityLimiter, sleep, to_thread
from fastapi import APIRouter, Request, Security
from fastapi.security import APIKeyHeader
from pydantic import BaseModel
from starlette.responses import FileResponse, Response

from media_pipeline import __version__
from media_pipeline.errors import MediaPipelineError
from media_pipeline.gateway.caption.desk import FILES, Desk
from media_pipeline.gateway.caption.envelope import ENDPOINT, Refused, status_of
from media_pipeline.gateway.caption.models import (
    CaptionRequest,
    Fonts,
    PreviewRequest,
    Processing,
    Refusal,
    Success,
)
from media_pipeline.gateway.caption.preview import LONGEST_SIDE, Previews
from media_pipeline.gateway.caption.reading import JSON, read_request
from media_pipeline.media.fonts import ALIASES, known_names
from media_pipeline.requests.outbox import JobRow

PREFIX = "/v1/"
BODIES: tuple[type[BaseModel], ...] = (CaptionRequest, PreviewRequest)
"""What is sent; the routes read it themselves, because the key is looked at before the body."""

_LOG = logging.getLogger(__name__)
_WORKERS = 4  # requests that are worked on at once
_LOOK_S, _LOOK_MOST_S = 0.1, 1.0
_MAX_WAITERS = 256
"""Connections that may stay open for a result; whoever comes then gets 202 at once."""
_KEY = APIKeyHeader(name="x-api-key", auto_error=False, description="one of the API keys")

Observer = Callable[[str, int, float, str], None]
"""Told of each answer: path, status, seconds, and the job's id or ''."""

_Answers = dict[int | str, dict[str, Any]]


def _refusals(*codes: int) -> _Answers:
    words = {
        400: "Something in the request is wrong, or the job failed for what was given",
        401: "x-api-key is missing or wrong",
        404: "There is no such job or file",
        408: "The body did not come in time",
        409: "The film has not been fetched yet",
        413: "The body is too large",
        415: "The body is not application/json",
        429: "As many jobs wait as may wait",
        500: "The job failed for a reason of ours",
        503: "No jobs are taken now",
    }
    return {code: {"model": Refusal, "description": words[code]} for code in codes}


def _body(model: type[BaseModel]) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": True, "content": {JSON: {"schema": schema}}}}


class CaptionRoutes:
    """The paths under ``/v1``."""

    def __init__(
        self,
        desk: Desk,
        previews: Previews,
        *,
        max_wait: float,
        observe: Observer = lambda *_: None,
    ) -> None:
        self._desk = desk
        self._previews = previews
        self._max_wait = max_wait
        self._observe = observe
        self._workers = CapacityLimiter(_WORKERS)
        self._waiters = 0
        self._ending = False
        self.router = APIRouter(tags=["captions"])
        keyed: dict[str, Any] = {"dependencies": [Security(_KEY)], "response_model": None}
        self.router.add_api_route(
            ENDPOINT,
            self._caption,
            methods=["POST"],
            summary="Draw captions on a film",
            description="Without webhook_url the answer is the result; if it takes too long, 202, "
            "and the result is at /v1/jobs/{job_id}. With webhook_url the answer is 202 at once, "
            "and what /v1/jobs/{job_id} answers in the end is posted there.",
            responses={
                200: {"model": Success, "description": "The captioned film"},
                202: {"model": Processing, "description": "The job goes on"},
                **_refusals(400, 401, 408, 413, 415, 429, 500, 503),
            },
            openapi_extra=_body(CaptionRequest),
            **keyed,
        )
        self.router.add_api_route(
            f"{ENDPOINT}/preview",
            self._preview,
            methods=["POST"],
            summary="One captioned frame of a film",
            description="A film that was given to /v1/video/caption, or registered, and fetched. "
            f"The frame has at most {LONGEST_SIDE} pixels on a side.",
            responses={
                200: {
                    "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}},
                    "description": "The frame as PNG",
                },
                **_refusals(400, 401, 408, 409, 413, 415, 429, 500, 503),
            },
            openapi_extra=_body(PreviewRequest),
            response_class=Response,
            **keyed,
        )
        self.router.add_api_route(
            "/v1/jobs/{job_id}",
            self._job,
            methods=["GET"],
            summary="A job as it stands",
            description="The envelope that the request was, or would have been, answered with; its "
            "code says how the job stands. The answer's own status is 200 for every job there is.",
            responses={
                200: {"model": Success | Processing | Refusal, "description": "The job"},
                **_refusals(401, 404),
            },
            **keyed,
        )
        self.router.add_api_route(
            "/v1/fonts",
            self._fonts,
            methods=["GET"],
            summary="What font_family may be",
            responses={200: {"model": Fonts, "description": "The fonts"}, **_refusals(401)},
            **keyed,
        )
        self.router.add_api_route(
            FILES + "/{job_id}/{name}",
            self._file,
            methods=["GET"],
            summary="A result",
            description="Where results lie on this machine and MEDIA_PIPELINE_PUBLIC_URL is not "
            "set, they are handed out here. Who knows the job's id needs no key.",
            responses={
                200: {
                    "content": {"video/mp4": {"schema": {"type": "string", "format": "binary"}}},
                    "description": "The film",
                },
                **_refusals(404),
            },
            response_class=Response,
            response_model=None,
        )

    # --- the paths ---

    async def _caption(self, request: Request) -> Response:
        job = ""

        async def answer() -> Response:
            nonlocal job
            caller = self._desk.caller(request.headers.getlist("x-api-key"))
            kind, body = request.headers.get("content-type", ""), await request.body()
            base = str(request.base_url).rstrip("/")

            def submitted() -> tuple[CaptionRequest, JobRow]:
                asked = read_request(CaptionRequest, kind, body)
                return asked, self._desk.submit(caller, asked, base)

            asked, row = await self._work(submitted)
            job = row.id
            if not asked.webhook_url:
                row = await self._finished(row, request)
            found = await self._work(lambda: self._desk.envelopes.of(row))
            return _json(found["code"], found)

        return await self._answered(ENDPOINT, answer, lambda: job)

    async def _preview(self, request: Request) -> Response:
        async def answer() -> Response:
            self._desk.caller(request.headers.getlist("x-api-key"))
            kind, body = request.headers.get("content-type", ""), await request.body()
            asked = await self._work(lambda: read_request(PreviewRequest, kind, body))
            picture = await self._previews.picture(asked)
            return Response(picture, media_type="image/png", headers={"cache-control": "no-store"})

        return await self._answered(f"{ENDPOINT}/preview", answer)

    async def _job(self, request: Request, job_id: str) -> Response:
        async def answer() -> Response:
            self._desk.caller(request.headers.getlist("x-api-key"))
            found = await self._work(lambda: self._desk.envelopes.of(self._desk.job(job_id)))
            return _json(200, found)

        return await self._answered("/v1/jobs", answer)

    async def _fonts(self, request: Request) -> Response:
        async def answer() -> Response:
            self._desk.caller(request.headers.getlist("x-api-key"))
            names = await self._work(known_names)
            aliases = {name: other for name, other in ALIASES.items() if name in names}
            return _json(
                200,
                {
                    "code": 200,
                    "message": "success",
                    "fonts": names,
                    "aliases": aliases,
                    "build_number": __version__,
                },
            )

        return await self._answered("/v1/fonts", answer)

    async def _file(self, job_id: str, name: str) -> Response:
        async def answer() -> Response:
            path = await self._work(lambda: self._desk.file(job_id, name))
            return FileResponse(
                path, media_type="video/mp4", headers={"x-content-type-options": "nosniff"}
            )

        return await self._answered(FILES, answer)

    # --- the rest ---

    @property
    def waiters(self) -> int:
        """How many callers wait for their jobs."""
        return self._waiters

    def let_go(self) -> None:
        """Keep nobody waiting any more."""
        self._ending = True

    async def refusal(self, status: int, message: str, headers: Mapping[str, str]) -> Response:
        """How errors look under :data:`PREFIX` that were found before a path was."""
        return await self._refused(Refused(status, message, headers=headers))

    async def _work(self, work: Callable[[], Any]) -> Any:
        return await to_thread.run_sync(work, limiter=self._workers)

    async def _answered(
        self,
        path: str,
        answer: Callable[[], Awaitable[Response]],
        job: Callable[[], str] = lambda: "",
    ) -> Response:
        """The answer, or how it is refused; told to the observer with the job's id."""
        started = time.monotonic()
        try:
            response = await answer()
        except Refused as refused:
            response = await self._refused(refused)
        except MediaPipelineError as error:
            response = await self._refused(Refused(status_of(error.code), str(error)))
        except Exception:
            _LOG.exception("request failed", extra={"action": path})
            response = await self._refused(Refused(500, "the request failed: see the log"))
        self._observe(path, response.status_code, time.monotonic() - started, job())
        return response

    async def _refused(self, refused: Refused) -> Response:
        body = await self._work(lambda: self._desk.envelopes.refused(refused))
        return _json(refused.status, body, refused.headers)

    async def _finished(self, row: JobRow, request: Request) -> JobRow:
        """The job when it has ended, or as it is when waiting comes to its end."""
        if self._waiters >= _MAX_WAITERS:
            return row
        self._waiters += 1
        look = partial(self._desk.job, row.id)
        end, pause = time.monotonic() + self._max_wait, _LOOK_S
        try:
            while (left := end - time.monotonic()) > 0:
                await sleep(min(pause, left))
                pause = min(_LOOK_MOST_S, 1.3 * pause)
                row = await self._work(look)
                if row.finished is not None or self._ending or await request.is_disconnected():
                    break
        finally:
            self._waiters -= 1
        return row


def _json(
    status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status, headers, JSON)
