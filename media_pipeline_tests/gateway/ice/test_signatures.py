from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from media_pipeline.gateway.ice.faults import Fault
from media_pipeline.gateway.ice.signatures import Signed, authenticate
from media_pipeline.gateway.ice.wire import WireRequest
from media_pipeline_tests.generators.ice import KEY, SECRET, acs3, rpc1, stamp, with_header

NOW = 1_763_700_000.0
QUERY = {"JobId": "a b+c/d~é", "TemplateId": ""}


class Nonces:
    def __init__(self) -> None:
        self.seen: set[tuple[str, str]] = set()

    def __call__(self, key: str, nonce: str, _until: float) -> bool:
        new = (key, nonce) not in self.seen
        self.seen.add((key, nonce))
        return new


def secrets(key: str) -> list[str]:
    return {KEY: [SECRET], "rotating": ["old", "new"]}.get(key, [])


def verify(request: WireRequest, *, now: float = NOW, nonces: Nonces | None = None) -> Signed:
    return authenticate(request, secrets, nonces or Nonces(), now=now)


def code(request: WireRequest, *, now: float = NOW) -> str:
    with pytest.raises(Fault) as caught:
        verify(request, now=now)
    return caught.value.code


def new() -> WireRequest:
    return acs3("SubmitASRJob", QUERY, now=NOW)


def old(method: str = "HMAC-SHA1") -> WireRequest:
    return rpc1("SubmitASRJob", QUERY, now=NOW, method=method)


@pytest.mark.parametrize(
    "request_",
    [
        new(),
        old(),
        old("HMAC-SHA256"),
        acs3("SubmitASRJob", QUERY, now=NOW, form={"InputConfig": '{"a": "b c"}'}),
        rpc1("SubmitASRJob", QUERY, now=NOW, form={"InputConfig": '{"a": "b c"}'}),
        acs3("SubmitASRJob", QUERY, now=NOW, headers={"host": "http://127.0.0.1:8080/"}),
    ],
    ids=["acs3", "sha1", "sha256", "acs3-form", "rpc-form", "host-with-scheme"],
)
def test_what_is_signed_is_what_counts(request_: WireRequest) -> None:
    signed = verify(request_)
    assert (signed.action, signed.version, signed.access_key) == ("SubmitASRJob", "2020-11-09", KEY)
    given = {k: v for k, v in signed.parameters.items() if k != "InputConfig"}
    assert given == QUERY
    if request_.body:
        assert signed.parameters["InputConfig"] == '{"a": "b c"}'


def test_both_blanks_are_signed_alike() -> None:
    assert "+" in new().query_string and "%20" in old().query_string
    assert verify(new()).parameters == verify(old()).parameters


ALTERED: dict[str, Callable[[WireRequest], WireRequest]] = {
    "method": lambda r: replace(r, method="GET"),
    "the path": lambda r: replace(r, path="/x"),
    "a value": lambda r: replace(r, query_string=r.query_string.replace("JobId=a", "JobId=b")),
    "one more": lambda r: replace(r, query_string=r.query_string + "&Title=x"),
    "one less": lambda r: replace(r, query_string=r.query_string.replace("TemplateId=&", "")
                                  .replace("&TemplateId=", "")),
    "the body": lambda r: replace(r, body=b"Title=x", headers={
        **r.headers, "content-type": "application/x-www-form-urlencoded"}),
}  # fmt: skip


@pytest.mark.parametrize(
    ("make", "part"),
    [(new, part) for part in ALTERED]
    + [(old, part) for part in ALTERED if part != "the path"],  # which RPC does not sign
)
def test_a_request_altered_in_any_part_is_refused(
    make: Callable[[], WireRequest], part: str
) -> None:
    altered = ALTERED[part](make())
    assert altered != make()
    assert code(altered) == "SignatureDoesNotMatch"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("host", "example.com"),
        ("x-acs-action", "DeleteSmartJob"),
        ("x-acs-version", "2019-01-01"),
        ("x-acs-date", stamp(NOW + 1)),
        ("x-acs-signature-nonce", "other"),
        ("x-acs-content-sha256", "0" * 64),
    ],
)
def test_an_altered_header_is_refused(name: str, value: str) -> None:
    assert code(with_header(new(), name, value)) == "SignatureDoesNotMatch"
    assert code(acs3("A", {}, now=NOW, leave_out=name)) == "IncompleteSignature"
    bare = new()
    without = {n: v for n, v in bare.headers.items() if n != name}
    assert code(replace(bare, headers=without)) == "IncompleteSignature"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Action=SubmitASRJob", "Action=DeleteSmartJob"),
        ("Version=2020-11-09", "Version=2020-11-10"),
        ("SignatureNonce=", "SignatureNonce=1"),
        ("Timestamp=2025", "Timestamp=2026"),
        ("Format=JSON", "Format=XML"),
        ("SignatureMethod=HMAC-SHA1", "SignatureMethod=HMAC-SHA256"),
    ],
)
def test_an_altered_rpc_parameter_is_refused(before: str, after: str) -> None:
    request = old()
    assert before in request.query_string
    altered = replace(request, query_string=request.query_string.replace(before, after))
    assert code(altered) == "SignatureDoesNotMatch"


def test_an_unsigned_action_header_does_not_count_in_rpc() -> None:
    assert verify(with_header(old(), "x-acs-action", "DeleteSmartJob")).action == "SubmitASRJob"


def test_altered_signatures_are_refused() -> None:
    header = new().headers["authorization"]
    flipped = header[:-1] + ("0" if header[-1] != "0" else "1")
    assert code(with_header(new(), "authorization", flipped)) == "SignatureDoesNotMatch"
    for broken in ("ACS3-HMAC-SHA256", header[:-1], header.replace("Credential=", "Credential")):
        assert code(with_header(new(), "authorization", broken)) == "IncompleteSignature"
    for change in (("SignatureVersion=1.0", "SignatureVersion=2.0"), ("HMAC-SHA1", "NONE")):
        altered = replace(old(), query_string=old().query_string.replace(*change))
        assert code(altered) == "IncompleteSignature"
    assert code(WireRequest("POST", "/", "Action=A", {})) == "IncompleteSignature"
    assert code(with_header(new(), "x-acs-date", "yesterday")) == "IncompleteSignature"


def test_a_parameter_that_comes_twice_is_refused() -> None:
    for request in (new(), old()):
        twice = replace(request, query_string=request.query_string + "&JobId=other")
        with pytest.raises(Fault) as caught:
            verify(twice)
        assert caught.value.code in {"InvalidParameter", "SignatureDoesNotMatch"}


@pytest.mark.parametrize("make", [acs3, rpc1])
def test_keys_and_their_rotation(make: Callable[..., WireRequest]) -> None:
    for secret in ("old", "new"):
        assert verify(make("A", {}, now=NOW, key="rotating", secret=secret)).access_key
    assert code(make("A", {}, now=NOW, key="rotating", secret="x")) == "SignatureDoesNotMatch"
    assert code(make("A", {}, now=NOW, key="nobody")) == "InvalidAccessKeyId.NotFound"
    assert code(make("A", {}, now=NOW, secret="wrong")) == "SignatureDoesNotMatch"


@pytest.mark.parametrize("make", [acs3, rpc1])
def test_the_time_window(make: Callable[..., WireRequest]) -> None:
    for seconds in (-899, 899):
        verify(make("A", {}, now=NOW + seconds))
    for seconds in (-902, 902):
        assert code(make("A", {}, now=NOW + seconds)) == "InvalidTimeStamp.Expired"


@pytest.mark.parametrize("make", [acs3, rpc1])
def test_a_request_counts_once(make: Callable[..., WireRequest]) -> None:
    nonces, request = Nonces(), make("A", {}, now=NOW, nonce="n1")
    with pytest.raises(Fault):  # a forged one does not use the nonce up
        verify(make("A", {}, now=NOW, nonce="n1", secret="wrong"), nonces=nonces)
    verify(request, nonces=nonces)
    with pytest.raises(Fault) as caught:
        verify(request, nonces=nonces)
    assert caught.value.code == "SignatureNonceUsed"
