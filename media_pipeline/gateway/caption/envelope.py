"""What every answer is wrapped in."""

from __future__ import annotations

import os
import uuid
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from media_pipeline import __version__, errors
from media_pipeline.errors import printable
from media_pipeline.requests.outbox import JobRow
from media_pipeline.settings import Settings
from media_pipeline.transfer import web

ENDPOINT = "/v1/video/caption"
_LONGEST = 2000  # what strangers sent is part of messages
UNEXPECTED = "An unexpected error occurred during the captioning process."
_CALLERS_FAULT = (
    errors.InputError,
    errors.InvalidParameter,
    errors.Unavailable,
    errors.FontMissing,
    web.FetchFailed,
)


class Refused(Exception):
    """A request that is not carried out.

    Parameters
    ----------
    status : of HTTP.
    message : what is wrong.
    id : the request's own name.
    more : further fields of the answer.
    headers : of the answer.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        id: str | None = None,
        more: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status = status
        self.message = printable(message[:_LONGEST])
        self.id = id
        self.more = more or {}
        self.headers = dict(headers or {})
        super().__init__(status, self.message)


@dataclass(frozen=True)
class Envelopes:
    """Wraps answers.

    Parameters
    ----------
    settings : of the gateway.
    waiting : how many jobs wait.
    link : the address of a result, by the job and the place where it lies.
    """

    settings: Settings
    waiting: Callable[[], int]
    link: Callable[[JobRow, str], str]

    def refused(self, refusal: Refused) -> dict[str, Any]:
        """A request that was not accepted; its job id names nothing."""
        told = {"error": UNEXPECTED} if refusal.status == 500 else {}
        return {
            **self._common(refusal.status, refusal.id, uuid.uuid4().hex, refusal.message),
            **told,
            **refusal.more,
        }

    def of(self, row: JobRow) -> dict[str, Any]:
        """A job as it stands."""
        if row.finished is None:
            return {
                **self._of(row, 202, "processing"),
                "max_queue_length": self.settings.max_queue_length,
            }
        started = row.started if row.started is not None else row.finished
        times = {
            "endpoint": row.action,
            "run_time": round(row.finished - started, 3),
            "queue_time": round(started - row.accepted, 3),
            "total_time": round(row.finished - row.accepted, 3),
        }
        if row.outcome == "success":
            place = row.result["files"][0]["uri"]
            return {**self._of(row, 200, "success"), **times, "response": self.link(row, place)}
        status = status_of(row.error_code or "")
        told = {"error": UNEXPECTED} if status == 500 else {}
        message = row.error_message or "the job was cancelled"
        return {**self._of(row, status, message), **told, **times}

    def _of(self, row: JobRow, code: int, message: str) -> dict[str, Any]:
        return self._common(code, row.request.get("id"), row.id, message)

    def _common(self, code: int, id: str | None, job_id: str, message: str) -> dict[str, Any]:
        return {
            "code": code,
            "id": id,
            "job_id": job_id,
            "message": message,
            "pid": os.getpid(),
            "queue_id": queue_id(self.settings),
            "queue_length": self.waiting(),
            "build_number": __version__,
        }


def status_of(code: str) -> int:
    """Whether a job failed for what the caller gave (400) or for a reason of ours (500)."""
    kind = getattr(errors, code, None) or getattr(web, code, None)
    return 400 if isinstance(kind, type) and issubclass(kind, _CALLERS_FAULT) else 500


def queue_id(settings: Settings) -> int:
    """A number for the queue: the same in all processes that share its table."""
    place = sa.make_url(settings.database).render_as_string(hide_password=True)
    return zlib.crc32(place.encode())
