"""Everything that is refused: in which order, with which status, and always in the envelope."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest

from media_pipeline import __version__
from media_pipeline.gateway import limits
from media_pipeline.media.fonts import known_names
from media_pipeline_tests.gateway.caption.conftest import (
    KEY,
    NO_STORAGE,
    SRT,
    Client,
    get,
    poster,
)
from media_pipeline_tests.generators.gateways import Gateway, gateway

VIDEO = "https://example.com/video.mp4"
FIELDS = {
    "code", "id", "job_id", "message", "pid", "queue_id", "queue_length", "build_number"
}  # fmt: skip


def assert_refused(response: httpx.Response, status: int, *words: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    body: dict[str, Any] = response.json()
    assert set(body) >= FIELDS
    assert body["code"] == status
    assert isinstance(body["message"], str) and body["message"]
    assert (type(body["pid"]), type(body["queue_id"]), type(body["queue_length"])) == (int,) * 3
    assert len(body["job_id"]) == 32
    assert body["build_number"] == __version__
    for word in words:
        assert word in body["message"]
    return body


# --- the order ------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [None, "", "wrong", KEY[:-1], KEY + "x", "other,key-of-callers"])
def test_without_a_right_key_nothing_is_looked_at(live: Gateway, key: str | None) -> None:
    headers = {} if key is None else {"x-api-key": key}
    for kind, body in (("application/json", b"{"), ("text/plain", b"x"), ("", b"")):
        response = httpx.post(
            f"{live.url}/v1/video/caption",
            headers={**headers, "content-type": kind},
            content=body,
            trust_env=False,
        )
        assert_refused(response, 401, "x-api-key")
    for path in ("/v1/fonts", "/v1/jobs/x"):
        assert_refused(httpx.get(f"{live.url}{path}", headers=headers, trust_env=False), 401)
    preview = httpx.post(f"{live.url}/v1/video/caption/preview", headers=headers, trust_env=False)
    assert_refused(preview, 401)


def test_two_keys_are_none(live: Gateway) -> None:
    response = httpx.get(
        f"{live.url}/v1/fonts", headers=[("x-api-key", KEY), ("x-api-key", KEY)], trust_env=False
    )
    assert_refused(response, 401)


def test_every_key_of_the_settings_is_right(live: Gateway) -> None:
    for key in (KEY, "other"):
        assert get(live, "/v1/fonts", key).status_code == 200


def test_without_keys_in_the_settings_none_is_right(tmp_path: Path) -> None:
    with gateway(tmp_path, NO_STORAGE) as closed:
        assert_refused(get(closed, "/v1/fonts", ""), 401)


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data", ""])
def test_another_media_type_is_refused_before_the_body_is_read(post: Client, kind: str) -> None:
    headers = {"x-api-key": KEY, "content-type": kind}
    assert_refused(post(content=b"{", headers=headers), 415, "application/json")


def test_the_media_type_may_have_parameters(post: Client) -> None:
    headers = {"x-api-key": KEY, "content-type": "Application/JSON; charset=utf-8"}
    assert_refused(post(content=b"{}", headers=headers), 400, "'video_url' is missing")


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe{}", "not JSON"),
        (b'{"video_url": NaN}', "NaN is no number"),
        (b'{"video_url": "\\ud800"}', "lone surrogate"),
        (b"[" * 200_000, "nested too deep"),
        (b'{"video_url": ' + b"9" * 5000 + b"}", "not JSON"),
        (b"[]", "JSON object"),
        (b'"text"', "JSON object"),
        (b"null", "JSON object"),
    ],
    ids=range(10),
)
def test_what_is_no_json_object_is_refused(post: Client, body: bytes, word: str) -> None:
    headers = {"x-api-key": KEY, "content-type": "application/json"}
    assert_refused(post(content=body, headers=headers), 400, word)


def test_the_schema_comes_before_the_queue_and_the_queue_before_the_job(
    tmp_path: Path,
) -> None:
    with gateway(tmp_path, NO_STORAGE, api_keys=KEY, max_queue_length=1) as full:
        full.dagster.held = True
        post = poster(full.url)
        hook = "https://example.com/hook"
        asked = {"video_url": VIDEO, "captions": "x", "webhook_url": hook, "id": "a"}
        first = post(asked)
        assert (first.status_code, first.json()["queue_length"]) == (202, 1)
        for body in (asked, {**asked, "id": "a", "webhook_url": hook}, asked):
            told = assert_refused(post(body), 429, "MAX_QUEUE_LENGTH", "(1)")
            assert (told["id"], told["queue_length"], told["max_queue_length"]) == ("a", 1, 1)
        waiting = {key: value for key, value in asked.items() if key != "webhook_url"}
        busy = post(waiting)
        assert_refused(busy, 429)
        assert int(busy.headers["retry-after"]) > 0
        assert_refused(post({**asked, "settings": {"font_family": "Nope"}}), 400, "'Nope'")
        assert_refused(post({**asked, "more": 1}), 400, "'more'")


# --- the fields -----------------------------------------------------------------------------------

WRONG: list[tuple[dict[str, Any], list[str]]] = [
    ({"video_url": None}, ["'video_url'"]),
    ({"video_url": ""}, ["'video_url'", ">= 1 chars"]),
    ({"video_url": 5}, ["'video_url'", "5"]),
    ({"video_url": "video.mp4"}, ["'video_url'", "http://"]),
    ({"video_url": "ftp://example.com/video.mp4"}, ["'video_url'", "http://"]),
    ({"video_url": "file:///etc/passwd"}, ["'video_url'", "http://"]),
    ({"video_url": "/etc/passwd"}, ["'video_url'", "http://"]),
    ({"video_url": "https://user:secret@example.com/v.mp4"}, ["'video_url'", "password"]),
    ({"video_url": "https://example.com/a b.mp4"}, ["'video_url'"]),
    ({"video_url": "https://example.com/\r\nHost: x"}, ["'video_url'"]),
    ({"video_url": "http://127.0.0.1/v.mp4"}, ["'video_url'", "not a public address"]),
    ({"video_url": "http://169.254.169.254/latest"}, ["not a public address"]),
    ({"video_url": "http://[::1]/v.mp4"}, ["not a public address"]),
    ({"video_url": "http://[::ffff:10.0.0.1]/v.mp4"}, ["not a public address"]),
    ({"video_url": "http://localhost/v.mp4"}, ["not a public address"]),
    ({"video_url": "s3://bucket/../key.mp4"}, ["'video_url'"]),
    ({"captions": ""}, ["'captions'"]),
    ({"captions": " \n"}, ["holds nothing"]),
    ({"captions": None}, ["'captions'"]),
    ({"captions": ["x"]}, ["'captions'"]),
    ({"captions": "WEBVTT\n\n"}, ["caption"]),
    ({"captions": "http://10.0.0.1/a.srt"}, ["'captions'", "not a public address"]),
    ({"settings": []}, ["'settings'"]),
    ({"settings": None}, ["'settings'"]),
    ({"settings": {"colour": "red"}}, ["'settings.colour'", "line_color"]),
    ({"settings": {"style": "neon"}}, ["'settings.style'", "karaoke"]),
    ({"settings": {"position": "centre"}}, ["'settings.position'", "middle_center"]),
    ({"settings": {"alignment": "justify"}}, ["'settings.alignment'", "left | center | right"]),
    ({"settings": {"font_size": "24"}}, ["'settings.font_size'", '"24"', "1-2000"]),
    ({"settings": {"font_size": 0}}, ["'settings.font_size'", "1-2000"]),
    ({"settings": {"font_size": True}}, ["'settings.font_size'"]),
    ({"settings": {"font_size": 24.5}}, ["'settings.font_size'"]),
    ({"settings": {"bold": "yes"}}, ["'settings.bold'"]),
    ({"settings": {"all_caps": 1}}, ["'settings.all_caps'"]),
    ({"settings": {"x": 10}}, ["'settings'", "x and y must be given together"]),
    ({"settings": {"y": 10}}, ["x and y must be given together"]),
    ({"settings": {"max_words_per_line": -1}}, ["'settings.max_words_per_line'", "0-1000"]),
    ({"settings": {"outline_width": 1.5}}, ["'settings.outline_width'"]),
    ({"settings": {"spacing": "1"}}, ["'settings.spacing'"]),
    ({"settings": {"angle": 99999}}, ["'settings.angle'"]),
    ({"settings": {"shadow_offset": -1}}, ["'settings.shadow_offset'", "0-200"]),
    *(
        ({"settings": {name: value}}, [f"'settings.{name}'", "#RRGGBB"])
        for name in ("line_color", "word_color", "outline_color")
        for value in ("", "#12", "#GGGGGG", "whitish", "&H00FFFFFF", "{\\c&HFF&}", "#FFFFFF}")
    ),
    ({"captions": SRT, "settings": {"style": "karaoke"}}, ["classic", "estimate_word_times"]),
    ({"captions": "plain", "settings": {"style": "pop"}}, ["estimate_word_times"]),
    ({"replace": {}}, ["'replace'"]),
    ({"replace": [{"find": "a"}]}, ["'replace.0.replace' is missing"]),
    ({"replace": [{"replace": "a"}]}, ["'replace.0.find' is missing"]),
    ({"replace": [{"find": "", "replace": "a"}]}, ["'replace.0.find'"]),
    ({"replace": [{"find": "  ", "replace": "a"}]}, ["empty find"]),
    ({"replace": [{"find": "a", "replace": "b", "case": True}]}, ["'replace.0.case'"]),
    ({"replace": [{"find": 1, "replace": "b"}]}, ["'replace.0.find'"]),
    ({"replace": [{"find": "a", "replace": "b"}] * 1001}, ["'replace'", "1000 items"]),
    ({"exclude_time_ranges": {}}, ["'exclude_time_ranges'"]),
    ({"exclude_time_ranges": [{"start": "00:00:01.000"}]}, ["'exclude_time_ranges.0.end'"]),
    ({"exclude_time_ranges": [{"start": "00:00:01.000", "end": "00:00:02.000", "x": 1}]},
     ["'exclude_time_ranges.0.x'"]),
    *(
        ({"exclude_time_ranges": [{"start": start, "end": "00:00:09.000"}]}, ["hh:mm:ss.ms"])
        for start in ("1", "00:01", "00:00:01", "00:60:00.000", "00:00:60.000", "nan", "inf",
                      "-0:00:01.000", "0:00:01.000", "00:00:01,000", "９９:00:00.000", "")
    ),
    ({"exclude_time_ranges": [{"start": 1, "end": 2}]}, ["'exclude_time_ranges.0.start'"]),
    ({"exclude_time_ranges": [{"start": "00:00:02.000", "end": "00:00:02.000"}]}, ["not after"]),
    ({"exclude_time_ranges": [{"start": "00:00:02.000", "end": "00:00:01.000"}]}, ["not after"]),
    ({"exclude_time_ranges": [{"start": f"{'9' * 6000}:00:00.000", "end": "00:00:02.000"}]},
     ["hh:mm:ss.ms"]),
    ({"language": 5}, ["'language'"]),
    ({"language": "klingonese"}, ["'language'", "ISO 639"]),
    ({"id": 5}, ["'id'"]),
    ({"id": "x" * 1001}, ["'id'", "1000 chars"]),
    ({"webhook_url": ""}, ["'webhook_url'"]),
    ({"webhook_url": None}, ["'webhook_url'"]),
    ({"webhook_url": "example.com/hook"}, ["'webhook_url'", "http://"]),
    ({"webhook_url": "ftp://example.com/hook"}, ["'webhook_url'", "http://"]),
    ({"webhook_url": "s3://bucket/hook"}, ["'webhook_url'", "http://"]),
    ({"webhook_url": "http://192.168.1.1/hook"}, ["'webhook_url'", "not a public address"]),
    ({"surprise": True}, ["'surprise'", "video_url"]),
    ({"Video_URL": "x"}, ["'Video_URL'"]),
]  # fmt: skip


@pytest.mark.parametrize(("change", "words"), WRONG, ids=range(len(WRONG)))
def test_wrong_fields_are_refused_by_name(
    live: Gateway, post: Client, held: None, change: dict[str, Any], words: list[str]
) -> None:
    before = live.service.outbox.counts()["waiting"]
    base = {"video_url": VIDEO, "captions": "x", "webhook_url": "https://example.com/hook"}
    body = {**base, "id": "request-123", **change}
    told = assert_refused(post(body), 400, *words)
    assert told["id"] == (body["id"] if isinstance(body["id"], str) else None)
    assert live.service.outbox.counts()["waiting"] == before


def test_a_font_that_is_not_there_is_told_with_those_that_are(post: Client) -> None:
    told = assert_refused(
        post({"video_url": VIDEO, "settings": {"font_family": "InvalidFont"}, "id": "request-123"}),
        400,
    )
    assert told["error"] == (
        "The requested font 'InvalidFont' is not available. "
        "Please choose from the available fonts."
    )  # fmt: skip
    assert told["available_fonts"] == known_names()
    assert told["message"] == told["error"]
    assert told["id"] == "request-123"


# --- limits and strangers -------------------------------------------------------------------------


def test_large_bodies_are_refused_in_the_envelope(post: Client) -> None:
    body = {"video_url": VIDEO, "captions": "x" * limits.MAX_BODY}
    assert_refused(post(body), 413, "1,048,576")


def test_long_addresses_are_refused_in_the_envelope(live: Gateway) -> None:
    assert_refused(get(live, f"/v1/jobs/{'x' * limits.MAX_TARGET}"), 414)


def test_a_body_that_does_not_come_is_not_waited_for(
    live: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BODY_S", 0.2)
    head = (
        f"POST /v1/video/caption HTTP/1.1\r\nHost: x\r\nx-api-key: {KEY}\r\n"
        "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    )
    with socket.create_connection(("127.0.0.1", live.port), timeout=20) as client:
        client.sendall(head.encode())
        answer = b""
        while block := client.recv(65536):
            answer += block
    first, _, body = answer.partition(b"\r\n\r\n")
    assert first.startswith(b"HTTP/1.1 408")
    assert json.loads(body)["code"] == 408


def test_unknown_paths_and_methods_are_refused_in_the_envelope(live: Gateway) -> None:
    assert_refused(get(live, "/v1/nothing"), 404)
    wrong = get(live, "/v1/video/caption")
    assert_refused(wrong, 405)
    assert wrong.headers["allow"] == "POST"


@pytest.mark.parametrize(
    "name", ["x", "0" * 32, "..%2F..%2Fetc", "%00", "A" * 32, "0" * 31 + "%0A"]
)
def test_jobs_that_are_none_are_not_found(live: Gateway, name: str) -> None:
    assert_refused(get(live, f"/v1/jobs/{name}"), 404)
    assert_refused(get(live, f"/v1/files/{name}/captioned.mp4"), 404)


def test_jobs_of_the_other_contract_are_none_of_this(live: Gateway, held: None) -> None:
    from media_pipeline_tests.generators.submissions import submission

    row = live.service.outbox.submit(submission())
    assert_refused(get(live, f"/v1/jobs/{row.id}"), 404)
    live.service.outbox.finish(row.id, "cancelled")  # else it is on its way for ever


def test_what_strangers_send_comes_back_harmless(live: Gateway, post: Client) -> None:
    hostile = "x\r\nSet-Cookie: a=b\x1b[31m\x00</script>"
    response = post({"video_url": hostile, "id": hostile})
    told = assert_refused(response, 400)
    assert "set-cookie" not in response.headers
    assert "\n" not in told["message"] and "\x1b" not in told["message"]
    assert told["id"] == hostile


def test_a_disk_that_is_nearly_full_takes_no_jobs(tmp_path: Path) -> None:
    with gateway(tmp_path, NO_STORAGE, api_keys=KEY, min_free_bytes=2**60) as low:
        assert_refused(poster(low.url)({"video_url": VIDEO, "captions": "x"}), 503, "disk")


def test_a_fault_of_ours_is_a_500_without_its_words(
    live: Gateway, post: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr(live.service.captions, "submit", broken)
    told = assert_refused(post({"video_url": VIDEO}), 500)
    assert told["error"] == "An unexpected error occurred during the captioning process."
    assert "secret" not in str(told)
