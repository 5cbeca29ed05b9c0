"""Requests to the ICE operations, signed by hand: what the SDKs would put on the wire."""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

from media_pipeline.gateway.ice.wire import WireRequest

KEY, SECRET = "key-of-tests", "secret-of-tests"
VERSION = "2020-11-09"
FORM = "application/x-www-form-urlencoded"


def escaped(text: str) -> str:
    return quote(text, safe="~")


def stamp(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def acs3(
    action: str,
    query: Mapping[str, str],
    *,
    now: float,
    form: Mapping[str, str] | None = None,
    key: str = KEY,
    secret: str = SECRET,
    nonce: str | None = None,
    headers: Mapping[str, str] | None = None,
    leave_out: str = "",
) -> WireRequest:
    """A request as SDK 6 sends it. ``leave_out`` names a header that is not signed."""
    body = urlencode(form).encode() if form else b""
    sent = {
        "host": "127.0.0.1",
        "x-acs-action": action,
        "x-acs-version": VERSION,
        "x-acs-date": stamp(now),
        "x-acs-signature-nonce": nonce or uuid.uuid4().hex,
        "x-acs-content-sha256": hashlib.sha256(body).hexdigest(),
        **({"content-type": FORM} if form else {}),
        **(headers or {}),
    }
    names = ";".join(sorted(set(sent) - {leave_out}))
    canonical = "\n".join(
        [
            "POST",
            "/",
            "&".join(f"{escaped(k)}={escaped(v)}" for k, v in sorted(query.items())),
            "".join(f"{name}:{sent[name]}\n" for name in names.split(";")),
            names,
            hashlib.sha256(body).hexdigest(),
        ]
    )
    text = f"ACS3-HMAC-SHA256\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    sent["authorization"] = (
        f"ACS3-HMAC-SHA256 Credential={key},SignedHeaders={names},Signature={signature}"
    )
    return WireRequest("POST", "/", urlencode(query), sent, body)


def rpc1(
    action: str,
    query: Mapping[str, str],
    *,
    now: float,
    method: str = "HMAC-SHA1",
    key: str = KEY,
    secret: str = SECRET,
    nonce: str | None = None,
    form: Mapping[str, str] | None = None,
) -> WireRequest:
    """A request as sdk-core sends it."""
    sent = {
        "Action": action,
        "Version": VERSION,
        "Format": "JSON",
        "Timestamp": stamp(now),
        "SignatureNonce": nonce or uuid.uuid4().hex,
        "SignatureMethod": method,
        "SignatureVersion": "1.0",
        "AccessKeyId": key,
        **query,
    }
    pairs = sorted({**sent, **(form or {})}.items())
    canonical = "&".join(f"{escaped(k)}={escaped(v)}" for k, v in pairs)
    text = f"POST&%2F&{escaped(canonical)}"
    kind = hashlib.sha256 if method == "HMAC-SHA256" else hashlib.sha1
    digest = hmac.new(f"{secret}&".encode(), text.encode(), kind).digest()
    sent["Signature"] = base64.b64encode(digest).decode()
    query_string = "&".join(f"{escaped(k)}={escaped(v)}" for k, v in sent.items())
    headers = {"host": "127.0.0.1", "x-acs-action": action, "x-acs-version": VERSION}
    body = urlencode(form).encode() if form else b""
    if form:
        headers["content-type"] = FORM
    return WireRequest("POST", "/", query_string, headers, body)


def with_header(request: WireRequest, name: str, value: str) -> WireRequest:
    return replace(request, headers={**request.headers, name: value})
