"""From a request on the wire to an answer on the wire."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from media_pipeline.gateway.ice.faults import Fault
from media_pipeline.gateway.ice.registry import Registry
from media_pipeline.gateway.ice.signatures import (
    NonceStore,
    Secrets,
    Signed,
    authenticate,
    unsigned,
)
from media_pipeline.gateway.ice.wire import WireRequest

HOST_ID = "ice.media-pipeline"


@dataclass(frozen=True)
class Reply:
    """An answer, before it is written out as JSON."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str]
    action: str = ""
    code: str = ""
    """Empty when it is no error."""


@dataclass(frozen=True)
class Door:
    """What verifies and carries out requests.

    ``require_signatures`` is only ever false in development, on a loopback address.
    """

    registry: Registry
    secrets: Secrets
    remember: NonceStore
    require_signatures: bool = True
    clock: Callable[[], float] = time.time

    def answer(self, request: WireRequest, request_id: str) -> Reply:
        """Verify and carry out a request; what it is refused for is the answer."""
        action = ""
        try:
            signed = self._signed(request)
            action = signed.action if signed.action in self.registry else "unknown"
            found = self.registry.call(signed, request_id)
        except Fault as fault:
            return refused(fault, request_id, action)
        return Reply(200, {"RequestId": request_id, **found}, _headers(request_id), action)

    def _signed(self, request: WireRequest) -> Signed:
        if not self.require_signatures:
            return unsigned(request)
        return authenticate(request, self.secrets, self.remember, now=self.clock())


def refused(fault: Fault, request_id: str, action: str = "") -> Reply:
    """The error envelope."""
    headers = _headers(request_id)
    if fault.retry_after_ms is not None:
        headers["x-acs-retry-after"] = str(fault.retry_after_ms)
    body = {
        "RequestId": request_id,
        "HostId": HOST_ID,
        "Code": fault.code,
        "Message": fault.message,
        "Recommend": "",
    }
    return Reply(fault.status, body, headers, action, fault.code)


def new_request_id() -> str:
    """A UUID in upper case."""
    return str(uuid.uuid4()).upper()


def _headers(request_id: str) -> dict[str, str]:
    return {"x-acs-request-id": request_id}
