"""Both signatures of Alibaba Cloud, verified: ACS3-HMAC-SHA256 and RPC version 1.

ACS3 (SDK 6.x) signs method, path, query, chosen headers and the hash of the body, in the
``Authorization`` header. RPC v1 (SDK 3.x, sdk-core) signs all parameters, in the query. RPC
requests may carry ``x-acs-action`` as well, so ``Authorization: ACS3-…`` tells them apart. A
request counts only with what is signed: :class:`Signed` is all that the operations see.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from media_pipeline.gateway.ice.faults import Fault
from media_pipeline.gateway.ice.wire import Pairs, WireRequest

WINDOW_S = 15 * 60.0
"""How far the clock of a client may be from ours."""

_ACS3 = "ACS3-HMAC-SHA256"
_MUST_SIGN = (
    "host",
    "x-acs-action",
    "x-acs-content-sha256",
    "x-acs-date",
    "x-acs-signature-nonce",
    "x-acs-version",
)
_AUTHORIZATION = re.compile(
    r"^ACS3-HMAC-SHA256 +Credential=([^,\s]{1,128}), *SignedHeaders=([A-Za-z0-9;_-]{1,4096}),"
    r" *Signature=([0-9a-f]{64})$"
)
_METHODS = {"HMAC-SHA1": hashlib.sha1, "HMAC-SHA256": hashlib.sha256}
_OF_SIGNATURE = {
    "Action", "Version", "Format", "Timestamp", "SignatureNonce", "SignatureMethod",
    "SignatureVersion", "SignatureType", "AccessKeyId", "Signature", "RegionId",
}  # fmt: skip
_MAX_NONCE = 128

Secrets = Callable[[str], Sequence[str]]
"""The secrets of an access key; several while one is replaced, none when there is no such key."""
NonceStore = Callable[[str, str, float], bool]
"""Notes (key, nonce, time until which it counts) and says whether it was new."""


@dataclass(frozen=True, slots=True)
class Signed:
    """What a request asks for, as its signature vouches for it."""

    action: str
    version: str
    access_key: str
    parameters: Mapping[str, str]


def authenticate(
    request: WireRequest, secrets: Secrets, remember: NonceStore, *, now: float
) -> Signed:
    """Verify a request's signature, time and nonce.

    Parameters
    ----------
    secrets, remember : the keys and the nonces that are known.
    now : seconds since the epoch.

    Raises
    ------
    Fault
        IncompleteSignature, InvalidAccessKeyId.NotFound, SignatureDoesNotMatch,
        InvalidTimeStamp.Expired, SignatureNonceUsed.
    """
    if request.headers.get("authorization", "").startswith("ACS3-"):
        claim = _acs3(request)
    elif "Signature" in request.parameters:
        claim = _rpc1(request)
    else:
        raise Fault(
            "IncompleteSignature", "the request is not signed: use an SDK with an access key"
        )
    known = secrets(claim.signed.access_key)
    if not known:
        raise Fault(
            "InvalidAccessKeyId.NotFound",
            f"there is no access key {claim.signed.access_key}",
        )
    # All are compared, so that the time tells nothing of which secret it was.
    matches = [hmac.compare_digest(claim.expected(secret), claim.given) for secret in known]
    if not any(matches):
        raise Fault(
            "SignatureDoesNotMatch",
            "the signature is not that of this request: check the access key's secret, and that "
            "nothing between client and server rewrites the request",
        )
    if abs(claim.time - now) > WINDOW_S:
        raise Fault(
            "InvalidTimeStamp.Expired",
            f"the request was signed more than {WINDOW_S / 60:.0f} minutes from now: set the clock",
        )
    if not remember(claim.signed.access_key, claim.nonce, claim.time + WINDOW_S):
        raise Fault("SignatureNonceUsed", "the request was sent before: sign each one anew")
    return claim.signed


def unsigned(request: WireRequest) -> Signed:
    """What a request asks for where signatures are switched off."""
    parameters = request.parameters
    return Signed(
        request.headers.get("x-acs-action") or parameters.get("Action", ""),
        request.headers.get("x-acs-version") or parameters.get("Version", ""),
        "unsigned",
        _without_signature(parameters),
    )


@dataclass(frozen=True)
class _Claim:
    signed: Signed
    given: bytes
    expected: Callable[[str], bytes]
    time: float
    nonce: str


def _acs3(request: WireRequest) -> _Claim:
    match = _AUTHORIZATION.match(request.headers["authorization"])
    if match is None:
        raise Fault("IncompleteSignature", f"the Authorization header is not one of {_ACS3}")
    key, names, given = match.groups()
    headers = names.lower().split(";")
    missing = [name for name in _MUST_SIGN if name not in headers or name not in request.headers]
    if missing:
        raise Fault("IncompleteSignature", f"the header {missing[0]} must be sent and signed")
    digest = hashlib.sha256(request.body).hexdigest()
    if not hmac.compare_digest(request.headers["x-acs-content-sha256"].encode(), digest.encode()):
        raise Fault("SignatureDoesNotMatch", "x-acs-content-sha256 is not the hash of the body")
    canonical = "\n".join(
        [
            request.method,
            request.path,
            _canonical(request.query),
            "".join(f"{name}:{request.headers.get(name, '').strip()}\n" for name in headers),
            names,
            digest,
        ]
    )
    text = f"{_ACS3}\n{hashlib.sha256(canonical.encode()).hexdigest()}".encode()
    return _Claim(
        Signed(
            request.headers["x-acs-action"],
            request.headers["x-acs-version"],
            key,
            _without_signature(request.parameters),
        ),
        given.encode(),
        lambda secret: hmac.new(secret.encode(), text, hashlib.sha256).hexdigest().encode(),
        _time(request.headers["x-acs-date"]),
        _nonce(request.headers["x-acs-signature-nonce"]),
    )


def _rpc1(request: WireRequest) -> _Claim:
    parameters = request.parameters
    for name in ("Action", "Version", "AccessKeyId", "SignatureNonce", "Timestamp"):
        if not parameters.get(name):
            raise Fault("IncompleteSignature", f"the signed request lacks the parameter {name}")
    method = parameters.get("SignatureMethod", "")
    if method not in _METHODS or parameters.get("SignatureVersion") != "1.0":
        raise Fault(
            "IncompleteSignature",
            f"SignatureMethod must be {' or '.join(_METHODS)}, SignatureVersion 1.0",
        )
    pairs = [(name, value) for name, value in parameters.items() if name != "Signature"]
    text = f"{request.method}&%2F&{_escaped(_canonical(pairs))}".encode()

    def expected(secret: str) -> bytes:
        digest = hmac.new(f"{secret}&".encode(), text, _METHODS[method]).digest()
        return base64.b64encode(digest)

    return _Claim(
        Signed(
            parameters["Action"],
            parameters["Version"],
            parameters["AccessKeyId"],
            _without_signature(parameters),
        ),
        parameters["Signature"].encode(),
        expected,
        _time(parameters["Timestamp"]),
        _nonce(parameters["SignatureNonce"]),
    )


def _without_signature(parameters: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in parameters.items() if name not in _OF_SIGNATURE}


def _canonical(pairs: Pairs) -> str:
    return "&".join(f"{_escaped(name)}={_escaped(value)}" for name, value in sorted(pairs))


def _escaped(text: str) -> str:
    """Percent-encoded as RFC 3986 says."""
    return quote(text, safe="~")


def _time(text: str) -> float:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise Fault(
            "IncompleteSignature", f"the time {text!r} is not written as 2020-11-09T00:00:00Z"
        ) from None


def _nonce(text: str) -> str:
    if not 0 < len(text) <= _MAX_NONCE:
        raise Fault("IncompleteSignature", f"the nonce must have 1-{_MAX_NONCE} characters")
    return text
