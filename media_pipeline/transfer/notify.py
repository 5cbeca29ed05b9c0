"""Webhooks: one signed POST, to addresses that may be reached."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any

import httpcore
import httpx

from media_pipeline.errors import MediaPipelineError
from media_pipeline.transfer.web import FetchFailed, client

SIGNATURE = "X-Media-Pipeline-Signature"
_SECONDS = 10.0


def signature(body: bytes, secret: str) -> str:
    """The value of the header: ``sha256=`` and the HMAC of the body in hex."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def notify(
    url: str, message: Mapping[str, Any], *, secret: str | None, allowed_hosts: Sequence[str] = ()
) -> None:
    """POST a message as JSON; redirects are not followed.

    Raises
    ------
    HostRefused, FetchFailed
        when it was not taken; another try may succeed.
    """
    body = json.dumps(message, ensure_ascii=False).encode()
    headers = {"content-type": "application/json; charset=utf-8"}
    if secret:
        headers[SIGNATURE] = signature(body, secret)
    try:
        with client(allowed_hosts) as web:
            response = web.post(url, content=body, headers=headers, timeout=_SECONDS)
    except MediaPipelineError:
        raise
    except (httpx.HTTPError, httpcore.NetworkError, httpcore.ProtocolError,
            httpcore.TimeoutException) as error:  # fmt: skip
        raise FetchFailed(f"{url} cannot be told ({error})") from None
    if not response.is_success:
        raise FetchFailed(f"{url} answers {response.status_code}")
